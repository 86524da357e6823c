"""Nodes of two versions work on one store while they are replaced one by one.

So a migration only adds: what the code of the version before says to the store goes on working.
"""

import asyncio
import json
import re
from collections.abc import Callable
from functools import partial
from importlib.resources import as_file, files
from pathlib import Path
from typing import Any

import asyncpg
import pytest
import structlog
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, inspect

from store.schemas import create, on_connection, upgrade_to, written_by
from store.statements import head, texts
from store.work import add, ids, opened
from tocsin.store import schema
from tocsin.store.driver.database import StoreError
from tocsin.store.driver.opening import open_database
from tocsin.store.triggers.rows import find_trigger

HERE = Path(__file__).parent
# What came before was never released.
FIRST_RELEASED = "0002"


def revisions() -> list[Any]:
    """The migrations in their order, with what stands in their modules."""
    with as_file(files("tocsin.store.migrations")) as scripts:
        return list(ScriptDirectory(str(scripts)).walk_revisions())[::-1]


LATER = [each for each in revisions() if each.revision > FIRST_RELEASED]


def test_the_migrations_make_the_schema_of_the_code(url: str, runner: asyncio.Runner) -> None:
    def differences(connection: Connection) -> Any:
        return compare_metadata(MigrationContext.configure(connection), schema.metadata)

    runner.run(create(url))
    assert runner.run(on_connection(url, differences)) == []


def test_they_are_numbered_in_their_order_and_say_who_may_work_on_them() -> None:
    numbers = [each.revision for each in revisions()]
    assert numbers == sorted(numbers)
    assert all(re.fullmatch(r"\d{4}", number) for number in numbers)
    for each in LATER:
        assert FIRST_RELEASED <= each.module.oldest_known <= each.revision
        assert (HERE / f"statements_{each.module.oldest_known}.json").exists()


Shape = dict[str, dict[str, tuple[str, bool, bool]]]


def shape(connection: Connection) -> Shape:
    """Of each table its columns: their type, whether they may be null, whether they have a value
    where none is given."""
    found = inspect(connection)
    return {
        table: {
            column["name"]: (
                str(column["type"]),
                bool(column["nullable"]),
                column["default"] is not None,
            )
            for column in found.get_columns(table)
        }
        for table in found.get_table_names()
    }


def unique_keys(connection: Connection) -> set[tuple[str, tuple[str | None, ...]]]:
    found = inspect(connection)
    return {
        (table, tuple(key["column_names"]))
        for table in found.get_table_names()
        for key in (*found.get_unique_constraints(table), *found.get_indexes(table))
        if key.get("unique", True)
    }


def _is_null_for_old_nodes(
    before: dict[str, tuple[str, bool, bool]] | None,
    after: dict[str, tuple[str, bool, bool]],
    column: str | None,
) -> bool:
    """No row that an old node writes breaks a unique key with such a column."""
    if before is None or column is None or column in before:
        return False
    _, nullable, has_default = after[column]
    return nullable and not has_default


def test_a_migration_only_adds(url: str, runner: asyncio.Runner) -> None:
    runner.run(on_connection(url, upgrade_to(FIRST_RELEASED)))
    for migration in LATER:
        before: Shape = runner.run(on_connection(url, shape))
        keys = runner.run(on_connection(url, unique_keys))
        runner.run(on_connection(url, upgrade_to(migration.revision)))
        after: Shape = runner.run(on_connection(url, shape))
        for table, columns in before.items():
            kept = {name: after[table].get(name) for name in columns}
            assert kept == columns, f"{migration.revision} changes {table}"
            for name in after[table].keys() - columns.keys():
                _, nullable, has_default = after[table][name]
                assert nullable or has_default, f"{migration.revision}: {table}.{name}"
        added = {
            table
            for table, names in runner.run(on_connection(url, unique_keys)) - keys
            if not any(_is_null_for_old_nodes(before.get(table), after[table], n) for n in names)
        }
        assert not added & before.keys(), f"{migration.revision}: a key that old nodes can't know"


def statements_of_the_version_before() -> dict[str, dict[str, str]]:
    oldest = revisions()[-1].module.oldest_known
    found: dict[str, dict[str, str]] = json.loads((HERE / f"statements_{oldest}.json").read_text())
    return found


def test_what_the_version_before_says_goes_on_working_on_sqlite(
    path: Path, runner: asyncio.Runner
) -> None:
    url = f"sqlite:///{path}"
    runner.run(create(url))

    def explain(connection: Connection) -> None:
        for text in statements_of_the_version_before().values():
            names = re.findall(r":(\w+)", text["sqlite"])
            connection.connection.cursor().execute(
                f"EXPLAIN {text['sqlite']}", dict.fromkeys(names, 1)
            )

    runner.run(on_connection(url, explain))


def test_what_the_version_before_says_goes_on_working_on_postgresql(
    postgres_url: str, runner: asyncio.Runner
) -> None:
    async def prepare() -> None:
        await create(postgres_url)
        connection = await asyncpg.connect(postgres_url)
        for text in statements_of_the_version_before().values():
            await connection.prepare(text["postgresql"])
        await connection.close()

    runner.run(prepare())


def test_the_statements_of_a_release_can_be_written() -> None:
    assert texts().keys() >= {
        "triggers.rows.INSERT",
        "triggers.timers.DUE",
        "invocations.deliveries.FINISH",
    }


def test_a_node_works_on_a_newer_schema_that_says_it_may(url: str, runner: asyncio.Runner) -> None:
    async def scenario() -> None:
        await create(url)
        await on_connection(url, written_by("9999", head()))
        with structlog.testing.capture_logs() as logs:
            async with opened(url) as database:
                await database.write(add("a"))
                assert await ids(database) == ["a"]
        [told] = [line for line in logs if "schema is newer" in line["event"]]
        assert (told["schema"], told["known"]) == ("9999", head())

        def version(connection: Connection) -> Any:
            return connection.exec_driver_sql("SELECT version_num FROM alembic_version").scalar()

        # It is left as it is.
        assert await on_connection(url, version) == "9999"

    runner.run(scenario())


@pytest.mark.parametrize(
    ("oldest_known", "says"), [("9998", r"schema is 9999 for nodes from 9998 on"), (None, "")]
)
def test_a_node_that_is_too_old_for_a_schema_is_refused(
    url: str, runner: asyncio.Runner, oldest_known: str | None, says: str
) -> None:
    runner.run(create(url))
    runner.run(on_connection(url, written_by("9999", oldest_known)))
    with pytest.raises(
        StoreError, match=f"newer Tocsin .*{says}.*knows schemas up to {head()}.*upgrade"
    ):
        open_database(url)


def test_the_store_of_the_version_before_is_brought_up_to_date(
    url: str, runner: asyncio.Runner
) -> None:
    async def scenario() -> None:
        await on_connection(url, upgrade_to(FIRST_RELEASED))
        async with opened(url) as database:
            await database.write(add("a"))
            assert await ids(database) == ["a"]

        def oldest(connection: Connection) -> Any:
            return connection.exec_driver_sql("SELECT oldest_known FROM compatibility").scalar()

        assert await on_connection(url, oldest) == revisions()[-1].module.oldest_known

    runner.run(scenario())


# As nodes write it that know of no contracts.
OLD_INSERT = "INSERT INTO triggers (id, folder_id, name, message) VALUES ('{}', 'f', '', 'm')"


def test_triggers_of_the_version_before_are_of_the_first_contract(
    url: str, runner: asyncio.Runner
) -> None:
    def write(trigger_id: str) -> Callable[[Connection], None]:
        def insert(connection: Connection) -> None:
            connection.exec_driver_sql(OLD_INSERT.format(trigger_id))
            connection.commit()

        return insert

    async def scenario() -> None:
        await on_connection(url, upgrade_to("0011"))
        await on_connection(url, write("before"))
        async with opened(url) as database:
            await on_connection(url, write("after"))
            for trigger_id in ("before", "after"):
                found = await database.read(partial(find_trigger, trigger_id=trigger_id))
                assert found is not None
                assert found.contract == schema.FIRST_CONTRACT

    runner.run(scenario())
