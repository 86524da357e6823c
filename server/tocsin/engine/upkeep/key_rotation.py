"""Makes, announces and retires the keys that sign tokens, on any node."""

import asyncio
from dataclasses import replace
from datetime import datetime

import structlog

from tocsin.access.sealing import Keyring
from tocsin.access.tokens.rsa_keys import (
    load_own_private,
    load_public,
    new_private_key,
    private_pem,
    public_pem,
)
from tocsin.access.tokens.signing import (
    SigningKey,
    SigningKeys,
    key_id,
    retired,
    spent,
    successor_due,
)
from tocsin.engine.sealed_keys import (
    ReadKeyring,
    opened_signing_key,
    seal_plain_keys,
    sealed_signing_key,
)
from tocsin.schedule import Clock
from tocsin.store.access.signing_keys import (
    StoredKey,
    add_signing_key,
    delete_signing_keys,
    forget_private_keys,
    signing_keys,
)
from tocsin.store.driver.database import Database
from tocsin.store.driver.transaction import Transaction

log = structlog.get_logger(__name__)

# Well below the day for which a new key is published before it signs.
EVERY_SECONDS = 60.0


class KeyRotation:
    """Loads the keys of the store into `keys`, and rotates them.

    `clock` decides when a key signs, `machine_clock` times the pauses. `read_keyring` reads the
    keys that encrypt private keys in the store; it is called when one is needed, so that a changed
    file counts without a restart.
    """

    def __init__(
        self,
        database: Database,
        clock: Clock,
        keys: SigningKeys,
        *,
        machine_clock: Clock,
        read_keyring: ReadKeyring = Keyring,
    ) -> None:
        self._database = database
        self._clock = clock
        self.keys = keys
        self._machine_clock = machine_clock
        self._read_keyring = read_keyring

    async def run_once(self) -> None:
        """Loads and rotates the keys, then waits a minute."""
        await self.look()
        await self._machine_clock.sleep(EVERY_SECONDS)

    async def look(self) -> None:
        """Loads and rotates the keys; the first call makes the first key.

        Raises:
            StoreUnavailable: the store can't be reached.
            SealingError: a key that encrypts a new private key is missing or unreadable.
        """
        stored = await self._database.read(signing_keys)
        now = self._clock.now()
        times = [key.signs_from for key in stored]
        if (due := successor_due(times, now)) is not None:
            stored = await self._succeed(stored, due)
        elif retired(times, now) or spent(times, now):
            stored = await self._database.write(lambda tx: _retire(tx, now))
        self.keys.replace([self._loaded(key) for key in stored])
        await self._seal(stored)

    async def _seal(self, stored: list[StoredKey]) -> None:
        """Encrypts what a node without a key added, while the others got theirs."""
        if any(key.private_key is not None and key.sealed_by is None for key in stored):
            ring = self._read_keyring()
            if ring.first is not None:
                await seal_plain_keys(self._database, ring)

    async def _succeed(self, stored: list[StoredKey], signs_from: datetime) -> list[StoredKey]:
        """Adds a key, unless another node was quicker; returns the keys of the store."""
        private = await asyncio.to_thread(new_private_key)
        public = private.public_key()
        last = stored[-1].number if stored else 0
        ring = self._read_keyring()
        added = sealed_signing_key(
            StoredKey(
                last + 1, key_id(public), public_pem(public), private_pem(private), signs_from
            ),
            ring,
        )

        def add(tx: Transaction) -> list[StoredKey]:
            there = signing_keys(tx)
            if (there[-1].number if there else 0) != last:
                return there
            # A node that can't read the others would add one that they can't read.
            ring.check_knows(key.sealed_by for key in there)
            add_signing_key(tx, added)
            return [*there, added]

        there = await self._database.write(add)
        if added in there:
            log.info("made a key to sign tokens", kid=added.id, signs_from=str(signs_from))
        return there

    def _loaded(self, stored: StoredKey) -> SigningKey:
        for known in self.keys.keys:
            if known.id == stored.id and (known.private is None) == (stored.private_key is None):
                return known
        pem = opened_signing_key(stored, self._read_keyring)
        private = None if pem is None else load_own_private(pem)
        return SigningKey(stored.id, load_public(stored.public_key), private, stored.signs_from)


def _retire(tx: Transaction, now: datetime) -> list[StoredKey]:
    there = signing_keys(tx)
    times = [key.signs_from for key in there]
    silent, gone = retired(times, now), spent(times, now)
    if silent:
        forget_private_keys(tx, before=there[silent].number)
    if gone:
        delete_signing_keys(tx, before=there[gone].number)
    return [
        replace(key, private_key=None, sealed_by=None) if index < silent else key
        for index, key in enumerate(there)
        if index >= gone
    ]
