"""Logs each delivery, up to a number of lines a second; beyond that, logs how many there were."""

from datetime import datetime, timedelta

import structlog

from tocsin.schedule import Clock
from tocsin.store.invocations.deliveries import Ended
from tocsin.store.invocations.rows import Invocation, State

# Each delivery has its line; their number is limited here.
log = structlog.get_logger(__name__, limited=False)
_limited = structlog.get_logger(__name__)

SUCCESSES_A_SECOND = 20
FAILURES_A_SECOND = 100


class Budget:
    """Allows a number of lines each second, and counts the lines left out."""

    def __init__(self, clock: Clock, lines: int) -> None:
        self._clock = clock
        self._lines = lines
        self._left = lines
        self._since = clock.monotonic()
        self.left_out = 0

    def allows(self) -> bool:
        now = self._clock.monotonic()
        if now - self._since >= 1:
            self._since, self._left = now, self._lines
        self._left -= 1
        if self._left < 0:
            self.left_out += 1
        return self._left >= 0


class DeliveryLog:
    """Logs how deliveries ended; a line costs as much as a call, so their rate is limited."""

    def __init__(self, clock: Clock) -> None:
        self._successes = Budget(clock, SUCCESSES_A_SECOND)
        self._failures = Budget(clock, FAILURES_A_SECOND)

    def ended(self, invocation: Invocation, ended: Ended, started: datetime) -> None:
        succeeded = ended.ending.state is State.SUCCEEDED
        if not (self._successes if succeeded else self._failures).allows():
            return
        self.flush()
        ending = ended.ending
        details = (
            ("state", None if succeeded else ending.state.value),
            ("error", ending.error),
            ("again_at", ending.again_at and ending.again_at.isoformat()),
        )
        write = log.info if succeeded else log.warning
        write(
            "delivered" if succeeded else "delivery failed",
            invocation_id=invocation.id,
            origin=invocation.origin,
            target=invocation.target,
            attempt=invocation.attempts,
            scheduled_at=invocation.scheduled_at.isoformat(),
            late_ms=(started - invocation.scheduled_at) // timedelta(milliseconds=1),
            took_ms=(ended.at - started) // timedelta(milliseconds=1),
            **{name: value for name, value in details if value is not None},
        )

    def waits_for_room(self, target: str, size: int) -> None:
        """Logs that a payload waits because of the limit of bytes, once a minute at most."""
        _limited.warning(
            "large payloads of a target wait for others to end: [targets] payload_bytes limits "
            "their bytes under way",
            target=target,
            payload_bytes=size,
        )

    def flush(self) -> None:
        """Logs how many lines were left out."""
        if left_out := self._successes.left_out:
            log.info("delivered more invocations, too many for a line each", deliveries=left_out)
        if left_out := self._failures.left_out:
            log.warning("more deliveries failed, too many for a line each", deliveries=left_out)
        self._successes.left_out = self._failures.left_out = 0
