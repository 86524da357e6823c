"""The clock of a node that shares its store with others: theirs, not its own machine's."""

from datetime import datetime, timedelta

import structlog

from tocsin.engine.observer import UNOBSERVED, Observer
from tocsin.schedule import Clock
from tocsin.store.database import Database, StoreUnavailable

log = structlog.get_logger(__name__)

SAMPLES = 5
ADJUST_EVERY_SECONDS = 60.0
TOLD_FROM = timedelta(seconds=1)


class StoreClock:
    """This machine's clock, put right by the store's.

    Due instants and leases are written by one node and read by another, so they need one clock.
    """

    def __init__(self, clock: Clock, database: Database, observer: Observer = UNOBSERVED) -> None:
        self._clock = clock
        self._database = database
        self._observer = observer
        self._behind = timedelta()

    def now(self) -> datetime:
        return self._clock.now() + self._behind

    def monotonic(self) -> float:
        return self._clock.monotonic()

    async def sleep(self, seconds: float) -> None:
        await self._clock.sleep(seconds)

    async def adjust(self) -> None:
        """Measures how far this machine's clock is behind the store's."""
        samples = [await self._sample() for _ in range(SAMPLES)]
        # The quickest answer is the most exact.
        _, behind = min(samples)
        self._behind = behind
        self._observer.clock_measured(behind)
        if abs(behind) > TOLD_FROM:
            log.warning(
                "this machine's clock differs from the store's, which is gone by",
                behind_seconds=behind.total_seconds(),
            )

    async def keep_adjusted(self) -> None:
        while True:
            await self._clock.sleep(ADJUST_EVERY_SECONDS)
            try:
                await self.adjust()
            except StoreUnavailable as error:
                log.warning("the store's clock can't be asked", error=str(error))

    async def _sample(self) -> tuple[float, timedelta]:
        """Returns how long the answer took, and how far the clock was behind in its midst."""
        started, asked_at = self._clock.monotonic(), self._clock.now()
        there = await self._database.now()
        took = self._clock.monotonic() - started
        return took, (there or asked_at) - (asked_at + timedelta(seconds=took / 2))
