"""Measures the store: commits, reads, and the work that waits in it."""

import math
from asyncio import Future
from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import TypeVar

import structlog
from prometheus_client import CollectorRegistry, Gauge, Histogram

from tocsin.schedule import Clock
from tocsin.store.driver.bells import Bell, Listener
from tocsin.store.driver.changes import Written
from tocsin.store.driver.database import CommitObserver, Database
from tocsin.store.driver.transaction import Work
from tocsin.store.invocations.depths import Depths, armed_timer_count, depths
from tocsin.store.invocations.rows import State

log = structlog.get_logger(__name__)

T = TypeVar("T")

SECONDS = (0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.5, 1, 5, 20)
CALLS = (1, 2, 4, 8, 16, 32, 64, 128, 256)
WAITING = (State.PENDING, State.RETRYING, State.DEAD_LETTERING)
# Counting a million rows takes milliseconds, so scrapes don't trigger it.
COUNT_EVERY_SECONDS = 15.0


class StoreMetrics(CommitObserver):
    """Observes commits, and holds the histogram of a `WatchedStore`'s reads."""

    def __init__(self, registry: CollectorRegistry, machine_clock: Clock) -> None:
        self._monotonic = machine_clock.monotonic
        self._calls = Histogram(
            "tocsin_store_commit_calls",
            "Calls that shared one commit.",
            buckets=CALLS,
            registry=registry,
        )
        commits = Histogram(
            "tocsin_store_commit_duration_seconds",
            "Time that a group of calls took, from its first statement until it was durable.",
            ("outcome",),
            buckets=SECONDS,
            registry=registry,
        )
        self._durable, self._failed = commits.labels("durable"), commits.labels("failed")
        self.reads = Histogram(
            "tocsin_store_read_duration_seconds",
            "Time that a read took, with the wait for a connection.",
            buckets=SECONDS,
            registry=registry,
        )

    def committing(self, calls: int) -> Callable[[bool], None]:
        began = self._monotonic()

        def committed(durable: bool) -> None:
            (self._durable if durable else self._failed).observe(self._monotonic() - began)
            if durable:
                self._calls.observe(calls)

        return committed


class WatchedStore:
    """Times the reads of a store and passes everything else through."""

    def __init__(self, database: Database, metrics: StoreMetrics, machine_clock: Clock) -> None:
        self._database = database
        self._observe = metrics.reads.observe
        self._monotonic = machine_clock.monotonic
        database.observe(metrics)

    @property
    def exclusive(self) -> bool:
        return self._database.exclusive

    @property
    def fault(self) -> str | None:
        return self._database.fault

    async def read(self, work: Work[T]) -> T:
        return await self._timed(self._database.read(work))

    async def read_snapshot(self, work: Work[T]) -> T:
        return await self._timed(self._database.read_snapshot(work))

    async def _timed(self, reading: Awaitable[T]) -> T:
        began = self._monotonic()
        try:
            return await reading
        finally:
            self._observe(self._monotonic() - began)

    def write(self, work: Work[T]) -> Future[T]:
        return self._database.write(work)

    async def now(self) -> datetime | None:
        return await self._database.now()

    def on(self, bell: Bell, listener: Listener) -> None:
        self._database.on(bell, listener)

    def listen(self, look: Callable[[], None], sleep: Callable[[float], Awaitable[None]]) -> None:
        self._database.listen(look, sleep)

    def on_changes(self, listener: Callable[[Written | None], None]) -> None:
        self._database.on_changes(listener)

    def follow_changes(self, follow: bool) -> None:
        self._database.follow_changes(follow)

    def observe(self, observer: CommitObserver) -> None:
        self._database.observe(observer)

    async def close(self) -> None:
        await self._database.close()


class DepthGauges:
    """Counts the work that waits in the store; on PostgreSQL every node shows the sum of all."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._depth = Gauge(
            "tocsin_queue_depth",
            "Invocations that are not finished, by state; counted up to 5000.",
            ("state",),
            registry=registry,
        )
        self._due = Gauge(
            "tocsin_queue_due",
            "Unfinished invocations that are due and that no node has claimed; counted up to 5000.",
            ("state",),
            registry=registry,
        )
        self._oldest = Gauge(
            "tocsin_queue_oldest_due_seconds",
            "Seconds since the oldest unclaimed invocation fell due.",
            registry=registry,
        )
        self._armed = Gauge(
            "tocsin_armed_timers", "Timers that have a next tick.", registry=registry
        )

    async def keep_current(self, database: Database, clock: Clock, machine_clock: Clock) -> None:
        """Counts every COUNT_EVERY_SECONDS until it is cancelled."""
        while True:
            try:
                await self._count(database, clock.now())
            except Exception as error:
                # Any error: if this task ended, the gauges would show the last numbers for ever.
                log.warning("could not count the waiting work, trying again", error=str(error))
                self._show_nothing()
            await machine_clock.sleep(COUNT_EVERY_SECONDS)

    async def _count(self, database: Database, now: datetime) -> None:
        self._show(await database.read(lambda tx: depths(tx, now=now)), now)
        self._armed.set(await database.read(armed_timer_count))

    def _show(self, counted: Depths, now: datetime) -> None:
        for state in WAITING:
            due = counted.waiting.get((state, True), 0)
            self._due.labels(state.value).set(due)
            self._depth.labels(state.value).set(due + counted.waiting.get((state, False), 0))
        self._depth.labels(State.RUNNING.value).set(counted.held)
        late = 0.0 if counted.oldest_due is None else (now - counted.oldest_due).total_seconds()
        self._oldest.set(late)

    def _show_nothing(self) -> None:
        """Clears the gauges, so that nobody takes old numbers for current ones."""
        self._depth.clear()
        self._due.clear()
        self._oldest.set(math.nan)
        self._armed.set(math.nan)
