"""Schedules and their operations as both wires show them: the same JSON in and out."""

import json
import urllib.parse
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol

import grpc
from google.longrunning import operations_pb2
from google.protobuf import json_format, message_factory
from google.rpc import code_pb2, error_details_pb2  # noqa: F401 (details print by name)
from grpc_status import rpc_status

from stand.apis.wire import Json, Refused, Reply, send
from tocsin_protos.google.cloud.integrations.v1alpha import (
    executions_pb2,
    integration_versions_pb2,
    integrations_pb2,
    log_entries_pb2,  # noqa: F401 (metadata and responses print by name)
)

SERVICES = (
    executions_pb2.DESCRIPTOR.services_by_name["Executions"],
    integrations_pb2.DESCRIPTOR.services_by_name["Integrations"],
    integration_versions_pb2.DESCRIPTOR.services_by_name["IntegrationVersions"],
    operations_pb2.DESCRIPTOR.services_by_name["Operations"],
)
METHODS = {method.name: method for service in SERVICES for method in service.methods}
# As Google's reference has them; Wait is a path of ours.
ROUTES = {
    "ScheduleIntegrations": ("POST", ":schedule"),
    "ExecuteIntegrations": ("POST", ":execute"),
    "TestIntegrations": ("POST", ":test"),
    "ReplayExecution": ("POST", ":replay"),
    "ListExecutions": ("GET", "/executions"),
    "GetExecution": ("GET", ""),
    "DownloadExecution": ("GET", ":download"),
    "CancelExecution": ("POST", ":cancel"),
    "ListIntegrations": ("GET", "/integrations"),
    "SearchIntegrations": ("GET", "/integrations:search"),
    "DeleteIntegration": ("DELETE", ""),
    "CreateIntegrationVersion": ("POST", "/versions"),
    "UploadIntegrationVersion": ("POST", "/versions:upload"),
    "ListIntegrationVersions": ("GET", "/versions"),
    "GetIntegrationVersion": ("GET", ""),
    "DownloadIntegrationVersion": ("GET", ":download"),
    "UpdateIntegrationVersion": ("PATCH", ""),
    "PublishIntegrationVersion": ("POST", ":publish"),
    "UnpublishIntegrationVersion": ("POST", ":unpublish"),
    "DeleteIntegrationVersion": ("DELETE", ""),
    "GetOperation": ("GET", ""),
    "ListOperations": ("GET", "/operations"),
    "WaitOperation": ("POST", ":wait"),
    "CancelOperation": ("POST", ":cancel"),
    "DeleteOperation": ("DELETE", ""),
}


# The field that is the body of a call that has it.
VERSION = "integrationVersion"


class GoogleApi(Protocol):
    def call(self, method: str, request: Json) -> Json:
        """Calls a method. Raises Refused."""
        ...


class GoogleGrpc:
    """gRPC by the descriptors, since Google publishes no stubs of the schedule call."""

    def __init__(self, channel: grpc.Channel) -> None:
        self._channel = channel

    def call(self, method: str, request: Json) -> Json:
        described = METHODS[method]
        message = message_factory.GetMessageClass(described.input_type)()
        json_format.ParseDict(request, message)
        send_one = self._channel.unary_unary(
            f"/{described.containing_service.full_name}/{method}",
            request_serializer=message_factory.GetMessageClass(
                described.input_type
            ).SerializeToString,
            response_deserializer=message_factory.GetMessageClass(described.output_type).FromString,
        )
        try:
            return json_format.MessageToDict(send_one(message, timeout=30))
        except grpc.RpcError as error:
            raise _refused_by_grpc(error) from error


def _refused_by_grpc(error: Any) -> Refused:
    status = rpc_status.from_call(error)
    details = [json_format.MessageToDict(detail) for detail in status.details] if status else []
    return Refused(error.code().name, error.details(), details)


class GoogleRest:
    """REST with nothing but the standard library."""

    def __init__(self, address: str, version: str = "v1") -> None:
        self._address = address
        self._version = version

    def call(self, method: str, request: Json) -> Json:
        verb, rest = ROUTES[method]
        resource = "parent" if "parent" in request else "name"
        fields = {name: value for name, value in request.items() if name != resource}
        path = f"/{self._version}/{urllib.parse.quote(request[resource])}{rest}"
        body = None
        if VERSION in fields and rest != ":test":
            body = json.dumps(fields.pop(VERSION)).encode()
        elif verb == "POST":
            body, fields = json.dumps(fields).encode(), {}
        if fields:
            path += "?" + urllib.parse.urlencode(list(_flat(fields)))
        reply = send(self._address, verb, path, body)
        if reply.status != 200:
            raise _refused_by_rest(reply)
        answer: Json = reply.json
        return answer


def _flat(fields: Json, prefix: str = "") -> Iterator[tuple[str, object]]:
    """The fields of a query: those of a message by their paths, a list's elements each."""
    for name, value in fields.items():
        if isinstance(value, dict):
            yield from _flat(value, f"{prefix}{name}.")
        elif isinstance(value, list):
            yield from ((f"{prefix}{name}", element) for element in value)
        else:
            yield f"{prefix}{name}", value


def _refused_by_rest(reply: Reply) -> Refused:
    """Google's envelope: the HTTP status as the code, the gRPC code by its name."""
    assert list(reply.json) == ["error"]
    told = reply.json["error"]
    assert told["code"] == reply.status
    assert told["status"] in code_pb2.Code.keys()  # noqa: SIM118 (it is no dict)
    return Refused(told["status"], told["message"], told.get("details", []), reply.status)


def schedule(api: GoogleApi, location: str, integration: str, **fields: Any) -> list[str]:
    """Schedules an integration by the trigger of its name; returns the ids of its executions."""
    request = {
        "name": f"{location}/integrations/{integration}",
        "triggerId": f"api_trigger/{integration}",
        **fields,
    }
    answer = api.call("ScheduleIntegrations", request)
    ids: list[str] = answer.get("executionInfoIds", [])
    return ids


def operation(api: GoogleApi, location: str, execution_id: str) -> Json:
    return api.call("GetOperation", {"name": f"{location}/operations/{execution_id}"})


def finished(api: GoogleApi, location: str, execution_id: str) -> Json:
    """The operation once it is done."""
    name = f"{location}/operations/{execution_id}"
    waited = api.call("WaitOperation", {"name": name, "timeout": "20s"})
    assert waited.get("done")
    return waited


def pages(api: GoogleApi, location: str, size: int = 0) -> Iterator[list[Json]]:
    """Reads the list of a location to its end, page by page."""
    request: Json = {"name": location, "pageSize": size}
    while True:
        page = api.call("ListOperations", request)
        yield page.get("operations", [])
        request["pageToken"] = page.get("nextPageToken", "")
        if not request["pageToken"]:
            return


def in_seconds(seconds: float) -> datetime:
    return datetime.now(UTC) + timedelta(seconds=seconds)


NEVER = "2099-01-01T00:00:00Z"
EXECUTION_INFO = "type.googleapis.com/google.cloud.integrations.v1alpha.ExecutionInfo"
