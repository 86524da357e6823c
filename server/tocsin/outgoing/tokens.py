"""Issues tokens that prove to a target which service account a call is made for.

The tokens are JWTs. Any library can check them with the public keys at `/.well-known/jwks.json` of
the issuer, which `/.well-known/openid-configuration` names (OpenID Connect Discovery 1.0).
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
# A call may take ten minutes, and its target may check the token only at the end.
RENEWED_BEFORE = timedelta(minutes=15)
# An unknown account is not looked up again for this time.
UNKNOWN_FOR = timedelta(minutes=1)
MOST_KEPT = 10_000


class TokenUnavailable(Exception):
    """A token can't be issued now; the message says why."""


@dataclass(frozen=True, slots=True)
class Kept:
    """Holds an `Authorization` header, or None for an unknown account."""

    value: str | None
    until: datetime


class AccountTokens:
    """Issues tokens and keeps them by account and audience.

    `is_account` returns whether a service account of that id exists; it may raise
    TokenUnavailable.
    """

    def __init__(
        self, signer: TokenSigner, clock: Clock, is_account: Callable[[str], Awaitable[bool]]
    ) -> None:
        self._signer = signer
        self._clock = clock
        self._is_account = is_account
        self._issuer: asyncio.Future[str | None] = asyncio.get_running_loop().create_future()
        self._kept: dict[tuple[str, str], Kept] = {}
        self._warned = False

    @property
    def issuer(self) -> str | None:
        """Returns the URL below which targets find the keys, once it is known."""
        return self._issuer.result() if self._issuer.done() else None

    def issue_as(self, issuer: str | None) -> None:
        """Sets the URL below which targets find the keys, None for none; the first call counts."""
        if not self._issuer.done():
            self._issuer.set_result(issuer)

    async def authorization(self, account_id: str, audience: str) -> str | None:
        """Returns the `Authorization` header of a call; None if it carries no token.

        Waits until the issuer is known.

        Args:
            account_id: the service account of the call's rule.
            audience: the target's origin.

        Raises:
            TokenUnavailable: the account can't be looked up now, or no key can sign.
        """
        kept = self._kept.get((account_id, audience))
        if kept is not None and self._clock.now() < kept.until:
            return kept.value
        issuer = await asyncio.shield(self._issuer)
        if issuer is None:
            self._warn_once()
            return None
        known = await self._is_account(account_id)
        if not known:
            log.warning(
                "sent a call without a token, as the rule's service account is unknown: "
                "create the account or change the rule",
                service_account_id=account_id,
            )
        kept = self._issue(issuer, account_id, audience) if known else self._unknown()
        self._kept.pop((account_id, audience), None)
        if len(self._kept) >= MOST_KEPT:
            del self._kept[next(iter(self._kept))]
        self._kept[account_id, audience] = kept
        return kept.value

    def _warn_once(self) -> None:
        if not self._warned:
            self._warned = True
            log.warning(
                "sent a call without a token, as targets could not find the keys to check it: "
                "set issuer in [access]"
            )

    def _issue(self, issuer: str, account_id: str, audience: str) -> Kept:
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
