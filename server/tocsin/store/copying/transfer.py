"""Copies the rows of all tables from one database to another, and verifies them."""

from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from typing import TypeAlias

from tocsin.store.copying.checksums import checksum, together
from tocsin.store.copying.ends.protocol import End
from tocsin.store.copying.tables import Copied, insert_rows, next_rows
from tocsin.store.driver.database import StoreDamaged
from tocsin.store.driver.transaction import Row, Transaction, Value
from tocsin.store.lifecycle.copies import Progress
from tocsin.store.schema import large_values

REPLACEMENT = "\N{REPLACEMENT CHARACTER}"

# Called after each page with what is done, the table, and how many of all its rows are through.
Report: TypeAlias = Callable[[str, str, int, int], None]
Keep: TypeAlias = Callable[[Transaction, Progress], None]


async def counts_of(end: End, tables: Iterable[Copied]) -> dict[str, int]:
    """Returns how many rows each table has."""
    return {copied.name: await end.read(lambda tx: tx.value(copied.count)) for copied in tables}  # noqa: B023


async def transfer(
    source: End,
    destination: End,
    tables: Sequence[Copied],
    *,
    done: Mapping[str, Progress],
    keep: Keep,
    report: Report,
) -> dict[str, Progress]:
    """Copies all rows; returns the count and the checksum of each table, as the source has it.

    Args:
        source: is read.
        destination: has the same tables, which hold what is `done`.
        tables: the tables, as the source has them.
        done: how far an interrupted transfer got.
        keep: is run in the transaction of each page, with how far the table is then.
        report: is called after each page.
    """
    apart_there = large_values.name in await destination.columns()
    clean = source.exclusive and not destination.exclusive
    counts = await counts_of(source, tables)
    copied_now: dict[str, Progress] = {}
    for copied in tables:
        progress = done.get(copied.name, Progress(copied.name, 0, 0, ()))
        async for rows in _pages(source, copied, progress.position):
            if clean:
                rows = _without_nul(rows)
            progress = Progress(
                copied.name,
                progress.rows + len(rows),
                together(progress.checksum, checksum(rows)),
                copied.position(rows[-1]),
            )
            await destination.write(
                _page_of(destination, copied, rows, apart_there, keep, progress)
            )
            report("copied", copied.name, progress.rows, counts[copied.name])
        progress = Progress(copied.name, progress.rows, progress.checksum, None)
        await destination.write(lambda tx: keep(tx, progress))  # noqa: B023
        copied_now[copied.name] = progress
    return copied_now


def _page_of(
    destination: End,
    copied: Copied,
    rows: Sequence[Row],
    apart: bool,
    keep: Keep,
    progress: Progress,
) -> Callable[[Transaction], None]:
    def work(tx: Transaction) -> None:
        insert_rows(tx, destination, copied, rows, apart=apart and destination.exclusive)
        keep(tx, progress)

    return work


async def sums_of(
    end: End, tables: Sequence[Copied], *, doing: str, report: Report
) -> dict[str, Progress]:
    """Reads all tables; returns their counts and checksums."""
    counts = await counts_of(end, tables)
    sums: dict[str, Progress] = {}
    for copied in tables:
        count = total = 0
        async for rows in _pages(end, copied, ()):
            count += len(rows)
            total = together(total, checksum(rows))
            report(doing, copied.name, count, counts[copied.name])
        sums[copied.name] = Progress(copied.name, count, total, None)
    return sums


def compare(wanted: Mapping[str, Progress], found: Mapping[str, Progress], *, place: str) -> None:
    """Compares the sums of tables.

    Raises:
        StoreDamaged: rows are missing or differ; the text names the tables.
    """
    wrong = [
        f"{name} has {found[name].rows if name in found else 0:,} rows of {one.rows:,}"
        if name not in found or found[name].rows != one.rows
        else f"{name} has another checksum"
        for name, one in wanted.items()
        if name not in found or (found[name].rows, found[name].checksum) != (one.rows, one.checksum)
    ]
    if wrong:
        raise StoreDamaged(f"{place} does not hold what was copied: {'; '.join(wrong)}")


async def _pages(
    end: End, copied: Copied, position: tuple[Value, ...] | None
) -> AsyncIterator[list[Row]]:
    """Reads the rows after a position; `()` is before the first row, and None behind the last."""
    apart = end.exclusive and large_values.name in await end.columns()
    while position is not None:
        rows = await end.read(
            lambda tx: next_rows(tx, copied, position or None, apart=apart)  # noqa: B023
        )
        if not rows:
            return
        yield rows
        position = copied.position(rows[-1])


def _without_nul(rows: list[Row]) -> list[Row]:
    """Replaces NUL in texts, which versions before 0.2 kept in SQLite, and PostgreSQL refuses."""
    return [
        tuple(
            value.replace("\0", REPLACEMENT) if isinstance(value, str) else value for value in row
        )
        if any(isinstance(value, str) and "\0" in value for value in row)
        else row
        for row in rows
    ]
