"""Stores authorised keys, the public keys of service accounts."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import bindparam, delete, insert, select

from tocsin.store.access.schema import keys as table
from tocsin.store.driver.records import Record
from tocsin.store.driver.transaction import Transaction


@dataclass(frozen=True, slots=True)
class StoredAuthorisedKey:
    """An authorised key; `public_key` is in PEM."""

    id: str
    account_id: str
    algorithm: str
    public_key: str
    description: str
    created_at: datetime
    configured: bool = False


RECORD = Record(StoredAuthorisedKey, table)
INSERT = insert(table)
SELECT = select(*RECORD.columns).where(table.c.id == bindparam("id"))
OF_ACCOUNT = (
    select(*RECORD.columns)
    .where(table.c.account_id == bindparam("account_id"))
    .order_by(table.c.id)
)
DELETE = delete(table).where(table.c.id == bindparam("id"))


def insert_key(tx: Transaction, key: StoredAuthorisedKey) -> None:
    """Adds a key.

    Raises:
        UniqueViolation: its id is taken.
    """
    tx.run(INSERT, **RECORD.values(key))


def find_key(tx: Transaction, key_id: str) -> StoredAuthorisedKey | None:
    return RECORD.one(tx, SELECT, id=key_id)


def keys_of(tx: Transaction, account_id: str) -> list[StoredAuthorisedKey]:
    return RECORD.all(tx, OF_ACCOUNT, account_id=account_id)


def delete_key(tx: Transaction, key_id: str) -> bool:
    return tx.run(DELETE, id=key_id) > 0
