"""Makes calls whose requests and responses are JSON."""

from collections.abc import Mapping
from typing import Any

import grpc
from google.protobuf import descriptor_pool, json_format, message_factory
from google.rpc import error_details_pb2
from grpc_status import rpc_status

from tocsin.documents.enum_names import full_names
from tocsin.documents.reading import DocumentError, read_document
from tocsin_protos.yandex.cloud.serverless.triggers.v1 import trigger_service_pb2

OPTIONS = [
    ("grpc.max_receive_message_length", -1),
    # An HTTP proxy to the internet can't reach a server of one's own.
    ("grpc.enable_http_proxy", 0),
]


class CallFailed(Exception):
    """A call failed; `code` is the name of gRPC's status, `violations` the wrong fields."""

    def __init__(
        self, message: str, code: str = "", violations: list[dict[str, str]] | None = None
    ) -> None:
        super().__init__(message)
        self._code = code
        self._violations = violations or []

    def told(self) -> dict[str, Any]:
        """Returns the error as it is answered."""
        return {"message": str(self), "code": self._code, "violations": self._violations}


class Calls:
    """Calls one server."""

    def __init__(self, address: str) -> None:
        self._address = address
        self._channel = grpc.aio.insecure_channel(address, options=OPTIONS)

    async def call(self, method: str, request: Mapping[str, Any]) -> dict[str, Any]:
        """Calls a method by its full name, such as `tocsin.v1.ClockService/Get`.

        Raises:
            CallFailed: the request is not one of the method, or the server refused it.
        """
        described = _described(method)
        message = message_factory.GetMessageClass(described.input_type)()
        try:
            json_format.ParseDict(full_names(dict(request), described.input_type), message)
        except json_format.ParseError as error:
            raise CallFailed(str(error), "INVALID_ARGUMENT") from error
        rpc: Any = self._channel.unary_unary(
            f"/{method}",
            request_serializer=lambda sent: sent.SerializeToString(),
            response_deserializer=message_factory.GetMessageClass(described.output_type).FromString,
        )
        try:
            response = await rpc(message)
        except grpc.aio.AioRpcError as error:
            raise self._failure(error) from error
        return dict(json_format.MessageToDict(response, always_print_fields_with_no_presence=True))

    async def close(self) -> None:
        await self._channel.close()

    def _failure(self, error: grpc.aio.AioRpcError) -> CallFailed:
        code, told = error.code().name, error.details() or ""
        if code == "UNAVAILABLE":
            told = f"no server answers at {self._address} ({told})"
        status: Any = rpc_status.from_call(error)  # type: ignore[arg-type]
        bad_request = error_details_pb2.BadRequest()
        for detail in status.details if status is not None else ():
            if detail.Unpack(bad_request):
                wrong = bad_request.field_violations
                violations = [
                    {"field": each.field, "description": each.description} for each in wrong
                ]
                return CallFailed(told, code, violations)
        return CallFailed(told, code)


def _described(method: str) -> Any:
    service, _, name = method.partition("/")
    try:
        return descriptor_pool.Default().FindServiceByName(service).methods_by_name[name]
    except KeyError as error:
        raise CallFailed(f"no contract has the method {method}", "UNIMPLEMENTED") from error


def read_trigger(file: str) -> dict[str, Any]:
    """Returns the fields of a YAML or JSON file that creates a trigger.

    Raises:
        CallFailed: the file can't be read, or is wrong; the message has the lines.
    """
    try:
        document = read_document(file)
        document.parse(trigger_service_pb2.CreateTriggerRequest())
    except DocumentError as error:
        raise CallFailed(str(error)) from error
    return document.fields
