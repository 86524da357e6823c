"""Checks who calls by the headers of a request alone, before Envoy reads or inflates its body.

Envoy asks for requests that would cost it much: large or compressed ones, and calls without a
credential. Senders of webhooks and logs prove themselves to the method, which says here what their
headers alone can prove. The gate asks all callers again when it has the request, so a check that
can't be made lets the request go on.
"""

import base64
import json
from collections.abc import Mapping
from typing import Any, TypeAlias

import grpc
import structlog
from google.protobuf.descriptor import ServiceDescriptor
from google.protobuf.json_format import MessageToDict

from tocsin.access import doors
from tocsin.contract.finding import method_finder
from tocsin.contract.routes import Envelope, envelope_of
from tocsin.gate.guarding import CallGate
from tocsin.store.driver.database import StoreUnavailable
from tocsin.wire import errors
from tocsin.wire.calls import ORIGINAL_PATH, REQUEST_ID, Arrival
from tocsin.wire.errors import ApiError
from tocsin.wire.rest.legacy_errors import legacy_metadata
from tocsin.wire.serving import SelfChecked, Served
from tocsin.wire.statuses import to_status
from tocsin_protos.envoy.service.auth.v3 import external_auth_pb2 as contract

log = structlog.get_logger(__name__)

SERVICE = contract.DESCRIPTOR.services_by_name["Authorization"]

Context: TypeAlias = grpc.aio.ServicerContext[Any, Any]

STATUSES: Mapping[grpc.StatusCode, int] = {
    grpc.StatusCode.UNAUTHENTICATED: 401,
    grpc.StatusCode.PERMISSION_DENIED: 403,
    grpc.StatusCode.NOT_FOUND: 404,
    grpc.StatusCode.RESOURCE_EXHAUSTED: 429,
}
"""The HTTP statuses of the refusals, as the transcoder has them; Envoy turns them back for gRPC."""


class HeaderCheck:
    """Implements Envoy's `Authorization` by the gate of these services."""

    def __init__(
        self, gate: CallGate, services: Mapping[ServiceDescriptor, Mapping[str, Served]]
    ) -> None:
        self._find = method_finder(services)
        self._of_google = {
            method.full_name
            for service in services
            for method in service.methods
            if envelope_of(service) is Envelope.GOOGLE
        }
        self._guards = {
            method.full_name: gate.guard(method)
            for service in services
            for method in service.methods
        }
        self._senders = {
            f"{service.full_name}.{name}": served.check_headers
            for service, methods in services.items()
            for name, served in methods.items()
            if isinstance(served, SelfChecked) and served.check_headers is not None
        }

    def handler(self) -> grpc.GenericRpcHandler:
        """Returns the service for a server that nobody but Envoy can reach."""
        check = grpc.unary_unary_rpc_method_handler(
            self.check,
            request_deserializer=contract.CheckRequest.FromString,
            response_serializer=contract.CheckResponse.SerializeToString,
        )
        return grpc.method_handlers_generic_handler(SERVICE.full_name, {"Check": check})

    async def check(self, request: Any, context: Context) -> contract.CheckResponse:
        """Says whether a request may go on."""
        http = request.attributes.request.http
        is_call = http.headers.get("content-type", "").startswith("application/grpc")
        url = None if is_call else http.path
        arrival = Arrival(context, _metadata(http.headers, url, context))
        path = http.path.partition("?")[0]
        method = self._find(http.method, path)
        try:
            await self._check(method, path, arrival)
        except ApiError as error:
            more = legacy_metadata(arrival, error) if method in self._of_google else ()
            return _refused(error, arrival.request_id, more, is_call=is_call)
        except StoreUnavailable as error:
            log.info("could not check a caller by the headers", error=str(error))
        return contract.CheckResponse()

    async def _check(self, method: str | None, path: str, arrival: Arrival) -> None:
        if method is None:
            raise errors.method_not_found()
        guard = self._guards[method]
        call = await guard.check_caller(arrival)
        check_sender = self._senders.get(method)
        if check_sender is None:
            return
        try:
            proven = check_sender(path, arrival)
        except ApiError as error:
            call.ended(error)
            raise
        if not proven:
            await guard.wait_for_body(arrival)


def _metadata(
    headers: Mapping[str, str], url: str | None, context: Context
) -> tuple[tuple[str, str | bytes], ...]:
    """Returns the metadata of a request; Envoy sends its client's address with the check.

    The URL of REST, which may hold the credential, is where it will be when the call comes.
    """
    peers = [each for each in context.invocation_metadata() or () if each[0] == doors.PEER]
    urls = [] if url is None else [(ORIGINAL_PATH, url)]
    return (*headers.items(), *urls, *peers)


def _refused(
    error: ApiError, request_id: str, more: tuple[tuple[str, str], ...], *, is_call: bool
) -> contract.CheckResponse:
    status = to_status(error, request_id)
    headers = [*error.headers, (REQUEST_ID, request_id), *more]
    if is_call:
        body = error.message
        details = base64.b64encode(status.SerializeToString()).decode().rstrip("=")
        headers.append(("grpc-status-details-bin", details))
    else:
        # Without white space, as the transcoder prints it.
        body = json.dumps(MessageToDict(status), separators=(",", ":"))
        headers.append(("content-type", "application/json"))
    response = contract.CheckResponse()
    response.status.code = error.code.value[0]
    response.denied_response.status.code = STATUSES.get(error.code, 500)
    response.denied_response.body = body
    for name, value in headers:
        header = response.denied_response.headers.add().header
        header.key, header.value = name, value
    return response
