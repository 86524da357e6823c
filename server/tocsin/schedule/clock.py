"""Defines the clock that every other module is given, so that time can be moved by hand."""

import asyncio
import heapq
import itertools
import time
from datetime import UTC, datetime, timedelta
from typing import Protocol

# Turns of the event loop that a woken task gets before time moves on. The task needs one, and
# each task that it hands on to (a waiting parent, a queue's reader) needs one more.
_TURNS = 10


# A manual clock stays between these, as cron expressions do. Ids hold instants up to the year 2112.
EARLIEST = datetime(1970, 1, 1, tzinfo=UTC)
LATEST = datetime(2100, 1, 1, tzinfo=UTC)


class Clock(Protocol):
    """Tells the time and waits. The program reads and spends time in no other way."""

    def now(self) -> datetime:
        """Returns the wall clock's time, timezone aware, in UTC."""
        ...

    def monotonic(self) -> float:
        """Returns seconds since a fixed moment; never goes back. Use it to measure durations."""
        ...

    async def sleep(self, seconds: float) -> None:
        """Waits that many seconds; zero or less only lets other tasks run."""
        ...


class SystemClock:
    """Reads the clock of this machine."""

    __slots__ = ()

    def now(self) -> datetime:
        return datetime.now(UTC)

    def monotonic(self) -> float:
        return time.monotonic()

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)


class ManualClock:
    """Stands still until it is advanced.

    Sleepers wake one at a time, in the order in which they are due; sleepers that are due together
    wake in the order in which they fell asleep. When a sleeper wakes, the clock shows the instant
    that it slept until. Each sleeper gets ten turns of the event loop before the next one wakes:
    it can finish, hand on to other tasks, or sleep again and still wake in its turn. The clock does
    not wait for work that takes longer, or that waits for a thread or a socket.

    The wall clock can also be set, as an administrator or NTP sets one; sleepers don't notice.

    Use it in one event loop, with one advance at a time.
    """

    __slots__ = ("_elapsed", "_order", "_sleepers", "_zero")

    def __init__(self, start: datetime) -> None:
        """Sets the clock to `start`, a timezone aware instant.

        Raises:
            ValueError: the instant is naive.
        """
        # The wall clock shows its time at the monotonic zero, plus the time that has elapsed.
        self._zero = _utc(start)
        self._elapsed = timedelta()
        self._sleepers: list[tuple[timedelta, int, asyncio.Future[None]]] = []
        self._order = itertools.count()

    def __repr__(self) -> str:
        return f"ManualClock({self.now().isoformat()})"

    def now(self) -> datetime:
        return self._zero + self._elapsed

    def monotonic(self) -> float:
        """Returns seconds since the clock's start."""
        return self._elapsed.total_seconds()

    async def sleep(self, seconds: float) -> None:
        """Waits until the clock has been advanced by that many seconds, to the microsecond."""
        if seconds <= 0:
            await asyncio.sleep(0)
            return
        due = self._elapsed + timedelta(seconds=seconds)
        woken = asyncio.get_running_loop().create_future()
        heapq.heappush(self._sleepers, (due, next(self._order), woken))
        await woken

    def set_wall(self, instant: datetime) -> None:
        """Sets the wall clock to any timezone aware instant; no time passes."""
        self._zero = _utc(instant) - self._elapsed

    async def advance(self, by: timedelta) -> None:
        """Advances by a duration and wakes every sleeper that falls due.

        Raises:
            ValueError: the duration is negative.
        """
        await self.advance_to(self.now() + by)

    async def advance_to(self, instant: datetime) -> None:
        """Advances to a timezone aware instant and wakes every sleeper that falls due on the way.

        Tasks that were just created run first, at the present instant.

        Raises:
            ValueError: the instant is naive or in the past.
        """
        target = self._elapsed_at(instant)
        await _let_others_run()
        while self._wake_first(target):
            await _let_others_run()
        self._elapsed = target

    def jump_to(self, instant: datetime) -> None:
        """Moves to an instant in one step, as after a standstill: all due sleepers wake then.

        Raises:
            ValueError: the instant is naive or in the past.
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
        """Wakes the first sleeper that is due until then; returns False if no sleeper is."""
        while self._sleepers and self._sleepers[0][0] <= until:
            due, _, woken = heapq.heappop(self._sleepers)
            if not woken.done():  # a cancelled sleeper is done
                self._elapsed = due
                woken.set_result(None)
                return True
        return False


async def _let_others_run() -> None:
    for _ in range(_TURNS):
        await asyncio.sleep(0)


def _utc(instant: datetime) -> datetime:
    if instant.utcoffset() is None:
        raise ValueError(f"{instant!r} is naive; give a timezone aware datetime")
    return instant.astimezone(UTC)
