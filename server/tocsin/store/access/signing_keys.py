"""Stores the keys that sign tokens; all nodes share them."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import bindparam, delete, insert, null, select, update

from tocsin.store.access.schema import signing_keys as table
from tocsin.store.driver.records import Record
from tocsin.store.driver.transaction import Contended, Transaction, UniqueViolation


@dataclass(frozen=True, slots=True)
class StoredKey:
    """A key that signs tokens from `signs_from` until the next key does.

    `number` grows with each new key, `id` is the `kid`, and both keys are in PEM.
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
    """Returns all keys, the oldest first."""
    return RECORD.all(tx, ALL)


def add_signing_key(tx: Transaction, key: StoredKey) -> None:
    """Adds a key.

    Raises:
        Contended: another node has just added a key with this number.
    """
    try:
        tx.run(INSERT, **RECORD.values(key))
    except UniqueViolation:
        raise Contended from None


def forget_private_keys(tx: Transaction, *, before: int) -> int:
    """Deletes the private keys with numbers less than `before`; returns how many."""
    return tx.run(FORGET_PRIVATE, before=before)


def delete_signing_keys(tx: Transaction, *, before: int) -> int:
    """Deletes the keys with numbers less than `before`, whose tokens have all expired."""
    return tx.run(DELETE, before=before)
