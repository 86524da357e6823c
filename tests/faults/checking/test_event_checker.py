"""The checker of events: it passes what is right, and finds each thing that can be wrong."""

import dataclasses
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from faults.checking.checker import check
from faults.checking.event_checker import lets_pass
from faults.checking.evidence import Delivery, Evidence, Intake, Report, Row, Shown
from faults.checking.journal import Call, Journal, Kind, Trigger
from faults.load.events import (
    BROKER,
    BUCKET,
    BUDGET,
    MAIL,
    QUEUE,
    STREAM,
    Event,
    EventRule,
    Sending,
)

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)
SECOND = timedelta(seconds=1)
ONE = EventRule(BUDGET, "one", budget="dev")
BATCHED = EventRule(QUEUE, "one", size=2, cutoff=SECOND)


def trigger(name: str, rule: EventRule, *kinds: Kind) -> Trigger:
    """Created at noon, then changed every minute."""
    made = Trigger(name, [Call(Kind.CREATE, NOON, NOON, f"op-{name}", rule=rule)], id=f"id-{name}")
    for minute, kind in enumerate(kinds, 1):
        at = NOON + minute * 60 * SECOND
        made.calls.append(Call(kind, at, at, f"op-{name}-{minute}"))
    return made


def published(event: Event, seconds: float, taken: int = 1, lost: int = 0) -> Event:
    at = NOON + seconds * SECOND
    event.sendings.append(Sending(at, at + SECOND, 1, taken, lost))
    return event


def budget(name: str, what: str = "dev") -> Event:
    return Event(name, BUDGET, "one", what)


def queued(name: str) -> Event:
    return Event(name, QUEUE, "one")


def deliver(evidence: Evidence, name: str, seconds: float, *events: str) -> None:
    at = NOON + seconds * SECOND
    row = Row(f"{name}-{'-'.join(events)}-{seconds}", f"id-{name}", at, at, "succeeded", 1)
    evidence.rows.append(row)
    evidence.deliveries.append(Delivery(row.id, 1, at + SECOND, listener=name, events=events))


def example() -> tuple[Journal, Evidence]:
    """A trigger of a budget, and one of a queue that is paused for a minute."""
    journal = Journal(
        [trigger("l-one", ONE), trigger("l-two", BATCHED, Kind.PAUSE, Kind.RESUME)],
        events=[
            published(budget("e1"), 5),
            published(budget("filtered", "prod"), 6, taken=0),
            published(queued("e2"), 10),
            published(queued("e3"), 11),
            published(queued("e4"), 20),
            published(queued("paused"), 80, taken=0, lost=1),
        ],
    )
    evidence = Evidence(
        NOON + 300 * SECOND,
        triggers={
            "l-one": [Shown("id-l-one", True, "", ONE)],
            "l-two": [Shown("id-l-two", True, "", BATCHED)],
        },
        operations={each.operation for each in journal.calls() if each.operation},
        intakes={"l-one": Intake(0, 0), "l-two": Intake(0, 1)},
    )
    deliver(evidence, "l-one", 6, "e1")
    deliver(evidence, "l-two", 12, "e2", "e3")
    deliver(evidence, "l-two", 22, "e4")
    return journal, evidence


def checked(journal: Journal, evidence: Evidence) -> Report:
    return check(journal, evidence, tolerance=10 * SECOND)


def test_what_is_right_passes() -> None:
    report = checked(*example())
    assert report.problems == []
    assert report.counts["events that must have come"] == 4
    assert report.counts["events in batches"] == 4
    assert report.counts["batches"] == 3
    assert report.counts["events lost by pauses"] == 1


def lose_an_event(_: Journal, evidence: Evidence) -> None:
    evidence.rows.pop()
    evidence.deliveries.pop()


def lose_an_event_out_of_a_batch(_: Journal, evidence: Evidence) -> None:
    evidence.deliveries[1] = dataclasses.replace(evidence.deliveries[1], events=("e2",))


def send_an_event_in_two_batches(_: Journal, evidence: Evidence) -> None:
    deliver(evidence, "l-two", 30, "e4")


def send_an_event_twice_in_a_batch(_: Journal, evidence: Evidence) -> None:
    evidence.deliveries[2] = dataclasses.replace(evidence.deliveries[2], events=("e4", "e4"))


def invent_an_event(_: Journal, evidence: Evidence) -> None:
    deliver(evidence, "l-one", 30, "nobody's")


def send_what_the_rule_filters_out(_: Journal, evidence: Evidence) -> None:
    deliver(evidence, "l-one", 30, "filtered")


def send_what_came_in_the_pause(_: Journal, evidence: Evidence) -> None:
    deliver(evidence, "l-two", 200, "paused")


def send_too_many_in_one(_: Journal, evidence: Evidence) -> None:
    evidence.rows.pop(1)
    evidence.deliveries.pop(1)
    evidence.deliveries[1] = dataclasses.replace(evidence.deliveries[1], events=("e2", "e3", "e4"))


def send_nothing(_: Journal, evidence: Evidence) -> None:
    deliver(evidence, "l-two", 30)


def send_to_the_target_of_another(_: Journal, evidence: Evidence) -> None:
    evidence.rows[0] = dataclasses.replace(evidence.rows[0], origin="id-l-two")


def send_a_row_as_something_else(_: Journal, evidence: Evidence) -> None:
    sent = evidence.deliveries[0]
    evidence.deliveries[0] = Delivery(sent.id, sent.attempt, sent.at)


def change_a_batch_between_tries(_: Journal, evidence: Evidence) -> None:
    evidence.rows[1] = dataclasses.replace(evidence.rows[1], attempts=2)
    again = dataclasses.replace(evidence.deliveries[1], attempt=2, events=("e2",))
    evidence.deliveries.append(again)


def keep_an_event_waiting(_: Journal, evidence: Evidence) -> None:
    evidence.intakes["l-one"] = Intake(1, 0)


def lose_count_of_the_lost(_: Journal, evidence: Evidence) -> None:
    evidence.intakes["l-two"] = Intake(0, 0)


def count_too_many_lost(_: Journal, evidence: Evidence) -> None:
    evidence.intakes["l-two"] = Intake(0, 2)


def say_that_nobody_takes_it(journal: Journal, _: Evidence) -> None:
    journal.events[0].sendings[0].taken = 0


def say_that_two_take_it(journal: Journal, _: Evidence) -> None:
    journal.events[0].sendings[0].taken = 2


def say_that_nobody_loses_it(journal: Journal, _: Evidence) -> None:
    journal.events[-1].sendings[0].lost = 0


def forget_a_change_of_the_rule(_: Journal, evidence: Evidence) -> None:
    evidence.triggers["l-one"] = [Shown("id-l-one", True, "", BATCHED)]


@pytest.mark.parametrize(
    ("spoil", "found"),
    [
        (lose_an_event, {"lost event"}),
        (lose_an_event_out_of_a_batch, {"lost event"}),
        (send_an_event_in_two_batches, {"doubled event"}),
        (send_an_event_twice_in_a_batch, {"doubled event"}),
        (invent_an_event, {"invented event"}),
        (send_what_the_rule_filters_out, {"wrong event"}),
        (send_what_came_in_the_pause, {"wrong event"}),
        (send_too_many_in_one, {"large batch"}),
        (send_nothing, {"empty batch"}),
        (send_to_the_target_of_another, {"wrong payload"}),
        (send_a_row_as_something_else, {"wrong payload", "lost event"}),
        (change_a_batch_between_tries, {"wrong payload"}),
        (keep_an_event_waiting, {"lost event"}),
        (lose_count_of_the_lost, {"miscounted"}),
        (count_too_many_lost, {"miscounted"}),
        (say_that_nobody_takes_it, {"wrong answer"}),
        (say_that_two_take_it, {"wrong answer", "lost event"}),
        (say_that_nobody_loses_it, {"wrong answer"}),
        (forget_a_change_of_the_rule, {"lost call"}),
    ],
)
def test_what_is_wrong_is_found(
    spoil: Callable[[Journal, Evidence], None], found: set[str]
) -> None:
    journal, evidence = example()
    spoil(journal, evidence)
    assert checked(journal, evidence).kinds == found


@pytest.mark.parametrize("taken", [0, 1])
def test_an_event_that_meets_a_pause_is_taken_or_lost(taken: int) -> None:
    journal, evidence = example()
    journal.events.append(published(queued("e5"), 59.5, taken=taken, lost=1 - taken))
    evidence.intakes["l-two"] = Intake(0, 2 - taken)
    if taken:
        # What was answered as taken must come, whichever way it went.
        assert checked(journal, evidence).kinds == {"lost event"}
        deliver(evidence, "l-two", 121, "e5")
    assert checked(journal, evidence).problems == []


@pytest.mark.parametrize("came", [False, True])
def test_what_waited_when_its_trigger_was_deleted_may_have_come_or_not(came: bool) -> None:
    journal, evidence = example()
    journal.triggers.append(
        trigger("l-gone", dataclasses.replace(BATCHED, source="two"), Kind.DELETE)
    )
    evidence.operations |= {"op-l-gone", "op-l-gone-1"}
    journal.events.append(published(Event("long before", QUEUE, "two"), 5))
    journal.events.append(published(Event("just before", QUEUE, "two"), 55))
    deliver(evidence, "l-gone", 6, "long before")
    if came:
        deliver(evidence, "l-gone", 56, "just before")
    assert checked(journal, evidence).problems == []


def test_an_event_that_is_sent_again_after_a_pause_comes_once() -> None:
    journal, evidence = example()
    published(journal.events[-1], 150)
    assert checked(journal, evidence).kinds == {"lost event"}
    deliver(evidence, "l-two", 152, "paused")
    assert checked(journal, evidence).problems == []
    published(journal.events[-1], 160)
    assert checked(journal, evidence).problems == []
    deliver(evidence, "l-two", 162, "paused")
    assert checked(journal, evidence).kinds == {"doubled event"}


def test_a_sending_without_an_answer_may_have_come_or_not() -> None:
    journal, evidence = example()
    journal.events.append(queued("e5"))
    journal.events[-1].sendings.append(Sending(NOON + 30 * SECOND, tries=1))
    assert checked(journal, evidence).problems == []
    deliver(evidence, "l-two", 32, "e5")
    assert checked(journal, evidence).problems == []


@pytest.mark.parametrize(
    ("rule", "event", "passes"),
    [
        (EventRule(BUDGET, "one"), budget("e"), True),
        (EventRule(BUDGET, "one", budget="dev"), budget("e"), True),
        (EventRule(BUDGET, "one", budget="prod"), budget("e"), False),
        (EventRule(BUDGET, "two"), budget("e"), False),
        (EventRule(QUEUE, "one"), queued("e"), True),
        (EventRule(QUEUE, "two"), queued("e"), False),
        (EventRule(QUEUE, "one"), budget("e"), False),
        (EventRule(BUCKET, "one", changes=frozenset({1})), Event("e", BUCKET, "one", "a", 1), True),
        (EventRule(BUCKET, "", changes=frozenset({1})), Event("e", BUCKET, "one", "a", 1), True),
        (
            EventRule(BUCKET, "one", changes=frozenset({2})),
            Event("e", BUCKET, "one", "a", 1),
            False,
        ),
        (
            EventRule(BUCKET, "", changes=frozenset({1}), prefix="in/", suffix=".png"),
            Event("e", BUCKET, "one", "in/cat.png", 1),
            True,
        ),
        (
            EventRule(BUCKET, "", changes=frozenset({1}), prefix="in/"),
            Event("e", BUCKET, "one", "out/in/cat.png", 1),
            False,
        ),
        (
            EventRule(BUCKET, "", changes=frozenset({1}), suffix=".png"),
            Event("e", BUCKET, "one", "in/cat.png.txt", 1),
            False,
        ),
    ],
)
def test_a_rule_lets_pass_what_has_all_that_it_asks_for(
    rule: EventRule, event: Event, passes: bool
) -> None:
    assert lets_pass(rule, event) is passes


@pytest.mark.parametrize(
    ("kind", "found"),
    [
        (QUEUE, {"doubled event"}),
        (STREAM, {"doubled event"}),
        (MAIL, {"doubled event"}),
        (BROKER, set()),  # it sends again what was not acknowledged
    ],
)
def test_what_a_source_was_told_is_taken_must_come_and_only_a_broker_may_repeat_it(
    kind: str, found: set[str]
) -> None:
    journal, evidence = example()
    rule = EventRule(kind, "real", size=1)
    journal.triggers.append(trigger("l-real", rule))
    evidence.triggers["l-real"] = [Shown("id-l-real", True, "", rule)]
    evidence.operations.add("op-l-real")
    at = NOON + 30 * SECOND
    sending = Sending(at, at + SECOND, 1, taken=None)
    journal.events.append(Event("real-1", kind, "real", sendings=[sending]))
    assert checked(journal, evidence).kinds == {"lost event"}
    deliver(evidence, "l-real", 32, "real-1")
    assert checked(journal, evidence).problems == []
    deliver(evidence, "l-real", 40, "real-1")
    assert checked(journal, evidence).kinds == found
