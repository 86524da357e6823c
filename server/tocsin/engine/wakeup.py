"""Lets a loop sleep until work is due, or until a bell rings for earlier work."""

import asyncio
from datetime import datetime

from tocsin.schedule import Clock

# A limit however far the next instant is, so that a wall clock that was set is noticed.
LONGEST_SLEEP_SECONDS = 5.0


class Wakeup:
    """Makes one loop wait for rings; a ring for later than the end of its wait does not wake it."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._rung = False
        self._until: datetime | None = None
        self._woken: asyncio.Future[None] | None = None

    def ring(self, due: datetime | None = None) -> None:
        if due is None or self._until is None or due < self._until:
            self._rung = True
            if self._woken is not None:
                _wake(self._woken)

    def listen(self) -> None:
        """Forgets earlier rings; call it before looking for due work, so that none is missed."""
        self._until = None
        self._rung = False

    async def wait(self, until: datetime | None) -> None:
        """Waits for an instant (None: for a ring), but at most for five seconds.

        The wait is monotonic, so setting the wall clock does not change it. The caller checks the
        clock afterwards, and waits again if it is too early.
        """
        if self._rung:
            return
        seconds = LONGEST_SLEEP_SECONDS
        if until is not None:
            seconds = min(seconds, (until - self._clock.now()).total_seconds())
            self._until = until
        woken = self._woken = asyncio.get_running_loop().create_future()
        slept = asyncio.create_task(self._clock.sleep(seconds))
        slept.add_done_callback(lambda _: _wake(woken))
        try:
            await woken
        finally:
            self._woken = None
            slept.cancel()


def _wake(sleeper: asyncio.Future[None]) -> None:
    if not sleeper.done():
        sleeper.set_result(None)
