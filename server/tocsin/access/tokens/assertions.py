"""Checks the JWTs with which service accounts ask for tokens, signed with an authorised key.

All of the vendor's clients sign by PS256, name the key as `kid` and their account as `iss`. Their
audience is the vendor's address, or the one that they were told to call (the Python SDK:
`https://iam.HOST:PORT/iam/v1/tokens`).
"""

import hashlib
from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import datetime, timedelta

from jwt.utils import base64url_decode

from tocsin.access.principal import CredentialRefused
from tocsin.access.tokens.jwts import check_audience, check_times, unverified, verified
from tocsin.access.tokens.rsa_keys import load_public
from tocsin.schedule import Clock

ALGORITHM = "PS256"
USUAL_AUDIENCE = "https://iam.api.cloud.yandex.net/iam/v1/tokens"
LONGEST_LIFE = timedelta(hours=1)
# The Node SDK rounds `iat` up to the next second; the rest is for clocks that differ.
LEEWAY = timedelta(seconds=30)


@dataclass(frozen=True, slots=True)
class AuthorisedKey:
    """Holds the public half, in PEM, of a key that proves a service account."""

    id: str
    account_id: str
    public_key: str


@dataclass(frozen=True, slots=True)
class Assertion:
    """Holds what a checked JWT proves, and until when it could be replayed.

    `digest` covers the signed text and the decoded signature, so another spelling of the same JWT
    has the same digest. A new signature gives a new digest, as PS256 is randomised.
    """

    account_id: str
    key_id: str
    digest: bytes
    expires_at: datetime


def audience_at(address: str) -> str:
    """Returns the audience for clients that were told to call `HOST:PORT`."""
    return f"https://iam.{address}/iam/v1/tokens"


class Assertions:
    """Checks assertions; `addresses` returns this server's addresses, as `HOST:PORT`."""

    def __init__(self, clock: Clock, addresses: Callable[[], Collection[str]]) -> None:
        self._clock = clock
        self._addresses = addresses

    def key_of(self, text: str) -> str:
        """Returns the id of the key that a JWT claims to be signed with.

        Raises:
            CredentialRefused: the text is not such a JWT.
        """
        claimed = unverified(text, (ALGORITHM,))
        if not claimed.key_id or not claimed.issuer:
            raise CredentialRefused("it must name a key (kid) and a service account (iss)")
        return claimed.key_id

    def checked(self, text: str, key: AuthorisedKey | None) -> Assertion:
        """Checks a JWT.

        Args:
            text: the JWT.
            key: the key that it names; None if no such key exists.

        Raises:
            CredentialRefused: it proves nobody, is meant for others, or is not valid now.
        """
        if key is None:
            raise CredentialRefused("its key does not exist")
        claims = verified(text, load_public(key.public_key), ALGORITHM)
        if claims.get("iss") != key.account_id:
            raise CredentialRefused("its key belongs to another service account")
        check_audience(claims, self._audiences())
        life = check_times(claims, self._clock.now(), leeway=LEEWAY, longest=LONGEST_LIFE)
        return Assertion(key.account_id, key.id, _digest(text), life.expires_at + LEEWAY)

    def _audiences(self) -> Collection[str]:
        return {USUAL_AUDIENCE, *(audience_at(address) for address in self._addresses())}


def _digest(text: str) -> bytes:
    signed, _, signature = text.rpartition(".")
    return hashlib.sha256(signed.encode() + b"." + base64url_decode(signature)).digest()
