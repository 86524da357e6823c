"""Stores the keys that sign tokens; all nodes share them."""

import base64
import binascii
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import bindparam, delete, insert, null, select, update

from tocsin.store.access.schema import SEALED_KEYS_KNOWN_SINCE
from tocsin.store.access.schema import signing_keys as table
from tocsin.store.driver.records import Record
from tocsin.store.driver.transaction import Contended, Transaction, UniqueViolation
from tocsin.store.lifecycle.compatibility import keep_older_nodes_out


@dataclass(frozen=True, slots=True)
class StoredKey:
    """A key that signs tokens from `signs_from` until the next key does.

    `number` grows with each new key, `id` is the `kid`, and both keys are in PEM. A private key
    that the key named `sealed_by` encrypts is in base64 instead.
    """

    number: int
    id: str
    public_key: str
    private_key: str | None
    signs_from: datetime
    sealed_by: str | None = None


RECORD = Record(StoredKey, table)
ALL = select(*RECORD.columns).order_by(table.c.number)
INSERT = insert(table)
FORGET_PRIVATE = (
    update(table)
    .where(table.c.number < bindparam("before"), table.c.private_key.is_not(None))
    .values(private_key=null(), sealed_by=null())
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
    if key.sealed_by is not None:
        keep_older_nodes_out(tx, SEALED_KEYS_KNOWN_SINCE)


def forget_private_keys(tx: Transaction, *, before: int) -> int:
    """Deletes the private keys with numbers less than `before`; returns how many."""
    return tx.run(FORGET_PRIVATE, before=before)


def delete_signing_keys(tx: Transaction, *, before: int) -> int:
    """Deletes the keys with numbers less than `before`, whose tokens have all expired."""
    return tx.run(DELETE, before=before)


def text_of(private: bytes, sealed_by: str | None) -> str:
    """Returns a private key as the table keeps it: PEM as it is, encrypted bytes in base64."""
    return private.decode() if sealed_by is None else base64.b64encode(private).decode()


def bytes_of(text: str, sealed_by: str | None) -> bytes:
    """Does the opposite; text that somebody changed becomes bytes that can't be decrypted."""
    if sealed_by is None:
        return text.encode()
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return b""
