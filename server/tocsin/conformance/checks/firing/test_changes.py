"""Paused and deleted timers are silent; changed ones fire as they now are."""

import pytest

from tocsin.conformance.checks.firing.stage import Stage
from tocsin.conformance.clauses import MUST, clause

pytest_plugins = ["tocsin.conformance.checks.firing.fixtures"]

PAUSE = "docs: functions/operations/trigger: a stopped trigger does not fire; Pause and Resume"
DELETE = "proto yandex/cloud/serverless/triggers/v1/trigger_service.proto: Delete"
UPDATE = "proto yandex/cloud/serverless/triggers/v1/trigger_service.proto: Update"


def change(name: str, sentence: str, source: str, *features: str) -> pytest.MarkDecorator:
    return clause(f"firing.change.{name}", MUST, sentence, source=source, features=features)


@change("paused", "A timer that was paused before its minute MUST NOT fire.", PAUSE, "pause")
def test_a_paused_timer_is_silent(stage: Stage) -> None:
    stage.silent("paused")


@change("resumed", "A timer that was paused and resumed MUST fire.", PAUSE, "pause")
def test_a_resumed_timer_fires(stage: Stage) -> None:
    assert stage.first("resumed")


@change("deleted", "A timer that was deleted before its minute MUST NOT fire.", DELETE)
def test_a_deleted_timer_is_silent(stage: Stage) -> None:
    stage.silent("deleted")


@change("updated.cron", "A timer MUST fire by the expression that Update gave it.", UPDATE)
def test_a_changed_expression_fires(stage: Stage) -> None:
    assert stage.first("updated")


@change("updated.payload", "A timer MUST send the payload that Update gave it.", UPDATE)
def test_a_changed_payload_is_sent(stage: Stage) -> None:
    assert stage.details("updated").get("payload") == "changed"


@change(
    "pausing",
    "A timer that is paused between two ticks MUST NOT fire at the second one.",
    PAUSE,
    "pause",
)
def test_a_timer_falls_silent_when_paused(stage: Stage) -> None:
    stage.silent("pausing", since=stage.acted + 1)


@change(
    "deleting", "A timer that is deleted between two ticks MUST NOT fire at the second one.", DELETE
)
def test_a_timer_falls_silent_when_deleted(stage: Stage) -> None:
    stage.silent("deleting", since=stage.acted + 1)


@change(
    "resumed-later",
    "A timer that is resumed after a minute of pause MUST fire at its next tick.",
    PAUSE,
    "pause",
)
def test_a_timer_fires_again(stage: Stage) -> None:
    assert stage.later("resumed-later")


@change(
    "updated-later", "A timer that is changed between two ticks MUST send its new payload.", UPDATE
)
def test_a_timer_sends_its_new_payload(stage: Stage) -> None:
    call = stage.later("updated-later")[-1]
    assert call.json["messages"][0]["details"]["payload"] == "changed later"


@change(
    "updated-later.id-stays",
    "A timer that is changed MUST keep its id in the events that follow.",
    UPDATE,
)
def test_a_changed_timer_keeps_its_id(stage: Stage) -> None:
    call = stage.later("updated-later")[-1]
    told = call.json["messages"][0]["details"]["trigger_id"]
    assert told == stage.parts["updated-later"].trigger_id
