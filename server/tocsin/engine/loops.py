"""What runs while nobody calls: timers, batches, deliveries, sources, and chores."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime

import structlog

from tocsin.engine.delivering.deliveries import Deliveries
from tocsin.engine.events.batches import Batches
from tocsin.engine.events.subscribing import Subscribing
from tocsin.engine.observer import UNOBSERVED, Observer
from tocsin.engine.reading.pulling import Pulling
from tocsin.engine.ticks.timers import KIND as TIMER
from tocsin.engine.ticks.timers import Timers
from tocsin.schedule import Clock
from tocsin.store.driver.database import Database
from tocsin.store.driver.transaction import Transaction
from tocsin.store.events.accepted import earliest_batch
from tocsin.store.invocations.deliveries import hand_back, next_due
from tocsin.store.triggers.timers import earliest_tick

log = structlog.get_logger(__name__)

RECOVERY_SECONDS = 1.0


class Engine:
    """`machine_clock` is the clock by which an error is waited out; None: that of all the rest.

    `chores` are steps that are repeated beside: each does its work and waits until it is due again.
    """

    def __init__(
        self,
        database: Database,
        clock: Clock,
        timers: Timers,
        deliveries: Deliveries,
        batches: Batches,
        subscribing: Subscribing,
        pulling: Pulling,
        machine_clock: Clock | None = None,
        observer: Observer = UNOBSERVED,
        chores: Sequence[Callable[[], Awaitable[None]]] = (),
    ) -> None:
        self._database = database
        self._clock = clock
        self._timers = timers
        self._deliveries = deliveries
        self._batches = batches
        self._subscribing = subscribing
        self._pulling = pulling
        self._machine_clock = machine_clock or clock
        self._observer = observer
        self._chores = tuple(chores)
        self._loops: list[asyncio.Task[None]] = []
        self._stepped = asyncio.Event()

    async def start(self) -> None:
        """Takes up what a node that died left behind, then starts the loops."""
        if self._database.exclusive:
            now = self._clock.now()
            left = await self._database.write(lambda tx: hand_back(tx, now=now))
            if left:
                log.warning("deliveries that were under way are made again", invocations=left)
        self._observer.source_stands(TIMER, healthy=True)
        steps = (
            self._fire_timers,
            self._batches.run_once,
            self._subscribing.run_once,
            *self._pulling.steps(),
            *self._deliveries.steps(),
            *self._chores,
        )
        self._loops = [asyncio.create_task(self._repeat(step)) for step in steps]

    async def stop(self, grace_seconds: float) -> None:
        """Starts nothing new, and lets what is under way finish."""
        for loop in self._loops:
            loop.cancel()
        await asyncio.gather(*self._loops, return_exceptions=True)
        await self._pulling.stop()
        await self._deliveries.drain(grace_seconds)

    def look(self) -> None:
        """Makes the loops look for what is due: the clock was moved."""
        self._timers.look()
        self._batches.look()
        self._deliveries.look()

    def look_at_all(self) -> None:
        """Makes all loops look for work: other nodes may have done anything."""
        self.look()
        self._pulling.look_at_all()

    async def next_due(self) -> datetime | None:
        """Returns when there is something to do next: a tick, a batch, a delivery or lease."""

        def earliest(tx: Transaction) -> datetime | None:
            found = (earliest_tick(tx), earliest_batch(tx), next_due(tx))
            return min((each for each in found if each is not None), default=None)

        return await self._database.read(earliest)

    async def settled(self) -> None:
        """Returns once nothing is due any more and nothing is under way.

        For a clock that stands still meanwhile: on another one that may never be.
        """
        while True:
            self._stepped.clear()
            if self._deliveries.idle:
                due = await self.next_due()
                if self._deliveries.idle and (due is None or due > self._clock.now()):
                    return
            # Whatever ends or falls due makes one of the loops take a step.
            await self._stepped.wait()

    async def _repeat(self, step: Callable[[], Awaitable[None]]) -> None:
        """Repeats a step for ever. An error is told and waited out; it never ends the loop."""
        while True:
            try:
                await step()
            except Exception:
                self._observer.step_failed(step.__name__.removeprefix("_"))
                log.exception("engine step failed, trying again", step=step.__qualname__)
                await self._machine_clock.sleep(RECOVERY_SECONDS)
            self._stepped.set()

    async def _fire_timers(self) -> None:
        try:
            await self._timers.run_once()
        except Exception:
            self._observer.source_stands(TIMER, healthy=False)
            raise
        self._observer.source_stands(TIMER, healthy=True)
