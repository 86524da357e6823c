"""Decides about a timer's due ticks: ticks on time fire, missed ticks follow a policy.

A tick is missed if it is found due later than the tolerance. A tick that is less late fires as if
on time, so that a restart or a moment of high load does not count as downtime.

- `fire_once`: one call stands for all due ticks. It has the instant of the first missed tick, so
  that its target knows since when work was left.
- `skip`: missed ticks don't fire.
- `fire_all`: each missed tick fires, in order; beyond the cap only the latest ones.

Ticks older than the window are only recorded, whatever the policy.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from tocsin.engine.settings import MisfireSettings
from tocsin.plans.plan import MisfirePolicy

MICROSECOND = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class Missed:
    """Holds missed ticks and the decision about them.

    Of `count` ticks from `first` to `last`, `expired` are older than the window and `dropped`
    exceed the cap; `fired` calls are made for the others.
    """

    policy: MisfirePolicy
    first: datetime
    last: datetime
    count: int
    fired: int
    expired: int
    dropped: int


@dataclass(frozen=True, slots=True)
class Firing:
    """Holds the instants to fire, in order, and the next tick to arm."""

    fire: tuple[datetime, ...]
    next_tick: datetime | None
    missed: Missed | None = None


class Timetable(Protocol):
    """Has instants, in UTC."""

    def next(self, after: datetime) -> datetime | None:
        """Returns the first instant after another, or None."""

    def previous(self, until: datetime) -> datetime | None:
        """Returns the last instant up to and including another, or None."""

    def count(self, after: datetime, until: datetime) -> int:
        """Counts the instants after one, up to and including another."""


def decide(
    cron: Timetable, armed: datetime, now: datetime, policy: MisfirePolicy, rules: MisfireSettings
) -> Firing:
    """Decides about all ticks from the armed one, which is due, until now."""
    due = _DueTicks(cron, armed)
    next_tick = cron.next(now)
    on_time_from = now - timedelta(seconds=rules.tolerance)
    on_time = due.between(on_time_from, now)
    missed = due.count_before(on_time_from)
    if not missed:
        return Firing(on_time, next_tick)
    live_from = armed
    if rules.window is not None:
        live_from = max(armed, now - timedelta(seconds=rules.window))
    expired = due.count_before(min(live_from, on_time_from))
    live = missed - expired
    fire: tuple[datetime, ...] = ()
    last = due.last_before(on_time_from)
    if live and policy is MisfirePolicy.FIRE_ONCE:
        fire, missed = (due.first_from(live_from),), missed + len(on_time)
        last = on_time[-1] if on_time else last
        on_time = ()
    elif live and policy is MisfirePolicy.FIRE_ALL:
        fire = due.latest_before(on_time_from, min(live, rules.cap))
    dropped = live - len(fire) if policy is MisfirePolicy.FIRE_ALL else 0
    decision = Missed(policy, armed, last, missed, len(fire), expired, dropped)
    return Firing(fire + on_time, next_tick, decision)


class _DueTicks:
    """Lists the armed tick and those after it; the armed one counts even if cron has it no more."""

    def __init__(self, cron: Timetable, armed: datetime) -> None:
        self._cron = cron
        self._armed = armed

    def first_from(self, instant: datetime) -> datetime:
        """Returns the first tick at an instant or later, which must exist."""
        if instant <= self._armed:
            return self._armed
        return self._cron.next(instant - MICROSECOND) or self._armed

    def last_before(self, instant: datetime) -> datetime:
        """Returns the last tick before an instant, which must exist."""
        last = self._cron.previous(instant - MICROSECOND)
        return self._armed if last is None else max(last, self._armed)

    def count_before(self, instant: datetime) -> int:
        if instant <= self._armed:
            return 0
        return 1 + self._cron.count(self._armed, instant - MICROSECOND)

    def between(self, start: datetime, until: datetime) -> tuple[datetime, ...]:
        """Returns the ticks from `start` up to and including `until`, in order."""
        ticks: list[datetime] = []
        tick: datetime | None = self.first_from(start)
        while tick is not None and start <= tick <= until:
            ticks.append(tick)
            tick = self._cron.next(tick)
        return tuple(ticks)

    def latest_before(self, instant: datetime, count: int) -> tuple[datetime, ...]:
        """Returns the last `count` ticks before an instant, in order; they must exist."""
        ticks: list[datetime] = []
        while len(ticks) < count:
            instant = self.last_before(instant)
            ticks.append(instant)
        return tuple(reversed(ticks))
