"""The trigger API as its two wires show it: the same JSON in and out, the same refusals."""

import json
import urllib.parse
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Protocol

from google.rpc import code_pb2

from stand.apis.wire import Json, Refused, Reply, send
from stand.vendors.client import VendorClient


class TriggerApi(Protocol):
    def call(self, method: str, request: Json, key: str | None = None) -> Json:
        """Calls a method; `key` is the idempotency key. Raises Refused."""
        ...


class GrpcApi:
    """gRPC with the vendor's own stubs."""

    def __init__(self, vendor: VendorClient, address: str) -> None:
        self._vendor = vendor
        self._address = address

    def call(self, method: str, request: Json, key: str | None = None) -> Json:
        service = "OperationService" if method in OPERATION_METHODS else "TriggerService"
        method = OPERATION_METHODS.get(method, method)
        metadata = [("idempotency-key", key)] if key is not None else []
        told = self._vendor.ask("call", self._address, service, method, request, metadata)
        if (error := told.get("error")) is not None:
            raise Refused(error["code"], error["message"], error["details"])
        response: Json = told["response"]
        return response


OPERATION_METHODS = {"GetOperation": "Get", "CancelOperation": "Cancel"}

TRIGGERS = "/triggers/v1/triggers"
# As the vendor's reference has them.
ROUTES = {
    "Get": ("GET", TRIGGERS + "/{triggerId}"),
    "List": ("GET", TRIGGERS),
    "Create": ("POST", TRIGGERS),
    "Update": ("PATCH", TRIGGERS + "/{triggerId}"),
    "Delete": ("DELETE", TRIGGERS + "/{triggerId}"),
    "Pause": ("POST", TRIGGERS + "/{triggerId}:pause"),
    "Resume": ("POST", TRIGGERS + "/{triggerId}:resume"),
    "ListOperations": ("GET", TRIGGERS + "/{triggerId}/operations"),
    "GetOperation": ("GET", "/operations/{operationId}"),
    "CancelOperation": ("POST", "/operations/{operationId}:cancel"),
}


class RestApi:
    """REST with nothing but the standard library."""

    def __init__(self, address: str) -> None:
        self._address = address

    def call(self, method: str, request: Json, key: str | None = None) -> Json:
        verb, path = ROUTES[method]
        for name, value in list(request.items()):
            if f"{{{name}}}" in path:
                path = path.replace(f"{{{name}}}", urllib.parse.quote(value, safe=""))
                request = {other: request[other] for other in request if other != name}
        body = None
        if verb in ("POST", "PATCH"):
            body = json.dumps(request).encode()
        elif request:
            path += "?" + urllib.parse.urlencode(request, quote_via=urllib.parse.quote)
        reply = self.send(verb, path, body, {"Idempotency-Key": key} if key is not None else {})
        if reply.status != 200:
            raise _refused(reply)
        answer: Json = reply.json
        return answer

    def send(
        self,
        verb: str,
        path: str,
        body: bytes | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Reply:
        return send(self._address, verb, path, body, headers)


def _refused(reply: Reply) -> Refused:
    told = reply.json
    return Refused(code_pb2.Code.Name(told["code"]), told["message"], told["details"], reply.status)


def create(api: TriggerApi, folder: str, **fields: Any) -> Json:
    """Creates a trigger, a timer where no rule is given; returns it."""
    return changed(api, "Create", {"folderId": folder, "rule": TIMER, **fields})


def changed(api: TriggerApi, method: str, request: Json) -> Json:
    """Calls a method that changes a trigger; returns the trigger as it is now."""
    response: Json = api.call(method, request)["response"]
    assert response.pop("@type") == TRIGGER_TYPE
    return response


def names(triggers: Iterable[Json]) -> list[str]:
    return [trigger.get("name", "") for trigger in triggers]


def pages(api: TriggerApi, method: str, items: str, request: Json) -> Iterator[list[Json]]:
    """Reads a list to its end, page by page."""
    token = ""
    while True:
        page = api.call(method, {**request, "pageToken": token})
        yield page.get(items, [])
        token = page.get("nextPageToken", "")
        if not token:
            return


TRIGGER_TYPE = "type.googleapis.com/yandex.cloud.serverless.triggers.v1.Trigger"
# Never comes while a test runs.
CRON = "0 0 1 1 ? 2099"
TIMER: Json = {"timer": {"cronExpression": CRON, "invokeFunctionWithRetry": {"functionId": "d4e0"}}}
