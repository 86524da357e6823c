"""Makes backups: consistent copies of a database that servers may be using, in one SQLite file."""

import os
import sqlite3
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from sqlalchemy import delete

from tocsin.store.copying.contents import Contents, check_pages, contents_of
from tocsin.store.copying.emptying import empty
from tocsin.store.copying.ends import file
from tocsin.store.copying.ends.file import FileEnd, our_words
from tocsin.store.copying.ends.opening import open_to_read, schema_to_copy
from tocsin.store.copying.ends.protocol import End
from tocsin.store.copying.tables import tables_of
from tocsin.store.copying.transfer import Report, compare, counts_of, sums_of, transfer
from tocsin.store.driver.database import StoreDamaged, StoreError
from tocsin.store.driver.file.marks import mark_closed
from tocsin.store.driver.opening import migrate_sqlite
from tocsin.store.driver.transaction import Transaction
from tocsin.store.lifecycle.copies import Copy, Progress, Role, begin_copy, keep_progress
from tocsin.store.lifecycle.hold import Hold, find_hold, put_on_hold
from tocsin.store.lifecycle.schema import copied_tables, copies

PAGES_AT_ONCE = 2048
PARTIAL = ".partial"


@dataclass(frozen=True, slots=True)
class Maker:
    """Names a new copy: its id, when it begins, and the version of Tocsin that makes it."""

    id: str
    now: datetime
    version: str


async def back_up(url: str, to: Path, maker: Maker, report: Report) -> Contents:
    """Copies a database as it is at one moment, checks the copy, and returns what is in it.

    The file appears under its name when it is complete and on the disk. Only its owner can read it.

    Args:
        url: names the database, which servers may be using.
        to: the new file.
        maker: names the backup.
        report: is called as it goes.

    Raises:
        StoreError: the database can't be read, or the file exists or can't be written.
    """
    source = await open_to_read(url)
    try:
        schema = await schema_to_copy(source)
        with new_file(to) as partial:
            async with source.snapshot():
                await _copy(source, partial, schema, report)
            await _conclude(partial, source.url, maker, report)
    finally:
        await source.close()
    end = file.open_to_read(to)
    try:
        return await contents_of(end)
    finally:
        await end.close()


async def _copy(source: End, partial: Path, schema: str, report: Report) -> None:
    tables = await tables_of(source)
    if isinstance(source, FileEnd):
        _copy_pages(source, partial, report)
        counts = await counts_of(source, tables)
        copy = file.open_to_read(partial)
        copied = await counts_of(copy, tables)
        await copy.close()
        if copied != counts:
            raise StoreDamaged(f"{partial} has other rows than {source.url}: {copied} {counts}")
        return
    end = file.fill(partial, schema)
    try:
        await empty(end, tables)
        indexes = await end.drop_indexes()
        sums = await transfer(
            source, end, tables, done={}, keep=lambda _tx, _progress: None, report=report
        )
        await end.run(indexes)
        compare(
            sums,
            await sums_of(end, tables, doing="checked", report=report),
            place=str(partial),
        )
    finally:
        await end.close()


def _copy_pages(source: FileEnd, partial: Path, report: Report) -> None:
    def progress(_status: int, remaining: int, total: int) -> None:
        report("copied", "pages", total - remaining, total)

    with our_words(partial), sqlite3.connect(partial, isolation_level=None) as copy:
        source.connection.backup(copy, pages=PAGES_AT_ONCE, progress=progress)
    copy.close()


async def _conclude(partial: Path, origin: str, maker: Maker, report: Report) -> None:
    """Makes a copy of a database a backup: in one file, on hold, with the sums of its tables."""
    migrate_sqlite(partial, copying=True)
    with our_words(partial):
        connection = sqlite3.connect(partial, isolation_level=None, check_same_thread=False)
        connection.execute("PRAGMA journal_mode = DELETE").fetchall()
    end = FileEnd(partial, connection)
    try:
        check_pages(end)
        copy = Copy(maker.id, Role.BACKUP, origin, maker.now, maker.now, maker.version)
        hold = Hold(maker.now, maker.now, origin)
        # A backup of a store on hold waits for what that one waits for.
        if await end.read(find_hold) is None:
            await end.write(lambda tx: put_on_hold(tx, hold))
        sums = await sums_of(end, await tables_of(end), doing="checked", report=report)
        await end.write(lambda tx: note_backup(tx, copy, sums.values()))
        mark_closed(end.connection)
    finally:
        await end.close()


def note_backup(tx: Transaction, copy: Copy, sums: Iterable[Progress]) -> None:
    """Notes of which backup a database is, in place of all copies that its original knew."""
    tx.run(delete(copied_tables))
    tx.run(delete(copies))
    begin_copy(tx, copy)
    for progress in sums:
        keep_progress(tx, copy.id, progress)


@contextmanager
def new_file(to: Path, *, replace: bool = False) -> Iterator[Path]:
    """Makes a file beside another one, whose name it takes at the end.

    Raises:
        StoreError: a file can't be made or written, or the other one exists and may not be
            replaced.
    """
    _refuse_existing(to, replace=replace)
    try:
        # Two commands that make the same file must not write into one.
        descriptor, made = tempfile.mkstemp(PARTIAL, f"{to.name}.", to.parent)
        os.close(descriptor)
        partial = Path(made)
        try:
            yield partial
            sync(partial)
            _refuse_existing(to, replace=replace)
            partial.replace(to)
            sync(to.parent)
        finally:
            for name in (
                partial,
                *(Path(f"{partial}{end}") for end in ("-wal", "-shm", "-journal")),
            ):
                with suppress(OSError):
                    name.unlink(missing_ok=True)
    except OSError as error:
        raise StoreError(f"can't write {to}: {error.strerror}") from error


def _refuse_existing(to: Path, *, replace: bool) -> None:
    if not replace and to.exists():
        raise StoreError(f"{to} exists: give another file")


def sync(path: Path) -> None:
    """Waits until a file, or the names in a directory, are on the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
