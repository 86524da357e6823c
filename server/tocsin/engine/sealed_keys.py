"""Keeps the secret keys of the store encrypted: seals new ones, opens them, and changes the key."""

from collections.abc import Callable
from dataclasses import dataclass, replace

import structlog

from tocsin.access.sealing import Keyring, Sealed
from tocsin.store.access.secret_keys import (
    SecretKey,
    place_of_shared_key,
    place_of_signing_key,
    replace_secret_keys,
    secret_keys,
)
from tocsin.store.access.signing_keys import StoredKey, bytes_of, text_of
from tocsin.store.driver.database import Database
from tocsin.store.driver.transaction import Transaction
from tocsin.store.shared_keys import SharedKey, keep_shared_key, shared_key

log = structlog.get_logger(__name__)

ReadKeyring = Callable[[], Keyring]


@dataclass(frozen=True, slots=True)
class Resealed:
    """How many secret keys there are, and how many were encrypted anew."""

    keys: int
    changed: int


def sealed_signing_key(key: StoredKey, ring: Keyring) -> StoredKey:
    """Encrypts the private half of a signing key, as text; without a key it stays in PEM."""
    if key.private_key is None or ring.first is None:
        return key
    sealed = ring.seal(key.private_key.encode(), place_of_signing_key(key.id))
    return replace(key, private_key=text_of(sealed.value, sealed.by), sealed_by=sealed.by)


def opened_signing_key(key: StoredKey, read: ReadKeyring) -> str | None:
    """Returns the private half in PEM; None if it was deleted.

    Raises:
        SealingError: the key that encrypts it is missing, or it was changed.
    """
    if key.private_key is None or key.sealed_by is None:
        return key.private_key
    sealed = Sealed(bytes_of(key.private_key, key.sealed_by), key.sealed_by)
    return read().open(sealed, place_of_signing_key(key.id)).decode()


async def kept_key(
    database: Database, name: str, make: Callable[[], bytes], ring: Keyring
) -> bytes:
    """Returns a key that all nodes of the store share, and makes it if there is none.

    Raises:
        SealingError: the key that encrypts it is missing, or it was changed.
    """
    place = place_of_shared_key(name)
    known = await database.read(lambda tx: shared_key(tx, name))
    if known is None:
        sealed = ring.seal(make(), place)
        made = SharedKey(sealed.value, sealed.by)
        known = await database.write(lambda tx: keep_shared_key(tx, name, made))
    return ring.open(Sealed(known.key, known.sealed_by), place)


async def check_keys(database: Database, read: ReadKeyring) -> Keyring:
    """Opens all secret keys, and encrypts those in plain text if there is a key to do it.

    Raises:
        SealingError: a key that encrypts them is missing, or one of them was changed.
    """
    ring = read()
    known = await database.read(secret_keys)
    for key in known:
        _opened(key, ring)
    if ring.first is not None and any(key.sealed_by is None for key in known):
        await seal_plain_keys(database, ring)
    elif ring.first is not None and any(key.sealed_by != ring.first for key in known):
        log.warning(
            "some keys in the store are encrypted with an older key: run `tocsin keys rotate`",
            first=ring.first,
        )
    return ring


async def seal_plain_keys(database: Database, ring: Keyring) -> None:
    """Encrypts the keys that are in plain text; the others stay as they are."""
    done = await database.write(lambda tx: reseal(tx, ring, only=lambda key: key.sealed_by is None))
    if done.changed:
        log.info(
            "encrypted keys that the store had in plain text", keys=done.changed, by=ring.first
        )


def reseal(
    tx: Transaction,
    ring: Keyring,
    *,
    only: Callable[[SecretKey], bool] = lambda _key: True,
    plain: bool = False,
) -> Resealed:
    """Encrypts secret keys with the first key of a ring.

    Args:
        tx: reads and writes them.
        ring: has the keys with which they are encrypted now, too.
        only: which of them.
        plain: whether to leave them in plain text instead.

    Raises:
        SealingError: a key that encrypts them is missing, or one of them was changed.
    """
    known = secret_keys(tx)
    target = None if plain else ring.first
    wanted = [key for key in known if only(key) and key.sealed_by != target]
    sealing = Keyring() if plain else ring
    changed = replace_secret_keys(tx, [(key, _sealed(key, ring, sealing)) for key in wanted])
    return Resealed(len(known), changed)


def _opened(key: SecretKey, ring: Keyring) -> bytes:
    return ring.open(Sealed(key.value, key.sealed_by), key.place)


def _sealed(key: SecretKey, ring: Keyring, sealing: Keyring) -> SecretKey:
    sealed = sealing.seal(_opened(key, ring), key.place)
    return SecretKey(key.place, sealed.value, sealed.by)
