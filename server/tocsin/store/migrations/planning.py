"""Plans the migration of a database, and runs it without a server."""

from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import select

from tocsin.store.copying.ends.opening import open_to_read, place_of
from tocsin.store.driver.database import StoreError
from tocsin.store.driver.opening import open_database
from tocsin.store.driver.transaction import Transaction
from tocsin.store.lifecycle.copies import all_copies
from tocsin.store.lifecycle.schema import copies
from tocsin.store.migrations.steps import Step, is_known, newest_schema, steps_between
from tocsin.store.migrations.upgrading import (
    SCHEMA,
    VERSION_TABLE,
    Told,
    moved,
    refuse_unknown,
    schema_in,
)
from tocsin.store.schema import compatibility

OLDEST_KNOWN = select(compatibility.c.oldest_known)


@dataclass(frozen=True, slots=True)
class Plan:
    """What a migration of a database would do; `schema` is None if it has none yet.

    `newer` means that a newer version has migrated it, and allows this one to serve it.
    """

    url: str
    schema: str | None
    newer: bool
    steps: tuple[Step, ...]


async def plan_migration(url: str) -> Plan:
    """Looks which migrations a database lacks, beside servers; changes nothing.

    Raises:
        StoreError: it can't be reached, is not Tocsin's, or must not be migrated by this version.
    """
    newest = newest_schema()
    place = place_of(url)
    if isinstance(place, Path) and not place.exists():
        return Plan(f"sqlite:///{place}", None, False, steps_between(None, newest))
    end = await open_to_read(url)
    try:
        there = await end.columns()

        def look(tx: Transaction) -> tuple[list[str], str | None]:
            schemas = tx.column(SCHEMA) if VERSION_TABLE in there else []
            return schemas, tx.value(OLDEST_KNOWN) if compatibility.name in there else None

        schemas, oldest = await end.read(look)
        schema = schema_in(end.url, there, schemas)
        if copies.name in there:
            for copy in await end.read(all_copies):
                if (problem := moved(copy.id, copy.role, copy.peer, copy.ended_at)) is not None:
                    raise StoreError(f"{end.url} {problem}")
        if schema is None or is_known(schema):
            return Plan(end.url, schema, False, steps_between(schema, newest))
        refuse_unknown(end.url, schema, oldest)
        return Plan(end.url, schema, True, ())
    finally:
        await end.close()


async def migrate(url: str, told: Told) -> str:
    """Migrates a database; returns the oldest schema whose nodes may use it from then on.

    Raises:
        StoreError: it can't be reached or is in use, or must not be migrated by this version.
    """
    database = open_database(url, told=told)
    try:
        return str(await database.read(lambda tx: tx.value(OLDEST_KNOWN)))
    finally:
        await database.close()
