"""Lists the instants of a schedule: a cron expression within bounds, with jitter."""

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta

from tocsin.schedule.clock_changes import LINTED, Surprises
from tocsin.schedule.zoned import ZonedCron, within_reach

MICROSECOND = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class Timetable:
    """The instants of a schedule, from `start` until before `end`; None means no bound.

    A run starts up to `jitter` after its instant. `name` is the schedule's.
    """

    name: str
    cron: ZonedCron
    start: datetime | None = None
    end: datetime | None = None
    jitter: timedelta = timedelta()

    def next(self, after: datetime) -> datetime | None:
        """Returns the first instant after another one, or None if none follows."""
        if self.start is not None:
            after = max(after, within_reach(self.start) - MICROSECOND)
        tick = self.cron.next(after)
        return None if tick is None or (self.end is not None and tick >= self.end) else tick

    def previous(self, until: datetime) -> datetime | None:
        """Returns the last instant up to and including another one, or None if none precedes."""
        if self.end is not None:
            until = min(until, within_reach(self.end) - MICROSECOND)
        tick = self.cron.previous(until)
        return None if tick is None or (self.start is not None and tick < self.start) else tick

    def count(self, after: datetime, until: datetime) -> int:
        """Counts the instants of the expression after one, up to and including another."""
        return self.cron.count(after, until)

    def from_on(self, instant: datetime) -> datetime | None:
        """Returns the first instant at another one or later, or None if none follows."""
        return self.next(within_reach(instant) - MICROSECOND)

    def following(self, after: datetime) -> tuple[datetime, datetime] | None:
        """Returns the first instant after another one, and when its run starts."""
        tick = self.next(after)
        return None if tick is None else (tick, self.due(tick))

    def surprises(self, after: datetime) -> Surprises:
        """Returns on which dates after an instant a time is skipped, and on which one is doubled.

        Those of a year or two ahead are looked at.
        """
        until = within_reach(after) + LINTED
        if self.start is not None:
            after = max(after, within_reach(self.start) - MICROSECOND)
            until = max(until, within_reach(self.start) + LINTED)
        if self.end is not None:
            until = min(until, within_reach(self.end) - MICROSECOND)
        return self.cron.surprises(after, until)

    def due(self, tick: datetime) -> datetime:
        """Returns when the run of an instant starts, the same on every node and at every call."""
        return tick + jitter_of(self.name, tick, self.jitter)


def jitter_of(name: str, tick: datetime, most: timedelta) -> timedelta:
    """Returns a stable part of `most`, which may be all of it."""
    digest = hashlib.blake2b(f"{name} {tick.timestamp():.0f}".encode(), digest_size=8).digest()
    return int.from_bytes(digest) % (most // MICROSECOND + 1) * MICROSECOND
