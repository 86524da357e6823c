"""Signs tokens by RS256, with keys that come and go in a fixed order.

A key is shown in the JWK set for a day before it signs, so that whoever keeps the set for a while
knows it by then, and for as long after as something that it signed may be valid.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey
from jwt.algorithms import RSAAlgorithm
from jwt.utils import base64url_encode

from tocsin.schedule import Clock

ALGORITHM = "RS256"

SIGNS_FOR = timedelta(days=30)
SHOWN_BEFORE = timedelta(days=1)
LONGEST_LIFE = timedelta(hours=12)
# For clocks that are behind, and for what is signed in the moment of the change.
SETTLED_AFTER = timedelta(hours=1)
SHOWN_AFTER = LONGEST_LIFE + SETTLED_AFTER


@dataclass(frozen=True, slots=True)
class SigningKey:
    """One key. Without its private half it only says what it signed."""

    id: str
    public: RSAPublicKey
    private: RSAPrivateKey | None
    signs_from: datetime

    def jwk(self) -> dict[str, Any]:
        """Returns its public half as a JWK (RFC 7517)."""
        members = RSAAlgorithm.to_jwk(self.public, as_dict=True)
        shown = {name: members[name] for name in ("kty", "n", "e")}
        return {**shown, "kid": self.id, "use": "sig", "alg": ALGORITHM}


class SigningKeys:
    """Signs with the key whose turn it is. Implements `TokenSigner`.

    It is given the keys as the store has them, the oldest first.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._keys: tuple[SigningKey, ...] = ()
        self._jwks: dict[str, Any] = {"keys": []}

    @property
    def keys(self) -> Sequence[SigningKey]:
        return self._keys

    def replace(self, keys: Sequence[SigningKey]) -> None:
        self._keys = tuple(keys)
        self._jwks = {"keys": [key.jwk() for key in self._keys]}

    def sign(self, claims: Mapping[str, Any]) -> str:
        """Returns a compact JWT of type `JWT`, whose header names the key."""
        return self.sign_as("JWT", claims)

    def sign_as(self, kind: str, claims: Mapping[str, Any]) -> str:
        """Signs a token whose header has this `typ`: what is of one type proves nothing as another.

        Raises:
            LookupError: there is no key yet.
        """
        key = self._current()
        if key.private is None:
            raise LookupError("there is no key to sign with")
        return jwt.encode(
            dict(claims), key.private, ALGORITHM, headers={"typ": kind, "kid": key.id}
        )

    def jwks(self) -> Mapping[str, Any]:
        return self._jwks

    def _current(self) -> SigningKey:
        now = self._clock.now()
        for key in reversed(self._keys):
            if key.signs_from <= now:
                return key
        if self._keys:  # this clock is behind the one by which the first was made
            return self._keys[0]
        raise LookupError("there is no key to sign with")


def key_id(public: RSAPublicKey) -> str:
    """Returns the key's thumbprint (RFC 7638)."""
    members = RSAAlgorithm.to_jwk(public, as_dict=True)
    text = f'{{"e":"{members["e"]}","kty":"RSA","n":"{members["n"]}"}}'
    return base64url_encode(hashlib.sha256(text.encode()).digest()).decode()


def successor_due(signs_from: Sequence[datetime], now: datetime) -> datetime | None:
    """Returns from when on a new key is to sign, if it is time to make one.

    Args:
        signs_from: from when on each key that there is signs, the oldest first.
        now: the instant.
    """
    if not signs_from:
        return now
    planned = signs_from[-1] + SIGNS_FOR
    if now < planned - SHOWN_BEFORE:
        return None
    # After a long standstill too a new key is shown before it signs.
    return max(planned, now + SHOWN_BEFORE)


def retired(signs_from: Sequence[datetime], now: datetime) -> int:
    """Returns how many of the oldest keys sign no more."""
    return sum(1 for following in signs_from[1:] if following + SETTLED_AFTER <= now)


def spent(signs_from: Sequence[datetime], now: datetime) -> int:
    """Returns how many of the oldest keys signed nothing that may still be valid."""
    return sum(1 for following in signs_from[1:] if following + SHOWN_AFTER <= now)
