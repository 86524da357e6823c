"""Moves a store to another database, of either kind, and goes on where a move was interrupted."""

import asyncio
import json
from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path

from tocsin.store.copying.backups import Maker
from tocsin.store.copying.emptying import empty, has_data
from tocsin.store.copying.ends.opening import open_alone, open_to_read, place_of, schema_to_copy
from tocsin.store.copying.ends.protocol import End
from tocsin.store.copying.tables import Copied, tables_of
from tocsin.store.copying.transfer import Report, compare, counts_of, sums_of, transfer
from tocsin.store.driver.database import StoreError
from tocsin.store.lifecycle.copies import (
    Copy,
    Progress,
    Role,
    all_copies,
    begin_copy,
    end_copy,
    forget_copy,
    keep_progress,
    progress_of,
)
from tocsin.store.lifecycle.schema import copies
from tocsin.store.migrations.upgrading import moved


@dataclass(frozen=True, slots=True)
class Moved:
    """A move that has ended: its id, the databases, and the sums of the tables."""

    id: str
    source: str
    destination: str
    tables: Mapping[str, Progress]


async def plan_move(source_url: str, destination_url: str) -> dict[str, int]:
    """Looks whether a move would be begun, and writes nothing; returns the rows of each table.

    Raises:
        StoreError: one of the databases can't be used, or the destination has data.
    """
    _refuse_one_place(source_url, destination_url)
    source = await open_to_read(source_url)
    try:
        await schema_to_copy(source)
        await _refuse_source(source)
        counts = await counts_of(source, await tables_of(source))
    finally:
        await source.close()
    place = place_of(destination_url)
    if not isinstance(place, Path) or (place.is_file() and place.stat().st_size):
        destination = await open_to_read(destination_url)
        try:
            if await has_data(destination, await tables_of(destination)):
                raise StoreError(_has_data(destination))
        finally:
            await destination.close()
    return counts


async def move(source_url: str, destination_url: str, maker: Maker, report: Report) -> Moved:
    """Copies everything, verifies the copy, and marks the source as moved, so nobody serves it.

    Both databases are closed to servers from the first page on. A move that was interrupted goes
    on, as both databases carry its id.

    Raises:
        StoreError: a server uses one of the databases, the source was moved before, the
            destination has data, or the copy differs from the source.
    """
    _refuse_one_place(source_url, destination_url)
    await _refuse_missing(source_url)
    async with AsyncExitStack() as stack:
        source = await open_alone(source_url)
        stack.push_async_callback(source.close)
        await _refuse_source(source)
        destination = await open_alone(destination_url)
        stack.push_async_callback(destination.close)
        copy = await _begin(source, destination, maker)
        tables = await tables_of(source)
        done = await destination.read(lambda tx: progress_of(tx, copy.id))
        async with source.snapshot(), destination.filling():
            sums = await transfer(
                source,
                destination,
                tables,
                done=done,
                keep=lambda tx, progress: keep_progress(tx, copy.id, progress),
                report=report,
            )
        found = await _make_indexes_and_read(destination, copy, tables, report)
        compare(sums, found, place=destination.url)
        # The source first: from now on nobody serves it, and a repetition ends the other half.
        await source.write(lambda tx: end_copy(tx, copy.id, at=maker.now))
        await destination.write(lambda tx: end_copy(tx, copy.id, at=maker.now))
        return Moved(copy.id, source.url, destination.url, sums)


async def abandon_move(source_url: str, destination_url: str) -> str:
    """Gives up a move that has not ended: the source can be served again, the destination is empty.

    Returns the id of the move.

    Raises:
        StoreError: the source is not being moved there.
    """
    _refuse_one_place(source_url, destination_url)
    await _refuse_missing(source_url)
    async with AsyncExitStack() as stack:
        source = await open_alone(source_url)
        stack.push_async_callback(source.close)
        copy = await _unended(source)
        if copy is None:
            raise StoreError(f"{source.url} is not being moved")
        destination = await open_alone(destination_url)
        stack.push_async_callback(destination.close)
        there = await _carried(destination, copy)
        if there is not None:
            await empty(destination, await tables_of(destination))
            await _make_indexes(destination, there, report=lambda *_: None)
            await destination.write(lambda tx: forget_copy(tx, copy.id))
        await source.write(lambda tx: forget_copy(tx, copy.id))
        return copy.id


def _refuse_one_place(source_url: str, destination_url: str) -> None:
    source, destination = place_of(source_url), place_of(destination_url)
    if source == destination:
        raise StoreError("--from and --to name the same database")


async def _refuse_missing(source_url: str) -> None:
    """Opens a database only to read it, as to open it alone would make it."""
    source = await open_to_read(source_url)
    try:
        await schema_to_copy(source)
    finally:
        await source.close()


async def _refuse_source(source: End) -> None:
    """Raises StoreError if the database is the destination of a move that has not ended."""
    if copies.name not in await source.columns():
        return
    for copy in await source.read(all_copies):
        problem = moved(copy.id, copy.role, copy.peer, copy.ended_at)
        # Of one that was moved, the destination may not know that yet.
        if problem is not None and copy.role is not Role.SOURCE:
            raise StoreError(f"{source.url} {problem}")


async def _unended(source: End) -> Copy | None:
    """Returns the move of which a database is the source, and which has not ended."""
    for copy in await source.read(all_copies):
        if copy.role is Role.SOURCE and copy.ended_at is None:
            return copy
    return None


async def _carried(destination: End, copy: Copy) -> Copy | None:
    """Returns what the destination carries of a move, or None."""
    known = await destination.read(all_copies)
    return next((each for each in known if each.id == copy.id), None)


async def _begin(source: End, destination: End, maker: Maker) -> Copy:
    """Returns the move as the destination knows it: a new one, or one that was interrupted."""
    known = await source.read(all_copies)
    last = next((each for each in reversed(known) if each.role is Role.SOURCE), None)
    if last is not None:
        there = await _carried(destination, last)
        if there is not None and there.ended_at is None:
            return there
        if last.ended_at is not None:
            raise StoreError(f"{source.url} {moved(last.id, last.role, last.peer, last.ended_at)}")
        if last.peer != destination.url:
            raise StoreError(
                f"{source.url} is being moved to {last.peer} (move {last.id}): give that one by "
                "--to, or give the move up with --abandon"
            )
    tables = await tables_of(destination)
    if await has_data(destination, tables):
        raise StoreError(_has_data(destination))
    id_ = maker.id if last is None else last.id
    if last is None:
        mark = Copy(id_, Role.SOURCE, destination.url, maker.now, None, maker.version)
        await source.write(lambda tx: begin_copy(tx, mark))
    async with destination.transaction():
        await empty(destination, tables)
        indexes = json.dumps(await destination.drop_indexes())
        role = Role.DESTINATION
        copy = Copy(id_, role, source.url, maker.now, None, maker.version, indexes)
        await destination.write(lambda tx: begin_copy(tx, copy))
    return copy


async def _make_indexes_and_read(
    destination: End, copy: Copy, tables: Sequence[Copied], report: Report
) -> dict[str, Progress]:
    """Makes indexes, and meanwhile reads all rows, which needs none of them; returns their sums."""
    reader = await destination.beside()
    try:
        async with asyncio.TaskGroup() as group:
            group.create_task(_make_indexes(destination, copy, report))
            found = group.create_task(sums_of(reader, tables, doing="checked", report=report))
    except ExceptionGroup as failed:
        raise failed.exceptions[0] from failed
    finally:
        await reader.close()
    return found.result()


async def _make_indexes(destination: End, copy: Copy, report: Report) -> None:
    """Makes the indexes that were dropped, together, unless they are there already."""
    statements: list[str] = json.loads(copy.indexes or "[]")
    async with destination.transaction():
        missing = await destination.missing_indexes(statements)
        for made, statement in enumerate(missing, 1):
            await destination.run((statement,))
            report("made", "indexes", made, len(missing))


def _has_data(destination: End) -> str:
    return f"{destination.url} has data: a move needs a database that is new or empty"
