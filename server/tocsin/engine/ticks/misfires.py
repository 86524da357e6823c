"""What becomes of a timer's due ticks: those on time fire, for those missed there is a policy.

A tick is missed when it is found due later than the tolerance. What is less late fires as if it
were on time: a restart is no downtime, and neither is a moment in which much is due at once.

- `fire_once`: one call stands for all that is due. It has the instant of the first missed tick, so
  its target knows from when on work was left.
- `skip`: what was missed is not fired.
- `fire_all`: each missed tick is fired, in order; beyond the cap only the latest ones.

Ticks that lie further back than the window are recorded, whatever the policy.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from tocsin.engine.settings import MisfireSettings
from tocsin.plans.plan import MisfirePolicy
from tocsin.schedule import Cron

MICROSECOND = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class Missed:
    """Ticks that did not fire in time, and what was decided.

    Of `count` ticks from `first` to `last`, `expired` lie beyond the window and `dropped` beyond
    the cap; `fired` calls are made for the others.
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
    """The instants to fire, in order, and the next tick to arm."""

    fire: tuple[datetime, ...]
    next_tick: datetime | None
    missed: Missed | None = None


def decide(
    cron: Cron, armed: datetime, now: datetime, policy: MisfirePolicy, rules: MisfireSettings
) -> Firing:
    """Decides about all ticks from the armed one, which is due, up to now."""
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
    told = Missed(policy, armed, last, missed, len(fire), expired, dropped)
    return Firing(fire + on_time, next_tick, told)


class _DueTicks:
    """The armed tick and those after it. The armed one counts, whether cron names it or not."""

    def __init__(self, cron: Cron, armed: datetime) -> None:
        self._cron = cron
        self._armed = armed

    def first_from(self, instant: datetime) -> datetime:
        """Only for where there is one."""
        if instant <= self._armed:
            return self._armed
        return self._cron.next(instant - MICROSECOND) or self._armed

    def last_before(self, instant: datetime) -> datetime:
        """Only for where there is one."""
        last = self._cron.previous(instant - MICROSECOND)
        return self._armed if last is None else max(last, self._armed)

    def count_before(self, instant: datetime) -> int:
        if instant <= self._armed:
            return 0
        return 1 + self._cron.count(self._armed, instant - MICROSECOND)

    def between(self, start: datetime, until: datetime) -> tuple[datetime, ...]:
        """Those from `start` up to and including `until`, in order."""
        found: list[datetime] = []
        tick: datetime | None = self.first_from(start)
        while tick is not None and start <= tick <= until:
            found.append(tick)
            tick = self._cron.next(tick)
        return tuple(found)

    def latest_before(self, instant: datetime, count: int) -> tuple[datetime, ...]:
        """That many, in order; only for where there are as many."""
        found: list[datetime] = []
        while len(found) < count:
            instant = self.last_before(instant)
            found.append(instant)
        return tuple(reversed(found))
