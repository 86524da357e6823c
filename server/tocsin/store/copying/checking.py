"""Checks a database: its structure, its schema, rows that belong to nothing, overdue work."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, Table, exists, func, select

from tocsin.store.access.secret_keys import secret_keys
from tocsin.store.copying.contents import check_pages
from tocsin.store.copying.ends.file import FileEnd
from tocsin.store.copying.ends.opening import open_to_read, schema_of
from tocsin.store.copying.ends.protocol import End
from tocsin.store.copying.tables import tables_of
from tocsin.store.copying.transfer import Report, sums_of
from tocsin.store.driver.database import StoreDamaged, StoreError
from tocsin.store.driver.file.marks import lost_its_log
from tocsin.store.integrations.schema import integration_schedules, integration_versions
from tocsin.store.lifecycle.copies import Progress, all_copies
from tocsin.store.lifecycle.hold import Hold, find_hold
from tocsin.store.lifecycle.overdue import OverdueWork, overdue_work
from tocsin.store.lifecycle.schema import copies, holds
from tocsin.store.migrations.steps import is_known, newest_schema
from tocsin.store.migrations.upgrading import moved, refuse_unknown
from tocsin.store.schema import (
    armed_timers,
    batches,
    compatibility,
    events,
    invocations,
    large_values,
    metadata,
    subscriptions,
    triggers,
)

LISTED = 10


@dataclass(frozen=True, slots=True)
class Checked:
    """What a check found: `problems` are for a person, in words, `tables` are what was read.

    `keys` counts secret keys by the key that encrypts them, None for plain text. `work` and `keys`
    are None for a database whose schema is older.
    """

    url: str
    schema: str
    newest: str
    tables: dict[str, Progress]
    problems: Sequence[str]
    hold: Hold | None
    work: OverdueWork | None
    keys: Mapping[str | None, int] | None


def _orphans(table: Table, owner: Table, key: str, owner_key: str = "id") -> Select[Any]:
    mine: ColumnElement[Any] = table.c[key]
    return (
        select(func.count())
        .select_from(table)
        .where(~exists().where(owner.c[owner_key] == mine).correlate(table))
    )


# Rows that would never go away, or that nothing would fire.
ORPHANS: tuple[tuple[str, Table, Table, Select[Any]], ...] = (
    *(
        (
            f"{table.name} of triggers that don't exist",
            table,
            triggers,
            _orphans(table, triggers, key),
        )
        for table, key in (
            (armed_timers, "trigger_id"),
            (subscriptions, "trigger_id"),
            (batches, "trigger_id"),
            (events, "trigger_id"),
        )
    ),
    (
        "large values of invocations that don't exist",
        large_values,
        invocations,
        _orphans(large_values, invocations, "invocation_id"),
    ),
    (
        "schedules of versions that don't exist",
        integration_schedules,
        integration_versions,
        _orphans(integration_schedules, integration_versions, "version_id"),
    ),
)
LOST = (
    select(func.count())
    .select_from(invocations)
    .where(invocations.c.next_at.is_(None), invocations.c.finished_at.is_(None))
)


async def check_store(url: str, *, now: datetime, report: Report) -> Checked:
    """Reads a whole database, beside servers if they use it, and changes nothing.

    Raises:
        StoreError: the database does not exist, can't be reached, or is not Tocsin's.
    """
    end = await open_to_read(url)
    try:
        schema, newest = await schema_of(end), newest_schema()
        problems: list[str] = []
        _check_file(end, problems)
        async with end.snapshot():
            there = await end.columns()
            if schema == newest:
                problems += _missing(there)
            problems += await _too_new(end, schema, there)
            problems += await _orphans_of(end, there)
            problems += await _copies_of(end, there)
            tables: dict[str, Progress] = {}
            try:
                tables = await sums_of(end, await tables_of(end), doing="read", report=report)
            except StoreDamaged as error:
                problems.append(str(error))
            hold = await end.read(find_hold) if holds.name in there else None
            work = keys = None
            if schema == newest:
                work = await end.read(lambda tx: overdue_work(tx, now=now, limit=LISTED))
                keys = Counter(key.sealed_by for key in await end.read(secret_keys))
        return Checked(end.url, schema, newest, tables, problems, hold, work, keys)
    finally:
        await end.close()


def _check_file(end: End, problems: list[str]) -> None:
    if not isinstance(end, FileEnd):
        return
    if lost_its_log(end.path):
        problems.append(
            f"{end.path} was in use when it was last written, but its log {end.path.name}-wal is "
            "missing or empty: the latest changes may be lost"
        )
    try:
        check_pages(end)
    except StoreDamaged as error:
        problems.append(str(error))


async def _too_new(end: End, schema: str, there: dict[str, set[str]]) -> list[str]:
    """Returns why nodes of this version may not use a database that a newer one has migrated."""
    if is_known(schema):
        return []
    oldest: Select[Any] = select(compatibility.c.oldest_known)
    allowed = await end.read(lambda tx: tx.value(oldest)) if compatibility.name in there else None
    try:
        refuse_unknown(end.url, schema, allowed)
    except StoreError as error:
        return [str(error)]
    return []


def _missing(there: dict[str, set[str]]) -> list[str]:
    """Returns which tables and columns of the schema are not there."""
    return [
        f"the table {table.name} is missing"
        if table.name not in there
        else f"the columns {', '.join(sorted(lost))} of {table.name} are missing"
        for table in metadata.sorted_tables
        if (lost := {column.name for column in table.c} - there.get(table.name, set()))
    ]


async def _orphans_of(end: End, there: dict[str, set[str]]) -> list[str]:
    found = []
    for words, table, owner, count in ORPHANS:
        if table.name in there and owner.name in there:
            rows = await end.read(lambda tx: tx.value(count))  # noqa: B023
            if rows:
                found.append(f"{rows:,} {words}; a server deletes or mends them")
    if lost := await end.read(lambda tx: tx.value(LOST)):
        found.append(
            f"{lost:,} invocations are unfinished and never due; the reconciler mends them"
        )
    return found


async def _copies_of(end: End, there: dict[str, set[str]]) -> list[str]:
    if copies.name not in there:
        return []
    return [
        f"the database {problem}"
        for copy in await end.read(all_copies)
        if (problem := moved(copy.id, copy.role, copy.peer, copy.ended_at)) is not None
    ]
