"""Lets a node that lacks something for its calls wait, and says that it is not ready."""

from collections.abc import Callable

import structlog

from tocsin.schedule import Clock

log = structlog.get_logger(__name__)

# A claim waits for this long after the last call that could not be made.
PAUSE_SECONDS = 1.0
# The shortage is over when all calls could be made for this long.
OVER_SECONDS = 5.0


class Shortage:
    """Remembers when this node last lacked something, such as a file descriptor."""

    def __init__(self, machine_clock: Clock) -> None:
        self._clock = machine_clock
        self._tell: Callable[[bool], None] | None = None
        self._last: float | None = None

    def report_to(self, tell: Callable[[bool], None]) -> None:
        """Calls `tell` with False when a shortage begins, and with True when it is over."""
        self._tell = tell
        if self._last is not None:
            tell(False)

    def met(self, reason: str) -> None:
        """Notes that a call could not be made; the message says what was lacking."""
        if self._last is None:
            log.error(
                "node can't make calls, deliveries wait and health says NOT_SERVING: raise its "
                "limits (`ulimit -n`, LimitNOFILE) or lower concurrency in [targets]",
                error=reason,
            )
            self._report(ready=False)
        self._last = self._clock.monotonic()

    async def wait(self) -> None:
        """Waits out the pause after a shortage; returns at once if there was none."""
        if self._last is None:
            return
        since = self._clock.monotonic() - self._last
        if since < PAUSE_SECONDS:
            await self._clock.sleep(PAUSE_SECONDS - since)
        elif since >= OVER_SECONDS:
            self._last = None
            log.info("node can make calls again")
            self._report(ready=True)

    def _report(self, *, ready: bool) -> None:
        if self._tell is not None:
            self._tell(ready)
