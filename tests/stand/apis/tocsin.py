"""The services of tocsin.v1 as both wires show them: the same JSON in and out."""

import json
import re
import urllib.parse
from collections.abc import Iterator
from typing import Any, Protocol

import grpc
from google.api import annotations_pb2
from google.protobuf import json_format, message_factory
from google.protobuf.descriptor import MethodDescriptor
from google.rpc import code_pb2, error_details_pb2  # noqa: F401 (details print by name)
from grpc_status import rpc_status

from stand.apis.wire import Json, Refused, send
from tocsin_protos.tocsin.v1 import (
    access_service_pb2,
    clock_service_pb2,
    dead_letter_service_pb2,
    document_service_pb2,
    firing_service_pb2,
    folder_service_pb2,
    invocation_service_pb2,
    job_service_pb2,
    overview_service_pb2,
    schedule_service_pb2,
    session_service_pb2,
    trigger_setup_service_pb2,
)
from tocsin_protos.yandex.cloud.iam.v1 import iam_token_service_pb2
from tocsin_protos.yandex.cloud.serverless.triggers.v1 import trigger_service_pb2

FILES = (
    access_service_pb2,
    clock_service_pb2,
    dead_letter_service_pb2,
    document_service_pb2,
    trigger_setup_service_pb2,
    firing_service_pb2,
    folder_service_pb2,
    invocation_service_pb2,
    overview_service_pb2,
    job_service_pb2,
    schedule_service_pb2,
    session_service_pb2,
    # Of the vendor's, those that tests of access control call.
    iam_token_service_pb2,
    trigger_service_pb2,
)
METHODS: dict[str, MethodDescriptor] = {
    f"{service.name}.{method.name}": method
    for file in FILES
    for service in file.DESCRIPTOR.services_by_name.values()
    for method in service.methods
}


class TocsinApi(Protocol):
    def call(self, method: str, request: Json) -> Json:
        """Calls `Service.Method`. What is empty is left out of the answer. Raises Refused."""
        ...


class TocsinGrpc:
    """`authorization` is sent with each call; None: nothing is."""

    def __init__(self, address: str, authorization: str | None = None) -> None:
        self._address = address
        self._metadata = [] if authorization is None else [("authorization", authorization)]

    def call(self, method: str, request: Json) -> Json:
        described = METHODS[method]
        message = json_format.ParseDict(
            request, message_factory.GetMessageClass(described.input_type)()
        )
        answer = message_factory.GetMessageClass(described.output_type)
        path = f"/{described.containing_service.full_name}/{described.name}"
        with grpc.insecure_channel(self._address) as channel:
            try:
                call = channel.unary_unary(path, type(message).SerializeToString, answer.FromString)
                return json_format.MessageToDict(call(message, timeout=60, metadata=self._metadata))
            except grpc.RpcError as error:
                raise _refused(error) from error


def _refused(error: Any) -> Refused:
    status = rpc_status.from_call(error)
    details = [json_format.MessageToDict(detail) for detail in status.details] if status else []
    return Refused(error.code().name, error.details(), details)


class TocsinRest:
    """REST by the annotations of the contract, with nothing but the standard library.

    `authorization` is sent with each call; None: nothing is.
    """

    def __init__(self, address: str, authorization: str | None = None) -> None:
        self._address = address
        self._headers = {} if authorization is None else {"Authorization": authorization}

    def call(self, method: str, request: Json) -> Json:
        described = METHODS[method]
        verb, path, body = _request(described, request)
        reply = send(self._address, verb, path, body, self._headers)
        if reply.status != 200:
            told = reply.json
            code = code_pb2.Code.Name(told["code"])
            # RFC 9110, section 11.6.1
            assert (reply.status == 401) == ("www-authenticate" in reply.headers)
            raise Refused(code, told["message"], told["details"], reply.status)
        message = message_factory.GetMessageClass(described.output_type)()
        return json_format.MessageToDict(json_format.ParseDict(reply.json, message))


def _request(method: MethodDescriptor, request: Json) -> tuple[str, str, bytes | None]:
    rule = method.GetOptions().Extensions[annotations_pb2.http]  # type: ignore[index]
    for binding in (rule, *rule.additional_bindings):
        verb = binding.WhichOneof("pattern")
        path = getattr(binding, verb)
        names = re.findall(r"{(\w+)(?:=[^}]*)?}", path)
        in_json = {name: _json_name(method, name) for name in names}
        if all(request.get(each) for each in in_json.values()):
            break
    for name, field in in_json.items():
        # A name with a pattern has the segments that it shows.
        value, pattern = request.get(field, ""), rf"{{{name}(=[^}}]*)?}}"
        path = re.sub(
            pattern,
            lambda found, value=value: urllib.parse.quote(value, safe="/" if found[1] else ""),
            path,
        )
    rest = {name: value for name, value in request.items() if name not in in_json.values()}
    if binding.body:
        if binding.body == "*":
            return verb.upper(), path, json.dumps(rest).encode()
        sent = rest.pop(_json_name(method, binding.body))
        return verb.upper(), path + _query(rest), json.dumps(sent).encode()
    return verb.upper(), path + _query(rest), None


def _query(fields: Json) -> str:
    """What a URL has of fields that are in neither its path nor its body."""
    if not fields:
        return ""
    return "?" + urllib.parse.urlencode(dict(_parameters(fields)), doseq=True)


def _parameters(fields: Json, within: str = "") -> Iterator[tuple[str, Any]]:
    """What a URL has of fields: those of a message have its name before theirs."""
    for name, value in fields.items():
        if isinstance(value, dict):
            yield from _parameters(value, f"{within}{name}.")
        else:
            yield f"{within}{name}", _text(value)


def _json_name(method: MethodDescriptor, field: str) -> str:
    name: str = method.input_type.fields_by_name[field].json_name
    return name


def _text(value: Any) -> Any:
    return str(value).lower() if isinstance(value, bool) else value


def pages(api: TocsinApi, method: str, items: str, request: Json) -> Iterator[list[Json]]:
    """Reads a list to its end, page by page."""
    token = ""
    while True:
        page = api.call(method, {**request, "pageToken": token} if token else request)
        yield page.get(items, [])
        token = page.get("nextPageToken", "")
        if not token:
            return
