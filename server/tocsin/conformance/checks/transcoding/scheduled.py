"""Schedules over REST from text as it is, for a time that no run lives to see."""

import json
from typing import Any

from google.longrunning import operations_pb2

from tocsin.conformance.expecting import Code, expect_rest_error, expect_rest_ok
from tocsin.conformance.made import Made
from tocsin.conformance.peer import Peer
from tocsin.conformance.wire.rest import RestAnswer

JSON = {"Content-Type": "application/json"}
NEVER = "2098-01-01T00:00:00Z"


class Scheduled:
    """Sends schedule calls over REST, and cancels what they made."""

    def __init__(self, peer: Peer, made: Made) -> None:
        self.peer = peer
        self._made = made

    @property
    def path(self) -> str:
        """The path of the integration's schedule call."""
        return f"/v1/{self.peer.integration}:schedule"

    def body(self, more: str = "", time: str | None = f'"{NEVER}"') -> str:
        """Returns the JSON of a request; `more` is text, such as `"requestId": "x"`."""
        members = [f'"triggerId": {json.dumps(self.peer.trigger_id)}']
        members += [f'"scheduleTime": {time}'] if time else []
        return "{" + ", ".join([*members, *([more] if more else [])]) + "}"

    def send(
        self,
        body: Any,
        *,
        path: str | None = None,
        query: str | None = None,
        headers: dict[str, str | None] | None = None,
    ) -> RestAnswer:
        """Sends a body to the schedule call as it is."""
        data = body.encode() if isinstance(body, str) else body
        answer = self.peer.rest(
            "POST", path or self.path, body=data, headers={**JSON, **(headers or {})}, query=query
        )
        if answer.ok:
            self.forget(ids_of(answer))
        return answer

    def accepted(self, body: str, **how: Any) -> list[str]:
        """Sends a body that has to be taken; returns the ids of the executions."""
        answer = self.send(body, **how)
        expect_rest_ok(answer)
        return ids_of(answer)

    def refused(self, body: Any, **how: Any) -> RestAnswer:
        """Sends a body that has to be refused."""
        answer = self.send(body, **how)
        expect_rest_error(answer, Code.INVALID_ARGUMENT)
        return answer

    def forget(self, ids: list[str]) -> None:
        """Cancels executions after the check, where the server serves operations for them."""
        for execution_id in ids:
            self._made.later(lambda name=execution_id: self._cancel(name))  # type: ignore[misc]

    def _cancel(self, execution_id: str) -> str | None:
        name = f"{self.peer.location}/operations/{execution_id}"
        request = operations_pb2.CancelOperationRequest(name=name)
        answer = self.peer.google_operations.CancelOperation(request)
        gone = (Code.OK, Code.NOT_FOUND, Code.UNIMPLEMENTED, Code.FAILED_PRECONDITION)
        return None if answer.code in gone else f"execution {execution_id}: {answer}"


def ids_of(answer: RestAnswer) -> list[str]:
    """Returns the ids in the answer of a schedule call.

    Raises:
        AssertionError: it is not the answer of one.
    """
    body = answer.json
    ids = body.get("executionInfoIds", []) if isinstance(body, dict) else None
    assert isinstance(ids, list), f"executionInfoIds must be a list: {body}"
    return [str(each) for each in ids]
