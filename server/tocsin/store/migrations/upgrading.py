"""Creates the schema of a database or migrates it, unless nodes of this version must not use it."""

import re
from collections.abc import Container, Sequence
from datetime import datetime
from importlib.resources import as_file, files
from typing import Any

import structlog
from sqlalchemy import Connection, Select, column, delete, insert, inspect, select, table

from tocsin.store.driver.database import StoreError
from tocsin.store.driver.instants import instant_or_none
from tocsin.store.lifecycle.compatibility import KNOWN_LATER
from tocsin.store.lifecycle.schema import copies
from tocsin.store.migrations.steps import (
    Step,
    is_known,
    known_steps,
    newest_schema,
    oldest_known,
    steps_between,
)
from tocsin.store.schema import compatibility, triggers

log = structlog.get_logger(__name__)

HEAD = "head"
# An arbitrary number that other programs in the same database are unlikely to lock.
MIGRATION_LOCK = 0x746F6373696E

VERSION_TABLE = "alembic_version"
SCHEMA: Select[Any] = select(column("version_num")).select_from(table(VERSION_TABLE))
OURS = re.compile(r"\d{4}")


class Told:
    """Is told of migrations; this base class ignores them."""

    def begins(self, schema: str | None, steps: Sequence[Step]) -> None:
        """Called before the first migration; `schema` is None for an empty database."""

    def ended(self, step: Step) -> None:
        """Called after each migration, before all of them are committed."""


def upgrade(
    connection: Connection,
    safe_url: str,
    *,
    to: str = HEAD,
    copying: bool = False,
    told: Told | None = None,
) -> None:
    """Migrates the schema to this version, unless it is newer. The caller commits.

    A newer schema says which older nodes may still use it (`oldest_known` of its migrations), so
    that nodes of two versions run side by side during an upgrade.

    Args:
        connection: has begun a transaction, or begins one.
        safe_url: names the database in errors.
        to: the revision to migrate to.
        copying: whether a database that a move reads or fills is taken too.
        told: is told of each migration; None tells nobody.

    Raises:
        StoreError: the schema is too new for this version, or it is not one that this version can
            migrate, or the database was moved.
    """
    current = _current_schema(connection, safe_url)
    if not copying:
        refuse_moved(connection, safe_url)
    head = newest_schema()
    to = head if to == HEAD else to
    if current is not None and not is_known(current):
        refuse_unknown(safe_url, current, _allowed_by(connection))
        log.warning(
            "the store's schema is newer, upgrade this node soon", schema=current, known=head
        )
        return
    if current != to:
        _migrate(connection, current, to, told or Told())
    if to == head:
        tell_oldest_known(connection, oldest_known())


def refuse_moved(connection: Connection, safe_url: str) -> None:
    """Raises StoreError if the database was moved away, or its move has not ended."""
    if not inspect(connection).has_table(copies.name):
        return
    rows = connection.execute(
        select(copies.c.id, copies.c.role, copies.c.peer, copies.c.ended_at)
    ).all()
    for id_, role, peer, ended_us in rows:
        problem = moved(id_, role, peer, instant_or_none(ended_us))
        if problem is not None:
            raise StoreError(f"{safe_url} {problem}")


def moved(copy_id: str, role: str, peer: str, ended_at: datetime | None) -> str | None:
    """Says why a database must not be served that takes part in a copy, or returns None."""
    if role == "source" and ended_at is not None:
        return (
            f"was moved to {peer} at {ended_at:%Y-%m-%d %H:%M:%S} UTC (move {copy_id}): give "
            "--database that one"
        )
    if role in ("source", "destination") and ended_at is None:
        direction = "to" if role == "source" else "from"
        return (
            f"can't be served, as its move {direction} {peer} has not ended (move {copy_id}): run "
            "the same `tocsin move` again to finish it, or with --abandon to give it up"
        )
    return None


def schema_in(safe_url: str, tables: Container[str], schemas: Sequence[str]) -> str | None:
    """Returns the schema of a database; None if it has no tables of Tocsin's.

    Args:
        safe_url: names the database.
        tables: names its tables.
        schemas: what SCHEMA finds in it.

    Raises:
        StoreError: it has tables of another program that are in the way.
    """
    if len(schemas) > 1:
        raise StoreError(
            f"{safe_url} names {len(schemas)} schemas in its table {VERSION_TABLE}, and a database "
            "has one: another program uses that table: give another --database"
        )
    if not schemas and triggers.name in tables:
        raise StoreError(
            f"{safe_url} has a table {triggers.name}, but no version of its schema. Another "
            "program made it, or it is the copy of a part of Tocsin's: give another --database, or "
            "restore a backup"
        )
    return schemas[0] if schemas else None


def refuse_unknown(safe_url: str, schema: str, oldest: str | None) -> None:
    """Raises StoreError for a schema that is not this version's, unless a newer one allows it.

    Args:
        safe_url: names the database.
        schema: what the database says its schema is.
        oldest: the oldest schema whose nodes may use the database; None if it does not say.
    """
    first, head = known_steps()[0].number, newest_schema()
    if not OURS.fullmatch(schema):
        raise StoreError(
            f"{safe_url} belongs to another program: its table {VERSION_TABLE} names {schema!r}, "
            "and Tocsin's schemas are numbers of four digits: give another --database"
        )
    if schema < head:
        raise StoreError(
            f"{safe_url} has the schema {schema}, from which this version can't migrate: no "
            f"release has it, or it is too old (this version migrates from {first} on, and "
            f"`tocsin version` names the schema of each version). Serve it once with a version "
            f"that lies between, or restore a backup of a release; nothing was changed"
        )
    if oldest is None or head < oldest:
        serves, install = "", "the version that wrote it"
        if oldest is not None:
            serves = f" for nodes from {oldest} on"
            install = f"one whose `tocsin version` names the schema {oldest} or a later one"
        raise StoreError(
            f"{safe_url} was written by a newer Tocsin (its schema is {schema}{serves}, this "
            f"version knows schemas up to {head}): upgrade tocsin to {install}, or give another "
            "--database. A schema does not go back: to stay on this version, restore a backup "
            "that it made"
        )


def tell_oldest_known(connection: Connection, oldest: str) -> None:
    """Writes which older nodes may use the store: from `oldest` on, or fewer for what is in it."""
    for since, applies in KNOWN_LATER:
        if since > oldest and connection.execute(applies).scalar():
            oldest = since
    if connection.execute(select(compatibility.c.oldest_known)).scalar() != oldest:
        connection.execute(delete(compatibility))
        connection.execute(insert(compatibility).values(oldest_known=oldest))


def _current_schema(connection: Connection, safe_url: str) -> str | None:
    tables = inspect(connection).get_table_names()
    has_version = VERSION_TABLE in tables
    schemas = connection.execute(SCHEMA).scalars().all() if has_version else []
    return schema_in(safe_url, tables, schemas)


def _allowed_by(connection: Connection) -> str | None:
    """Returns the oldest schema whose nodes may use the store, if it says so."""
    # A schema without this table is too old to be unknown to this version.
    if not inspect(connection).has_table(compatibility.name):
        return None
    return connection.execute(select(compatibility.c.oldest_known)).scalar()


def _migrate(connection: Connection, before: str | None, to: str, told: Told) -> None:
    # Slow to import, and most starts have nothing to migrate.
    from alembic import command
    from alembic.config import Config

    steps = {step.number: step for step in steps_between(before, to)}
    told.begins(before, tuple(steps.values()))

    def applied(*, step: Any, **_: Any) -> None:
        told.ended(steps[step.up_revision_id])

    with as_file(files("tocsin.store.migrations")) as scripts:
        config = Config()
        config.set_main_option("script_location", str(scripts))
        config.attributes.update(connection=connection, applied=applied)
        command.upgrade(config, to)
