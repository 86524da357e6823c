"""Lists and replaces all secret keys that the store keeps, whatever table they are in."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, bindparam, delete, func, select, update

from tocsin.store.access.schema import SEALED_KEYS_KNOWN_SINCE, signing_keys
from tocsin.store.access.signing_keys import bytes_of, text_of
from tocsin.store.driver.transaction import Transaction
from tocsin.store.lifecycle.compatibility import keep_older_nodes_out
from tocsin.store.schema import shared_keys

PLAIN = ""


@dataclass(frozen=True, slots=True)
class SecretKey:
    """A secret key: its place, its value, and the name of the key that encrypts it.

    `sealed_by` is None for a value in plain text.
    """

    place: str
    value: bytes
    sealed_by: str | None


SIGNING, SHARED = "signing key", "shared key"


def place_of_signing_key(key_id: str) -> str:
    return f"{SIGNING} {key_id}"


def place_of_shared_key(name: str) -> str:
    return f"{SHARED} {name}"


ALL_SIGNING = (
    select(signing_keys.c.id, signing_keys.c.private_key, signing_keys.c.sealed_by)
    .where(signing_keys.c.private_key.is_not(None))
    .order_by(signing_keys.c.number)
)
ALL_SHARED = select(shared_keys.c.name, shared_keys.c.key, shared_keys.c.sealed_by).order_by(
    shared_keys.c.name
)


def _still(column: ColumnElement[str | None]) -> ColumnElement[bool]:
    return func.coalesce(column, PLAIN) == bindparam("before")


# Another node may have replaced it meanwhile, or deleted its private half.
REPLACE_SIGNING = (
    update(signing_keys)
    .where(
        signing_keys.c.id == bindparam("of_id"),
        signing_keys.c.private_key.is_not(None),
        _still(signing_keys.c.sealed_by),
    )
    .values(private_key=bindparam("value"), sealed_by=bindparam("by"))
)
REPLACE_SHARED = (
    update(shared_keys)
    .where(shared_keys.c.name == bindparam("of_name"), _still(shared_keys.c.sealed_by))
    .values(key=bindparam("value"), sealed_by=bindparam("by"))
)


def secret_keys(tx: Transaction) -> list[SecretKey]:
    """Returns all secret keys."""
    return [
        *(
            SecretKey(place_of_signing_key(key_id), bytes_of(value, by), by)
            for key_id, value, by in tx.all(ALL_SIGNING)
        ),
        *(
            SecretKey(place_of_shared_key(name), bytes(value), by)
            for name, value, by in tx.all(ALL_SHARED)
        ),
    ]


def replace_secret_keys(tx: Transaction, replaced: Sequence[tuple[SecretKey, SecretKey]]) -> int:
    """Replaces values, each by one of the same place; returns how many were still the same."""
    count = 0
    for known, new in replaced:
        kind, name = known.place.rsplit(" ", 1)
        before = known.sealed_by or PLAIN
        if kind == SIGNING:
            count += tx.run(
                REPLACE_SIGNING,
                of_id=name,
                before=before,
                value=text_of(new.value, new.sealed_by),
                by=new.sealed_by,
            )
        else:
            count += tx.run(
                REPLACE_SHARED, of_name=name, before=before, value=new.value, by=new.sealed_by
            )
    if any(new.sealed_by is not None for _, new in replaced):
        keep_older_nodes_out(tx, SEALED_KEYS_KNOWN_SINCE)
    return count


def delete_secret_keys(tx: Transaction) -> int:
    """Deletes all keys, public halves too, so that nothing that they signed counts any more."""
    return tx.run(delete(signing_keys)) + tx.run(delete(shared_keys))
