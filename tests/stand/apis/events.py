"""`tocsin.v1.EventService` as its two wires show it."""

import json
import urllib.parse
from typing import Any, Protocol

import grpc
from google.protobuf import json_format
from google.rpc import code_pb2
from grpc_status import rpc_status

from stand.apis.wire import Json, Refused, Reply, send
from tocsin_protos.tocsin.v1 import event_service_pb2 as contract
from tocsin_protos.tocsin.v1.event_service_pb2_grpc import EventServiceStub

PATIENCE = 30
ROUTES = {
    "Publish": "/tocsin/v1/events:publish",
    "TestEvent": "/tocsin/v1/events:test",
}


class EventApi(Protocol):
    def call(self, method: str, request: Json) -> Json:
        """Calls a method. Raises Refused."""
        ...


class GrpcEvents:
    def __init__(self, address: str) -> None:
        self._address = address

    def call(self, method: str, request: Json) -> Json:
        message = getattr(contract, f"EventService{method}Request")()
        with grpc.insecure_channel(self._address) as channel:
            rpc: Any = getattr(EventServiceStub(channel), method)
            try:
                answer = rpc(json_format.ParseDict(request, message), timeout=PATIENCE)
            except grpc.RpcError as error:
                status = rpc_status.from_call(error)
                code = error.code().name  # type: ignore[attr-defined]
                details = [] if status is None else json_format.MessageToDict(status)["details"]
                raise Refused(code, error.details(), details) from error  # type: ignore[attr-defined]
        return json_format.MessageToDict(answer, always_print_fields_with_no_presence=True)


class RestEvents:
    """REST as the annotations of the contract have it."""

    def __init__(self, address: str) -> None:
        self._address = address

    def call(self, method: str, request: Json) -> Json:
        if method == "GetIntake":
            path = f"/tocsin/v1/triggers/{request['triggerId']}/intake"
            return answered(send(self._address, "GET", path))
        if method == "ListIntakes":
            query = urllib.parse.urlencode(request)
            return answered(send(self._address, "GET", f"/tocsin/v1/intakes?{query}"))
        return answered(send(self._address, "POST", ROUTES[method], json.dumps(request).encode()))


def answered(reply: Reply) -> Json:
    if reply.status != 200:
        told = reply.json
        code = code_pb2.Code.Name(told["code"])
        raise Refused(code, told["message"], told["details"], reply.status)
    answer: Json = reply.json
    return answer


def source_of(address: str, trigger_id: str) -> Json:
    """How the trigger's source stands; empty: nothing is known of it yet."""
    told = GrpcEvents(address).call("GetIntake", {"triggerId": trigger_id})
    found: Json = told.get("source") or {}
    return found
