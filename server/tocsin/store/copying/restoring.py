"""Restores a backup, into a SQLite file or a PostgreSQL database, and puts the store on hold."""

import shutil
import sqlite3
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from tocsin.store.copying.backups import Maker, new_file, note_backup
from tocsin.store.copying.contents import Contents, check_backup
from tocsin.store.copying.emptying import empty, has_data
from tocsin.store.copying.ends import file
from tocsin.store.copying.ends.file import FileEnd, our_words
from tocsin.store.copying.ends.opening import open_alone, place_of, schema_of
from tocsin.store.copying.ends.protocol import End
from tocsin.store.copying.tables import tables_of
from tocsin.store.copying.transfer import Report, compare, sums_of, transfer
from tocsin.store.driver.database import StoreError
from tocsin.store.driver.file.locks import take_lock
from tocsin.store.driver.opening import migrate_sqlite
from tocsin.store.driver.transaction import Transaction
from tocsin.store.lifecycle.copies import Copy, Role
from tocsin.store.lifecycle.hold import Hold, find_hold, put_on_hold

TELL_TO_OVERWRITE = "has data: give --overwrite to lose it, or restore into another database"


@dataclass(frozen=True, slots=True)
class Restoring:
    """What is restored where, and by whom."""

    contents: Contents
    maker: Maker

    def hold(self, known: Hold | None) -> Hold:
        """Returns the hold of the restored store; one that its original had began earlier."""
        if known is not None:
            return Hold(self.maker.now, known.backup_at, known.origin)
        return Hold(self.maker.now, self.contents.taken_at, self.contents.origin)


async def restore(
    backup: Path, url: str, maker: Maker, report: Report, *, overwrite: bool
) -> Contents:
    """Checks a backup, and makes a database of it; returns what is in it.

    Raises:
        StoreDamaged: the backup is damaged. The database is as it was.
        StoreError: the database has data and may not be overwritten, a server is using it, or it
            can't be written.
    """
    contents = await check_backup(backup, report)
    restoring = Restoring(contents, maker)
    place = place_of(url)
    if isinstance(place, Path):
        await _restore_file(backup, place, restoring, overwrite=overwrite)
    else:
        await _restore_server(backup, url, restoring, report, overwrite=overwrite)
    return contents


async def _restore_file(backup: Path, path: Path, restoring: Restoring, *, overwrite: bool) -> None:
    log = path.with_name(path.name + "-wal")
    if not overwrite and any(each.exists() and each.stat().st_size for each in (path, log)):
        raise StoreError(f"{path} {TELL_TO_OVERWRITE}")
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        lock = take_lock(path)
    except OSError as error:
        raise StoreError(f"can't use {path}: {error.strerror}") from error
    with ExitStack() as stack:
        stack.callback(lock.close)
        # It takes the name of the database at the end.
        partial = stack.enter_context(new_file(path, replace=True))
        with our_words(partial):
            shutil.copyfile(backup, partial)
            connection = sqlite3.connect(partial, isolation_level=None, check_same_thread=False)
            end = FileEnd(partial, connection)
        try:
            await end.write(lambda tx: put_on_hold(tx, restoring.hold(find_hold(tx))))
        finally:
            await end.close()
        for name in (log, path.with_name(path.name + "-shm")):
            # The log of the database before would be read into this one.
            name.unlink(missing_ok=True)


async def _restore_server(
    backup: Path, url: str, restoring: Restoring, report: Report, *, overwrite: bool
) -> None:
    destination = await open_alone(url)
    try:
        with TemporaryDirectory(prefix="tocsin-restore-") as scratch:
            source = file.open_to_read(await _of_this_schema(backup, destination, Path(scratch)))
            try:
                await _fill(source, destination, restoring, report, overwrite=overwrite)
            finally:
                await source.close()
        names = ", ".join(f'"{copied.name}"' for copied in await tables_of(destination))
        await destination.run((f"ANALYZE {names}",))
    finally:
        await destination.close()


async def _of_this_schema(backup: Path, destination: End, scratch: Path) -> Path:
    """Returns the backup, or a copy of it with the schema of this version."""
    end = file.open_to_read(backup)
    old = await schema_of(end) != await schema_of(destination)
    await end.close()
    if not old:
        return backup
    copy = scratch / backup.name
    with our_words(copy):
        shutil.copyfile(backup, copy)
    migrate_sqlite(copy, copying=True)
    return copy


async def _fill(
    source: End, destination: End, restoring: Restoring, report: Report, *, overwrite: bool
) -> None:
    """Replaces what is in a database, in one transaction."""
    contents = restoring.contents
    copy = Copy(
        contents.id,
        Role.BACKUP,
        contents.origin,
        contents.taken_at,
        restoring.maker.now,
        contents.version,
    )
    tables = await tables_of(source)
    async with destination.transaction():
        if not overwrite and await has_data(destination, tables):
            raise StoreError(f"{destination.url} {TELL_TO_OVERWRITE}")
        await empty(destination, tables)
        indexes = await destination.drop_indexes()
        sums = await transfer(
            source, destination, tables, done={}, keep=lambda _tx, _progress: None, report=report
        )
        await destination.run(indexes)
        found = await sums_of(destination, tables, doing="checked", report=report)
        compare(sums, found, place=destination.url)

        def conclude(tx: Transaction) -> None:
            note_backup(tx, copy, sums.values())
            put_on_hold(tx, restoring.hold(find_hold(tx)))

        await destination.write(conclude)
