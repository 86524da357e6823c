"""Makes triggers over REST from text as it is, and reads over gRPC what the server understood."""

import json
from typing import Any

from tocsin.conformance.expecting import (
    Code,
    expect_ok,
    expect_rest_error,
    expect_rest_ok,
    finished,
)
from tocsin.conformance.made import Made
from tocsin.conformance.peer import Peer
from tocsin.conformance.wire.rest import RestAnswer
from tocsin_protos.yandex.cloud.operation.operation_service_pb2 import GetOperationRequest
from tocsin_protos.yandex.cloud.serverless.triggers.v1 import trigger_service_pb2

TRIGGERS = "/triggers/v1/triggers"
JSON = {"Content-Type": "application/json"}

# No timer of these checks fires while a suite runs.
CRON = '"cronExpression": "0 0 1 1 ? 2099"'
FUNCTION = '"invokeFunction": {"functionId": "f"}'
TIMER = f'{{"timer": {{{CRON}, {FUNCTION}}}}}'
BATCHES = '"batchSettings": {"size": "1", "cutoff": "1s"}'


def retried(attempts: str = "2", interval: str = '"10s"') -> str:
    """Returns the JSON of a timer with a number and a duration."""
    settings = f'{{"retryAttempts": {attempts}, "interval": {interval}}}'
    call = f'{{"functionId": "f", "retrySettings": {settings}}}'
    return f'{{"timer": {{{CRON}, "invokeFunctionWithRetry": {call}}}}}'


def storage(event_types: str) -> str:
    """Returns the JSON of a rule with a list of enums."""
    members = f'"eventType": {event_types}, "bucketId": "conformance", {FUNCTION}, {BATCHES}'
    return f'{{"objectStorage": {{{members}}}}}'


def logging(levels: str) -> str:
    """Returns the JSON of a rule with a list of enums that may be empty."""
    return f'{{"logging": {{"levels": {levels}, "logGroupId": "g", {FUNCTION}, {BATCHES}}}}}'


class MadeTriggers:
    """Creates and updates triggers over REST."""

    def __init__(self, peer: Peer, made: Made) -> None:
        self.peer = peer
        self._made = made

    def body(self, rule: str = TIMER, more: str = "") -> str:
        """Returns the JSON of a request; `more` is text, such as `"labels": {}`."""
        folder, name = json.dumps(self.peer.folder), json.dumps(self.peer.name("json"))
        members = [f'"folderId": {folder}', f'"name": {name}', f'"rule": {rule}']
        return "{" + ", ".join([*members, *([more] if more else [])]) + "}"

    def send(
        self,
        body: Any,
        headers: dict[str, str | None] | None = None,
        query: str | None = None,
    ) -> RestAnswer:
        """Sends a body to Create as it is: text, bytes, or a list of bytes for chunks."""
        data = body.encode() if isinstance(body, str) else body
        sent = {**JSON, **(headers or {})}
        answer = self.peer.rest("POST", TRIGGERS, body=data, headers=sent, query=query)
        if answer.ok:
            self._made.trigger_id(trigger_id_of(answer.json))
        return answer

    def created(self, rule: str = TIMER, more: str = "") -> Any:
        """Creates a trigger; returns it as gRPC shows it."""
        return self.shown(self.send(self.body(rule, more)))

    def shown(self, answer: RestAnswer) -> Any:
        """Returns the trigger that a Create made, as gRPC shows it."""
        return self.get(trigger_id_of(expect_rest_ok(answer)))

    def get(self, trigger_id: str) -> Any:
        """Returns a trigger as gRPC shows it."""
        request = trigger_service_pb2.GetTriggerRequest(trigger_id=trigger_id)
        return expect_ok(self.peer.triggers.Get(request))

    def refused(self, body: Any, headers: dict[str, str | None] | None = None) -> RestAnswer:
        """Sends a body to Create that has to be refused."""
        answer = self.send(body, headers)
        expect_rest_error(answer, Code.INVALID_ARGUMENT)
        return answer

    def patch(self, trigger: Any, body: str, query: str | None = None) -> RestAnswer:
        """Sends a body to Update as it is."""
        path = f"{TRIGGERS}/{trigger.id}"
        return self.peer.rest("PATCH", path, body=body.encode(), headers=JSON, query=query)

    def patched(self, trigger: Any, body: str) -> Any:
        """Updates a trigger over REST; returns it as gRPC then shows it."""
        self.settled(self.patch(trigger, body))
        return self.get(trigger.id)

    def settled(self, answer: RestAnswer) -> Any:
        """Waits until the operation of a change is done; returns its JSON as it first was."""
        told = expect_rest_ok(answer)
        if not told.get("done"):
            request = GetOperationRequest(operation_id=told["id"])
            finished(self.peer, expect_ok(self.peer.operations.Get(request)))
        return told


def trigger_id_of(operation: Any) -> str:
    """Returns the id of the trigger that the JSON of an operation names.

    Raises:
        AssertionError: it names none.
    """
    metadata = operation.get("metadata") if isinstance(operation, dict) else None
    found = metadata.get("triggerId") if isinstance(metadata, dict) else None
    assert isinstance(found, str), f"the operation's metadata must have a triggerId: {operation}"
    return found
