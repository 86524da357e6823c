"""What only the store on SQLite does: one node a file, commits that wait for the disk."""

import asyncio
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from store.work import add
from tocsin.store.driver import sqlite
from tocsin.store.driver.database import StoreError, StoreUnavailable
from tocsin.store.driver.file.connecting import connect, in_our_words, kind_of
from tocsin.store.driver.opening import open_database
from tocsin.store.triggers.rows import find_trigger


def url(path: Path) -> str:
    return f"sqlite:///{path}"


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sqlite, "PATIENCE_MILLISECONDS", 50)


@pytest.mark.usefixtures("impatient")
def test_another_program_that_holds_the_file_fails_writes_and_keeps_no_read_waiting(
    path: Path, runner: asyncio.Runner
) -> None:
    async def scenario() -> tuple[object, str]:
        database = open_database(url(path))
        blocker = connect(path)
        try:
            blocker.execute("BEGIN IMMEDIATE")
            write = asyncio.ensure_future(database.write(add("a")))
            await asyncio.sleep(0)
            assert await database.read(lambda tx: find_trigger(tx, "a")) is None
            assert not write.done()
            (refused,) = await asyncio.gather(write, return_exceptions=True)
            blocker.rollback()
            return refused, await database.write(add("b"))
        finally:
            blocker.close()
            await database.close()

    refused, answer = runner.run(scenario())
    assert isinstance(refused, StoreUnavailable)
    assert answer == "b"


KILLED_WHILE_IT_MAKES_THE_SCHEMA = """
import os, sys
from alembic import op
from tocsin.store.driver.opening import open_database
made = op.create_table
count = 0
def create_table(*arguments, **named):
    global count
    count += 1
    if count == 3:
        os._exit(9)
    return made(*arguments, **named)
op.create_table = create_table
open_database(sys.argv[1])
"""


def test_a_first_start_that_is_killed_on_the_way_does_no_harm(
    path: Path, runner: asyncio.Runner
) -> None:
    killed = subprocess.run(
        [sys.executable, "-c", KILLED_WHILE_IT_MAKES_THE_SCHEMA, url(path)], check=False
    )
    assert killed.returncode == 9

    async def scenario() -> str:
        database = open_database(url(path))
        try:
            return await database.write(add("a"))
        finally:
            await database.close()

    assert runner.run(scenario()) == "a"


def test_the_same_file_by_another_name_is_refused_too(
    path: Path, tmp_path: Path, runner: asyncio.Runner
) -> None:
    async def scenario() -> None:
        database = open_database(url(path))
        (tmp_path / "link.db").symlink_to(path)
        try:
            with pytest.raises(StoreError, match="another tocsin is using"):
                open_database(url(tmp_path / "link.db"))
        finally:
            await database.close()

    runner.run(scenario())


def test_payloads_are_nobody_elses_to_read(tmp_path: Path, runner: asyncio.Runner) -> None:
    path = tmp_path / "data" / "tocsin.db"

    async def scenario() -> None:
        database = open_database(url(path))
        await database.write(add("a"))
        modes = {each.name: each.stat().st_mode & 0o777 for each in path.parent.iterdir()}
        assert set(modes.values()) == {0o600}, modes
        await database.close()

    runner.run(scenario())
    assert path.parent.stat().st_mode & 0o777 == 0o700


def test_commits_wait_for_the_disk(path: Path) -> None:
    connection = connect(path)
    assert connection.execute("PRAGMA synchronous").fetchone() == (2,)
    assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    connection.close()


def test_a_second_node_on_the_same_file_is_refused(path: Path, runner: asyncio.Runner) -> None:
    async def scenario() -> None:
        database = open_database(url(path))
        try:
            with pytest.raises(StoreError, match="another tocsin is using"):
                open_database(url(path))
        finally:
            await database.close()

    runner.run(scenario())


def test_a_file_that_is_no_database_is_refused(path: Path) -> None:
    path.write_bytes(b"not a database" * 1000)
    with pytest.raises(StoreError, match="is not a SQLite database"):
        open_database(url(path))


@pytest.mark.parametrize(
    "code",
    [
        sqlite3.SQLITE_BUSY,
        sqlite3.SQLITE_BUSY_RECOVERY,
        sqlite3.SQLITE_BUSY_SNAPSHOT,
        sqlite3.SQLITE_LOCKED_SHAREDCACHE,
        sqlite3.SQLITE_PROTOCOL,
    ],
)
def test_another_program_in_the_way_is_a_store_that_is_away_for_a_moment(code: int) -> None:
    error = sqlite3.OperationalError("database is locked")
    error.sqlite_errorcode = code
    told = in_our_words(error)
    assert isinstance(told, StoreUnavailable)
    assert "another program has locked the database" in str(told)
    assert kind_of(error) == code & 0xFF
