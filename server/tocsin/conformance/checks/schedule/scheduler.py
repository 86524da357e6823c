"""Calls ScheduleIntegrations, and cancels afterwards what waits."""

from collections.abc import Iterator
from typing import Any

from google.longrunning import operations_pb2
from google.protobuf.timestamp_pb2 import Timestamp

from tocsin.conformance.checks.schedule.calling import schedule
from tocsin.conformance.expecting import Code, expect_error, expect_ok, expect_rest_ok
from tocsin.conformance.made import Made
from tocsin.conformance.patience import unix_seconds
from tocsin.conformance.peer import Answer, Peer
from tocsin.conformance.wire.rest import RestAnswer
from tocsin_protos.google.cloud.integrations.v1alpha import executions_pb2

DISCOVERY = "discovery document integrations v1, ScheduleIntegrationsRequest"
PROTO = "proto google/cloud/integrations/v1alpha/executions.proto"
# No run lives to see it.
NEVER = Timestamp(seconds=4_039_372_800)
NEVER_TEXT = "2098-01-01T00:00:00Z"


class Scheduler:
    """Schedules the integration of the run, for a time that no run lives to see."""

    def __init__(self, peer: Peer, made: Made) -> None:
        self.peer = peer
        self._made = made

    def request(self, **fields: Any) -> Any:
        """Returns a valid request; `fields` replace its own, and None leaves one out."""
        usual = {
            "name": self.peer.integration,
            "trigger_id": self.peer.trigger_id,
            "schedule_time": NEVER,
        }
        given = {name: value for name, value in {**usual, **fields}.items() if value is not None}
        return executions_pb2.ScheduleIntegrationsRequest(**given)

    def call(self, **fields: Any) -> Answer:
        """Calls the method; what it schedules is cancelled after the check."""
        answer = schedule(self.peer, self.request(**fields))
        if answer.message is not None:
            self.forget(list(answer.message.execution_info_ids))
        return answer

    def ids(self, **fields: Any) -> list[str]:
        """Makes a call that has to succeed; returns the ids of its executions."""
        return list(expect_ok(self.call(**fields)).execution_info_ids)

    def one(self, **fields: Any) -> str:
        """Makes a call that has to make one execution; returns its id."""
        found = self.ids(**fields)
        assert len(found) == 1, f"the call must make one execution, but made {found}"
        return found[0]

    def refused(self, *codes: Code, field: str | None = None, **fields: Any) -> Answer:
        """Makes a call that has to be refused with one of the codes, for a field."""
        answer = self.call(**fields)
        expect_error(answer, *codes, field=field)
        return answer

    def rest(self, more: dict[str, Any], *, query: str | None = None) -> RestAnswer:
        """Calls over REST, with more members in the body; None leaves one out."""
        body = {"triggerId": self.peer.trigger_id, "scheduleTime": NEVER_TEXT, **more}
        sent = {name: value for name, value in body.items() if value is not None}
        path = f"/v1/{self.peer.integration}:schedule"
        answer = self.peer.rest("POST", path, json=sent, query=query)
        if answer.ok:
            self.forget([str(each) for each in answer.json.get("executionInfoIds", [])])
        return answer

    def rest_ids(self, more: dict[str, Any], *, query: str | None = None) -> list[str]:
        """Makes a call over REST that has to succeed; returns the ids of its executions."""
        found = expect_rest_ok(self.rest(more, query=query))["executionInfoIds"]
        assert isinstance(found, list)
        return found

    def name(self, execution_id: str) -> str:
        """Returns the name of an execution's operation."""
        return f"{self.peer.location}/operations/{execution_id}"

    def get(self, execution_id: str) -> Any:
        """Returns an execution's operation."""
        request = operations_pb2.GetOperationRequest(name=self.name(execution_id))
        return expect_ok(self.peer.google_operations.GetOperation(request))

    def pages(self, size: int, **fields: Any) -> Iterator[Any]:
        """Yields the pages of the location's operations, to the end of the list.

        Raises:
            AssertionError: a call failed, or the list does not end.
        """
        tokens: set[str] = set()
        token = ""
        while token not in tokens:
            tokens.add(token)
            request = operations_pb2.ListOperationsRequest(
                name=self.peer.location, page_size=size, page_token=token, **fields
            )
            page = expect_ok(self.peer.google_operations.ListOperations(request))
            yield page
            token = page.next_page_token
            if not token:
                return
        raise AssertionError("a page has the token of an earlier one, so the list does not end")

    def cancel(self, execution_id: str) -> Answer:
        """Cancels an execution."""
        request = operations_pb2.CancelOperationRequest(name=self.name(execution_id))
        answer: Answer = self.peer.google_operations.CancelOperation(request)
        return answer

    def forget(self, ids: list[str]) -> None:
        """Cancels executions after the check, where the server has operations for them."""
        for execution_id in ids:
            self._made.later(lambda name=execution_id: self._undone(name))  # type: ignore[misc]

    def _undone(self, execution_id: str) -> str | None:
        answer = self.cancel(execution_id)
        gone = (Code.OK, Code.NOT_FOUND, Code.UNIMPLEMENTED, Code.FAILED_PRECONDITION)
        return None if answer.code in gone else f"execution {execution_id}: {answer}"


def in_seconds(seconds: float) -> Timestamp:
    """Returns the time in so many seconds, by the clock of this machine."""
    nanoseconds = round((unix_seconds() + seconds) * 1_000_000) * 1000
    return Timestamp(seconds=nanoseconds // 10**9, nanos=nanoseconds % 10**9)
