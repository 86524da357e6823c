"""Events whose calls used up their attempts go to the queue that the rule names."""

import json

import pytest

from tocsin.conformance.checks.firing.stage import INTERVAL_SECONDS, PAYLOAD, Stage
from tocsin.conformance.clauses import MAY, MUST, Level, clause
from tocsin.conformance.patience import pause, unix_seconds
from tocsin.conformance.targets import Letter

pytest_plugins = ["tocsin.conformance.checks.firing.fixtures"]

PAGE = "docs: functions/concepts/dlq"
PUT = "proto yandex/cloud/serverless/triggers/v1/trigger.proto: PutQueueMessage"


def dead(
    name: str, sentence: str, level: Level = MUST, *, source: str = PAGE
) -> pytest.MarkDecorator:
    return clause(
        f"firing.dead-letter.{name}", level, sentence, source=source, features=("dead-letters",)
    )


def letters(stage: Stage, name: str, *, after: float = 0.0) -> list[Letter]:
    """Returns the dead letters of a part; there is at least one."""
    stage.first(name)
    until = stage.first_minute + after + 20
    found = stage.targets.wait_for_letters(stage.parts[name].trigger_id, 1, until)
    assert found, f"no dead letter with the id of its trigger came within {after + 20:g} seconds"
    return found


@dead(
    "without-retries",
    "An event whose only call failed MUST be put into the rule's dead letter queue.",
    source=f"{PAGE}; {PUT}: without retry settings the first failure is the last",
)
def test_a_failed_event_is_put_into_the_queue(stage: Stage) -> None:
    assert letters(stage, "dead-at-once")


@dead("after-retries", "An event MUST be put into the queue after its last repeat has failed.")
def test_after_its_repeats_an_event_is_put(stage: Stage) -> None:
    [letter] = letters(stage, "dead-after-retry", after=INTERVAL_SECONDS)
    assert len(stage.calls("dead-after-retry")) == 2
    assert letter.at >= stage.calls("dead-after-retry")[-1].at


@dead("not-before", "An event MUST NOT be put into the queue while it is still repeated.")
def test_while_it_is_repeated_nothing_is_put(stage: Stage) -> None:
    found = letters(stage, "dead-after-retry", after=INTERVAL_SECONDS)
    assert found[0].at > stage.first_minute + INTERVAL_SECONDS - 1


@dead("queue", "A dead letter MUST be put into the queue that the rule names.", source=PUT)
def test_the_queue_is_that_of_the_rule(stage: Stage) -> None:
    [letter] = letters(stage, "dead-at-once")
    assert letter.queue == "conformance-at-once"


@dead("not-on-success", "An event whose call succeeded MUST NOT be put into the queue.")
def test_success_puts_nothing(stage: Stage) -> None:
    stage.first("not-dead")
    pause(max(0.0, stage.first_minute + 10 - unix_seconds()))
    assert not stage.targets.letters(stage.parts["not-dead"].trigger_id)


@dead(
    "body",
    "A dead letter MAY be the event in JSON: the element of `messages`; no page says what it is.",
    MAY,
    source=PAGE + ", which does not say; terraform-provider-yandex: the failed event becomes a "
    "message",
)
def test_a_dead_letter_is_the_event(stage: Stage) -> None:
    [letter] = letters(stage, "dead-after-retry", after=INTERVAL_SECONDS)
    assert json.loads(letter.body) == stage.event("dead-after-retry")
    assert json.loads(letter.body)["details"]["payload"] == PAYLOAD
