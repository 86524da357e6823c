"""Schedules executions once for all checks, and waits for the calls that they become."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from google.longrunning import operations_pb2
from google.protobuf import json_format
from google.protobuf.timestamp_pb2 import Timestamp

from tocsin.conformance.checks.firing.values import VALUES
from tocsin.conformance.checks.schedule.calling import schedule
from tocsin.conformance.declared.features import declared_missing
from tocsin.conformance.expecting import expect_ok
from tocsin.conformance.patience import eventually, pause, unix_seconds
from tocsin.conformance.peer import Peer
from tocsin.conformance.targets import Received, Reply, Targets
from tocsin_protos.google.cloud.integrations.v1alpha import (
    execution_pb2,
    executions_pb2,
    value_type_pb2,
)

# How late a call may come after its instant.
LATE_SECONDS = 15.0
AHEAD_SECONDS = 4.0
FINAL = (
    execution_pb2.ExecutionDetails.SUCCEEDED,
    execution_pb2.ExecutionDetails.FAILED,
    execution_pb2.ExecutionDetails.CANCELLED,
)


@dataclass(frozen=True, slots=True)
class Run:
    """Holds an execution: its id, and the second since 1970 for which it was scheduled."""

    execution_id: str
    due: float | None


@dataclass(eq=False)
class Executed:
    """Holds the executions; each has an id of this suite's, by which its call is known."""

    peer: Peer
    targets: Targets
    runs: dict[str, Run] = field(default_factory=dict)

    def __post_init__(self) -> None:
        now = unix_seconds()
        self.began = now
        self._schedule("at-once")
        self._schedule("past", due=now - 3600)
        self._schedule("parameters", input_parameters=_parameters())
        self._schedule("ahead", due=now + AHEAD_SECONDS)
        self._schedule("cancelled", due=now + AHEAD_SECONDS)
        self._schedule("deleted", due=now + AHEAD_SECONDS)
        self._schedule("failing", reply=Reply(500, body=b"no"))
        self.request_id = self.peer.name("c")
        for _ in range(3):
            self._schedule("repeated", due=now + AHEAD_SECONDS, request_id=self.request_id)
        if "google-operations" not in declared_missing(self.peer.options.features):
            self._act()

    def _schedule(
        self,
        name: str,
        *,
        due: float | None = None,
        reply: Reply | None = None,
        **fields: Any,
    ) -> None:
        execution_id = self.runs[name].execution_id if name in self.runs else self.peer.name("e")
        if reply is not None:
            self.targets.answer(execution_id, reply)
        request = executions_pb2.ScheduleIntegrationsRequest(
            name=self.peer.integration,
            trigger_id=self.peer.trigger_id,
            user_generated_execution_id=execution_id,
            **fields,
        )
        if due is not None:
            request.schedule_time.CopyFrom(_timestamp(due))
        expect_ok(schedule(self.peer, request))
        self.runs[name] = Run(execution_id, due)

    @contextmanager
    def hanging(self) -> Iterator[str]:
        """Yields the name of a run whose target has been called and does not answer before the end.

        Raises:
            AssertionError: the target was not called in time.
        """
        let_go = threading.Event()
        name = f"hanging {len(self.runs)}"
        self._schedule(name, due=unix_seconds(), reply=Reply(after=let_go))
        try:
            self.calls(name)
            yield name
        finally:
            let_go.set()

    def _act(self) -> None:
        """Cancels one execution and deletes the operation of another, before they are due."""
        operations = self.peer.google_operations
        name = self.name("cancelled")
        expect_ok(operations.CancelOperation(operations_pb2.CancelOperationRequest(name=name)))
        name = self.name("deleted")
        expect_ok(operations.DeleteOperation(operations_pb2.DeleteOperationRequest(name=name)))

    def name(self, run: str) -> str:
        """Returns the name of an execution's operation."""
        return f"{self.peer.location}/operations/{self.runs[run].execution_id}"

    def name_of_execution(self, run: str) -> str:
        """Returns the name of an execution."""
        return f"{self.peer.integration}/executions/{self.runs[run].execution_id}"

    def shown(self, run: str) -> Any:
        """Returns an execution as GetExecution shows it."""
        request = executions_pb2.GetExecutionRequest(name=self.name_of_execution(run))
        return expect_ok(self.peer.executions.GetExecution(request))

    def ended(self, run: str) -> Any:
        """Returns an execution once it has ended.

        Raises:
            AssertionError: it has not ended in time.
        """
        return eventually(
            lambda: self.shown(run),
            lambda execution: execution.execution_details.state in FINAL,
            seconds=LATE_SECONDS,
            what=f"execution {self.runs[run].execution_id} has ended",
        )

    def replayed(self, run: str, mode: execution_pb2.ReplayMode) -> str:
        """Replays an execution in a mode; returns the name of the new run."""
        request = executions_pb2.ReplayExecutionRequest(
            name=self.name_of_execution(run), replay_mode=mode, replay_reason="for the check"
        )
        answer = expect_ok(self.peer.executions.ReplayExecution(request))
        name = f"replay {answer.execution_id}"
        self.runs[name] = Run(answer.execution_id, unix_seconds())
        return name

    def called(self, run: str) -> Callable[[Received], bool]:
        """Returns whether a call is that of an execution."""
        token = self.runs[run].execution_id.encode()
        return lambda call: token in call.body

    def calls(self, run: str, count: int = 1) -> list[Received]:
        """Returns the calls of an execution, once they are so many.

        Raises:
            AssertionError: they did not come in time.
        """
        due = max(self.runs[run].due or 0.0, self.began)
        found = self.targets.wait_for(self.called(run), count, due + LATE_SECONDS)
        for call in found:
            call.record(self.peer.recorder)
        assert len(found) >= count, (
            f"execution {self.runs[run].execution_id} must have called its target by "
            f"{LATE_SECONDS:g} seconds after its time, but has not"
        )
        return found

    def first(self, run: str) -> Received:
        """Returns the call of an execution."""
        return self.calls(run)[0]

    def silent(self, run: str) -> None:
        """Asks that an execution has not called its target, though others of its time have.

        Raises:
            AssertionError: it has.
        """
        self.settle()
        found = self.targets.calls(self.called(run))
        for call in found:
            call.record(self.peer.recorder)
        assert not found, (
            f"execution {self.runs[run].execution_id} must not call its target, but has called it "
            f"{len(found)} times"
        )

    def settle(self) -> None:
        """Waits until all executions of the stage had time to run."""
        self.calls("ahead")
        pause(max(0.0, self.began + AHEAD_SECONDS + 3 - unix_seconds()))

    def operation(self, run: str) -> Any:
        """Returns the operation of an execution once it is done.

        Raises:
            AssertionError: it is not done in time.
        """
        request = operations_pb2.GetOperationRequest(name=self.name(run))

        def ask() -> Any:
            return expect_ok(self.peer.google_operations.GetOperation(request))

        return eventually(
            ask,
            lambda operation: bool(operation.done),
            seconds=LATE_SECONDS,
            what=f"the operation of {self.runs[run].execution_id} is done",
        )


def _timestamp(instant: float) -> Timestamp:
    microseconds = round(instant * 1_000_000)
    return Timestamp(seconds=microseconds // 10**6, nanos=microseconds % 10**6 * 1000)


def _parameters() -> dict[str, Any]:
    return {
        member: json_format.ParseDict({member: sent}, value_type_pb2.ValueType())
        for member, (sent, _) in VALUES.items()
    }
