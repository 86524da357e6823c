"""Serves the methods of `tocsin.v1.AccessService` about authorised keys of service accounts."""

import asyncio
import json

from tocsin.access.principal import SERVICE_ACCOUNT
from tocsin.access.tokens.rsa_keys import (
    BITS,
    load_public,
    new_private_key,
    private_pem,
    public_pem,
)
from tocsin.api.tocsin.access.accounts import ACCOUNT_PREFIX, existing
from tocsin.contract.validation import Violation
from tocsin.schedule import Clock
from tocsin.schedule.instants import iso
from tocsin.store.access.authorised_keys import (
    StoredAuthorisedKey,
    delete_key,
    find_key,
    insert_key,
    keys_of,
)
from tocsin.store.access.tokens import tell_change
from tocsin.store.driver.database import Database
from tocsin.store.driver.transaction import Transaction
from tocsin.wire import errors
from tocsin.wire.ids import Ids
from tocsin.wire.serving import Checked, Served
from tocsin.wire.timestamps import to_timestamp
from tocsin_protos.tocsin.v1 import access_service_pb2 as contract

LONGEST_DESCRIPTION = 256
LONGEST_PEM = 4096
MOST_BITS = 8192


class AuthorisedKeys:
    """Serves the methods of `AccessService` about authorised keys."""

    def __init__(self, database: Database, clock: Clock, ids: Ids) -> None:
        self._database = database
        self._clock = clock
        self._ids = ids

    def methods(self) -> dict[str, Served]:
        return {
            "CreateKey": Checked(self.create, _violations),
            "ListKeys": self.list,
            "DeleteKey": self.delete,
        }

    async def create(self, request: contract.CreateKeyRequest) -> contract.CreateKeyResponse:
        """Stores a public key, or makes a pair and returns the private key in the answer."""
        private = None if request.public_key else await asyncio.to_thread(new_private_key)
        public = load_public(request.public_key) if private is None else private.public_key()
        key = StoredAuthorisedKey(
            self._ids.new(ACCOUNT_PREFIX),
            request.account_id,
            f"RSA_{public.key_size}",
            public_pem(public),
            request.description,
            self._clock.now(),
        )

        def add(tx: Transaction) -> None:
            if existing(tx, key.account_id).kind != SERVICE_ACCOUNT:
                raise errors.invalid_field("account_id", "must be a service account")
            insert_key(tx, key)

        await self._database.write(add)
        file = "" if private is None else key_file(key, private_pem(private))
        return contract.CreateKeyResponse(key=_message(key), key_file=file)

    async def list(self, request: contract.ListKeysRequest) -> contract.ListKeysResponse:
        """Lists the keys of a service account."""

        def keys(tx: Transaction) -> list[StoredAuthorisedKey]:
            return keys_of(tx, request.account_id)

        rows = await self._database.read(keys)
        return contract.ListKeysResponse(keys=[_message(row) for row in rows])

    async def delete(self, request: contract.DeleteKeyRequest) -> contract.DeleteKeyResponse:
        """Deletes a key; tokens that it was exchanged for become invalid."""

        def delete(tx: Transaction) -> None:
            key = find_key(tx, request.key_id)
            if key is None:
                raise errors.key_not_found(request.key_id)
            if key.configured:
                raise errors.configured(f"Key {key.id}")
            delete_key(tx, key.id)
            tell_change(tx)

        await self._database.write(delete)
        return contract.DeleteKeyResponse()


def key_file(key: StoredAuthorisedKey, private: str) -> str:
    """Returns the text of the key file that the vendor's SDKs, Terraform and command line read."""
    return json.dumps(
        {
            "id": key.id,
            "service_account_id": key.account_id,
            "created_at": iso(key.created_at),
            "key_algorithm": key.algorithm,
            "public_key": key.public_key,
            "private_key": private,
        },
        indent=2,
    )


def _message(key: StoredAuthorisedKey) -> contract.AuthorizedKey:
    return contract.AuthorizedKey(
        id=key.id,
        account_id=key.account_id,
        algorithm=key.algorithm,
        public_key=key.public_key,
        description=key.description,
        created_at=to_timestamp(key.created_at),
        configured=key.configured,
    )


def description_violations(description: str) -> list[Violation]:
    if len(description) <= LONGEST_DESCRIPTION:
        return []
    return [Violation("description", f"Length must be <={LONGEST_DESCRIPTION}")]


def _violations(request: contract.CreateKeyRequest) -> list[Violation]:
    violations = description_violations(request.description)
    if not request.public_key:
        return violations
    if len(request.public_key) > LONGEST_PEM:
        return [*violations, Violation("public_key", f"Length must be <={LONGEST_PEM}")]
    try:
        bits = load_public(request.public_key).key_size
    except ValueError as error:
        return [*violations, Violation("public_key", str(error))]
    if not BITS <= bits <= MOST_BITS:
        violations.append(Violation("public_key", f"must have from {BITS} to {MOST_BITS} bits"))
    return violations
