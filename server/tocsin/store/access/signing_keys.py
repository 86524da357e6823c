"""The keys that tokens are signed with, shared by all nodes."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import bindparam, delete, insert, null, select, update

from tocsin.store.access.schema import signing_keys as table
from tocsin.store.driver.records import Record
from tocsin.store.driver.transaction import Contended, Transaction, UniqueViolation


@dataclass(frozen=True, slots=True)
class StoredKey:
    """A key: its place in the order of their making, its `kid`, its halves in PEM.

    It signs from that instant on, until the next one does.
    """

    number: int
    id: str
    public_key: str
    private_key: str | None
    signs_from: datetime


RECORD = Record(StoredKey, table)
ALL = select(*RECORD.columns).order_by(table.c.number)
INSERT = insert(table)
FORGET_PRIVATE = (
    update(table)
    .where(table.c.number < bindparam("before"), table.c.private_key.is_not(None))
    .values(private_key=null())
)
DELETE = delete(table).where(table.c.number < bindparam("before"))


def signing_keys(tx: Transaction) -> list[StoredKey]:
    """Returns all of them, the oldest first."""
    return RECORD.all(tx, ALL)


def add_signing_key(tx: Transaction, key: StoredKey) -> None:
    """Adds a key.

    Raises:
        Contended: another node has just added one in its place.
    """
    try:
        tx.run(INSERT, **RECORD.values(key))
    except UniqueViolation:
        raise Contended from None


def forget_private_keys(tx: Transaction, *, before: int) -> int:
    """Forgets the private halves of the keys before that number."""
    return tx.run(FORGET_PRIVATE, before=before)


def delete_signing_keys(tx: Transaction, *, before: int) -> int:
    """Deletes the keys before that number: nothing that they signed is valid any more."""
    return tx.run(DELETE, before=before)
