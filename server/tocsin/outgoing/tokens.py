"""Tokens that prove to a target which service account a call is made for.

They are JWTs that any library can check with the public keys at `/.well-known/jwks.json` of the
issuer, which `/.well-known/openid-configuration` names (OpenID Connect Discovery 1.0).
"""

import asyncio
import uuid
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog

from tocsin.access.tokens.signer import TokenSigner
from tocsin.schedule import Clock

log = structlog.get_logger(__name__)

LIFE = timedelta(hours=1)
# A call may take ten minutes, and its target may check the token only when it is done.
RENEWED_BEFORE = timedelta(minutes=15)
# How long an account that is not known is not looked for again.
UNKNOWN_FOR = timedelta(minutes=1)
MOST_KEPT = 10_000


class TokenUnavailable(Exception):
    """Whether there is a token can't be said now; the message says why."""


@dataclass(frozen=True, slots=True)
class Kept:
    """An `Authorization` header, or None for an account that is not known."""

    value: str | None
    until: datetime


class AccountTokens:
    """Makes tokens and keeps them, each for an account and an audience.

    `is_account` tells whether there is a service account of an id; it may raise TokenUnavailable.
    """

    def __init__(
        self, signer: TokenSigner, clock: Clock, is_account: Callable[[str], Awaitable[bool]]
    ) -> None:
        self._signer = signer
        self._clock = clock
        self._is_account = is_account
        self._issuer: asyncio.Future[str | None] = asyncio.get_running_loop().create_future()
        self._kept: dict[tuple[str, str], Kept] = {}
        self._told = False

    @property
    def issuer(self) -> str | None:
        """The URL under which targets find the keys, once it is known."""
        return self._issuer.result() if self._issuer.done() else None

    def issue_as(self, issuer: str | None) -> None:
        """Says under which URL the keys are found; only the first time counts. None: nowhere."""
        if not self._issuer.done():
            self._issuer.set_result(issuer)

    async def authorization(self, account_id: str, audience: str) -> str | None:
        """Returns what the `Authorization` header of a call is to be; None: it has none.

        It waits until the issuer is known.

        Raises:
            TokenUnavailable: it can't be said now.
        """
        kept = self._kept.get((account_id, audience))
        if kept is not None and self._clock.now() < kept.until:
            return kept.value
        issuer = await asyncio.shield(self._issuer)
        if issuer is None:
            self._tell_once()
            return None
        known = await self._is_account(account_id)
        if not known:
            told = "a rule names a service account that is not known, no token is sent"
            log.warning(told, service_account_id=account_id)
        made = self._made(issuer, account_id, audience) if known else self._unknown()
        self._kept.pop((account_id, audience), None)
        if len(self._kept) >= MOST_KEPT:
            del self._kept[next(iter(self._kept))]
        self._kept[account_id, audience] = made
        return made.value

    def _tell_once(self) -> None:
        if not self._told:
            self._told = True
            log.warning(
                "no token of a service account is sent, since targets would not find the keys to "
                "check it: set issuer in [access]"
            )

    def _made(self, issuer: str, account_id: str, audience: str) -> Kept:
        now = self._clock.now()
        issued = int(now.timestamp())
        claims = {
            "iss": issuer,
            "sub": account_id,
            "aud": audience,
            "iat": issued,
            "exp": issued + int(LIFE.total_seconds()),
            "jti": str(uuid.uuid4()),
        }
        try:
            return Kept(f"Bearer {self._signer.sign(claims)}", now + LIFE - RENEWED_BEFORE)
        except LookupError as error:
            raise TokenUnavailable(str(error)) from error

    def _unknown(self) -> Kept:
        return Kept(None, self._clock.now() + UNKNOWN_FOR)
