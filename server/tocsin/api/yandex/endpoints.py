"""Serves `yandex.cloud.endpoint.ApiEndpointService`, which the vendor's SDKs call first."""

import ipaddress
import re
import socket

from tocsin.access import doors
from tocsin.api.yandex.endpoint_ids import ENDPOINT_IDS
from tocsin.wire import errors
from tocsin.wire.calls import Call
from tocsin.wire.serving import Method
from tocsin_protos.yandex.cloud.endpoint import api_endpoint_pb2, api_endpoint_service_pb2

SERVICE = api_endpoint_service_pb2.DESCRIPTOR.services_by_name["ApiEndpointService"]

_KNOWN = frozenset(ENDPOINT_IDS)


class Whereabouts:
    """Finds the address for a client to call: that of the listener by which it asks.

    `grpc` is the address of gRPC without TLS; the start sets it again once it knows the port.
    """

    def __init__(self, grpc: tuple[str, int] | None, advertised: str | None, *, tls: bool) -> None:
        """Sets up the addresses.

        Args:
            grpc: host and port of gRPC without TLS, or None.
            advertised: `HOST:PORT` for TLS clients, or for all clients without TLS.
            tls: whether TLS is served.
        """
        self.grpc = grpc
        self._advertised = advertised
        self._tls = tls

    def of(self, call: Call) -> str:
        """Returns `HOST:PORT` for the client of a call."""
        by_envoy = call.by_envoy
        door = call.metadata_value(doors.DOOR) if by_envoy else None
        if self._advertised is not None and (door == "tls" or not self._tls):
            return self._advertised
        if by_envoy:
            authority = call.metadata_value(doors.AUTHORITY) or ""
            local = call.metadata_value(doors.LOCAL) or ""
            # Over REST without TLS, a browser or a cache may be made to name any host.
            if door == "http" and not self._knows(authority, local):
                return local
            return doors.dialled(authority, local)
        assert self.grpc is not None, "a call that did not come by Envoy came by this listener"
        host, port = self.grpc
        return _joined(_facing(call.peer) if doors.is_unspecified(host) else host, port)

    def _knows(self, authority: str, local: str) -> bool:
        host = _host(authority)
        named = "" if self._advertised is None else _host(self._advertised)
        return host in (_host(local), named, "localhost") or host.endswith(".localhost")


class ApiEndpointService:
    """Serves `ApiEndpointService`, with all services at one address."""

    def __init__(self, whereabouts: Whereabouts) -> None:
        self._whereabouts = whereabouts

    def methods(self) -> dict[str, Method]:
        return {"Get": self.get, "List": self.list}

    async def get(
        self, request: api_endpoint_service_pb2.GetApiEndpointRequest, call: Call
    ) -> api_endpoint_pb2.ApiEndpoint:
        """Returns the address of a service."""
        if request.api_endpoint_id not in _KNOWN:
            raise errors.endpoint_not_found(request.api_endpoint_id)
        return api_endpoint_pb2.ApiEndpoint(
            id=request.api_endpoint_id, address=self._whereabouts.of(call)
        )

    async def list(
        self, _: api_endpoint_service_pb2.ListApiEndpointsRequest, call: Call
    ) -> api_endpoint_service_pb2.ListApiEndpointsResponse:
        """Lists the addresses of all services."""
        address = self._whereabouts.of(call)
        return api_endpoint_service_pb2.ListApiEndpointsResponse(
            endpoints=[
                api_endpoint_pb2.ApiEndpoint(id=endpoint_id, address=address)
                for endpoint_id in ENDPOINT_IDS
            ]
        )


def _facing(peer: str) -> str:
    """Returns the address of this machine that a peer can reach."""
    host = peer.partition("%")[0]
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_DGRAM) as probe:
        probe.connect((host, 9))  # sends nothing: the kernel only chooses the route
        address = ipaddress.ip_address(probe.getsockname()[0].partition("%")[0])
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return str(mapped or address)


def _host(address: str) -> str:
    """Returns the host of `HOST:PORT` or `HOST`, in lower case."""
    return re.sub(r":[0-9]*\Z", "", address).lower()


def _joined(host: str, port: int) -> str:
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
