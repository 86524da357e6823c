"""Finds whether a database has data, and deletes it."""

from collections.abc import Iterable

from sqlalchemy import Table, delete

from tocsin.store.access.schema import generation
from tocsin.store.copying.ends.protocol import End
from tocsin.store.copying.tables import Copied
from tocsin.store.schema import large_values

# A migration makes its row.
BORN_WITH_ROWS = {generation.name}


async def has_data(end: End, tables: Iterable[Copied]) -> bool:
    """Returns whether a table has a row, other than those of a new database."""
    for copied in tables:
        first = await end.read(lambda tx: tx.one(copied.first_page, limit=1))  # noqa: B023
        if first is not None and copied.name not in BORN_WITH_ROWS:
            return True
    return False


async def empty(end: End, tables: Iterable[Copied]) -> None:
    """Deletes the rows of tables."""
    if not end.exclusive:
        names = ", ".join(f'"{copied.name}"' for copied in tables)
        await end.run((f"TRUNCATE {names}",))
        return
    emptied: list[Table] = [copied.table for copied in tables]
    if large_values.name in await end.columns():
        emptied.append(large_values)
    for table in emptied:
        await end.write(lambda tx: tx.run(delete(table)))  # noqa: B023
