"""Authorised keys: the public halves of what service accounts sign with."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import bindparam, delete, insert, select

from tocsin.store.access.schema import keys as table
from tocsin.store.driver.instants import from_micros, to_micros
from tocsin.store.driver.transaction import Row, Transaction

COLUMNS = (
    table.c.id,
    table.c.account_id,
    table.c.algorithm,
    table.c.public_key,
    table.c.description,
    table.c.created_at,
    table.c.configured,
)
INSERT = insert(table)
SELECT = select(*COLUMNS).where(table.c.id == bindparam("id"))
OF_ACCOUNT = (
    select(*COLUMNS).where(table.c.account_id == bindparam("account_id")).order_by(table.c.id)
)
DELETE = delete(table).where(table.c.id == bindparam("id"))


@dataclass(frozen=True, slots=True)
class StoredAuthorisedKey:
    """An authorised key; its public half is in PEM."""

    id: str
    account_id: str
    algorithm: str
    public_key: str
    description: str
    created_at: datetime
    configured: bool = False


def insert_key(tx: Transaction, key: StoredAuthorisedKey) -> None:
    """Adds a key.

    Raises:
        UniqueViolation: its id is taken.
    """
    tx.run(
        INSERT,
        id=key.id,
        account_id=key.account_id,
        algorithm=key.algorithm,
        public_key=key.public_key,
        description=key.description,
        created_at=to_micros(key.created_at),
        configured=int(key.configured),
    )


def find_key(tx: Transaction, key_id: str) -> StoredAuthorisedKey | None:
    row = tx.one(SELECT, id=key_id)
    return None if row is None else _key(row)


def keys_of(tx: Transaction, account_id: str) -> list[StoredAuthorisedKey]:
    return [_key(row) for row in tx.all(OF_ACCOUNT, account_id=account_id)]


def delete_key(tx: Transaction, key_id: str) -> bool:
    return tx.run(DELETE, id=key_id) > 0


def _key(row: Row) -> StoredAuthorisedKey:
    key_id, account_id, algorithm, public_key, description, created_at, configured = row
    return StoredAuthorisedKey(
        key_id,
        account_id,
        algorithm,
        public_key,
        description,
        from_micros(created_at),
        bool(configured),
    )
