"""Executions whose target fails, or does not answer: what is told of them, replays, Cancel."""

import pytest

from tocsin.conformance.checks.executions.cases import V1
from tocsin.conformance.checks.firing.executed import Executed
from tocsin.conformance.clauses import MUST, SHOULD, Level, clause
from tocsin.conformance.expecting import Code, expect_error, expect_ok
from tocsin_protos.google.cloud.integrations.v1alpha import execution_pb2, executions_pb2
from tocsin_protos.google.cloud.integrations.v1alpha.execution_pb2 import ExecutionDetails

pytest_plugins = ["tocsin.conformance.checks.firing.fixtures"]

STATE = f"{V1}, ExecutionDetails.state"
ATTEMPTS = f"{V1}, ExecutionDetails.attemptStats: 'List of Start and end time of the execution "
ATTEMPTS += "attempts'"
REPLAY = f"{V1}, executions.replay: 'Re-execute an existing execution'"
CANCEL = f"{V1}, executions.cancel: 'This will not cancel an IN_PROCESS or completed(SUCCESSFUL, "
CANCEL += "FAILED or CANCELLED) executions'"
MODES = {
    "from-the-beginning": execution_pb2.REPLAY_MODE_FROM_BEGINNING,
    "from-failure": execution_pb2.REPLAY_MODE_POINT_OF_FAILURE,
}


def failing(
    name: str, sentence: str, level: Level = MUST, *features: str, source: str
) -> pytest.MarkDecorator:
    return clause(
        f"firing.execution.{name}",
        level,
        sentence,
        source=source,
        features=("integration-target", "executions", "executions-grpc", *features),
    )


@failing(
    "failed.state",
    "An execution whose target fails MUST end as FAILED.",
    source=f"{STATE}, FAILED: 'Execution failed'",
)
def test_what_failed_is_in_the_state_failed(executed: Executed) -> None:
    assert executed.ended("failing").execution_details.state == ExecutionDetails.FAILED


@failing(
    "failed.listed",
    "A list by event_execution_state=FAILED MUST have an execution that failed.",
    MUST,
    "filters",
    source=f"{V1}, executions.list, filter: 'All fields support for EQUALS'",
)
def test_what_failed_is_listed(executed: Executed) -> None:
    executed.ended("failing")
    own = executed.runs["failing"].execution_id
    request = executions_pb2.ListExecutionsRequest(
        parent=executed.peer.integration,
        filter=f'event_execution_state=FAILED AND execution_id="{own}"',
    )
    listed = expect_ok(executed.peer.executions.ListExecutions(request)).executions
    assert [each.name for each in listed] == [executed.name_of_execution("failing")]


@failing(
    "failed.attempts",
    "An execution that failed MUST tell the start and the end of each attempt.",
    source=ATTEMPTS,
)
def test_attempts_are_told(executed: Executed) -> None:
    attempts = executed.ended("failing").execution_details.attempt_stats
    assert attempts, "attemptStats must have an attempt, but is empty"
    for each in attempts:
        assert each.HasField("start_time")
        assert each.HasField("end_time")
        assert each.start_time.ToNanoseconds() <= each.end_time.ToNanoseconds()


@failing(
    "failed.attempts.calls",
    "An execution SHOULD have one attempt for each call of its target.",
    SHOULD,
    source=ATTEMPTS,
)
def test_each_call_is_an_attempt(executed: Executed) -> None:
    attempts = executed.ended("failing").execution_details.attempt_stats
    assert len(attempts) == len(executed.calls("failing"))


@pytest.mark.parametrize(
    "mode",
    [
        pytest.param(
            mode,
            marks=failing(
                f"replay.{name}",
                f"Replay {name.replace('-', ' ')} of an execution that failed MUST run it again, "
                "to its own end.",
                MUST,
                "replay",
                source=REPLAY,
            ),
        )
        for name, mode in MODES.items()
    ],
)
def test_what_failed_is_replayed(executed: Executed, mode: execution_pb2.ReplayMode) -> None:
    executed.ended("failing")
    again = executed.replayed("failing", mode)
    executed.first(again)
    # The target fails for the first execution alone.
    assert executed.ended(again).execution_details.state == ExecutionDetails.SUCCEEDED


@failing(
    "replay.failed-stays",
    "An execution that failed MUST stay FAILED, with its attempts, when it is replayed.",
    MUST,
    "replay",
    source=f"{STATE}, FAILED: 'There's no more change after this state'",
)
def test_what_failed_stays_when_it_is_replayed(executed: Executed) -> None:
    before = executed.ended("failing").execution_details
    executed.ended(executed.replayed("failing", MODES["from-the-beginning"]))
    after = executed.shown("failing").execution_details
    assert after == before
    assert after.state == ExecutionDetails.FAILED


@failing(
    "hanging.processing",
    "While its target has not answered, an execution MUST be PROCESSING.",
    source=f"{STATE}, PROCESSING: 'Execution is under processing'",
)
def test_what_hangs_is_processing(executed: Executed) -> None:
    with executed.hanging() as run:
        assert executed.shown(run).execution_details.state == ExecutionDetails.PROCESSING


@failing(
    "hanging.cancel",
    "Cancel of an execution whose target has not answered MUST NOT say that it is cancelled.",
    source=CANCEL,
)
def test_what_hangs_is_not_cancelled(executed: Executed) -> None:
    with executed.hanging() as run:
        request = executions_pb2.CancelExecutionRequest(
            name=executed.name_of_execution(run), cancel_reason="for the check"
        )
        answer = executed.peer.executions.CancelExecution(request)
        if answer.ok:
            assert not expect_ok(answer).is_canceled
        else:
            expect_error(answer, Code.FAILED_PRECONDITION)


@failing(
    "hanging.ends",
    "An execution that was PROCESSING when it was to be cancelled MUST end as its target answers.",
    source=CANCEL,
)
def test_what_hangs_ends_as_its_target_says(executed: Executed) -> None:
    with executed.hanging() as run:
        request = executions_pb2.CancelExecutionRequest(
            name=executed.name_of_execution(run), cancel_reason="for the check"
        )
        executed.peer.executions.CancelExecution(request)
    assert executed.ended(run).execution_details.state == ExecutionDetails.SUCCEEDED
