"""Serves the methods of `tocsin.v1.AccessService` about API keys and OAuth tokens."""

from tocsin.access.secrets import API_KEY_PREFIX, OAUTH_TOKEN_PREFIX, digest_of, new_secret
from tocsin.api.tocsin.access.accounts import ACCOUNT_PREFIX, existing
from tocsin.api.tocsin.access.keys import description_violations
from tocsin.contract.validation import Violation
from tocsin.gate.proofs import API_KEY, OAUTH_TOKEN
from tocsin.schedule import Clock
from tocsin.store.access.credentials import (
    Credential,
    credentials_of,
    delete_credential,
    find_credential,
    insert_credential,
)
from tocsin.store.access.tokens import tell_change
from tocsin.store.driver.database import Database
from tocsin.store.driver.transaction import Transaction
from tocsin.wire import errors
from tocsin.wire.ids import Ids
from tocsin.wire.serving import Checked, Served
from tocsin.wire.timestamps import instant_in, to_timestamp
from tocsin_protos.tocsin.v1 import access_service_pb2 as contract

KINDS = {
    contract.Credential.KIND_API_KEY: API_KEY,
    contract.Credential.KIND_OAUTH_TOKEN: OAUTH_TOKEN,
}
KINDS_SHOWN = {kind: number for number, kind in KINDS.items()}
PREFIXES = {API_KEY: API_KEY_PREFIX, OAUTH_TOKEN: OAUTH_TOKEN_PREFIX}


class Credentials:
    """Serves the methods of `AccessService` about API keys and OAuth tokens."""

    def __init__(self, database: Database, clock: Clock, ids: Ids) -> None:
        self._database = database
        self._clock = clock
        self._ids = ids

    def methods(self) -> dict[str, Served]:
        return {
            "CreateCredential": Checked(self.create, self._violations),
            "ListCredentials": self.list,
            "DeleteCredential": self.delete,
        }

    def _violations(self, request: contract.CreateCredentialRequest) -> list[Violation]:
        violations = description_violations(request.description)
        expires_at = instant_in(request, "expires_at")
        if expires_at is not None and expires_at <= self._clock.now():
            violations.append(Violation("expires_at", "must be in the future"))
        return violations

    async def create(
        self, request: contract.CreateCredentialRequest
    ) -> contract.CreateCredentialResponse:
        """Creates a credential; only the answer has its secret."""
        credential = Credential(
            self._ids.new(ACCOUNT_PREFIX),
            KINDS[request.kind],
            request.account_id,
            request.description,
            self._clock.now(),
            instant_in(request, "expires_at"),
        )
        secret = new_secret(PREFIXES[credential.kind])

        def add(tx: Transaction) -> None:
            existing(tx, credential.account_id)
            insert_credential(tx, credential, digest_of(secret))

        await self._database.write(add)
        return contract.CreateCredentialResponse(credential=_message(credential), secret=secret)

    async def list(
        self, request: contract.ListCredentialsRequest
    ) -> contract.ListCredentialsResponse:
        """Lists the credentials of an account."""

        def credentials(tx: Transaction) -> list[Credential]:
            return credentials_of(tx, request.account_id)

        rows = await self._database.read(credentials)
        return contract.ListCredentialsResponse(credentials=[_message(row) for row in rows])

    async def delete(
        self, request: contract.DeleteCredentialRequest
    ) -> contract.DeleteCredentialResponse:
        """Deletes a credential; tokens that it was exchanged for become invalid."""

        def delete(tx: Transaction) -> None:
            credential = find_credential(tx, request.credential_id)
            if credential is None:
                raise errors.credential_not_found(request.credential_id)
            delete_credential(tx, credential.id)
            tell_change(tx)

        await self._database.write(delete)
        return contract.DeleteCredentialResponse()


def _message(credential: Credential) -> contract.Credential:
    message = contract.Credential(
        id=credential.id,
        kind=KINDS_SHOWN[credential.kind],
        account_id=credential.account_id,
        description=credential.description,
        created_at=to_timestamp(credential.created_at),
    )
    if credential.expires_at is not None:
        message.expires_at.CopyFrom(to_timestamp(credential.expires_at))
    return message
