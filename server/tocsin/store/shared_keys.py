"""Secret keys that all nodes of a store share; each is made once."""

from sqlalchemy import bindparam, insert, select

from tocsin.store.driver.transaction import Contended, Transaction, UniqueViolation
from tocsin.store.schema import shared_keys as table

PAGE_TOKENS = "page_tokens"
COOKIES = "cookies"

SELECT = select(table.c.key).where(table.c.name == bindparam("name"))
INSERT = insert(table)


def shared_key(tx: Transaction, name: str) -> bytes | None:
    """Returns a key; None: no node has made it yet."""
    known: bytes | None = tx.value(SELECT, name=name)
    return known


def keep_shared_key(tx: Transaction, name: str, made: bytes) -> bytes:
    """Returns the key that the store has; `made` becomes that key if the store has none.

    Raises:
        Contended: another node has just added it.
    """
    known = shared_key(tx, name)
    if known is not None:
        return known
    try:
        tx.run(INSERT, name=name, key=made)
    except UniqueViolation:
        raise Contended from None
    return made
