"""`IamTokenService` as both wires show it, and calls that carry a credential."""

import json
from typing import Any, Protocol

import grpc
from google.protobuf import json_format, message_factory
from google.protobuf.descriptor import MethodDescriptor
from grpc_status import rpc_status

from server.wire import Json, Refused, send
from tocsin_protos.yandex.cloud.iam.v1 import iam_token_service_pb2
from tocsin_protos.yandex.cloud.serverless.triggers.v1 import trigger_service_pb2

REST = {
    "IamTokenService.Create": ("POST", "/iam/v1/tokens"),
    "IamTokenService.CreateForServiceAccount": ("POST", "/iam/v1/tokens:createForServiceAccount"),
    "IamTokenService.Revoke": ("POST", "/iam/v1/tokens:revoke"),
    "TriggerService.List": ("GET", "/triggers/v1/triggers?folderId={folderId}"),
}
METHODS: dict[str, MethodDescriptor] = {
    f"{service.name}.{method.name}": method
    for file in (iam_token_service_pb2, trigger_service_pb2)
    for service in file.DESCRIPTOR.services_by_name.values()
    for method in service.methods
}


class Caller(Protocol):
    def call(self, method: str, request: Json, authorization: str | None = None) -> Json:
        """Calls `Service.Method` with that header. Raises Refused."""
        ...


class GrpcCaller:
    def __init__(self, address: str) -> None:
        self._address = address

    def call(self, method: str, request: Json, authorization: str | None = None) -> Json:
        described = METHODS[method]
        message = json_format.ParseDict(
            request, message_factory.GetMessageClass(described.input_type)()
        )
        answer = message_factory.GetMessageClass(described.output_type)
        path = f"/{described.containing_service.full_name}/{described.name}"
        metadata = [] if authorization is None else [("authorization", authorization)]
        with grpc.insecure_channel(self._address) as channel:
            try:
                call = channel.unary_unary(path, type(message).SerializeToString, answer.FromString)
                return json_format.MessageToDict(call(message, timeout=30, metadata=metadata))
            except grpc.RpcError as error:
                raise refused(error) from error


class RestCaller:
    def __init__(self, address: str) -> None:
        self._address = address

    def call(self, method: str, request: Json, authorization: str | None = None) -> Json:
        verb, path = REST[method]
        headers = {} if authorization is None else {"Authorization": authorization}
        body = None if verb == "GET" else json.dumps(request).encode()
        reply = send(self._address, verb, path.format_map(request), body, headers)
        if reply.status == 200:
            answer: Json = reply.json
            return answer
        told = reply.json
        code = grpc_code(told["code"])
        if code == "UNAUTHENTICATED":
            assert reply.headers["www-authenticate"].startswith("Bearer")
        raise Refused(code, told["message"], told.get("details", []), reply.status)


def refused(error: Any) -> Refused:
    status = rpc_status.from_call(error)
    details = [json_format.MessageToDict(each) for each in status.details] if status else []
    return Refused(error.code().name, error.details(), details)


def grpc_code(number: int) -> str:
    return next(code.name for code in grpc.StatusCode if code.value[0] == number)
