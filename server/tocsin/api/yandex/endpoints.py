"""`yandex.cloud.endpoint.ApiEndpointService`: what the vendor's SDKs ask first."""

import ipaddress
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
    """Tells a client where to call: at the listener by which it asks.

    `grpc` is where plaintext gRPC is served; whoever starts the server sets it anew once it knows
    the port.
    """

    def __init__(self, grpc: tuple[str, int] | None, advertised: str | None, *, tls: bool) -> None:
        """`advertised` is `HOST:PORT`: what clients of TLS are told, of all where there is none."""
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
            return doors.dialled(authority, call.metadata_value(doors.LOCAL) or "")
        assert self.grpc is not None, "there is no third way in"
        host, port = self.grpc
        return _joined(_facing(call.peer) if doors.is_unspecified(host) else host, port)


class ApiEndpointService:
    """Serves `ApiEndpointService`: it has all services at one address."""

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
                api_endpoint_pb2.ApiEndpoint(id=each, address=address) for each in ENDPOINT_IDS
            ]
        )


def _facing(peer: str) -> str:
    """Returns this machine's address on the way to that of a peer."""
    host = peer.partition("%")[0]
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_DGRAM) as probe:
        probe.connect((host, 9))  # sends nothing; the kernel only chooses the way
        found = ipaddress.ip_address(probe.getsockname()[0].partition("%")[0])
    mapped = found.ipv4_mapped if isinstance(found, ipaddress.IPv6Address) else None
    return str(mapped or found)


def _joined(host: str, port: int) -> str:
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
