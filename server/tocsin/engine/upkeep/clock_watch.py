"""Notices when the wall clock is set, by an administrator, by NTP or after a machine's sleep."""

from collections.abc import Callable
from datetime import datetime, timedelta

import structlog

from tocsin.schedule import Clock

log = structlog.get_logger(__name__)

# Loops sleep by the monotonic clock, and would notice only when they wake.
LOOK_EVERY_SECONDS = 2.0
# A clock that is slewed changes less than this between two looks.
JUMP = timedelta(milliseconds=500)


class ClockWatch:
    """Compares the wall clock with the monotonic clock.

    `jumped` is called with the time by which the wall clock was set, negative if it was set back.
    """

    def __init__(
        self,
        clock: Clock,
        jumped: Callable[[timedelta], None],
        *,
        machine_clock: Clock | None = None,
    ) -> None:
        self._clock = clock
        self._jumped = jumped
        self._machine_clock = machine_clock or clock
        self._zero = self._measured()

    async def run_once(self) -> None:
        """Waits for two seconds, then looks."""
        await self._machine_clock.sleep(LOOK_EVERY_SECONDS)
        self.look()

    def look(self) -> None:
        zero = self._measured()
        jump, self._zero = zero - self._zero, zero
        if abs(jump) >= JUMP:
            log.warning("the machine's wall clock was set", by_seconds=jump.total_seconds())
            self._jumped(jump)

    def _measured(self) -> datetime:
        """Returns the wall clock's time at the monotonic zero."""
        return self._clock.now() - timedelta(seconds=self._clock.monotonic())
