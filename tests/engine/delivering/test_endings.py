"""What becomes of how deliveries ended when the store takes it, refuses it, or is away."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TypeVar, cast

from tocsin.engine.delivering.endings import Endings
from tocsin.schedule import ManualClock
from tocsin.store.driver.database import Database, StoreUnavailable
from tocsin.store.driver.opening import open_database
from tocsin.store.driver.transaction import Transaction, Work
from tocsin.store.invocations import deliveries
from tocsin.store.invocations.deliveries import Ended, Ending
from tocsin.store.invocations.rows import Invocation, State, find_invocation, insert_invocations

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)
NAMES = ["i1", "i2", "i3"]
T = TypeVar("T")


class Faulty:
    """A store whose writes fail as long as there is a reason for it."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self.fault: Callable[[], Exception | None] = lambda: None
        self.writes = 0

    async def write(self, work: Work[T]) -> T:
        self.writes += 1
        if (error := self.fault()) is not None:
            raise error
        return await self._database.write(work)


@dataclass
class Node:
    database: Database
    store: Faulty
    clock: ManualClock
    endings: Endings
    kept: list[str] = field(default_factory=list)
    lost: list[str] = field(default_factory=list)
    dropped: list[str] = field(default_factory=list)

    def add(self, *names: str, error: str | None = None) -> None:
        for name in names:
            self.endings.add(Ended(name, Ending(State.SUCCEEDED, error=error), NOON))

    async def states(self) -> list[State]:
        def read(tx: Transaction) -> list[State]:
            return [cast("Invocation", find_invocation(tx, name)).state for name in NAMES]

        return await self.database.read(read)

    async def told(self, count: int) -> None:
        while len(self.kept) + len(self.lost) + len(self.dropped) < count:
            await asyncio.sleep(0.001)


@asynccontextmanager
async def holding(directory: Path) -> AsyncIterator[Node]:
    """A node that holds three invocations."""
    database, clock = open_database(f"sqlite:///{directory}/t.db"), ManualClock(NOON)
    store = Faulty(database)

    def written(batch: Sequence[Ended], kept: set[str]) -> None:
        ids = [each.invocation_id for each in batch]
        node.kept += [each for each in ids if each in kept]
        node.lost += [each for each in ids if each not in kept]

    endings = Endings(
        cast("Database", store),
        clock,
        node="n1",
        written=written,
        dropped=lambda ended: node.dropped.append(ended.invocation_id),
    )
    node = Node(database, store, clock, endings)

    def take(tx: Transaction) -> None:
        made = [Invocation(name, "folders/f", "o", NOON, "{}", NOON) for name in NAMES]
        insert_invocations(tx, [(each, NOON) for each in made])
        deliveries.take(tx, NAMES, node="n1", now=NOON, lease_until=NOON + timedelta(seconds=9))

    try:
        async with asyncio.timeout(30):
            await database.write(take)
            yield node
    finally:
        await endings.drain(0)
        await database.close()


def test_what_ends_together_is_written_in_one_transaction(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with holding(tmp_path) as node:
            node.add(*NAMES)
            await node.told(3)
            assert (node.kept, node.store.writes) == (NAMES, 1)
            assert await node.states() == [State.SUCCEEDED] * 3

    asyncio.run(scenario())


def test_endings_wait_for_a_store_that_is_away(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with holding(tmp_path) as node:
            node.store.fault = lambda: StoreUnavailable("is away")
            node.add("i1", "i2")
            for _ in range(3):
                await node.clock.advance(timedelta(seconds=1))
            node.add("i3")
            assert await node.states() == [State.RUNNING] * 3
            assert node.kept == []
            node.store.fault = lambda: None
            await node.clock.advance(timedelta(seconds=1))
            await node.told(3)
            assert sorted(node.kept) == NAMES
            assert await node.states() == [State.SUCCEEDED] * 3

    asyncio.run(scenario())


def test_nothing_is_dropped_because_the_store_was_away_for_some_of_them(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with holding(tmp_path) as node:
            node.store.fault = lambda: (
                StoreUnavailable("is away") if node.store.writes < 4 else None
            )
            node.add(*NAMES)
            while len(node.kept) + len(node.dropped) < 3:
                await node.clock.advance(timedelta(seconds=1))
            assert (sorted(node.kept), node.dropped) == (NAMES, [])
            assert await node.states() == [State.SUCCEEDED] * 3

    asyncio.run(scenario())


def test_one_that_the_store_refuses_keeps_no_other_from_being_written(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with holding(tmp_path) as node:
            node.add("i1")
            # SQLite can't bind it.
            node.add("i2", error=cast("str", object()))
            node.add("i3")
            await node.told(3)
            assert (node.kept, node.dropped) == (["i1", "i3"], ["i2"])
            assert await node.states() == [State.SUCCEEDED, State.RUNNING, State.SUCCEEDED]

    asyncio.run(scenario())


def test_what_another_node_holds_by_now_is_told_apart(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with holding(tmp_path) as node:

            def take_over(tx: Transaction) -> None:
                until = NOON + timedelta(seconds=9)
                deliveries.take(tx, ["i2"], node="n2", now=NOON, lease_until=until)

            await node.database.write(take_over)
            node.add(*NAMES)
            await node.told(3)
            assert (node.kept, node.lost) == (["i1", "i3"], ["i2"])
            assert await node.states() == [State.SUCCEEDED, State.RUNNING, State.SUCCEEDED]

    asyncio.run(scenario())


def test_what_could_not_be_written_is_given_back_at_the_end(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with holding(tmp_path) as node:
            node.store.fault = lambda: StoreUnavailable("is away")
            node.add("i1", "i3")
            left = await node.endings.drain(0)
            assert [each.invocation_id for each in left] == ["i1", "i3"]

    asyncio.run(scenario())
