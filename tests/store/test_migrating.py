"""A database is migrated by a command or by a start; others are refused, and told what to do."""

import asyncio
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from sqlalchemy import Connection

from stand.services.postgres_server import PostgresServer
from stand.tocsin_process import Ended, run_tocsin, serving
from store.schemas import create, on_connection, upgrade_to, written_by
from store.statements import head
from tocsin.store.driver.database import StoreError
from tocsin.store.driver.opening import open_database
from tocsin.store.migrations.steps import known_steps, oldest_known

RELEASED = "0011"
"""The schema of 0.1.0."""


def version(connection: Connection) -> Any:
    return connection.exec_driver_sql("SELECT version_num FROM alembic_version").scalar()


def without_version(connection: Connection) -> None:
    connection.exec_driver_sql("DELETE FROM alembic_version")
    connection.commit()


def two_versions(connection: Connection) -> None:
    connection.exec_driver_sql("INSERT INTO alembic_version VALUES ('0030')")
    connection.commit()


def migrate(url: str, *options: str) -> Ended:
    return run_tocsin("migrate", "--database", url, *options)


def test_a_database_of_the_first_release_is_migrated_and_each_migration_told_with_its_time(
    url: str, runner: asyncio.Runner
) -> None:
    runner.run(on_connection(url, upgrade_to(RELEASED)))
    numbers = [step.number for step in known_steps() if step.number > RELEASED]
    planned = migrate(url, "--dry-run")
    assert planned.status == 0, planned.stderr
    assert f"schema   {RELEASED}; this version's is {head()}" in planned.stdout
    assert re.findall(r"^  (\d{4})  \w", planned.stdout, re.MULTILINE) == numbers
    assert f"{len(numbers)} migrations would run. Nothing was changed." in planned.stdout
    assert runner.run(on_connection(url, version)) == RELEASED
    done = migrate(url)
    assert done.status == 0, done.stderr
    assert re.findall(r"^  (\d{4})  \w.* \d+\.\d\d s$", done.stdout, re.MULTILINE) == numbers
    assert f"Servers of schema {oldest_known()} or later may use the database." in done.stdout
    assert runner.run(on_connection(url, version)) == head()
    again = migrate(url)
    assert (again.status, again.stdout.splitlines()[-1]) == (0, "Nothing to do.")


def test_an_empty_database_is_planned_and_made(url: str, path: Path) -> None:
    planned = migrate(url, "--dry-run")
    assert "schema   none yet" in planned.stdout
    assert list(path.parent.iterdir()) == []
    assert f"{len(known_steps())} migrations in" in migrate(url).stdout
    assert "Nothing is wrong." in run_tocsin("check", "--database", url).stdout


def test_a_start_logs_each_migration_with_its_time(path: Path, runner: asyncio.Runner) -> None:
    runner.run(on_connection(f"sqlite:///{path}", upgrade_to(RELEASED)))
    with serving(path.parent, http="off") as server:
        assert server.stop() == 0
    log = server.log.read_text()
    steps = [step for step in known_steps() if step.number > RELEASED]
    assert f"migrations={len(steps)} schema={RELEASED} to={head()}" in log
    for step in steps:
        assert re.search(
            rf"schema migrated .*brings='?{step.title}'? schema={step.number} seconds=\d+\.\d+", log
        )


def test_a_start_on_a_new_database_says_that_it_is_new(path: Path) -> None:
    with serving(path.parent, http="off") as server:
        assert server.stop() == 0
    log = server.log.read_text()
    assert log.count("creating a new database") == 1
    assert "schema migrated" not in log


def test_a_newer_schema_that_allows_this_version_is_left_as_it_is(
    url: str, runner: asyncio.Runner
) -> None:
    runner.run(create(url))
    runner.run(on_connection(url, written_by("9999", head())))
    done = migrate(url)
    assert done.status == 0, done.stderr
    assert "Nothing to do: a newer version has migrated it. Upgrade this one soon." in done.stdout
    assert runner.run(on_connection(url, version)) == "9999"


REFUSED: list[tuple[Callable[[Connection], None], str]] = [
    (written_by("9999", "9998"), "`tocsin version` names the schema 9998 or a later one"),
    (written_by("0009", RELEASED), "0009, from which this version can't migrate"),
    (written_by("0000", RELEASED), "this version migrates from 0001 on"),
    (written_by("5c0ffee0", RELEASED), "belongs to another program"),
    (two_versions, "another program uses that table"),
    (without_version, "has a table triggers, but no version of its schema"),
]
MUCH_TOO_NEW = (written_by("9999", None), "upgrade tocsin to the version that wrote it")


def refuses(url: str, words: str) -> None:
    with pytest.raises(StoreError, match=re.escape(words)):
        open_database(url)
    for options in ([], ["--dry-run"]):
        refused = migrate(url, *options)
        assert (refused.status, refused.stdout) == (1, "")
        assert words in refused.stderr
        assert re.search("give another --database|restore a backup", refused.stderr)
        assert "Traceback" not in refused.stderr


def test_a_database_that_this_version_can_not_serve_is_refused_in_words_that_say_what_to_do(
    url: str, runner: asyncio.Runner
) -> None:
    runner.run(create(url))
    for change, words in REFUSED:
        runner.run(on_connection(url, change))
        refuses(url, words)


def test_a_schema_that_names_no_older_version_is_refused(
    path: Path, runner: asyncio.Runner
) -> None:
    url, (change, words) = f"sqlite:///{path}", MUCH_TOO_NEW
    runner.run(create(url))
    runner.run(on_connection(url, change))
    refuses(url, words)


def test_a_migration_gives_way_to_a_node_that_works(
    postgres: PostgresServer, runner: asyncio.Runner
) -> None:
    """They would wait for each other: PostgreSQL ended the one or the other after a second."""
    url = postgres.new_database()
    runner.run(on_connection(url, upgrade_to(RELEASED)))
    holds_it = (
        "SELECT 1 FROM pg_locks WHERE granted AND mode = 'AccessExclusiveLock'"
        " AND relation = 'triggers'::regclass"
    )

    async def work() -> Ended:
        node, other = await asyncpg.connect(url), await asyncpg.connect(url)
        try:
            transaction = node.transaction()
            await transaction.start()
            await node.execute("LOCK TABLE invocations IN ROW EXCLUSIVE MODE")
            migrating = asyncio.create_task(asyncio.to_thread(migrate, url))
            while not await other.fetchval(holds_it):
                assert not migrating.done()
                await asyncio.sleep(0.005)
            await node.execute("UPDATE triggers SET name = name")
            await transaction.commit()
            return await migrating
        finally:
            await node.close()
            await other.close()

    done = runner.run(work())
    assert done.status == 0, done.stderr
    assert runner.run(on_connection(url, version)) == head()


def test_a_sqlite_database_in_use_is_not_migrated(path: Path, runner: asyncio.Runner) -> None:
    url = f"sqlite:///{path}"
    runner.run(create(url))
    with serving(path.parent, http="off"):
        runner.run(on_connection(url, written_by(RELEASED, RELEASED)))
        refused = migrate(url)
        assert refused.status == 1
        assert "another tocsin is using" in refused.stderr
        assert f"schema   {RELEASED}" in migrate(url, "--dry-run").stdout
