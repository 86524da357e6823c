"""What waits follows its trigger's pause, resumption and deletion, step by step, on any node."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import func, select

from stand.services.postgres_server import PostgresServer
from store.work import add, held_open, opened, two_nodes
from tocsin.store.driver.database import Database
from tocsin.store.driver.transaction import Transaction
from tocsin.store.invocations import deliveries, parking
from tocsin.store.invocations.rows import (
    Invocation,
    State,
    find_invocation,
    insert_invocation,
)
from tocsin.store.schema import invocations as table
from tocsin.store.triggers.decisions import Decision, DecisionKind, end_pause, record_decision
from tocsin.store.triggers.rows import delete_trigger, lock_trigger

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)
SECOND = timedelta(seconds=1)
PARKED = select(func.count()).select_from(table).where(table.c.parked_due_at.is_not(None))
OF_STATE = select(table.c.state, func.count()).group_by(table.c.state)


def invocation(number: int, origin: str = "t", by_hand: bool | None = None) -> Invocation:
    return Invocation(
        id=f"{origin}-{number:05}",
        parent="folders/f",
        origin=origin,
        scheduled_at=NOON + number * SECOND,
        action="{}",
        created_at=NOON,
        target="function/d4e",
        by_hand=by_hand,
    )


async def fill(database: Database, count: int, origin: str = "t") -> None:
    def insert(tx: Transaction) -> None:
        for number in range(count):
            each = invocation(number, origin)
            insert_invocation(tx, each, due_at=each.scheduled_at)

    await database.write(insert)


def paused(tx: Transaction, trigger_id: str = "t") -> None:
    record(tx, DecisionKind.PAUSE, trigger_id, None)


def deleted(tx: Transaction, trigger_id: str = "t") -> None:
    end_pause(tx, trigger_id, now=NOON)
    record(tx, DecisionKind.DELETED, trigger_id, NOON)
    delete_trigger(tx, trigger_id)


def resumed(tx: Transaction, trigger_id: str = "t") -> None:
    lock_trigger(tx, trigger_id)
    end_pause(tx, trigger_id, now=NOON)


def record(tx: Transaction, kind: DecisionKind, trigger_id: str, last_at: datetime | None) -> None:
    lock_trigger(tx, trigger_id)
    record_decision(
        tx, Decision(f"{kind}-{trigger_id}", trigger_id, kind, NOON, last_at, decided_at=NOON)
    )


def follow(tx: Transaction, trigger_id: str = "t") -> None:
    parking.follow(tx, trigger_id, now=NOON)


async def walk_to_the_end(database: Database) -> int:
    """Takes all steps that are left; returns how many these were."""
    steps = 0
    while (walk := await database.read(parking.first_walk)) is not None:
        trigger_id = walk[0]
        await database.write(lambda tx, of=trigger_id: parking.take_step(tx, of, now=NOON))
        steps += 1
    return steps


async def parked(database: Database) -> int:
    return int(await database.read(lambda tx: tx.value(PARKED)))


async def states(database: Database) -> dict[str, int]:
    return dict(await database.read(lambda tx: tx.all(OF_STATE)))


def claim(tx: Transaction, *, now: datetime, limit: int = 64) -> list[str]:
    """Claims as a node does, and sets aside what it may not have."""
    ids = [row[0] for row in deliveries.due_candidates(tx, now=now, limit=limit)]
    taken = deliveries.take(tx, ids, node="n", now=now, lease_until=now + 6 * SECOND)
    found = [each.id for each in taken]
    parking.set_aside(tx, [each for each in ids if each not in found], now=now)
    return found


MANY = 2 * parking.STEP + 10
LATER = NOON + timedelta(hours=2)


def test_many_are_parked_in_steps_and_come_back_when_they_were_due(
    url: str, runner: asyncio.Runner
) -> None:
    async def run() -> None:
        async with opened(url) as database:
            await database.write(add("t"))
            await fill(database, MANY)
            await database.write(lambda tx: (paused(tx), follow(tx)))
            assert await parked(database) == parking.STEP
            assert await walk_to_the_end(database) == 2
            assert await parked(database) == MANY
            assert await database.write(lambda tx: claim(tx, now=LATER)) == []
            assert await database.read(deliveries.next_due) is None
            await database.write(lambda tx: (resumed(tx), follow(tx)))
            assert await walk_to_the_end(database) == 2
            assert await parked(database) == 0
            assert await database.read(deliveries.next_due) == NOON
            assert await database.write(lambda tx: claim(tx, now=NOON + SECOND)) == [
                "t-00000",
                "t-00001",
            ]

    runner.run(run())


def test_many_are_cancelled_in_steps(url: str, runner: asyncio.Runner) -> None:
    async def run() -> None:
        async with opened(url) as database:
            await database.write(add("t"))
            await fill(database, MANY)
            await database.write(lambda tx: (deleted(tx), follow(tx)))
            assert (await states(database))["cancelled"] == parking.STEP
            await walk_to_the_end(database)
            assert await states(database) == {"cancelled": MANY}

    runner.run(run())


def test_a_claim_sets_aside_what_no_walk_has_come_to(url: str, runner: asyncio.Runner) -> None:
    async def run() -> None:
        async with opened(url) as database:
            for origin in ("deleted", "paused", "running"):
                await database.write(add(origin, origin))
                await fill(database, 2, origin)
            await database.write(lambda tx: (paused(tx, "paused"), deleted(tx, "deleted")))
            found = await database.write(lambda tx: claim(tx, now=LATER))
            assert found == ["running-00000", "running-00001"]
            assert await parked(database) == 2
            assert await states(database) == {"cancelled": 2, "pending": 2, "running": 2}

    runner.run(run())


def test_one_whose_node_died_in_its_call_is_set_aside(url: str, runner: asyncio.Runner) -> None:
    async def run() -> None:
        async with opened(url) as database:
            await database.write(add("t"))
            await fill(database, 1)
            assert await database.write(lambda tx: claim(tx, now=NOON)) == ["t-00000"]
            await database.write(lambda tx: (paused(tx), follow(tx)))
            assert await parked(database) == 0
            assert await database.write(lambda tx: claim(tx, now=LATER)) == []
            found = await database.read(lambda tx: find_invocation(tx, "t-00000"))
            assert found is not None
            assert (found.state, found.node) == (State.PENDING, None)
            assert await parked(database) == 1

    runner.run(run())


def test_what_was_asked_for_by_hand_is_claimed_unless_its_trigger_is_deleted(
    url: str, runner: asyncio.Runner
) -> None:
    async def run() -> None:
        async with opened(url) as database:
            for origin in ("deleted", "paused"):
                await database.write(add(origin, origin))
                each = invocation(0, origin, by_hand=True)
                await database.write(lambda tx, it=each: insert_invocation(tx, it, due_at=NOON))
            await database.write(lambda tx: (paused(tx, "paused"), follow(tx, "paused")))
            await database.write(lambda tx: deleted(tx, "deleted"))
            assert await database.write(lambda tx: claim(tx, now=NOON)) == ["paused-00000"]
            assert (await states(database))["cancelled"] == 1

    runner.run(run())


def test_a_pause_that_follows_at_once_on_a_resumption_parks_all_of_it_again(
    url: str, runner: asyncio.Runner
) -> None:
    async def run() -> None:
        async with opened(url) as database:
            await database.write(add("t"))
            await fill(database, MANY)
            await database.write(lambda tx: (paused(tx), follow(tx)))
            await walk_to_the_end(database)
            await database.write(lambda tx: (resumed(tx), follow(tx)))
            assert await parked(database) == MANY - parking.STEP

            def again(tx: Transaction) -> None:
                lock_trigger(tx, "t")
                record_decision(
                    tx, Decision("second", "t", DecisionKind.PAUSE, NOON, None, decided_at=NOON)
                )
                follow(tx)

            await database.write(again)
            await walk_to_the_end(database)
            assert await parked(database) == MANY

    runner.run(run())


def test_a_claim_that_meets_a_resumption_parks_nothing_for_good(
    postgres: PostgresServer, runner: asyncio.Runner
) -> None:
    """The claim saw the pause; before it parks, the trigger is resumed."""

    url = postgres.new_database()

    async def run() -> None:
        async with two_nodes(url) as (first, second):
            await first.write(add("t"))
            await fill(first, 1)
            await first.write(paused)
            async with held_open(first, lambda tx: (resumed(tx), follow(tx))):
                claiming = asyncio.ensure_future(second.write(lambda tx: claim(tx, now=NOON)))
                with pytest.raises(asyncio.TimeoutError):
                    await asyncio.wait_for(asyncio.shield(claiming), 0.3)
            assert await claiming == []
            assert await parked(first) == 0
            assert await second.write(lambda tx: claim(tx, now=NOON)) == ["t-00000"]

    runner.run(run())
