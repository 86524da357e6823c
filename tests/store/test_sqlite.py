"""The store on SQLite: shared commits, work that fails alone, one node a file."""

import asyncio
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import create_engine

from tocsin.store import schema
from tocsin.store.database import Database, StoreError
from tocsin.store.opening import open_database
from tocsin.store.sqlite import connect
from tocsin.store.transaction import Transaction, UniqueViolation, Work
from tocsin.store.triggers import NameFilter, find_trigger, insert_trigger, page_of_triggers


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "tocsin.db"


@pytest.fixture
def runner() -> Iterator[asyncio.Runner]:
    with asyncio.Runner() as runner:
        yield runner


def url(path: Path) -> str:
    return f"sqlite:///{path}"


def add(trigger_id: str, name: str = "") -> Work[str]:
    def work(tx: Transaction) -> str:
        insert_trigger(tx, trigger_id=trigger_id, folder_id="f", name=name, message=b"m")
        return trigger_id

    return work


async def ids(database: Database) -> list[str]:
    rows = await database.read(
        lambda tx: page_of_triggers(tx, folder_id="f", names=NameFilter(), after="", limit=1000)
    )
    return [row[0] for row in rows]


def test_what_was_written_is_there_after_opening_again(path: Path, runner: asyncio.Runner) -> None:
    async def write() -> None:
        database = open_database(url(path))
        assert await database.write(add("a")) == "a"
        await database.close()

    async def read() -> bytes | None:
        database = open_database(url(path))
        try:
            return await database.read(lambda tx: find_trigger(tx, "a"))
        finally:
            await database.close()

    runner.run(write())
    assert runner.run(read()) == b"m"


def test_work_that_fails_is_undone_and_the_rest_of_its_group_is_kept(
    path: Path, runner: asyncio.Runner
) -> None:
    def half(tx: Transaction) -> None:
        insert_trigger(tx, trigger_id="half", folder_id="f", name="", message=b"m")
        raise RuntimeError("broke off")

    async def scenario() -> tuple[list[object], list[str]]:
        database = open_database(url(path))
        try:
            results = await asyncio.gather(
                database.write(add("a", "same")),
                database.write(half),
                database.write(add("b", "same")),
                database.write(add("c")),
                return_exceptions=True,
            )
            return list(results), await ids(database)
        finally:
            await database.close()

    (first, broken, clash, last), kept = runner.run(scenario())
    assert (first, last) == ("a", "c")
    assert isinstance(broken, RuntimeError)
    assert isinstance(clash, UniqueViolation)
    assert kept == ["a", "c"]


def test_many_writers_at_once_all_get_their_own_answer(path: Path, runner: asyncio.Runner) -> None:
    wanted = [f"t{number:04}" for number in range(1000)]

    async def scenario() -> tuple[list[str], list[str]]:
        database = open_database(url(path))
        try:
            answers = await asyncio.gather(*(database.write(add(each)) for each in wanted))
            return list(answers), await ids(database)
        finally:
            await database.close()

    assert runner.run(scenario()) == (wanted, wanted)


def test_a_caller_that_gives_up_does_not_harm_the_others(
    path: Path, runner: asyncio.Runner
) -> None:
    async def scenario() -> str:
        database = open_database(url(path))
        try:
            hasty = asyncio.ensure_future(database.write(add("hasty")))
            patient = asyncio.ensure_future(database.write(add("patient")))
            await asyncio.sleep(0)
            hasty.cancel()
            return await patient
        finally:
            await database.close()

    assert runner.run(scenario()) == "patient"


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


def test_readers_can_not_write(path: Path, runner: asyncio.Runner) -> None:
    async def scenario() -> None:
        database = open_database(url(path))
        try:
            await database.read(add("a"))
        finally:
            await database.close()

    with pytest.raises(sqlite3.OperationalError, match="readonly"):
        runner.run(scenario())


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


def test_a_database_of_a_newer_tocsin_is_refused(path: Path, runner: asyncio.Runner) -> None:
    async def create() -> None:
        await open_database(url(path)).close()

    runner.run(create())
    with sqlite3.connect(path) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    connection.close()
    with pytest.raises(StoreError, match=r"newer Tocsin \(schema 9999"):
        open_database(url(path))


def test_a_file_that_is_no_database_is_refused(path: Path) -> None:
    path.write_bytes(b"not a database" * 1000)
    with pytest.raises(StoreError, match="no usable SQLite database"):
        open_database(url(path))


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ("nonsense", "not a database URL"),
        ("sqlite://", "names no file"),
        ("sqlite:///:memory:", "names no file"),
        ("mysql://localhost/x", "'mysql' can't be used"),
    ],
)
def test_a_url_of_another_form_is_refused(wrong: str, said: str) -> None:
    with pytest.raises(StoreError, match=said):
        open_database(wrong)


def test_the_migrations_make_the_schema_of_the_code(path: Path, runner: asyncio.Runner) -> None:
    async def create() -> None:
        await open_database(url(path)).close()

    runner.run(create())
    engine = create_engine(url(path))
    try:
        with engine.connect() as connection:
            context = MigrationContext.configure(connection)
            assert compare_metadata(context, schema.metadata) == []
    finally:
        engine.dispose()
