"""A line for each delivery, as long as somebody could read them; beyond that, their number."""

from datetime import datetime, timedelta

import structlog

from tocsin.schedule import Clock
from tocsin.store.invocations.deliveries import Ended
from tocsin.store.invocations.rows import Invocation, State

log = structlog.get_logger(__name__)

SUCCESSES_A_SECOND = 20
FAILURES_A_SECOND = 100


class Budget:
    """So many lines in each second; counts those that found none left."""

    def __init__(self, clock: Clock, lines: int) -> None:
        self._clock = clock
        self._lines = lines
        self._left = lines
        self._since = clock.monotonic()
        self.untold = 0

    def allows(self) -> bool:
        now = self._clock.monotonic()
        if now - self._since >= 1:
            self._since, self._left = now, self._lines
        self._left -= 1
        if self._left < 0:
            self.untold += 1
        return self._left >= 0


class DeliveryLog:
    """Tells how deliveries ended. A line costs as much as a call, so there is a most a second."""

    def __init__(self, clock: Clock) -> None:
        self._successes = Budget(clock, SUCCESSES_A_SECOND)
        self._failures = Budget(clock, FAILURES_A_SECOND)

    def ended(self, invocation: Invocation, ended: Ended, started: datetime) -> None:
        succeeded = ended.ending.state is State.SUCCEEDED
        if not (self._successes if succeeded else self._failures).allows():
            return
        self.flush()
        ending = ended.ending
        told = (
            ("error", ending.error),
            ("again_at", ending.again_at and ending.again_at.isoformat()),
        )
        tell = log.info if succeeded else log.warning
        tell(
            "delivered" if succeeded else f"delivery {ending.state.value}",
            invocation_id=invocation.id,
            origin=invocation.origin,
            target=invocation.target,
            attempt=invocation.attempts,
            scheduled_at=invocation.scheduled_at.isoformat(),
            late_ms=(started - invocation.scheduled_at) // timedelta(milliseconds=1),
            took_ms=(ended.at - started) // timedelta(milliseconds=1),
            **{name: value for name, value in told if value is not None},
        )

    def flush(self) -> None:
        """Tells how many were left out since."""
        if untold := self._successes.untold:
            log.info("more were delivered, too many for a line each", deliveries=untold)
        if untold := self._failures.untold:
            log.warning("more deliveries failed, too many for a line each", deliveries=untold)
        self._successes.untold = self._failures.untold = 0
