"""Stores operations on triggers, each in the transaction that carries it out."""

from sqlalchemy import bindparam, insert, select

from tocsin.store.driver.transaction import Transaction
from tocsin.store.schema import operations as table

INSERT = insert(table)
SELECT = select(table.c.message).where(table.c.id == bindparam("id"))
PAGE = (
    select(table.c.id, table.c.message)
    .where(table.c.trigger_id == bindparam("trigger_id"), table.c.id < bindparam("before"))
    .order_by(table.c.id.desc())
    .limit(bindparam("limit"))
)

# Sorts after every id: ids consist of 0-9 and a-v.
NEWEST = "~"


def insert_operation(
    tx: Transaction, *, operation_id: str, trigger_id: str, folder_id: str, message: bytes
) -> None:
    tx.run(INSERT, id=operation_id, trigger_id=trigger_id, message=message, folder_id=folder_id)


def find_operation(tx: Transaction, operation_id: str) -> bytes | None:
    message: bytes | None = tx.value(SELECT, id=operation_id)
    return message


def page_of_operations(
    tx: Transaction, *, trigger_id: str, before: str, limit: int
) -> list[tuple[str, bytes]]:
    """Returns up to `limit` (id, message) of a trigger before an id, the newest first."""
    return tx.all(PAGE, trigger_id=trigger_id, before=before, limit=limit)
