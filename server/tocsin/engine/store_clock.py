"""The clock of a node that shares its store with others: theirs, not its own machine's."""

from datetime import datetime, timedelta

import structlog

from tocsin.engine.observer import UNOBSERVED, Observer
from tocsin.engine.upkeep.clock_watch import ClockWatch
from tocsin.schedule import Clock
from tocsin.store.driver.database import Database, StoreUnavailable

log = structlog.get_logger(__name__)

SAMPLES = 5
ADJUST_EVERY_SECONDS = 10.0
TOLD_FROM = timedelta(seconds=1)


class StoreClock:
    """The store's clock, asked now and then, and carried on by this machine's monotonic one.

    Due instants and leases are written by one node and read by another, so they need one clock.
    When this machine's wall clock is set, nothing happens here. It is behind the store's by no more
    than an answer took to come, and never ahead: nothing comes before its time.

    `skew` is how far this machine's wall clock was behind the store's when it was last measured
    (ahead, where that is negative).
    """

    def __init__(self, clock: Clock, database: Database, observer: Observer = UNOBSERVED) -> None:
        self._clock = clock
        self._database = database
        self._observer = observer
        # The store's time when the monotonic clock was at zero.
        self._zero = clock.now() - timedelta(seconds=clock.monotonic())
        self._told = timedelta()
        self.skew = timedelta()

    def now(self) -> datetime:
        return self._zero + timedelta(seconds=self._clock.monotonic())

    def monotonic(self) -> float:
        return self._clock.monotonic()

    async def sleep(self, seconds: float) -> None:
        await self._clock.sleep(seconds)

    async def adjust(self) -> None:
        """Measures what time it is in the store, and how far this machine's clock is behind.

        Raises:
            StoreUnavailable: the store can't be asked.
        """
        samples = [await self._sample() for _ in range(SAMPLES)]
        # In each sample the store's clock was at least so far: the latest is the most exact.
        self._zero = max(zero for _, zero, _ in samples)
        _, _, self.skew = min(samples)
        self._observer.clock_measured(self.skew)
        if abs(self.skew - self._told) > TOLD_FROM:
            self._told = self.skew
            log.warning(
                "this machine's clock differs from the store's, which is gone by",
                behind_seconds=self.skew.total_seconds(),
            )

    async def keep_adjusted(self) -> None:
        """Asks again every ten seconds, and soon after this machine was asleep or its wall set."""
        due_at = 0.0

        def jumped(_: timedelta) -> None:
            nonlocal due_at
            due_at = self._clock.monotonic()

        watch = ClockWatch(self._clock, jumped)
        while True:
            due_at = self._clock.monotonic() + ADJUST_EVERY_SECONDS
            while self._clock.monotonic() < due_at:
                await watch.run_once()
            try:
                await self.adjust()
            except StoreUnavailable as error:
                log.warning("the store's clock can't be asked", error=str(error))

    async def _sample(self) -> tuple[float, datetime, timedelta]:
        """Returns how long the answer took; the store's time at the monotonic zero, at least;
        the skew."""
        started, asked_at = self._clock.monotonic(), self._clock.now()
        there = await self._database.now()
        took = self._clock.monotonic() - started
        midst = timedelta(seconds=took / 2)
        skew = (there or asked_at) - (asked_at + midst)
        # When the answer came it was later there, by nobody knows how much.
        zero = (there or asked_at) - timedelta(seconds=started + took)
        return took, zero, skew
