"""A transaction elsewhere that keeps dead rows from being removed does not make claims slower."""

import asyncio
import json
from datetime import UTC, datetime, timedelta

import asyncpg

from store.work import opened
from tocsin.store.driver.instants import EPOCH, to_micros
from tocsin.store.driver.postgresql import PostgresStatements
from tocsin.store.driver.primary.connecting import Primary
from tocsin.store.driver.primary.urls import parse_url
from tocsin.store.driver.transaction import Transaction
from tocsin.store.invocations import deliveries
from tocsin.store.invocations.rows import Invocation, insert_invocation

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)
SECOND = timedelta(seconds=1)
FINISHED = 3000
WAITING = 64
HOLD = "BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT count(*) FROM invocations"
FINISH = f"UPDATE invocations SET state = 'succeeded', next_at = NULL WHERE id < 'i{FINISHED:05}'"


def fill(tx: Transaction) -> None:
    for number in range(FINISHED + WAITING):
        due = NOON + SECOND * number
        invocation = Invocation(
            id=f"i{number:05}",
            parent="folders/f",
            origin="t",
            scheduled_at=due,
            action="{}",
            target="function/f",
            payload=b"x" * 1500,  # so that a page holds five
            created_at=NOON,
            occurrence=f"t/{number}",
        )
        insert_invocation(tx, invocation, due_at=due)


async def pages_read(connection: asyncpg.Connection, since: datetime) -> int:
    """Claims from an instant on; returns how many pages that read."""
    compiled = PostgresStatements().compiled(deliveries.CANDIDATES)
    given = {
        "since": to_micros(since),
        "now": to_micros(NOON + timedelta(days=1)),
        "limit": WAITING,
    }
    values = [given.get(name, compiled.bound.get(name)) for name in compiled.order]
    explain = f"EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) {compiled.text}"
    [told] = json.loads(await connection.fetchval(explain, *values))
    assert told["Plan"]["Actual Rows"] == WAITING
    pages: int = told["Plan"]["Shared Hit Blocks"] + told["Plan"]["Shared Read Blocks"]
    return pages


def test_a_claim_from_its_horizon_on_reads_no_dead_rows(
    postgres_url: str, runner: asyncio.Runner
) -> None:
    async def scenario() -> None:
        async with opened(postgres_url) as database:
            await database.write(fill)
        connection = await Primary(parse_url(postgres_url)).connect()
        holder = await asyncpg.connect(postgres_url)
        await holder.execute(HOLD)
        await connection.execute(FINISH)
        from_beginning = await pages_read(connection, EPOCH)
        from_horizon = await pages_read(connection, NOON + SECOND * FINISHED)
        assert from_horizon < 5 * WAITING
        assert from_beginning > from_horizon + FINISHED / 10
        await holder.close()
        await connection.close()

    runner.run(scenario())
