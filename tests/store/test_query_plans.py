"""The statements of the hot paths go by an index: no scan, no sort."""

import sqlite3
from collections.abc import Iterator

import pytest
from sqlalchemy import Executable, create_engine
from sqlalchemy.dialects import sqlite as sqlite_dialect

from tocsin.store import invocations, operations, requests, schema, timers, triggers
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
    "next invocation": invocations.EARLIEST,
    "claim": invocations.CLAIM,
    "finish": invocations.FINISH,
    "left running": invocations.HAND_BACK,
}


@pytest.fixture(scope="module")
def connection() -> Iterator[sqlite3.Connection]:
    engine = create_engine("sqlite://")
    schema.metadata.create_all(engine)
    raw = engine.raw_connection()
    assert isinstance(raw.driver_connection, sqlite3.Connection)
    yield raw.driver_connection
    raw.close()
    engine.dispose()


@pytest.mark.parametrize("name", HOT)
def test_it_goes_by_an_index(connection: sqlite3.Connection, name: str) -> None:
    statement: Executable = HOT[name]
    text, bound = Statements(sqlite_dialect.dialect(paramstyle="named")).text(statement)
    names = {
        part.split(")")[0].split(",")[0].split()[0]
        for part in text.replace("\n", " ").split(":")[1:]
    }
    values = dict.fromkeys(names, 1) | bound
    plan = [row[3] for row in connection.execute(f"EXPLAIN QUERY PLAN {text}", values)]
    assert plan
    scans = [step for step in plan if step.startswith("SCAN") and "INDEX" not in step]
    sorts = [step for step in plan if "TEMP B-TREE" in step]
    assert (scans, sorts) == ([], []), plan
