"""The clock that everything else is given, so that time can be moved by hand."""

import asyncio
import heapq
import itertools
import time
from datetime import UTC, datetime, timedelta
from typing import Protocol

# How many turns of the event loop a woken task gets before time moves on. A task that wakes
# needs one; what it passes on to (a waiting parent, a queue's reader) needs one more each.
_TURNS = 10


class Clock(Protocol):
    """What the program knows of time. The only way to ask the hour or to wait."""

    def now(self) -> datetime:
        """The wall clock, timezone aware, in UTC."""
        ...

    def monotonic(self) -> float:
        """Seconds since some fixed moment; never goes back. For measuring durations."""
        ...

    async def sleep(self, seconds: float) -> None:
        """Wait that many seconds; with zero or less, only let other tasks run."""
        ...


class SystemClock:
    """The real clock of this machine."""

    __slots__ = ()

    def now(self) -> datetime:
        return datetime.now(UTC)

    def monotonic(self) -> float:
        return time.monotonic()

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)


class ManualClock:
    """A clock that stands still until it is advanced.

    Sleepers wake in the order in which they are due (those due together: in the order in which
    they fell asleep), one at a time, with the clock standing at the instant they asked for.
    Each gets ten turns of the event loop before the next one wakes, so it can finish, hand on to
    other tasks, or sleep again and still be woken in its turn. Work that takes longer than that,
    or that waits for a thread or a socket, is not waited for.

    For one event loop, with one advance under way at a time.
    """

    __slots__ = ("_now", "_order", "_sleepers", "_start")

    def __init__(self, start: datetime) -> None:
        """Stand at `start`, a timezone aware instant (else ValueError)."""
        self._start = _utc(start)
        self._now = self._start
        self._sleepers: list[tuple[datetime, int, asyncio.Future[None]]] = []
        self._order = itertools.count()

    def __repr__(self) -> str:
        return f"ManualClock({self._now.isoformat()})"

    def now(self) -> datetime:
        return self._now

    def monotonic(self) -> float:
        """Seconds since the clock's start."""
        return (self._now - self._start).total_seconds()

    async def sleep(self, seconds: float) -> None:
        """Wait until the clock was advanced by that many seconds, to the microsecond."""
        if seconds <= 0:
            await asyncio.sleep(0)
            return
        due = self._now + timedelta(seconds=seconds)
        woken = asyncio.get_running_loop().create_future()
        heapq.heappush(self._sleepers, (due, next(self._order), woken))
        await woken

    async def advance(self, by: timedelta) -> None:
        """Move on by a duration and run all that falls due; ValueError if it is negative."""
        await self.advance_to(self._now + by)

    async def advance_to(self, instant: datetime) -> None:
        """Move on to a timezone aware instant and run all that falls due on the way.

        Tasks that were just created run first, at the present instant. Raises ValueError for an
        instant that is naive or in the past.
        """
        target = _utc(instant)
        if target < self._now:
            raise ValueError(f"a clock can't go back from {self._now} to {target}")
        await _let_others_run()
        while self._sleepers and self._sleepers[0][0] <= target:
            due, _, woken = heapq.heappop(self._sleepers)
            if woken.done():  # the sleeper was cancelled
                continue
            self._now = due
            woken.set_result(None)
            await _let_others_run()
        self._now = target


async def _let_others_run() -> None:
    for _ in range(_TURNS):
        await asyncio.sleep(0)


def _utc(instant: datetime) -> datetime:
    if instant.utcoffset() is None:
        raise ValueError(f"{instant!r} is naive: a timezone aware datetime is needed")
    return instant.astimezone(UTC)
