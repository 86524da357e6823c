"""What runs while nobody calls: timers, deliveries, and the forgetting of old request keys."""

import asyncio
from collections.abc import Awaitable, Callable

import structlog

from tocsin.engine.delivery import Deliveries
from tocsin.engine.timers import Timers
from tocsin.schedule import Clock
from tocsin.store.database import Database
from tocsin.store.invocations import hand_back_running
from tocsin.store.requests import forget_expired

log = structlog.get_logger(__name__)

RECOVERY_SECONDS = 1.0
FORGET_EVERY_SECONDS = 600.0


class Engine:
    def __init__(
        self, database: Database, clock: Clock, timers: Timers, deliveries: Deliveries
    ) -> None:
        self._database = database
        self._clock = clock
        self._timers = timers
        self._deliveries = deliveries
        self._loops: list[asyncio.Task[None]] = []

    async def start(self) -> None:
        """Takes up what a node that died left behind, then starts the loops."""
        now = self._clock.now()
        left = await self._database.write(lambda tx: hand_back_running(tx, now=now))
        if left:
            log.warning("deliveries that were under way are made again", invocations=left)
        steps = (self._timers.run_once, self._deliveries.run_once, self._forget)
        self._loops = [asyncio.create_task(self._repeat(step)) for step in steps]

    async def stop(self, grace_seconds: float) -> None:
        """Starts nothing new, and lets what is under way finish."""
        for loop in self._loops:
            loop.cancel()
        await asyncio.gather(*self._loops, return_exceptions=True)
        await self._deliveries.drain(grace_seconds)

    async def _repeat(self, step: Callable[[], Awaitable[None]]) -> None:
        """Repeats a step for ever. An error is told and waited out; it never ends the loop."""
        while True:
            try:
                await step()
            except Exception:
                log.exception("engine step failed, trying again", step=step.__qualname__)
                await self._clock.sleep(RECOVERY_SECONDS)

    async def _forget(self) -> None:
        now = self._clock.now()
        await self._database.write(lambda tx: forget_expired(tx, now=now))
        await self._clock.sleep(FORGET_EVERY_SECONDS)
