"""Authenticates callers by IAM tokens, API keys, sessions, and tokens of outside issuers.

Checked credentials are cached by their digests. The store has a number that grows when a right is
taken away on any node; each node reads it at most once a second, and then clears its cache.
"""

import hashlib
from dataclasses import replace
from datetime import datetime, timedelta

from tocsin.access.asked_once import AskedOnce
from tocsin.access.principal import CredentialRefused, Principal, ShownToken
from tocsin.access.secrets import API_KEY_PREFIX, digest_of
from tocsin.access.sessions import SESSION_PREFIX, Session
from tocsin.access.tokens.iam_tokens import PREFIX as IAM_TOKEN_PREFIX
from tocsin.access.tokens.iam_tokens import IamTokens
from tocsin.access.tokens.issuers import Issuers
from tocsin.access.tokens.jwts import LONGEST
from tocsin.gate.proofs import (
    API_KEY,
    BY_CREDENTIAL,
    check_session,
    check_token,
    shown_credential,
)
from tocsin.schedule import Clock
from tocsin.store.access.tokens import access_generation
from tocsin.store.driver.bells import Bell
from tocsin.store.driver.database import Database
from tocsin.store.driver.transaction import Transaction

# A revoked credential works this much longer.
LOOK_EVERY_SECONDS = 1.0
# An outside issuer does not tell us when it revokes a key, so its tokens are cached this long.
REMEMBERED_FOR = timedelta(minutes=5)
MOST_REMEMBERED = 10_000
LONGEST_HEADER = LONGEST + len("Bearer ")

Found = tuple[Principal, datetime, int]
"""The caller, the end of the credential, and the store's number when it was checked."""


class StoredAuthenticator:
    """Authenticates by the credentials and accounts in the store.

    Tokens expire by `clock`.
    """

    def __init__(
        self,
        database: Database,
        clock: Clock,
        tokens: IamTokens,
        issuers: Issuers,
        *,
        machine_clock: Clock,
    ) -> None:
        self._database = database
        self._clock = clock
        self._tokens = tokens
        self._issuers = issuers
        self._machine_clock = machine_clock
        self._known: dict[bytes, tuple[Principal, datetime]] = {}
        self._generation = -1
        self._fresh_until = float("-inf")
        self._looking: AskedOnce[None, None] = AskedOnce(lambda _: self._ask_store())
        database.on(Bell.ACCESS, self.look)

    async def authenticate(self, authorization: str) -> Principal:
        """Checks the value of an `Authorization` header.

        Raises:
            CredentialRefused: the credential is not valid.
            StoreUnavailable: the store can't be reached.
        """
        if len(authorization) > LONGEST_HEADER:
            raise CredentialRefused("the header is too long")
        if self._machine_clock.monotonic() >= self._fresh_until:
            await self._looking.of(None)
        digest = hashlib.sha256(authorization.encode("utf-8", "surrogatepass")).digest()
        known = self._known.get(digest)
        if known is not None and self._clock.now() < known[1]:
            return known[0]
        principal, until, generation = await self._check(authorization)
        self._remember(digest, principal, until, generation)
        return principal

    def look(self, _at: datetime | None = None) -> None:
        """Makes the next call read the store's number again."""
        self._fresh_until = float("-inf")

    async def _ask_store(self) -> None:
        asked_at = self._machine_clock.monotonic()
        generation = await self._database.read(access_generation)
        if generation != self._generation:
            self._known.clear()
            self._generation = generation
        self._fresh_until = asked_at + LOOK_EVERY_SECONDS

    async def _check(self, authorization: str) -> Found:
        scheme, _, credential = authorization.partition(" ")
        credential = credential.strip()
        if scheme.lower() == "api-key":
            return await self._by_api_key(credential)
        if scheme.lower() != "bearer":
            raise CredentialRefused("its scheme is neither Bearer nor Api-Key")
        if credential.startswith(IAM_TOKEN_PREFIX):
            return await self._by_iam_token(credential)
        if credential.startswith(API_KEY_PREFIX):
            return await self._by_api_key(credential)
        if credential.startswith(SESSION_PREFIX):
            return await self._by_session(credential)
        principal, until = await self._issuers.authenticate(credential)
        principal = replace(principal, expires_at=until)
        return principal, min(until, self._clock.now() + REMEMBERED_FOR), self._generation

    async def _by_iam_token(self, text: str) -> Found:
        token, now = self._tokens.read(text), self._clock.now()

        def check(tx: Transaction) -> tuple[datetime, int]:
            generation = access_generation(tx)
            return check_token(tx, token, now), generation

        until, generation = await self._database.read(check)
        principal = Principal(
            token.subject, proof=token.proof, expires_at=until, tokens=token.lineage
        )
        return principal, until, generation

    async def _by_api_key(self, secret: str) -> Found:
        if not secret.startswith(API_KEY_PREFIX):
            raise CredentialRefused("it does not look like an API key")
        now, digest = self._clock.now(), digest_of(secret)

        def check(tx: Transaction) -> Found:
            generation = access_generation(tx)
            credential, account = shown_credential(tx, digest, API_KEY, now)
            until = credential.expires_at or datetime.max.replace(tzinfo=now.tzinfo)
            principal = Principal(
                account.subject,
                proof=BY_CREDENTIAL + credential.id,
                expires_at=credential.expires_at,
            )
            return principal, until, generation

        return await self._database.read(check)

    async def _by_session(self, secret: str) -> Found:
        now, digest = self._clock.now(), digest_of(secret)

        def check(tx: Transaction) -> Found:
            generation = access_generation(tx)
            stored, until = check_session(tx, digest, now)
            principal = Principal(
                stored.subject,
                proof=stored.proof,
                expires_at=until,
                tokens=(ShownToken(stored.id, stored.subject, stored.created_at),),
                session=Session(stored.id, stored.origin, stored.name),
            )
            return principal, until, generation

        return await self._database.read(check)

    def _remember(
        self, digest: bytes, principal: Principal, until: datetime, generation: int
    ) -> None:
        if generation != self._generation:
            return  # rights were taken away during the check
        self._known.pop(digest, None)
        if len(self._known) >= MOST_REMEMBERED:
            del self._known[next(iter(self._known))]
        self._known[digest] = principal, until
