"""The keys that tokens are signed with, shared by all nodes."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import bindparam, delete, insert, null, select, update

from tocsin.store.access.schema import signing_keys as table
from tocsin.store.driver.instants import from_micros, to_micros
from tocsin.store.driver.transaction import Contended, Transaction, UniqueViolation

ALL = select(
    table.c.number, table.c.id, table.c.public_key, table.c.private_key, table.c.signs_from
).order_by(table.c.number)
INSERT = insert(table)
FORGET_PRIVATE = (
    update(table)
    .where(table.c.number < bindparam("before"), table.c.private_key.is_not(None))
    .values(private_key=null())
)
DELETE = delete(table).where(table.c.number < bindparam("before"))


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


def signing_keys(tx: Transaction) -> list[StoredKey]:
    """Returns all of them, the oldest first."""
    return [
        StoredKey(number, key_id, public_key, private_key, from_micros(signs_from))
        for number, key_id, public_key, private_key, signs_from in tx.all(ALL)
    ]


def add_signing_key(tx: Transaction, key: StoredKey) -> None:
    """Adds a key.

    Raises:
        Contended: another node has just added one in its place.
    """
    try:
        tx.run(
            INSERT,
            number=key.number,
            id=key.id,
            public_key=key.public_key,
            private_key=key.private_key,
            signs_from=to_micros(key.signs_from),
        )
    except UniqueViolation:
        raise Contended from None


def forget_private_keys(tx: Transaction, *, before: int) -> int:
    """Forgets the private halves of the keys before that number."""
    return tx.run(FORGET_PRIVATE, before=before)


def delete_signing_keys(tx: Transaction, *, before: int) -> int:
    """Deletes the keys before that number: nothing that they signed is valid any more."""
    return tx.run(DELETE, before=before)
