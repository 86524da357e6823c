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

    The wall clock can be set too, as an administrator or NTP does: sleepers don't notice.

    For one event loop, with one advance under way at a time.
    """

    __slots__ = ("_elapsed", "_order", "_sleepers", "_zero")

    def __init__(self, start: datetime) -> None:
        """Stand at `start`, a timezone aware instant (else ValueError)."""
        # The wall's time is that at the monotonic zero, plus what elapsed since.
        self._zero = _utc(start)
        self._elapsed = timedelta()
        self._sleepers: list[tuple[timedelta, int, asyncio.Future[None]]] = []
        self._order = itertools.count()

    def __repr__(self) -> str:
        return f"ManualClock({self.now().isoformat()})"

    def now(self) -> datetime:
        return self._zero + self._elapsed

    def monotonic(self) -> float:
        """Seconds since the clock's start."""
        return self._elapsed.total_seconds()

    async def sleep(self, seconds: float) -> None:
        """Wait until the clock was advanced by that many seconds, to the microsecond."""
        if seconds <= 0:
            await asyncio.sleep(0)
            return
        due = self._elapsed + timedelta(seconds=seconds)
        woken = asyncio.get_running_loop().create_future()
        heapq.heappush(self._sleepers, (due, next(self._order), woken))
        await woken

    def set_wall(self, instant: datetime) -> None:
        """Set what the wall clock shows, to any timezone aware instant; no time passes."""
        self._zero = _utc(instant) - self._elapsed

    async def advance(self, by: timedelta) -> None:
        """Move on by a duration and run all that falls due; ValueError if it is negative."""
        await self.advance_to(self.now() + by)

    async def advance_to(self, instant: datetime) -> None:
        """Move on to a timezone aware instant and run all that falls due on the way.

        Tasks that were just created run first, at the present instant. Raises ValueError for an
        instant that is naive or in the past.
        """
        target = self._elapsed_at(instant)
        await _let_others_run()
        while self._wake_first(target):
            await _let_others_run()
        self._elapsed = target

    def jump_to(self, instant: datetime) -> None:
        """Move on at once, as after a standstill: all that falls due on the way wakes at the end.

        Raises ValueError as `advance_to` does.
        """
        target = self._elapsed_at(instant)
        while self._wake_first(target):
            pass
        self._elapsed = target

    def _elapsed_at(self, instant: datetime) -> timedelta:
        target = _utc(instant)
        if target < self.now():
            raise ValueError(f"a clock can't go back from {self.now()} to {target}")
        return target - self._zero

    def _wake_first(self, until: timedelta) -> bool:
        """Wakes the first sleeper that is due until then; returns whether there was one."""
        while self._sleepers and self._sleepers[0][0] <= until:
            due, _, woken = heapq.heappop(self._sleepers)
            if not woken.done():  # else the sleeper was cancelled
                self._elapsed = due
                woken.set_result(None)
                return True
        return False


async def _let_others_run() -> None:
    for _ in range(_TURNS):
        await asyncio.sleep(0)


def _utc(instant: datetime) -> datetime:
    if instant.utcoffset() is None:
        raise ValueError(f"{instant!r} is naive: a timezone aware datetime is needed")
    return instant.astimezone(UTC)
