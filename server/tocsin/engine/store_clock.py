"""Gives nodes that share a store one clock: the store's."""

from datetime import datetime, timedelta

import structlog

from tocsin.engine.observer import UNOBSERVED, Observer
from tocsin.engine.upkeep.clock_watch import ClockWatch
from tocsin.schedule import Clock
from tocsin.store.driver.database import Database, StoreUnavailable

log = structlog.get_logger(__name__)

SAMPLES = 5
ADJUST_EVERY_SECONDS = 10.0
LOGGED_FROM = timedelta(seconds=1)


class StoreClock:
    """Follows the store's clock, between measurements by this machine's monotonic clock.

    One node writes due instants and leases that another reads, so they need one clock. Setting this
    machine's wall clock does not affect it. It is never ahead of the store's clock, and behind by
    at most the time that an answer takes, so nothing fires early.

    `skew` is how far this machine's wall clock was behind the store's at the last measurement; it
    is negative if it was ahead.
    """

    def __init__(self, clock: Clock, database: Database, observer: Observer = UNOBSERVED) -> None:
        self._clock = clock
        self._database = database
        self._observer = observer
        # The store's time when the monotonic clock was at zero.
        self._zero = clock.now() - timedelta(seconds=clock.monotonic())
        self._logged = timedelta()
        self.skew = timedelta()

    def now(self) -> datetime:
        return self._zero + timedelta(seconds=self._clock.monotonic())

    def monotonic(self) -> float:
        return self._clock.monotonic()

    async def sleep(self, seconds: float) -> None:
        await self._clock.sleep(seconds)

    async def adjust(self) -> None:
        """Measures the store's time and the skew.

        Raises:
            StoreUnavailable: the store can't be reached.
        """
        samples = [await self._sample() for _ in range(SAMPLES)]
        # Each sample is a lower bound of the store's time, so the greatest is the most exact.
        self._zero = max(zero for _, zero, _ in samples)
        _, _, self.skew = min(samples)
        self._observer.clock_measured(self.skew)
        if abs(self.skew - self._logged) > LOGGED_FROM:
            self._logged = self.skew
            log.warning(
                "this machine's clock differs from the store's, by which triggers fire",
                behind_seconds=self.skew.total_seconds(),
            )

    async def keep_adjusted(self) -> None:
        """Measures every ten seconds, and soon after this machine slept or its clock was set."""
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
                log.warning("could not read the store's clock, trying again", error=str(error))

    async def _sample(self) -> tuple[float, datetime, timedelta]:
        """Returns the time of the answer, a lower bound of the store's time at the monotonic zero,
        and the skew."""
        started, asked_at = self._clock.monotonic(), self._clock.now()
        there = await self._database.now()
        took = self._clock.monotonic() - started
        midst = timedelta(seconds=took / 2)
        skew = (there or asked_at) - (asked_at + midst)
        # When the answer came, the store's time was later by an unknown part of `took`.
        zero = (there or asked_at) - timedelta(seconds=started + took)
        return took, zero, skew
