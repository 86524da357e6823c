"""Deletes old finished rows, in steps so small that they do not delay firing."""

from collections import Counter, deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TypeVar

import structlog

from tocsin.engine.observer import UNOBSERVED, Observer
from tocsin.engine.settings import RetentionSettings
from tocsin.engine.upkeep.duty import Duty
from tocsin.schedule import Clock
from tocsin.store.driver.database import Database
from tocsin.store.driver.transaction import Work
from tocsin.store.invocations import retention
from tocsin.store.invocations.rows import FINAL_STATES, State

log = structlog.get_logger(__name__)

T = TypeVar("T")

EVERY_SECONDS = 60.0
# The pause after a step, as a multiple of the time that the step took.
REST = 4
SHORTEST_REST_SECONDS = 0.005
LARGEST_PAGE = 1000
# A row that another node is just writing may have an earlier time than rows already read.
SETTLED_AFTER = timedelta(seconds=10)
BEGINNING = datetime(1970, 1, 1, tzinfo=UTC)
FAILED = (State.FAILED, State.DEAD_LETTERED)


def age_of(state: State, rules: RetentionSettings) -> timedelta | None:
    """Returns how long invocations of a final state are kept; None for ever."""
    age = rules.age
    if state in FAILED and age is not None:
        # Failed ones are kept at least as long as others.
        age = None if rules.failed_age is None else max(age, rules.failed_age)
    return None if age is None else timedelta(seconds=age)


@dataclass(slots=True)
class Tally:
    """Counts the finished invocations of one state by pages: the end of each, and its rows.

    A row is counted once, some time after it finished. A row that is retried later stays counted
    until its page is swept.
    """

    pages: deque[tuple[datetime, int]] = field(default_factory=deque)
    rows: int = 0

    @property
    def end(self) -> datetime:
        return self.pages[-1][0] if self.pages else BEGINNING

    def add(self, end: datetime, rows: int) -> None:
        self.pages.append((end, rows))
        self.rows += rows

    def end_of_excess(self, most: int) -> datetime | None:
        """Drops the oldest pages beyond the limit; returns where the last of them ends."""
        end = None
        while self.pages and self.rows - self.pages[0][1] >= most:
            end = self._drop_first()
        return end

    def drop_until(self, instant: datetime) -> None:
        while self.pages and self.pages[0][0] <= instant:
            self._drop_first()

    def _drop_first(self) -> datetime:
        end, rows = self.pages.popleft()
        self.rows -= rows
        return end


class RetentionSweep:
    """Sweeps every minute, on one node at a time.

    `machine_clock` times the pauses; `first_id_at` returns an id that sorts before those of all
    operations made since an instant.
    """

    def __init__(
        self,
        database: Database,
        clock: Clock,
        rules: RetentionSettings,
        duty: Duty,
        *,
        machine_clock: Clock,
        first_id_at: Callable[[datetime], str],
        observer: Observer = UNOBSERVED,
    ) -> None:
        self._database = database
        self._clock = clock
        self._rules = rules
        self._duty = duty
        self._machine_clock = machine_clock
        self._first_id_at = first_id_at
        self._tallies = {state: Tally() for state in sorted(FINAL_STATES)}
        self._observer = observer
        for table in ("invocations", "operations"):
            observer.deleted(table, 0)

    async def run_once(self) -> None:
        """Deletes all rows beyond the limits, then waits a minute."""
        if await self._duty.held():
            swept = Counter(
                {
                    state.value: await self._sweep_finished(state, tally)
                    for state, tally in self._tallies.items()
                }
            )
            swept["operation"] = await self._sweep_operations()
            if deleted := +swept:
                log.info("deleted old invocations and operations", **deleted)
        await self._machine_clock.sleep(EVERY_SECONDS)

    async def _sweep_finished(self, state: State, tally: Tally) -> int:
        until = await self._end_of_sweep(state, tally)
        if until is None:
            return 0
        tally.drop_until(until)
        return await self._sweep(
            "invocations", lambda tx: retention.sweep_finished(tx, state, until=until)
        )

    async def _end_of_sweep(self, state: State, tally: Tally) -> datetime | None:
        """Returns the instant until which finished rows are deleted, or None."""
        ends: list[datetime | None] = []
        if (age := age_of(state, self._rules)) is not None:
            ends.append(self._clock.now() - age)
        if (most := self._rules.most) is not None:
            await self._count(state, tally, max(1, min(LARGEST_PAGE, most // 10)))
            ends.append(tally.end_of_excess(most))
        return max((end for end in ends if end is not None), default=None)

    async def _count(self, state: State, tally: Tally, size: int) -> None:
        """Counts further rows, from the end of the last page."""
        settled = self._clock.now() - SETTLED_AFTER
        while await self._duty.held():
            page = await self._step(
                self._database.read,
                lambda tx: retention.page_of_finished(
                    tx, state, after=tally.end, until=settled, size=size
                ),
            )
            if page is None:
                return
            tally.add(*page)

    async def _sweep_operations(self) -> int:
        age = self._rules.operations_age
        if age is None:
            return 0
        before = self._first_id_at(self._clock.now() - timedelta(seconds=age))
        return await self._sweep(
            "operations", lambda tx: retention.sweep_operations(tx, before=before)
        )

    async def _sweep(self, table: str, delete_some: Work[int]) -> int:
        """Repeats a step until it deletes nothing; returns the number of deleted rows."""
        swept = 0
        while await self._duty.held():
            rows = await self._step(self._database.write, delete_some)
            if not rows:
                break
            self._observer.deleted(table, rows)
            swept += rows
        return swept

    async def _step(
        self,
        run: Callable[[Work[T]], Awaitable[T]],
        work: Work[T],
    ) -> T:
        """Runs one step, then pauses, so that firing goes first."""
        started = self._machine_clock.monotonic()
        done = await run(work)
        took = self._machine_clock.monotonic() - started
        await self._machine_clock.sleep(max(SHORTEST_REST_SECONDS, REST * took))
        return done
