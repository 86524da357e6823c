"""Secret keys that all nodes of a store share; each is made once."""

from dataclasses import dataclass

from sqlalchemy import bindparam, insert, select

from tocsin.store.access.schema import SEALED_KEYS_KNOWN_SINCE
from tocsin.store.driver.records import Record
from tocsin.store.driver.transaction import Contended, Transaction, UniqueViolation
from tocsin.store.lifecycle.compatibility import keep_older_nodes_out
from tocsin.store.schema import shared_keys as table

PAGE_TOKENS = "page_tokens"
COOKIES = "cookies"


@dataclass(frozen=True, slots=True)
class SharedKey:
    """A key, and the name of the key that encrypts it; None: it is in plain text."""

    key: bytes
    sealed_by: str | None


RECORD = Record(SharedKey, table)
SELECT = select(*RECORD.columns).where(table.c.name == bindparam("name"))
INSERT = insert(table)


def shared_key(tx: Transaction, name: str) -> SharedKey | None:
    """Returns a key; None: no node has made it yet."""
    return RECORD.one(tx, SELECT, name=name)


def keep_shared_key(tx: Transaction, name: str, made: SharedKey) -> SharedKey:
    """Returns the key that the store has; `made` becomes that key if the store has none.

    Raises:
        Contended: another node has just added it.
    """
    known = shared_key(tx, name)
    if known is not None:
        return known
    try:
        tx.run(INSERT, name=name, **RECORD.values(made))
    except UniqueViolation:
        raise Contended from None
    if made.sealed_by is not None:
        keep_older_nodes_out(tx, SEALED_KEYS_KNOWN_SINCE)
    return made
