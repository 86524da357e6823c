"""Which triggers an event must have fired, worked out from their rules alone, against what came.

Which events a rule lets pass is written here once more: nothing of the server is used.
"""

import collections
from bisect import bisect_right
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from faults.checking.evidence import Evidence, Report, Row
from faults.checking.journal import Journal, Kind, Trigger
from faults.checking.lives import FOR_EVER, State, states
from faults.load.events import AT_LEAST_ONCE, BUCKET, BUDGET, Event, EventRule, Sending


def lets_pass(rule: EventRule, event: Event) -> bool:
    if rule.kind != event.kind:
        return False
    if rule.kind == BUDGET:
        return rule.source == event.source and rule.budget in ("", event.what)
    if rule.kind == BUCKET:
        return (
            rule.source in ("", event.source)
            and event.change in rule.changes
            and event.what[: len(rule.prefix)] == rule.prefix
            and event.what[len(event.what) - len(rule.suffix) :] == rule.suffix
        )
    return rule.source == event.source


@dataclass(frozen=True)
class Stretch:
    """While a trigger had a rule."""

    start: datetime
    end: datetime
    rule: EventRule


class Stretches:
    """Those of one trigger, in the order of their starts and of their ends."""

    def __init__(self, found: Iterator[Stretch]) -> None:
        self._all = list(found)
        self._starts = [each.start for each in self._all]

    def around(self, start: datetime, end: datetime) -> Stretch | None:
        """Returns the one that covers all of this time."""
        place = bisect_right(self._starts, start)
        if place and self._all[place - 1].end >= end:
            return self._all[place - 1]
        return None

    def meeting(self, start: datetime, end: datetime) -> Iterator[Stretch]:
        """Gives those that have a moment in common with this time."""
        for each in reversed(self._all[: bisect_right(self._starts, end)]):
            if each.end < start:
                return
            yield each


class Life:
    """When a trigger beyond doubt took events, or lost them, and when it may have."""

    def __init__(self, trigger: Trigger, tolerance: timedelta) -> None:
        self.trigger = trigger
        self.tolerance = tolerance
        self._deleted = trigger.calls[-1].kind is Kind.DELETE
        self._takes = _stretches(trigger, _takes, certain=True)
        self._may_take = _stretches(trigger, _takes, certain=False)
        self._loses = _stretches(trigger, _loses, certain=True)
        self._may_lose = _stretches(trigger, _loses, certain=False)

    def takes(self, event: Event, sending: Sending) -> bool:
        return _beyond_doubt(self._takes, event, sending)

    def may_take(self, event: Event, sending: Sending) -> bool:
        return _perhaps(self._may_take, event, sending)

    def loses(self, event: Event, sending: Sending) -> bool:
        return _beyond_doubt(self._loses, event, sending)

    def may_lose(self, event: Event, sending: Sending) -> bool:
        return _perhaps(self._may_lose, event, sending)

    def delivers(self, event: Event, sending: Sending) -> bool:
        """Whether what it was given so must have come: unless it waited when it was deleted."""
        if not self.takes(event, sending):
            return False
        if not self._deleted:
            return True
        assert sending.answered is not None
        stretch = self._takes.around(sending.asked, sending.answered)
        assert stretch is not None
        # Also a batch of one waits, while the store or its target is away.
        waits = timedelta() if stretch.rule.size == 1 else stretch.rule.cutoff
        return sending.answered + waits + self.tolerance < stretch.end

    def may_drop(self) -> bool:
        """Whether something that it took may have gone with it."""
        return self._deleted

    def largest_batch(self, at: datetime) -> int:
        """Returns how many events may be in a batch that was cut then, or soon after."""
        found = self._may_take.meeting(at, at + self.tolerance)
        return max((each.rule.size for each in found), default=0)


def _takes(state: State) -> bool:
    return state.active


def _loses(state: State) -> bool:
    return not state.active and state.call.kind is not Kind.DELETE


def _stretches(trigger: Trigger, which: Callable[[State], bool], *, certain: bool) -> Stretches:
    def found() -> Iterator[Stretch]:
        for state in states(trigger):
            times = state.certain if certain else state.possible
            if state.rule is not None and which(state) and times is not None:
                yield Stretch(*times, state.rule)

    return Stretches(found())


def _beyond_doubt(stretches: Stretches, event: Event, sending: Sending) -> bool:
    if sending.answered is None:
        return False
    stretch = stretches.around(sending.asked, sending.answered)
    return stretch is not None and lets_pass(stretch.rule, event)


def _perhaps(stretches: Stretches, event: Event, sending: Sending) -> bool:
    found = stretches.meeting(sending.asked, sending.answered or FOR_EVER)
    return any(lets_pass(each.rule, event) for each in found)


@dataclass(frozen=True)
class Batch:
    """An invocation of a trigger that listens, as its target got it."""

    row: Row
    listener: str
    events: tuple[str, ...]


def check_events(
    journal: Journal, evidence: Evidence, tolerance: timedelta, report: Report
) -> None:
    lives = {each.name: Life(each, tolerance) for each in journal.triggers if each.listens}
    batches = _batches(evidence, report)
    _check_batches(journal, evidence, lives, batches, report)
    carried = collections.Counter(
        (batch.listener, event) for batch in batches for event in batch.events
    )
    report.counts["events"] = len(journal.events)
    report.counts["events in batches"] = carried.total()
    report.counts["batches"] = len(batches)
    report.counts["events that must have come"] = 0
    for event in journal.events:
        _check_event(event, lives, carried, report)
    _check_inventions(journal, lives, carried, report)
    _check_intakes(journal, evidence, lives, report)


def _batches(evidence: Evidence, report: Report) -> list[Batch]:
    rows = {row.id: row for row in evidence.rows}
    found: dict[str, Batch] = {}
    for delivery in evidence.deliveries:
        row = rows.get(delivery.id)
        if delivery.listener is None or row is None:
            continue
        batch = Batch(row, delivery.listener, delivery.events)
        if found.setdefault(delivery.id, batch) != batch:
            report.found("wrong payload", f"{batch} was {found[delivery.id]} before")
    return list(found.values())


def _check_batches(
    journal: Journal,
    evidence: Evidence,
    lives: dict[str, Life],
    batches: list[Batch],
    report: Report,
) -> None:
    ids = {each.name: each.id for each in journal.triggers}
    for batch in batches:
        if batch.listener not in lives or batch.row.origin != ids[batch.listener]:
            report.found("wrong payload", f"{batch} is not for {batch.listener}")
            continue
        if not batch.events:
            report.found("empty batch", f"{batch}")
        largest = lives[batch.listener].largest_batch(batch.row.created_at)
        if len(batch.events) > max(1, largest):
            report.found("large batch", f"{batch} has more than {largest} events")
    came = {batch.row.id for batch in batches}
    listeners = {ids[name] for name in lives}
    for row in evidence.rows:
        if row.origin in listeners and row.id not in came and row.state == "succeeded":
            report.found("wrong payload", f"{row} came as no batch")


def _check_event(
    event: Event, lives: dict[str, Life], carried: dict[tuple[str, str], int], report: Report
) -> None:
    came = [name for name in lives if carried.get((name, event.id), 0)]
    for name in came:
        if carried[name, event.id] > 1 and event.kind not in AT_LEAST_ONCE:
            report.found("doubled event", f"{event} came {carried[name, event.id]} times: {name}")
    for name, life in lives.items():
        if any(life.delivers(event, each) for each in event.sendings):
            report.counts["events that must have come"] += 1
            if name not in came:
                report.found("lost event", f"{name} never got {event}: {life.trigger.calls}")
    for sending in event.sendings:
        if sending.answered is not None:
            _check_answer(event, sending, lives, came, report)


def _check_answer(
    event: Event, sending: Sending, lives: dict[str, Life], came: list[str], report: Report
) -> None:
    if sending.taken is None:
        return
    takers = [name for name, life in lives.items() if life.may_take(event, sending)]
    least = sum(life.takes(event, sending) for life in lives.values())
    if not least <= sending.taken <= len(takers):
        report.found("wrong answer", f"{sending.taken} take {event}, not {least}: {takers}")
    losers = [name for name, life in lives.items() if life.may_lose(event, sending)]
    least = sum(life.loses(event, sending) for life in lives.values())
    if not least <= sending.lost <= len(losers):
        report.found("wrong answer", f"{sending.lost} lose {event}, not {least}: {losers}")
    # Where nobody can tell which trigger took it, it is enough that so many got it.
    got = [name for name in takers if name in came or lives[name].may_drop()]
    if len(got) < sending.taken:
        report.found("lost event", f"{sending.taken} took {event}, and only {got} got it")


def _check_inventions(
    journal: Journal, lives: dict[str, Life], carried: dict[tuple[str, str], int], report: Report
) -> None:
    events = {event.id: event for event in journal.events}
    for name, event_id in carried:
        event, life = events.get(event_id), lives.get(name)
        if event is None:
            report.found("invented event", f"{name} got {event_id}")
        elif life and not any(life.may_take(event, each) for each in event.sendings):
            report.found("wrong event", f"{name} got {event}: {life.trigger.calls}")


def _check_intakes(
    journal: Journal, evidence: Evidence, lives: dict[str, Life], report: Report
) -> None:
    """A sending that was repeated may have been lost each time."""
    report.counts["events lost by pauses"] = sum(each.lost for each in evidence.intakes.values())
    for name, intake in evidence.intakes.items():
        if intake.waiting:
            report.found("lost event", f"{name} keeps {intake.waiting} waiting")
        sendings = [(event, each) for event in journal.events for each in event.sendings]
        least = sum(lives[name].loses(*each) for each in sendings)
        most = sum(
            sending.tries for event, sending in sendings if lives[name].may_lose(event, sending)
        )
        if not least <= intake.lost <= most:
            report.found("miscounted", f"{name} lost {intake.lost}, not {least} to {most}")
