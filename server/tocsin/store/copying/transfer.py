"""Copies the rows of all tables from one database to another, and verifies them."""

import asyncio
from collections.abc import AsyncGenerator, Callable, Iterable, Mapping, Sequence
from contextlib import aclosing, suppress
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
    apart, apart_there = await _keeps_apart(source), await _keeps_apart(destination)
    clean = source.exclusive and not destination.exclusive
    counts = await counts_of(source, tables)
    copied_now: dict[str, Progress] = {}
    for copied in tables:
        progress = done.get(copied.name, Progress(copied.name, 0, 0, ()))
        async with aclosing(_pages(source, copied, progress.position, apart=apart)) as pages:
            async for rows in pages:
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
        insert_rows(tx, destination, copied, rows, apart=apart)
        keep(tx, progress)

    return work


async def sums_of(
    end: End, tables: Sequence[Copied], *, doing: str, report: Report
) -> dict[str, Progress]:
    """Reads all tables; returns their counts and checksums."""
    apart = await _keeps_apart(end)
    counts = await counts_of(end, tables)
    sums: dict[str, Progress] = {}
    for copied in tables:
        count = total = 0
        async with aclosing(_pages(end, copied, (), apart=apart)) as pages:
            async for rows in pages:
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


async def _keeps_apart(end: End) -> bool:
    """Returns whether a database keeps large values of invocations in a table of their own."""
    return end.exclusive and large_values.name in await end.columns()


async def _pages(
    end: End, copied: Copied, position: tuple[Value, ...] | None, *, apart: bool
) -> AsyncGenerator[list[Row]]:
    """Reads the rows after a position; `()` is before the first row, and None behind the last."""

    def page_after(position: tuple[Value, ...]) -> "asyncio.Task[list[Row]]":
        read = end.read(lambda tx: next_rows(tx, copied, position or None, apart=apart))
        return asyncio.create_task(read)

    if position is None:
        return
    following = page_after(position)
    try:
        while rows := await following:
            # The next page is on its way while the caller works at this one.
            following = page_after(copied.position(rows[-1]))
            yield rows
    finally:
        following.cancel()
        with suppress(asyncio.CancelledError):
            await following


def _without_nul(rows: list[Row]) -> list[Row]:
    """Replaces NUL in texts, which versions before 0.2 kept in SQLite, and PostgreSQL refuses."""
    if not any(_has_nul(column) for column in zip(*rows, strict=True)):
        return rows
    return [
        tuple(
            value.replace("\0", REPLACEMENT) if isinstance(value, str) else value for value in row
        )
        if any(isinstance(value, str) and "\0" in value for value in row)
        else row
        for row in rows
    ]


def _has_nul(column: Sequence[Value]) -> bool:
    """Returns whether a text of a column has NUL; a column has texts, or other values."""
    texts = filter(None, column)
    first = next(texts, None)
    return isinstance(first, str) and ("\0" in first or "\0" in "".join(map(str, texts)))
