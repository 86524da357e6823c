"""Notices when the wall clock is set: by an administrator, by NTP, by a machine that was asleep."""

from collections.abc import Callable
from datetime import datetime, timedelta

import structlog

from tocsin.schedule import Clock

log = structlog.get_logger(__name__)

# Who waits, waits by the monotonic clock, and would not notice before it wakes.
LOOK_EVERY_SECONDS = 2.0
# Clocks that are slewed differ by less between two looks.
JUMP = timedelta(milliseconds=500)


class ClockWatch:
    """Compares the wall clock with the monotonic one, by which it sleeps between two looks.

    `jumped` is told by how much the wall was set, back where that is negative.
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
        """Waits a moment, then looks."""
        await self._machine_clock.sleep(LOOK_EVERY_SECONDS)
        self.look()

    def look(self) -> None:
        zero = self._measured()
        jump, self._zero = zero - self._zero, zero
        if abs(jump) >= JUMP:
            log.warning("the wall clock was set", by_seconds=jump.total_seconds())
            self._jumped(jump)

    def _measured(self) -> datetime:
        """What the wall showed when the monotonic clock was at zero."""
        return self._clock.now() - timedelta(seconds=self._clock.monotonic())
