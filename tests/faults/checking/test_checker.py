"""The checker itself: it passes what is right, and finds each thing that can be wrong."""

import dataclasses
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from faults.checking.checker import check
from faults.checking.evidence import Delivery, Evidence, Report, Row, Shown
from faults.checking.journal import Call, Execution, Journal, Kind, Rewind, Trigger
from schedule.cron_model import HOURS, MINUTES, MONTH_DAYS, MONTHS, ByNumber, Every, Model

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)
SECOND = timedelta(seconds=1)
MINUTE = timedelta(minutes=1)


def every(minutes: int) -> Model:
    text = "*" if minutes == 1 else f"*/{minutes}"
    days = [ByNumber(Every(MONTH_DAYS))]
    return Model(
        [Every(MINUTES, text, minutes)], [Every(HOURS)], days, False, [Every(MONTHS)], None
    )


def call(kind: Kind, at: datetime, cron: Model | None = None) -> Call:
    return Call(kind, at, at + SECOND, f"op-{kind}-{at}", cron)


def row(trigger: str, tick: datetime) -> Row:
    return Row(f"{trigger}-{tick}", trigger, tick, tick, "succeeded", 1)


def delivery(row: Row) -> Delivery:
    tick = (row.origin, row.scheduled_at) if "/" not in row.origin else (None, None)
    return Delivery(row.id, row.attempts, row.scheduled_at + SECOND, *tick)


def example() -> tuple[Journal, Evidence]:
    """A timer of every minute for ten, another that is paused half way, and an execution."""
    steady = Trigger("steady", [call(Kind.CREATE, NOON + SECOND, every(1))], id="t1")
    paused = Trigger("paused", [call(Kind.CREATE, NOON + SECOND, every(2))], id="t2")
    paused.calls.append(call(Kind.PAUSE, NOON + 5 * MINUTE))
    execution = Execution("e1", NOON + MINUTE, NOON, NOON + SECOND)
    rows = [row("t1", NOON + n * MINUTE) for n in range(1, 11)]
    rows += [row("t2", NOON + n * MINUTE) for n in (2, 4)]
    rows.append(Row("e1", "projects/p/integrations/i", NOON + MINUTE, NOON, "succeeded", 1))
    journal = Journal([steady, paused], [execution])
    evidence = Evidence(
        settled_at=NOON + 10 * MINUTE + SECOND,
        rows=rows,
        deliveries=[delivery(each) for each in rows],
        triggers={
            "steady": [Shown("t1", True, "* * * * ? *")],
            "paused": [Shown("t2", False, "*/2 * * * ? *")],
        },
        operations={each.operation for each in journal.calls() if each.operation},
        executions={"e1": "response"},
    )
    # The model writes no year where none was given.
    evidence.triggers = {
        each.name: [dataclasses.replace(evidence.triggers[each.name][0], cron=each.cron.expression)]
        for each in journal.triggers
    }
    return journal, evidence


def checked(journal: Journal, evidence: Evidence) -> Report:
    return check(journal, evidence, tolerance=10 * SECOND)


def test_what_is_right_passes() -> None:
    report = checked(*example())
    assert report.problems == []
    assert report.counts["ticks that must be"] == 12
    assert report.counts["executions"] == 1
    assert report.counts["duplicates"] == 0


def lose_a_tick(evidence: Evidence) -> None:
    lost = evidence.rows.pop(4)
    evidence.deliveries = [each for each in evidence.deliveries if each.id != lost.id]


def double_a_tick(evidence: Evidence) -> None:
    again = dataclasses.replace(evidence.rows[0], id="again")
    evidence.rows.append(again)
    evidence.deliveries.append(delivery(again))


def fire_between_ticks(evidence: Evidence) -> None:
    evidence.rows.append(row("t1", NOON + 90 * SECOND))
    evidence.deliveries.append(delivery(evidence.rows[-1]))


def fire_after_the_pause(evidence: Evidence) -> None:
    evidence.rows.append(row("t2", NOON + 6 * MINUTE))
    evidence.deliveries.append(delivery(evidence.rows[-1]))


def come_too_early(evidence: Evidence) -> None:
    first = evidence.deliveries[0]
    evidence.deliveries[0] = dataclasses.replace(first, at=first.at - 2 * SECOND)


def forget_a_trigger(evidence: Evidence) -> None:
    evidence.triggers["steady"] = []


def forget_a_pause(evidence: Evidence) -> None:
    [shown] = evidence.triggers["paused"]
    evidence.triggers["paused"] = [dataclasses.replace(shown, active=True)]


def make_a_trigger_twice(evidence: Evidence) -> None:
    evidence.triggers["steady"] *= 2


def forget_an_operation(evidence: Evidence) -> None:
    evidence.operations.pop()


def forget_an_execution(evidence: Evidence) -> None:
    evidence.executions["e1"] = "missing"


def lose_the_row_of_an_execution(evidence: Evidence) -> None:
    evidence.rows.pop()
    evidence.deliveries.pop()


def make_a_row_of_nothing(evidence: Evidence) -> None:
    evidence.rows.append(dataclasses.replace(evidence.rows[-1], id="e2"))


def leave_a_row_behind(evidence: Evidence) -> None:
    evidence.rows[0] = dataclasses.replace(evidence.rows[0], state="running")


def say_that_it_was_delivered(evidence: Evidence) -> None:
    evidence.deliveries.pop(0)


def call_without_a_row(evidence: Evidence) -> None:
    evidence.deliveries.append(dataclasses.replace(evidence.deliveries[0], id="nobody's"))


def make_a_try_twice(evidence: Evidence) -> None:
    evidence.deliveries.append(evidence.deliveries[0])


def send_the_payload_of_another(evidence: Evidence) -> None:
    evidence.deliveries[0] = dataclasses.replace(evidence.deliveries[0], trigger_id="t2")


@pytest.mark.parametrize(
    ("spoil", "found"),
    [
        (lose_a_tick, {"lost tick"}),
        (double_a_tick, {"doubled tick"}),
        (fire_between_ticks, {"unexplained row"}),
        (fire_after_the_pause, {"unexplained row"}),
        (come_too_early, {"too early"}),
        (forget_a_trigger, {"lost call"}),
        (forget_a_pause, {"lost call"}),
        (make_a_trigger_twice, {"doubled trigger", "lost call"}),
        (forget_an_operation, {"lost call"}),
        (forget_an_execution, {"lost call"}),
        (lose_the_row_of_an_execution, {"lost call"}),
        (make_a_row_of_nothing, {"unexplained row", "not delivered"}),
        (leave_a_row_behind, {"not delivered"}),
        (say_that_it_was_delivered, {"not delivered"}),
        (call_without_a_row, {"unexplained delivery"}),
        (make_a_try_twice, {"doubled call"}),
        (send_the_payload_of_another, {"wrong payload"}),
    ],
)
def test_what_is_wrong_is_found(spoil: Callable[[Evidence], None], found: set[str]) -> None:
    journal, evidence = example()
    spoil(evidence)
    assert checked(journal, evidence).kinds == found


def test_a_second_delivery_of_another_try_is_counted_and_no_problem() -> None:
    journal, evidence = example()
    evidence.rows[0] = dataclasses.replace(evidence.rows[0], attempts=2)
    evidence.deliveries.append(dataclasses.replace(evidence.deliveries[0], attempt=2))
    report = checked(journal, evidence)
    assert report.problems == []
    assert (report.counts["duplicates"], report.counts["most of one"]) == (1, 2)


def test_a_try_whose_kept_connection_had_ended_may_come_twice_and_not_more_often() -> None:
    journal, evidence = example()
    evidence.rows[0] = dataclasses.replace(evidence.rows[0], called_again=frozenset({1}))
    evidence.deliveries.append(evidence.deliveries[0])
    assert checked(journal, evidence).problems == []
    evidence.deliveries.append(evidence.deliveries[0])
    assert checked(journal, evidence).kinds == {"doubled call"}


def test_a_tick_while_a_call_is_under_way_may_be_or_not() -> None:
    for rows in (0, 1):
        journal, evidence = example()
        [pause] = [each for each in journal.calls() if each.kind is Kind.PAUSE]
        pause.asked, pause.answered = NOON + 3.5 * MINUTE, NOON + 4.5 * MINUTE
        if not rows:
            evidence.deliveries = [each for each in evidence.deliveries if each.id != row_id()]
            evidence.rows = [each for each in evidence.rows if each.id != row_id()]
        assert checked(journal, evidence).problems == []


def row_id() -> str:
    return row("t2", NOON + 4 * MINUTE).id


def test_a_timer_that_was_set_back_must_make_up_for_all_since_then() -> None:
    journal, evidence = example()
    at = NOON + 8.5 * MINUTE
    journal.triggers[0].rewinds.append(Rewind(at, at, NOON - 3 * MINUTE))
    report = checked(journal, evidence)
    assert report.kinds == {"lost tick"}
    assert len(report.problems) == 4
    for minute in range(-3, 1):
        evidence.rows.append(row("t1", NOON + minute * MINUTE))
        evidence.deliveries.append(delivery(evidence.rows[-1]))
    assert checked(journal, evidence).problems == []


def test_what_had_no_answer_may_be_or_not() -> None:
    journal, evidence = example()
    made = Trigger("perhaps", [Call(Kind.CREATE, NOON + SECOND, cron=every(1))])
    journal.triggers.append(made)
    journal.executions.append(Execution("e2", NOON, NOON))
    assert checked(journal, evidence).problems == []
    evidence.triggers["perhaps"] = [Shown("t3", True, "* * * * ?")]
    evidence.rows.append(row("t3", NOON + 2 * MINUTE))
    evidence.deliveries.append(delivery(evidence.rows[-1]))
    assert checked(journal, evidence).problems == []


@pytest.mark.parametrize(("trigger", "kinds"), [("t2", set()), ("t1", {"not delivered"})])
def test_what_is_parked_waits_while_its_trigger_is_paused_and_no_longer(
    trigger: str, kinds: set[str]
) -> None:
    journal, evidence = example()
    waits = row(trigger, NOON + 4 * MINUTE)
    evidence.rows.remove(waits)
    evidence.rows.append(dataclasses.replace(waits, state="pending", attempts=0, parked=True))
    evidence.deliveries = [each for each in evidence.deliveries if each.id != waits.id]
    assert checked(journal, evidence).kinds == kinds


def test_what_waited_for_a_deleted_trigger_may_be_cancelled_and_nothing_else() -> None:
    for kind, problems in ((Kind.DELETE, []), (Kind.UPDATE, ["not delivered"])):
        journal, evidence = example()
        gone = Trigger("gone", [call(Kind.CREATE, NOON + SECOND, every(5))], id="t3")
        gone.calls.append(call(kind, NOON + 6 * MINUTE, every(5)))
        journal.triggers.append(gone)
        waited = dataclasses.replace(row("t3", NOON + 5 * MINUTE), state="cancelled", attempts=0)
        evidence.rows.append(waited)
        if kind is Kind.UPDATE:
            evidence.rows.append(row("t3", NOON + 10 * MINUTE))
            evidence.deliveries.append(delivery(evidence.rows[-1]))
            shown = Shown("t3", True, every(5).expression)
            evidence.triggers["gone"] = [shown]
        evidence.operations |= {each.operation for each in gone.calls if each.operation}
        assert [each.kind for each in checked(journal, evidence).problems] == problems
