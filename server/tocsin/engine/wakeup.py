"""Lets a loop sleep until something is due, or until it is told of something earlier."""

import asyncio
from datetime import datetime

from tocsin.schedule import Clock

# However far the next instant is: a wall clock that was set is noticed within this time.
LONGEST_SLEEP_SECONDS = 5.0


class Wakeup:
    """One loop waits, any number of callers ring. A ring for later than the wait is no reason."""

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
        """From here on rings count; call it before looking for what is due."""
        self._until = None
        self._rung = False

    async def wait(self, until: datetime | None) -> None:
        """Waits for the instant (None: for a ring), at the longest for five seconds.

        The wait itself is monotonic: a wall clock that is set meanwhile neither stretches nor ends
        it. Who waits looks at the wall again afterwards, and waits on if it is not yet time.
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
