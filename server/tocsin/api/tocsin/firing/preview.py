"""Which timers tick between two instants: their ticks merged, a page at a time."""

import heapq
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from tocsin.schedule import Cron
from tocsin.store.driver.instants import MICROSECOND


@dataclass(frozen=True, slots=True)
class Timetable:
    """A timer, as far as a preview shows it."""

    trigger_id: str
    name: str
    paused: bool
    cron: Cron


@dataclass(frozen=True, slots=True)
class Tick:
    """One tick of a timer. Those of one instant go by the ids of their triggers."""

    instant: datetime
    timetable: Timetable


def merged(
    timetables: Sequence[Timetable],
    start: datetime,
    end: datetime,
    after: tuple[datetime, str] | None,
) -> Iterator[Tick]:
    """Gives all ticks from `start` to before `end`, in order; those up to `after` are passed over.

    Its cost is that of what is taken of it.
    """
    begin = start if after is None else max(start, after[0])
    ticks: list[tuple[datetime, str, Timetable]] = []
    for each in timetables:
        tick = each.cron.next(begin - MICROSECOND)
        if tick is not None and after is not None and (tick, each.trigger_id) <= after:
            tick = each.cron.next(tick)
        if tick is not None:
            ticks.append((tick, each.trigger_id, each))
    heapq.heapify(ticks)
    while ticks and ticks[0][0] < end:
        instant, trigger_id, timetable = ticks[0]
        yield Tick(instant, timetable)
        following = timetable.cron.next(instant)
        if following is None:
            heapq.heappop(ticks)
        else:
            heapq.heapreplace(ticks, (following, trigger_id, timetable))
