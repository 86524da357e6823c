"""Reads tables page by page, with large values in their rows, and writes them."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from sqlalchemy import (
    Column,
    LargeBinary,
    Select,
    Table,
    Text,
    bindparam,
    func,
    literal_column,
    select,
    tuple_,
)

from tocsin.store.copying.ends.protocol import End
from tocsin.store.driver.transaction import Row, Transaction, Value
from tocsin.store.invocations.large_values import APART, FIELDS, LARGEST_IN_ROW
from tocsin.store.lifecycle.schema import copied_tables, copies
from tocsin.store.schema import compatibility, invocations, large_values, metadata

# What says how a database may be used stays with it, and large values go with their rows.
NOT_COPIED = {compatibility.name, copies.name, copied_tables.name, large_values.name}
ROWS_AT_ONCE = 2000
BYTES_AT_ONCE = 32 * 1024 * 1024
# Texts as large as a caller, a target or a source made them.
LARGE_TEXTS = {"body", "history", "last_error", "receipt", "action"}


@dataclass(frozen=True)
class Copied:
    """A table, and those of its columns that the source has."""

    table: Table
    names: tuple[str, ...]

    @property
    def name(self) -> str:
        return self.table.name

    @cached_property
    def key(self) -> tuple[int, ...]:
        """Where in a row the columns of its key stand."""
        return tuple(self.names.index(column.name) for column in self.table.primary_key)

    @cached_property
    def large(self) -> dict[str, int]:
        """Where in a row the columns stand whose values SQLite may keep apart."""
        if self.table is not invocations:
            return {}
        return {name: self.names.index(name) for name in FIELDS}

    @cached_property
    def first_page(self) -> Select[Any]:
        return self._page(self._columns)

    @cached_property
    def page(self) -> Select[Any]:
        return self.first_page.where(self._after)

    @cached_property
    def first_bytes(self) -> Select[Any]:
        return self._bytes(self._page(self._sizes))

    @cached_property
    def bytes(self) -> Select[Any]:
        return self._bytes(self._page(self._sizes).where(self._after))

    @cached_property
    def count(self) -> Select[Any]:
        return select(func.count()).select_from(self.table)

    @property
    def _columns(self) -> list[Column[Any]]:
        return [self.table.c[name] for name in self.names]

    @property
    def _sizes(self) -> list[Any]:
        sized = [
            column
            for column in self._columns
            if isinstance(column.type, LargeBinary)
            or (isinstance(column.type, Text) and column.name in LARGE_TEXTS)
        ]
        total: Any = literal_column("0")
        for column in sized:
            total = total + func.coalesce(func.length(column), literal_column("0"))
        return [total.label("size")]

    def _page(self, columns: Sequence[Any]) -> Select[Any]:
        key = list(self.table.primary_key)
        return select(*columns).select_from(self.table).order_by(*key).limit(bindparam("limit"))

    def _bytes(self, page: Select[Any]) -> Select[Any]:
        return select(func.sum(page.subquery().c.size))

    @property
    def _after(self) -> Any:
        key = list(self.table.primary_key)
        return tuple_(*key) > tuple_(
            *(bindparam(f"after_{column.name}", type_=column.type) for column in key)
        )

    def position(self, row: Row) -> tuple[Value, ...]:
        """Returns the key of a row."""
        return tuple(row[index] for index in self.key)

    def after(self, position: Sequence[Value]) -> dict[str, Value]:
        """Returns the parameters for the page after a row."""
        names = (column.name for column in self.table.primary_key)
        return {f"after_{name}": value for name, value in zip(names, position, strict=True)}


async def tables_of(end: End) -> list[Copied]:
    """Returns the tables of a database that are copied, with the columns that it has."""
    there = await end.columns()
    return [
        Copied(table, tuple(name for name in table.c.keys() if name in there[table.name]))  # noqa: SIM118
        for table in metadata.sorted_tables
        if table.name in there and table.name not in NOT_COPIED
    ]


BYTES_APART = (
    select(large_values.c.invocation_id, func.sum(large_values.c.bytes))
    .where(
        large_values.c.invocation_id >= bindparam("first"),
        large_values.c.invocation_id <= bindparam("last"),
    )
    .group_by(large_values.c.invocation_id)
    .order_by(large_values.c.invocation_id)
)
APART_OF = select(large_values.c.invocation_id, large_values.c.field, large_values.c.value).where(
    large_values.c.invocation_id >= bindparam("first"),
    large_values.c.invocation_id <= bindparam("last"),
)


def next_rows(
    tx: Transaction, copied: Copied, position: Sequence[Value] | None, *, apart: bool
) -> list[Row]:
    """Reads the rows after a position (None: the first ones), as many as memory is fine with.

    Args:
        tx: reads the source.
        copied: the table.
        position: the key of the last row that was read.
        apart: whether the source keeps large values of invocations apart; they stand in the rows.
    """
    after = {} if position is None else copied.after(position)
    bytes_ = copied.first_bytes if position is None else copied.bytes
    limit = ROWS_AT_ONCE
    while limit > 1 and (tx.value(bytes_, limit=limit, **after) or 0) > BYTES_AT_ONCE:
        limit //= 2
    page = copied.first_page if position is None else copied.page
    rows = tx.all(page, limit=limit, **after)
    return _with_large_values(tx, copied, rows) if apart and copied.large and rows else rows


def _with_large_values(tx: Transaction, copied: Copied, rows: list[Row]) -> list[Row]:
    [key] = copied.key
    total, last = 0, rows[-1][key]
    for invocation_id, size in tx.all(BYTES_APART, first=rows[0][key], last=last):
        total += size
        if total > BYTES_AT_ONCE:
            last = invocation_id
            break
    values: dict[str, dict[int, Value]] = {}
    for invocation_id, field, value in tx.all(APART_OF, first=rows[0][key], last=last):
        values.setdefault(invocation_id, {})[copied.large[field]] = value
    whole = []
    for row in rows:
        if (own := values.get(row[key])) is not None:
            row = tuple(own.get(index, value) for index, value in enumerate(row))
        whole.append(row)
        if row[key] == last:
            break
    return whole


def insert_rows(
    tx: Transaction, end: End, copied: Copied, rows: Sequence[Row], *, apart: bool
) -> None:
    """Inserts rows; with `apart`, large values of invocations go into their own table."""
    if apart and copied.large:
        rows, values = _without_large_values(copied, rows)
        if values:
            end.insert(tx, large_values, ("invocation_id", "field", "bytes", "value"), values)
    end.insert(tx, copied.table, copied.names, rows)


def _without_large_values(copied: Copied, rows: Sequence[Row]) -> tuple[list[Row], list[Row]]:
    [key] = copied.key
    kept: list[Row] = []
    values: list[Row] = []
    for row in rows:
        large = {
            index: (row[key], field, len(value), value)
            for field, index in copied.large.items()
            if (value := row[index]) is not None and len(value) > LARGEST_IN_ROW
        }
        if large:
            values += large.values()
            row = tuple(APART if index in large else each for index, each in enumerate(row))
        kept.append(row)
    return kept, values
