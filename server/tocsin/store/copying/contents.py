"""Describes what is in a backup, and checks it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from tocsin.store.copying.ends.file import FileEnd, open_to_read, our_words
from tocsin.store.copying.ends.opening import schema_to_copy
from tocsin.store.copying.tables import tables_of
from tocsin.store.copying.transfer import Report, compare, sums_of
from tocsin.store.driver.database import StoreDamaged, StoreError
from tocsin.store.lifecycle.copies import Copy, Progress, Role, all_copies, progress_of
from tocsin.store.lifecycle.schema import copies


@dataclass(frozen=True, slots=True)
class Contents:
    """What a backup says of itself: of which database it is, since when, and what is in it.

    `schema` is a revision of the migrations, `tables` has the rows and checksum of each table.
    """

    id: str
    origin: str
    taken_at: datetime
    version: str
    schema: str
    bytes: int
    tables: Mapping[str, Progress]

    @property
    def rows(self) -> int:
        return sum(table.rows for table in self.tables.values())


async def contents_of(end: FileEnd) -> Contents:
    """Reads what a backup says of itself.

    Raises:
        StoreError: the file is not a backup.
    """
    schema = await schema_to_copy(end)
    copy: Copy | None = None
    if copies.name in await end.columns():
        known = await end.read(all_copies)
        copy = next((each for each in known if each.role is Role.BACKUP), None)
    if copy is None or copy.ended_at is None:
        raise StoreError(
            f"{end.path} is a database but not a backup: serve it with --database {end.url}, or "
            f"make a backup of it with `tocsin backup --database {end.url} --to FILE`"
        )
    copy_id = copy.id
    tables = await end.read(lambda tx: progress_of(tx, copy_id))
    size = end.path.stat().st_size
    return Contents(copy.id, copy.peer, copy.began_at, copy.version, schema, size, tables)


async def check_backup(path: Path, report: Report) -> Contents:
    """Reads a whole backup, and returns what is in it.

    Raises:
        StoreDamaged: it does not hold any more what was backed up.
        StoreError: the file does not exist or is not a backup.
    """
    end = open_to_read(path)
    try:
        contents = await contents_of(end)
        check_pages(end)
        found = await sums_of(end, await tables_of(end), doing="checked", report=report)
        compare(contents.tables, found, place=str(path))
        return contents
    finally:
        await end.close()


def check_pages(end: FileEnd) -> None:
    """Checks the structure of a database file, indexes included.

    Raises:
        StoreDamaged: it is damaged; the text has the first faults that SQLite finds.
    """
    with our_words(end.path):
        faults = [row[0] for row in end.connection.execute("PRAGMA integrity_check(10)")]
    if faults != ["ok"]:
        raise StoreDamaged(f"{end.path} is damaged, use a sound backup: {'; '.join(faults)}")
