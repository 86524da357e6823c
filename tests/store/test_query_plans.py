"""The statements of the hot paths go by an index: no scan, no sort."""

import json
import sqlite3
from collections.abc import Iterator
from typing import Any

import asyncpg
import pytest
from sqlalchemy import Executable, create_engine
from sqlalchemy.dialects import sqlite as sqlite_dialect

from postgres_server import PostgresServer, in_a_loop
from store.work import opened
from tocsin.store import (
    decisions,
    deliveries,
    invocations,
    listing,
    operations,
    requests,
    schema,
    steering,
    timers,
    triggers,
)
from tocsin.store.connections import connect
from tocsin.store.postgresql import PostgresStatements
from tocsin.store.transaction import Statements

HOT = {
    "trigger by id": triggers.SELECT,
    "page of a folder": triggers.PAGE,
    "trigger by name": triggers.NAMED,
    "operation by id": operations.SELECT,
    "page of operations": operations.PAGE,
    "due timers": timers.DUE,
    "next tick": timers.EARLIEST,
    "remembered request": requests.SELECT,
    "expired requests": requests.DELETE_EXPIRED,
    "invocation by id": invocations.SELECT,
    "page of executions": invocations.PAGE,
    "next invocation": deliveries.NEXT_DUE,
    "what is due": deliveries.CANDIDATES,
    "what is due of a target": deliveries.CANDIDATES_OF_TARGET,
    "targets that are waited for": deliveries.WAITING_TARGETS,
    "taking": deliveries.TAKE,
    "keeping": deliveries.EXTEND,
    "finishing": deliveries.FINISH,
    "handing back": deliveries.HAND_BACK,
    "all invocations": listing.PAGE,
    "invocations of an origin": listing.PAGE_OF_ORIGIN,
    "troubled invocations": listing.TROUBLED_PAGE,
    "troubled invocations of an origin": listing.TROUBLED_PAGE_OF_ORIGIN,
    "a stretch of all": listing.STRETCH,
    "a stretch of an origin": listing.STRETCH_OF_ORIGIN,
    "oldest of an origin": listing.OLDEST,
    "under way at a target": listing.UNDER_WAY,
    "delivering again": steering.RETRY,
    "dead letters": steering.CANDIDATES,
    "counting dead letters": steering.COUNT,
    "redriving": steering.REDRIVE,
    "armed timer": timers.ARMED_AT,
    "decision about an instant": decisions.LATEST,
    "decision after an instant": decisions.FOLLOWING,
    "end of a pause": decisions.END_PAUSE,
    "decision that goes on": decisions.EXTEND,
    "old decisions": decisions.DELETE_OLD,
}


# Enough that going by an index pays: 20 folders, 5 % of the invocations still to be delivered.
ROWS = 20_000
FILL = """
INSERT INTO triggers (id, folder_id, name, message)
    SELECT 'i' || n, 'f' || n % 20, 'n' || n, 'm' FROM generate_series(1, {rows}) n;
INSERT INTO operations (id, trigger_id, message)
    SELECT 'i' || n, 'i' || n % 5000, 'm' FROM generate_series(1, {rows}) n;
INSERT INTO armed_timers (trigger_id, next_at)
    SELECT 'i' || n, n FROM generate_series(1, {rows}) n;
INSERT INTO remembered_requests (scope, key, fingerprint, answer, expires_at)
    SELECT 's' || n % 5, 'k' || n, 'f', 'a', n FROM generate_series(1, {rows}) n;
INSERT INTO invocations
    (id, parent, origin, state, scheduled_at, next_at, node, attempts, target, action, payload,
     created_at)
    SELECT 'i' || n, 'p' || n % 20, 'o' || n % 20,
           CASE WHEN n % 50 = 0 THEN 'failed' ELSE 'succeeded' END, n,
           CASE WHEN n % 20 = 0 THEN n END,
           CASE WHEN n % 200 = 0 THEN 'n' || n % 3 END, 0, 't' || n % 5, 'a', 'p', n
    FROM generate_series(1, {rows}) n;
INSERT INTO decisions (id, trigger_id, kind, first_at, last_at, count, detail, decided_at)
    SELECT 'i' || n, 'i' || n % 5000, 'pause', n, CASE WHEN n % 20 <> 0 THEN n END, 1, '{{}}', n
    FROM generate_series(1, {rows}) n;
ANALYZE;
"""


@pytest.fixture(scope="module")
def sqlite() -> Iterator[sqlite3.Connection]:
    engine = create_engine("sqlite://")
    schema.metadata.create_all(engine)
    raw = engine.raw_connection()
    assert isinstance(raw.driver_connection, sqlite3.Connection)
    yield raw.driver_connection
    raw.close()
    engine.dispose()


@pytest.mark.parametrize("name", HOT)
def test_it_goes_by_an_index_on_sqlite(sqlite: sqlite3.Connection, name: str) -> None:
    statement = Statements(sqlite_dialect.dialect(paramstyle="named")).compiled(HOT[name])
    names = {
        part.split(")")[0].split(",")[0].split()[0]
        for part in statement.text.replace("\n", " ").split(":")[1:]
    }
    values = dict.fromkeys(names, 1) | statement.bound
    plan = [row[3] for row in sqlite.execute(f"EXPLAIN QUERY PLAN {statement.text}", values)]
    assert plan
    tables = tuple(f"SCAN {table}" for table in schema.metadata.tables)
    scans = [step for step in plan if step.startswith(tables) and "INDEX" not in step]
    sorts = [step for step in plan if "TEMP B-TREE" in step]
    assert (scans, sorts) == ([], []), plan


@pytest.fixture(scope="module")
def postgres_plans(postgres: PostgresServer) -> dict[str, list[str]]:
    """The kinds of steps of each plan, the one that is made without a look at the values."""
    url = postgres.new_database()

    async def explain() -> dict[str, list[str]]:
        async with opened(url):
            pass
        connection = await connect(url)
        try:
            await connection.execute(FILL.format(rows=ROWS))
            return {name: await steps(connection, HOT[name]) for name in HOT}
        finally:
            await connection.close()

    return in_a_loop(explain())


async def steps(connection: asyncpg.Connection, statement: Executable) -> list[str]:
    compiled = PostgresStatements().compiled(statement)
    values = f"({', '.join(['NULL'] * len(compiled.order))})" if compiled.order else ""
    await connection.execute(f"PREPARE asked AS {compiled.text}")
    plan = json.loads(await connection.fetchval(f"EXPLAIN (FORMAT JSON) EXECUTE asked{values}"))
    await connection.execute("DEALLOCATE asked")
    return list(kinds(plan[0]["Plan"]))


def kinds(step: dict[str, Any]) -> Iterator[str]:
    yield step["Node Type"]
    for below in step.get("Plans", []):
        yield from kinds(below)


@pytest.mark.parametrize("name", HOT)
def test_it_goes_by_an_index_on_postgresql(postgres_plans: dict[str, list[str]], name: str) -> None:
    plan = postgres_plans[name]
    assert any("Index" in step for step in plan), plan
    assert [step for step in plan if step in ("Seq Scan", "Sort", "Incremental Sort")] == [], plan
