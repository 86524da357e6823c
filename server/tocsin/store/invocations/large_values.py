"""Keeps large payloads, messages and answers out of the rows of invocations, on SQLite.

SQLite writes the whole row at each change, and reads a row from its beginning. To claim an
execution of 8 MiB, or to extend its lease, would read 16 MiB. PostgreSQL keeps large values outside
of rows by itself, and nodes of 0.1.0 beside this one look for them in the row. So the row has them
there.

A column whose value is kept apart holds empty bytes. No message and no answer is empty, and a
payload that is found nowhere is.
"""

from collections.abc import Mapping, Sequence

from sqlalchemy import bindparam, delete, func, literal_column, select, update
from sqlalchemy.dialects.postgresql import insert

from tocsin.store.driver.fixed_list import FixedList
from tocsin.store.driver.transaction import Transaction, Value
from tocsin.store.schema import LARGE_VALUES_KNOWN_SINCE, compatibility
from tocsin.store.schema import invocations as rows
from tocsin.store.schema import large_values as table

# A page of SQLite; what is shorter is read and written with its row.
LARGEST_IN_ROW = 4096
FIELDS = ("payload", "message", "answer")
APART = b""
# To delete a value takes time by its size, and every other call waits for it.
DELETED_AT_ONCE = 16 * 1024 * 1024

_put = insert(table)
PUT = _put.on_conflict_do_update(
    index_elements=[table.c.invocation_id, table.c.field],
    set_={"bytes": _put.excluded.bytes, "value": _put.excluded.value},
)
KEEP_OLDER_NODES_OUT = (
    update(compatibility)
    .where(compatibility.c.oldest_known < LARGE_VALUES_KNOWN_SINCE)
    .values(oldest_known=LARGE_VALUES_KNOWN_SINCE)
)
IS_FIELD = table.c.invocation_id == bindparam("id"), table.c.field == bindparam("field")
VALUE = select(table.c.value).where(*IS_FIELD)
# The bytes of an invocation's payload. Neither database reads the payload for its length.
PAYLOAD_BYTES = func.coalesce(
    func.nullif(func.length(rows.c.payload), 0),
    select(table.c.bytes)
    .where(table.c.invocation_id == rows.c.id, table.c.field == literal_column("'payload'"))
    .correlate(rows)
    .scalar_subquery(),
    0,
)
OWNERS = FixedList("owner", 200)
BYTES_OF = select(table.c.invocation_id, table.c.bytes).where(
    table.c.invocation_id.in_(OWNERS.parameters)
)
DELETE = delete(table).where(table.c.invocation_id.in_(OWNERS.parameters))


def is_large(tx: Transaction, value: Value) -> bool:
    """Returns whether the store keeps a value apart from its row."""
    return isinstance(value, bytes) and len(value) > LARGEST_IN_ROW and tx.exclusive


def take_out(tx: Transaction, row: dict[str, Value]) -> dict[str, Value]:
    """Takes the large values out of a row that is to be inserted; returns them, by column."""
    large: dict[str, Value] = {}
    if tx.exclusive:
        for name in FIELDS:
            value = row.get(name)
            if isinstance(value, bytes) and len(value) > LARGEST_IN_ROW:
                large[name], row[name] = value, APART
    return large


def keep(tx: Transaction, invocation_id: str, large: Mapping[str, Value]) -> None:
    """Stores large values of an invocation, by column, in place of those that are there.

    From then on nodes of 0.1.0 refuse the database.
    """
    for field, value in large.items():
        assert isinstance(value, bytes), "only bytes are kept apart"
        tx.run(PUT, invocation_id=invocation_id, field=field, bytes=len(value), value=value)
    tx.run(KEEP_OLDER_NODES_OUT)


def find_large(tx: Transaction, invocation_id: str, field: str) -> bytes | None:
    """Returns a value that is kept apart, or None."""
    value: bytes | None = tx.value(VALUE, id=invocation_id, field=field)
    return value


def deletable_at_once(tx: Transaction, ids: Sequence[str]) -> tuple[list[str], bool]:
    """Returns the first of some invocations, whose values are not too large to be deleted at once.

    Returns also whether any of them has values that are kept apart.
    """
    bytes_of: dict[str, int] = {}
    if tx.exclusive:
        for owners in OWNERS.slices(ids):
            for invocation_id, size in tx.all(BYTES_OF, **owners):
                bytes_of[invocation_id] = bytes_of.get(invocation_id, 0) + size
    total = 0
    first: list[str] = []
    for invocation_id in ids:
        total += bytes_of.get(invocation_id, 0)
        if first and total > DELETED_AT_ONCE:
            break
        first.append(invocation_id)
    return first, bool(bytes_of)


def delete_large(tx: Transaction, ids: Sequence[str]) -> None:
    """Deletes the values of invocations that are kept apart."""
    for owners in OWNERS.slices(ids):
        tx.run(DELETE, **owners)
