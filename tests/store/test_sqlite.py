"""What only the store on SQLite does: one node a file, commits that wait for the disk."""

import asyncio
import sqlite3
from pathlib import Path

import pytest

from store.work import add
from tocsin.store.database import StoreError
from tocsin.store.opening import open_database
from tocsin.store.sqlite import connect


def url(path: Path) -> str:
    return f"sqlite:///{path}"


def test_a_commit_that_fails_fails_its_callers_and_the_next_one_works(
    path: Path, runner: asyncio.Runner
) -> None:
    async def scenario() -> tuple[object, str]:
        database = open_database(url(path))
        blocker = connect(path)
        try:
            database._writer.execute("PRAGMA busy_timeout = 0")  # type: ignore[attr-defined]
            blocker.execute("BEGIN IMMEDIATE")
            (refused,) = await asyncio.gather(database.write(add("a")), return_exceptions=True)
            blocker.rollback()
            return refused, await database.write(add("b"))
        finally:
            blocker.close()
            await database.close()

    refused, answer = runner.run(scenario())
    assert isinstance(refused, sqlite3.OperationalError)
    assert answer == "b"


def test_commits_wait_for_the_disk(path: Path) -> None:
    connection = connect(path)
    assert connection.execute("PRAGMA synchronous").fetchone() == (2,)
    assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    connection.close()


def test_a_second_node_on_the_same_file_is_refused(path: Path, runner: asyncio.Runner) -> None:
    async def scenario() -> None:
        database = open_database(url(path))
        try:
            with pytest.raises(StoreError, match="in use by another tocsin"):
                open_database(url(path))
        finally:
            await database.close()

    runner.run(scenario())


def test_a_file_that_is_no_database_is_refused(path: Path) -> None:
    path.write_bytes(b"not a database" * 1000)
    with pytest.raises(StoreError, match="no usable SQLite database"):
        open_database(url(path))
