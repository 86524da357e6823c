"""Serves `yandex.cloud.iam.v1.IamTokenService`, which issues and revokes IAM tokens."""

import secrets
from datetime import timedelta

import structlog

from tocsin.access.principal import SERVICE_ACCOUNT, USER_ACCOUNT, CredentialRefused, Principal
from tocsin.access.secrets import digest_of
from tocsin.access.tokens.assertions import Assertion, Assertions, AuthorisedKey
from tocsin.access.tokens.iam_tokens import IamToken, IamTokens
from tocsin.access.tokens.jwts import NotForNow, unverified
from tocsin.gate.proofs import (
    BY_CREDENTIAL,
    BY_KEY,
    OAUTH_TOKEN,
    account_of,
    check_proof,
    check_token,
    shown_credential,
)
from tocsin.schedule import Clock
from tocsin.store.access.authorised_keys import find_key
from tocsin.store.access.tokens import revoke_token, tell_change, use_assertion
from tocsin.store.driver.database import Database
from tocsin.store.driver.transaction import Transaction
from tocsin.wire import errors
from tocsin.wire.calls import Call
from tocsin.wire.serving import Method
from tocsin_protos.yandex.cloud.iam.v1 import iam_token_service_pb2 as contract

SERVICE = contract.DESCRIPTOR.services_by_name["IamTokenService"]

log = structlog.get_logger(__name__)

# A client that lost its answer, or asks from two threads, sends its JWT again (the Java SDK keeps
# it for an hour). Within this time it gets the same token; later the JWT counts as a replay.
REPEATED_WITHIN = timedelta(minutes=1)
# A token names the chain of tokens that it was made of, which has a limited length.
MOST_MADE_OF = 8


class IamTokenService:
    """Issues tokens to callers who prove an account."""

    def __init__(
        self, database: Database, clock: Clock, tokens: IamTokens, assertions: Assertions
    ) -> None:
        self._database = database
        self._clock = clock
        self._tokens = tokens
        self._assertions = assertions

    def methods(self) -> dict[str, Method]:
        return {
            "Create": self.create,
            "CreateForServiceAccount": self.create_for_service_account,
            "Revoke": self.revoke,
        }

    async def create(
        self, request: contract.CreateIamTokenRequest, call: Call
    ) -> contract.CreateIamTokenResponse:
        """Exchanges a signed JWT or an OAuth token for an IAM token."""
        try:
            if request.HasField("jwt"):
                token = await self._token_for_jwt(request.jwt)
            else:
                token = await self._token_for_oauth(request.yandex_passport_oauth_token)
        except CredentialRefused as error:
            what = "JWT" if request.HasField("jwt") else "OAuth token"
            log.info("refused to issue a token", proof=what, why=str(error))
            reason = str(error) if isinstance(error, NotForNow) else "it proves no account here"
            raise errors.proof_refused(what, reason) from None
        call.identify(Principal(token.subject))
        return _answer(self._tokens, token)

    async def _token_for_jwt(self, text: str) -> IamToken:
        key_id = self._assertions.key_of(text)
        stored = await self._database.read(lambda tx: find_key(tx, key_id))
        key = None
        if stored is not None:
            key = AuthorisedKey(stored.id, stored.account_id, stored.public_key)
        assertion = self._assertions.checked(text, key)
        return await self._database.write(lambda tx: self._used(tx, assertion))

    def _used(self, tx: Transaction, assertion: Assertion) -> IamToken:
        """Returns the token of a JWT; the same JWT gets the same token, for a short time."""
        now = self._clock.now()
        used_at = use_assertion(tx, assertion.digest, now=now, expires_at=assertion.expires_at)
        if now - used_at > REPEATED_WITHIN:
            raise NotForNow("it was used before: sign a new one")
        token = self._tokens.planned(
            f"{SERVICE_ACCOUNT}:{assertion.account_id}",
            assertion.digest.hex(),
            issued_at=used_at,
            proof=BY_KEY + assertion.key_id,
        )
        check_token(tx, token, now)
        return token

    async def _token_for_oauth(self, secret: str) -> IamToken:
        now, digest = self._clock.now(), digest_of(secret)
        credential, account = await self._database.read(
            lambda tx: shown_credential(tx, digest, OAUTH_TOKEN, now)
        )
        return self._tokens.planned(
            account.subject,
            secrets.token_hex(),
            issued_at=now,
            proof=BY_CREDENTIAL + credential.id,
            until=credential.expires_at,
        )

    async def create_for_service_account(
        self, request: contract.CreateIamTokenForServiceAccountRequest, call: Call
    ) -> contract.CreateIamTokenResponse:
        """Issues an IAM token for an account that the gate lets the caller use.

        The token ends with the caller's credential: when that expires or is revoked, and when the
        key or secret behind it is deleted. Otherwise a thief of a credential could make tokens
        that make further tokens for ever.
        """
        subject = f"{SERVICE_ACCOUNT}:{request.service_account_id}"
        caller, now = call.caller, self._clock.now()
        assert caller is not None, "the gate lets nobody in without a credential"
        if len(caller.tokens) >= MOST_MADE_OF:
            raise errors.tokens_made_of_tokens(MOST_MADE_OF)
        try:
            await self._database.read(lambda tx: check_proof(tx, caller.proof, now))
        except CredentialRefused as error:
            log.info("refused to issue a token", proof="IAM token", why=str(error))
            raise errors.credential_refused() from None
        try:
            await self._database.read(lambda tx: account_of(tx, subject))
        except CredentialRefused:
            raise errors.account_not_found(request.service_account_id) from None
        token = self._tokens.planned(
            subject,
            secrets.token_hex(),
            issued_at=now,
            proof=caller.proof,
            until=caller.expires_at,
            made_of=caller.tokens,
        )
        return _answer(self._tokens, token)

    async def revoke(
        self, request: contract.RevokeIamTokenRequest
    ) -> contract.RevokeIamTokenResponse:
        """Revokes an IAM token, which the request must hold."""
        try:
            token = self._tokens.read(request.iam_token)
        except CredentialRefused as error:
            log.info("refused to revoke a token", why=str(error))
            raise errors.invalid_field(
                "iam_token", "must be a valid IAM token of this server"
            ) from None

        def revoke(tx: Transaction) -> None:
            revoke_token(tx, token.id, expires_at=token.expires_at)
            tell_change(tx)

        await self._database.write(revoke)
        return contract.RevokeIamTokenResponse(subject_id=token.subject.partition(":")[2])


class OpenIamTokenService:
    """Issues tokens to everyone while access control is off, because clients need one."""

    def __init__(self, clock: Clock, tokens: IamTokens) -> None:
        self._clock = clock
        self._tokens = tokens

    def methods(self) -> dict[str, Method]:
        return {
            "Create": self.create,
            "CreateForServiceAccount": self.create_for_service_account,
            "Revoke": self.revoke,
        }

    async def create(
        self, request: contract.CreateIamTokenRequest
    ) -> contract.CreateIamTokenResponse:
        """Issues a token for the account that the request claims."""
        subject = f"{USER_ACCOUNT}:unknown"
        if request.HasField("jwt"):
            subject = f"{SERVICE_ACCOUNT}:{_claimed_issuer(request.jwt) or 'unknown'}"
        return self._issued(subject)

    async def create_for_service_account(
        self, request: contract.CreateIamTokenForServiceAccountRequest
    ) -> contract.CreateIamTokenResponse:
        """Issues a token for any service account."""
        return self._issued(f"{SERVICE_ACCOUNT}:{request.service_account_id}")

    async def revoke(
        self, request: contract.RevokeIamTokenRequest
    ) -> contract.RevokeIamTokenResponse:
        """Returns the subject of a token, which stays valid."""
        try:
            subject = self._tokens.read(request.iam_token).subject
        except CredentialRefused:
            subject = f"{USER_ACCOUNT}:unknown"
        return contract.RevokeIamTokenResponse(subject_id=subject.partition(":")[2])

    def _issued(self, subject: str) -> contract.CreateIamTokenResponse:
        now = self._clock.now()
        token = self._tokens.planned(subject, secrets.token_hex(), issued_at=now)
        return _answer(self._tokens, token)


def _answer(tokens: IamTokens, token: IamToken) -> contract.CreateIamTokenResponse:
    response = contract.CreateIamTokenResponse(iam_token=tokens.written(token))
    response.expires_at.FromDatetime(token.expires_at)
    return response


def _claimed_issuer(text: str) -> str:
    try:
        return unverified(text, ("PS256", "RS256")).issuer[:50]
    except CredentialRefused:
        return ""
