"""Runs the engine's loops: timers, batches, deliveries, sources, and chores."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime

import structlog

from tocsin.engine.delivering.deliveries import Deliveries
from tocsin.engine.delivering.jobs import Jobs
from tocsin.engine.delivering.parking import Parking
from tocsin.engine.events.batches import Batches
from tocsin.engine.events.subscribing import Subscribing
from tocsin.engine.hold import Holding
from tocsin.engine.observer import UNOBSERVED, Observer
from tocsin.engine.reading.pulling import Pulling
from tocsin.engine.ticks.recurring import Recurring
from tocsin.engine.ticks.schedules import earliest_of_all
from tocsin.engine.ticks.timers import KIND as TIMER
from tocsin.engine.ticks.timers import Timers
from tocsin.engine.upkeep.leases import Leases
from tocsin.engine.upkeep.step_faults import StepFaults
from tocsin.schedule import Clock
from tocsin.store.driver.database import Database, StoreError
from tocsin.store.driver.transaction import Transaction
from tocsin.store.events.accepted import earliest_batch
from tocsin.store.invocations.deliveries import hand_back, next_due
from tocsin.store.invocations.parking import first_walk
from tocsin.store.jobs.rows import first_running_since
from tocsin.store.schedules.rows import earliest_run

log = structlog.get_logger(__name__)

RECOVERY_SECONDS = 1.0


class Engine:
    """Runs the loops from its start to its stop.

    `machine_clock` times the pause after an error; None means `clock`. `chores` are further steps
    to repeat: each does its work, then waits until it is due again. `faults` learns which steps
    keep failing. While the store is on `hold`, only the steps run that fire and delete nothing:
    `upkeep` waits too. `leases` are those that end as soon as the loops have stopped.
    """

    def __init__(
        self,
        database: Database,
        clock: Clock,
        timers: Timers,
        deliveries: Deliveries,
        parking: Parking,
        batches: Batches,
        subscribing: Subscribing,
        pulling: Pulling,
        recurring: Recurring | None = None,
        jobs: Jobs | None = None,
        machine_clock: Clock | None = None,
        observer: Observer = UNOBSERVED,
        chores: Sequence[Callable[[], Awaitable[None]]] = (),
        upkeep: Sequence[Callable[[], Awaitable[None]]] = (),
        faults: StepFaults | None = None,
        hold: Holding | None = None,
        leases: Leases | None = None,
    ) -> None:
        self._database = database
        self._clock = clock
        self._timers = timers
        self._deliveries = deliveries
        self._parking = parking
        self._batches = batches
        self._subscribing = subscribing
        self._pulling = pulling
        self._recurring = recurring
        self._jobs = jobs
        self._machine_clock = machine_clock or clock
        self._observer = observer
        self._chores = tuple(chores)
        self._upkeep = tuple(upkeep)
        self._hold = hold
        self._leases = leases
        self._faults = faults or StepFaults()
        self._loops: list[asyncio.Task[None]] = []
        self._stepped = asyncio.Event()

    async def start(self) -> None:
        """Ends the leases of an earlier process, then starts the loops.

        While the store is on hold, what fires starts only when the hold has ended.
        """
        self._observer.source_stands(TIMER, healthy=True)
        self._repeat_all(self._parking.run_once, self._subscribing.run_once, *self._chores)
        if self._hold is not None and self._hold.on_hold:
            self._loops.append(asyncio.create_task(self._start_after(self._hold)))
        else:
            await self._start_firing()

    async def _start_after(self, hold: Holding) -> None:
        await hold.released()
        while True:
            try:
                await self._start_firing()
            except StoreError as error:
                log.error("could not start firing after the hold, trying again", error=str(error))
                await self._machine_clock.sleep(RECOVERY_SECONDS)
            else:
                return

    async def _start_firing(self) -> None:
        if self._database.exclusive:
            now = self._clock.now()
            left = await self._database.write(lambda tx: hand_back(tx, now=now))
            if left:
                log.warning(
                    "repeating deliveries that an earlier process left under way", invocations=left
                )
        self._repeat_all(
            self._fire_timers,
            self._batches.run_once,
            *self._pulling.steps(),
            *self._deliveries.steps(),
            *(() if self._recurring is None else (self._recurring.run_once,)),
            *(() if self._jobs is None else (self._jobs.run_once,)),
            *self._upkeep,
        )

    def _repeat_all(self, *steps: Callable[[], Awaitable[None]]) -> None:
        self._loops += [asyncio.create_task(self._repeat(step)) for step in steps]

    async def stop(self, grace_seconds: float) -> None:
        """Stops the loops, and lets deliveries under way finish within the grace."""
        for loop in self._loops:
            loop.cancel()
        await asyncio.gather(*self._loops, return_exceptions=True)
        await self._pulling.stop()
        if self._leases is not None:
            await self._leases.end()
        await self._deliveries.drain(grace_seconds)

    def look(self) -> None:
        """Makes the loops look for due work at once, because the clock was moved."""
        self._timers.look()
        if self._recurring is not None:
            self._recurring.look()
        self._batches.look()
        self._deliveries.look()

    def look_at_all(self) -> None:
        """Makes all loops look for work, because other nodes may have changed anything."""
        self.look()
        if self._jobs is not None:
            self._jobs.look()
        self._pulling.look_at_all()

    async def next_due(self) -> datetime | None:
        """Returns when the next tick, run, batch, delivery, lease's end or step of work is due."""

        def earliest(tx: Transaction) -> datetime | None:
            walk = first_walk(tx)
            since = None if walk is None else walk[1]
            instants = (
                earliest_of_all(tx),
                earliest_run(tx),
                earliest_batch(tx),
                next_due(tx),
                first_running_since(tx),
                since,
            )
            return min((due for due in instants if due is not None), default=None)

        return await self._database.read(earliest)

    async def settled(self) -> None:
        """Returns once nothing is due or under way.

        Use it with a clock that stands still; on a running clock it may never return. Work that is
        on hold is not waited for.
        """
        while self._hold is None or not self._hold.on_hold:
            self._stepped.clear()
            if self._deliveries.idle:
                due = await self.next_due()
                if self._deliveries.idle and (due is None or due > self._clock.now()):
                    return
            # Everything that ends or falls due makes a loop take a step.
            await self._stepped.wait()

    async def _repeat(self, step: Callable[[], Awaitable[None]]) -> None:
        """Repeats a step for ever; after an error it logs, pauses and goes on."""
        fault = self._faults.of(step.__qualname__)
        while True:
            try:
                await step()
            except Exception as error:
                self._observer.step_failed(step.__name__.removeprefix("_"))
                fault.failed(error)
                await self._machine_clock.sleep(RECOVERY_SECONDS)
            else:
                fault.went_well()
            self._stepped.set()

    async def _fire_timers(self) -> None:
        try:
            await self._timers.run_once()
        except Exception:
            self._observer.source_stands(TIMER, healthy=False)
            raise
        self._observer.source_stands(TIMER, healthy=True)
