"""Pause and Resume change the status alone; Delete takes the trigger away."""

from typing import Any

import pytest

from tocsin.conformance.changes import Changes, Code
from tocsin.conformance.clauses import MAY, MUST, clause
from tocsin.conformance.comparing import expect_same
from tocsin.conformance.expecting import response_of
from tocsin.conformance.made import timer
from tocsin_protos.yandex.cloud.serverless.triggers.v1 import trigger_service_pb2 as contract
from tocsin_protos.yandex.cloud.serverless.triggers.v1.trigger_pb2 import Trigger

PROTO = "proto yandex.cloud.serverless.triggers.v1"
PAUSE = ("pause",)


def _status(trigger: Any) -> str:
    return str(Trigger.Status.Name(trigger.status))


def _with_all_fields(changes: Changes) -> Any:
    return changes.create(
        description="as it was", labels={"a": "1"}, rule=timer(payload="as it was")
    )


@clause(
    "triggers.pause.paused",
    MUST,
    "A trigger MUST be PAUSED after Pause.",
    source=f"{PROTO}.TriggerService.Pause (pauses the specified trigger); Trigger.Status.PAUSED",
    features=PAUSE,
)
def test_pause_pauses(changes: Changes) -> None:
    made = changes.create()
    changes.pause(made.id)
    shown = changes.get(made.id)
    assert shown.status == Trigger.PAUSED, f"its status is {_status(shown)}"


@clause(
    "triggers.resume.active",
    MUST,
    "A paused trigger MUST be ACTIVE after Resume.",
    source=f"{PROTO}.TriggerService.Resume (restarts the specified trigger); Trigger.Status.ACTIVE",
    features=PAUSE,
)
def test_resume_makes_active(changes: Changes) -> None:
    made = changes.create()
    changes.pause(made.id)
    changes.resume(made.id)
    shown = changes.get(made.id)
    assert shown.status == Trigger.ACTIVE, f"its status is {_status(shown)}"


@clause(
    "triggers.pause.nothing-else",
    MUST,
    "Pause MUST change the status alone.",
    source=f"{PROTO}.TriggerService.Pause (pauses the specified trigger)",
    features=PAUSE,
)
def test_pause_changes_nothing_else(changes: Changes) -> None:
    made = _with_all_fields(changes)
    changes.pause(made.id)
    expect_same(changes.get(made.id), made, "the trigger after Pause", without=("status",))


@clause(
    "triggers.resume.nothing-else",
    MUST,
    "Resume MUST change the status alone.",
    source=f"{PROTO}.TriggerService.Resume (restarts the specified trigger)",
    features=PAUSE,
)
def test_resume_changes_nothing_else(changes: Changes) -> None:
    made = _with_all_fields(changes)
    changes.pause(made.id)
    changes.resume(made.id)
    expect_same(changes.get(made.id), made, "the trigger after Pause and Resume")


@pytest.mark.parametrize(
    "method",
    [
        pytest.param(
            method,
            id=method,
            marks=clause(
                f"triggers.{method}.others-stay",
                MUST,
                f"{method.capitalize()} of one trigger MUST NOT change another.",
                source=f"{PROTO}.TriggerService.{method.capitalize()} (the specified trigger)",
                features=PAUSE if method != "delete" else (),
            ),
        )
        for method in ("pause", "resume", "delete")
    ],
)
def test_other_triggers_stay(changes: Changes, method: str) -> None:
    other, made = _with_all_fields(changes), changes.create()
    if method == "resume":
        changes.pause(other.id)
        changes.pause(made.id)
    before = changes.get(other.id)
    getattr(changes, method)(made.id)
    expect_same(changes.get(other.id), before, f"the other trigger after {method}")


@pytest.mark.parametrize(
    "method",
    [
        pytest.param(
            method,
            id=method,
            marks=clause(
                f"triggers.{method}.response.as-get",
                MUST,
                f"The response of {method.capitalize()} MUST be the trigger as Get then shows it.",
                source=f"{PROTO}.TriggerService.{method.capitalize()} "
                '[(yandex.cloud.api.operation).response = "Trigger"]',
                features=PAUSE,
            ),
        )
        for method in ("pause", "resume")
    ],
)
def test_the_response_is_the_trigger(changes: Changes, method: str) -> None:
    made = _with_all_fields(changes)
    if method == "resume":
        changes.pause(made.id)
    operation = getattr(changes, method)(made.id)
    shown = changes.get(made.id)
    expect_same(response_of(operation), shown, f"the response of {method.capitalize()}")


def _again(method: str, state: str) -> Any:
    return pytest.param(
        method,
        state,
        id=method,
        marks=clause(
            f"triggers.{method}.again.state",
            MUST,
            f"A trigger MUST be {state} after a second {method.capitalize()}, whatever that was "
            "answered.",
            source=f"{PROTO}.TriggerService.{method.capitalize()}",
            features=PAUSE,
        ),
    )


@pytest.mark.parametrize(
    ("method", "state"), [_again("pause", "PAUSED"), _again("resume", "ACTIVE")]
)
def test_a_second_time_changes_nothing(changes: Changes, method: str, state: str) -> None:
    made = changes.create()
    changes.pause(made.id)
    if method == "resume":
        changes.resume(made.id)
    changes.ask(method.capitalize(), _request(method, made.id))
    shown = changes.get(made.id)
    assert _status(shown) == state, f"its status is {_status(shown)}"


def _request(method: str, trigger_id: str) -> Any:
    request = getattr(contract, f"{method.capitalize()}TriggerRequest")
    return request(trigger_id=trigger_id)


@pytest.mark.parametrize(
    "method",
    [
        pytest.param(
            method,
            id=method,
            marks=clause(
                f"triggers.{method}.again.answer",
                MAY,
                f"{method.capitalize()} of a trigger that is so already MAY succeed; known "
                "answers: it does (Tocsin), FAILED_PRECONDITION.",
                source="no page says what is answered",
                features=PAUSE,
            ),
        )
        for method in ("pause", "resume")
    ],
)
def test_a_second_time_may_succeed(changes: Changes, method: str) -> None:
    made = changes.create()
    if method == "pause":
        changes.pause(made.id)
    changes.done(method.capitalize(), _request(method, made.id), why="a second time")


@clause(
    "triggers.resume.after-update",
    MUST,
    "Resume MUST NOT undo an Update that was made while the trigger was paused.",
    source=f"{PROTO}.TriggerService.Resume (restarts the specified trigger)",
    features=PAUSE,
)
def test_resume_keeps_what_was_updated(changes: Changes) -> None:
    made = changes.create(description="before")
    changes.pause(made.id)
    updated = changes.update(made.id, "description", "rule", description="after", rule=timer())
    changes.resume(made.id)
    shown = changes.get(made.id)
    expect_same(shown, updated, "the trigger after Resume", without=("status",))


@clause(
    "triggers.delete.paused",
    MUST,
    "Delete MUST delete a paused trigger.",
    source=f"{PROTO}.TriggerService.Delete (deletes the specified trigger)",
    features=PAUSE,
)
def test_a_paused_trigger_can_be_deleted(changes: Changes) -> None:
    made = changes.create()
    changes.pause(made.id)
    changes.delete(made.id)
    found = changes.look(made.id)
    assert found.code is Code.NOT_FOUND, f"Get must say NOT_FOUND, but said {found}"


@clause(
    "triggers.delete.frees-no-id",
    MUST,
    "A trigger that is created after a Delete MUST NOT have what the deleted one had.",
    source=f"{PROTO}.TriggerService.Delete (deletes the specified trigger)",
)
def test_a_new_trigger_inherits_nothing(changes: Changes) -> None:
    made = changes.create(description="deleted", labels={"a": "1"})
    changes.delete(made.id)
    again = changes.create(name=made.name)
    found = [name for name in ("description", "labels") if getattr(again, name)]
    assert not found, f"the new trigger has {', '.join(found)} of the deleted one"
