"""Merges the ticks of timers between two instants."""

import heapq
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from tocsin.schedule import Cron
from tocsin.store.driver.instants import MICROSECOND


@dataclass(frozen=True, slots=True)
class Timetable:
    """Holds what a preview shows of a timer."""

    trigger_id: str
    name: str
    paused: bool
    cron: Cron


@dataclass(frozen=True, slots=True)
class Tick:
    """Holds one tick of a timer; ticks of one instant are ordered by trigger id."""

    instant: datetime
    timetable: Timetable


def merged(
    timetables: Sequence[Timetable],
    start: datetime,
    end: datetime,
    after: tuple[datetime, str] | None,
) -> Iterator[Tick]:
    """Yields ticks in order; the cost depends only on how many are taken.

    Args:
        timetables: the timers.
        start: the first instant, included.
        end: the end, excluded.
        after: instant and trigger id of the last tick of the page before, or None.
    """
    begin = start if after is None else max(start, after[0])
    ticks: list[tuple[datetime, str, Timetable]] = []
    for timetable in timetables:
        tick = timetable.cron.next(begin - MICROSECOND)
        if tick is not None and after is not None and (tick, timetable.trigger_id) <= after:
            tick = timetable.cron.next(tick)
        if tick is not None:
            ticks.append((tick, timetable.trigger_id, timetable))
    heapq.heapify(ticks)
    while ticks and ticks[0][0] < end:
        instant, trigger_id, timetable = ticks[0]
        yield Tick(instant, timetable)
        following = timetable.cron.next(instant)
        if following is None:
            heapq.heappop(ticks)
        else:
            heapq.heapreplace(ticks, (following, trigger_id, timetable))
