"""Executions of an integration that calls the suite's target."""

import re
from datetime import datetime

import pytest

from tocsin.conformance.checks.firing.executed import AHEAD_SECONDS, Executed
from tocsin.conformance.checks.firing.values import VALUES
from tocsin.conformance.clauses import MAY, MUST, SHOULD, Level, clause

pytest_plugins = ["tocsin.conformance.checks.firing.fixtures"]

WHEN = "discovery document integrations v1, scheduleTime: 'The time that the integration should "
WHEN += "be executed. If the time is less or equal to the current time, the integration is "
WHEN += "executed immediately'"
DEDUPLICATED = "discovery document integrations v1, requestId: 'the response from the previous "
DEDUPLICATED += "execution is returned'"
PROTO = "proto google/longrunning/operations.proto"
OPEN = "Google documents no body, since its integrations run tasks of their own"
OPERATIONS = "google-operations"


def execution(
    name: str, sentence: str, level: Level = MUST, *features: str, source: str
) -> pytest.MarkDecorator:
    return clause(
        f"firing.execution.{name}",
        level,
        sentence,
        source=source,
        features=("integration-target", *features),
    )


@execution(
    "at-once", "An integration that is scheduled without a time MUST run at once.", source=WHEN
)
def test_without_a_time_it_runs_at_once(executed: Executed) -> None:
    assert executed.first("at-once")


@execution("past", "An integration that is scheduled for the past MUST run at once.", source=WHEN)
def test_what_is_past_runs_at_once(executed: Executed) -> None:
    assert executed.first("past")


@execution("at-its-time", "An integration MUST run once its time has come.", source=WHEN)
def test_it_runs_at_its_time(executed: Executed) -> None:
    assert executed.first("ahead")


@execution("not-early", "An integration MUST NOT run before its time.", source=WHEN)
def test_it_does_not_run_before_its_time(executed: Executed) -> None:
    # Clocks of two machines may differ a little.
    assert executed.first("ahead").at >= executed.began + AHEAD_SECONDS - 1


@execution(
    "prompt",
    "An integration SHOULD run within 10 seconds of its time.",
    SHOULD,
    source=WHEN,
)
def test_it_runs_promptly(executed: Executed) -> None:
    assert executed.first("ahead").at < executed.began + AHEAD_SECONDS + 10


@execution(
    "one-call",
    "An execution SHOULD call its target once if that succeeds.",
    SHOULD,
    source="docs: application-integration: an execution runs its tasks once",
)
def test_an_execution_is_one_call(executed: Executed) -> None:
    executed.first("at-once")
    executed.settle()
    assert len(executed.calls("at-once")) == 1


@execution(
    "request-id", "A repeat with the same request id MUST NOT run again.", source=DEDUPLICATED
)
def test_a_repeat_runs_once(executed: Executed) -> None:
    executed.first("repeated")
    executed.settle()
    assert len(executed.calls("repeated")) == 1


@execution(
    "cancelled",
    "An execution that was cancelled before its time MUST NOT run.",
    MUST,
    OPERATIONS,
    source=f"{PROTO}: CancelOperation; docs: application-integration/cancel-executions",
)
def test_what_is_cancelled_does_not_run(executed: Executed) -> None:
    executed.silent("cancelled")


@execution(
    "deleted-operation",
    "An execution whose operation was deleted MUST run all the same.",
    MUST,
    OPERATIONS,
    source=f"{PROTO}: DeleteOperation: 'It does not cancel the operation'",
)
def test_what_is_deleted_runs(executed: Executed) -> None:
    assert executed.first("deleted")


@execution(
    "done",
    "The operation of an execution that ran MUST become done, with a response and no error.",
    MUST,
    OPERATIONS,
    source=f"{PROTO}: 'If true, the operation is completed, and either error or response is "
    "available'",
)
def test_what_ran_is_done(executed: Executed) -> None:
    executed.first("at-once")
    assert executed.operation("at-once").WhichOneof("result") == "response"


@execution(
    "failed",
    "The operation of an execution whose target fails MUST become done, with an error.",
    MUST,
    OPERATIONS,
    source=f"{PROTO}: 'The error result of the operation in case of failure or cancellation'",
)
def test_what_failed_is_an_error(executed: Executed) -> None:
    executed.first("failing")
    operation = executed.operation("failing")
    assert operation.WhichOneof("result") == "error"
    assert operation.error.code != 0
    assert operation.error.message


@execution(
    "body.ids",
    "The body of an execution's call MAY have executionId, integration and triggerId; "
    + OPEN
    + ".",
    MAY,
    source=OPEN,
)
def test_a_call_names_its_execution(executed: Executed) -> None:
    body = executed.first("at-once").json
    assert body["executionId"] == executed.runs["at-once"].execution_id
    assert body["integration"] == executed.peer.options.integration
    assert body["triggerId"] == executed.peer.trigger_id


@execution(
    "body.schedule-time",
    "The body of an execution's call MAY have scheduleTime, by RFC 3339; " + OPEN + ".",
    MAY,
    source=OPEN,
)
def test_a_call_has_its_time(executed: Executed) -> None:
    told = executed.first("ahead").json["scheduleTime"]
    assert abs(datetime.fromisoformat(told).timestamp() - executed.began - AHEAD_SECONDS) < 1


def kebab(member: str) -> str:
    return re.sub("[A-Z]", lambda found: "-" + found[0].lower(), member)


@pytest.mark.parametrize(
    "member",
    [
        pytest.param(
            member,
            marks=execution(
                f"body.parameter.{kebab(member)}",
                f"An integration MAY get the {member} of a parameter as plain JSON in "
                f"`parameters`; {OPEN}.",
                MAY,
                source=OPEN,
            ),
        )
        for member in VALUES
    ],
)
def test_a_parameter_is_handed_on(executed: Executed, member: str) -> None:
    handed = executed.first("parameters").json["parameters"][member]
    _, expected = VALUES[member]
    assert handed == expected
    assert type(handed) is type(expected)
