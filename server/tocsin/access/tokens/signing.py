"""Signs tokens by RS256 with keys that take turns.

A key is in the JWK set for a day before it signs, so that targets that cache the set know it by
then. Afterwards it stays in the set for as long as a token that it signed may be valid.
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
# For clocks that are behind, and for tokens signed at the moment of the change.
SETTLED_AFTER = timedelta(hours=1)
SHOWN_AFTER = LONGEST_LIFE + SETTLED_AFTER


@dataclass(frozen=True, slots=True)
class SigningKey:
    """Holds one key; without its private half it can only check signatures."""

    id: str
    public: RSAPublicKey
    private: RSAPrivateKey | None
    signs_from: datetime

    def jwk(self) -> dict[str, Any]:
        """Returns its public half as a JWK (RFC 7517)."""
        members = RSAAlgorithm.to_jwk(self.public, as_dict=True)
        public = {name: members[name] for name in ("kty", "n", "e")}
        return {**public, "kid": self.id, "use": "sig", "alg": ALGORITHM}


class SigningKeys:
    """Signs with the key whose turn it is; implements `TokenSigner`.

    `replace` sets the keys of the store, the oldest first.
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
        """Returns a JWT whose header has this `typ`, so that it can't serve as another type.

        Raises:
            LookupError: no signing key exists yet.
        """
        key = self._current()
        if key.private is None:
            raise LookupError("no signing key exists yet")
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
        if self._keys:  # this clock is behind that of the node which made the first key
            return self._keys[0]
        raise LookupError("no signing key exists yet")


def key_id(public: RSAPublicKey) -> str:
    """Returns the key's thumbprint (RFC 7638)."""
    members = RSAAlgorithm.to_jwk(public, as_dict=True)
    text = f'{{"e":"{members["e"]}","kty":"RSA","n":"{members["n"]}"}}'
    return base64url_encode(hashlib.sha256(text.encode()).digest()).decode()


def successor_due(signs_from: Sequence[datetime], now: datetime) -> datetime | None:
    """Returns the instant from which a new key signs, or None if it is too early to make one.

    Args:
        signs_from: the instants from which the existing keys sign, the oldest first.
        now: the present instant.
    """
    if not signs_from:
        return now
    planned = signs_from[-1] + SIGNS_FOR
    if now < planned - SHOWN_BEFORE:
        return None
    # Even after a long standstill, a new key is in the set before it signs.
    return max(planned, now + SHOWN_BEFORE)


def retired(signs_from: Sequence[datetime], now: datetime) -> int:
    """Returns how many of the oldest keys no longer sign."""
    return sum(1 for following in signs_from[1:] if following + SETTLED_AFTER <= now)


def spent(signs_from: Sequence[datetime], now: datetime) -> int:
    """Returns how many of the oldest keys have no token left that may be valid."""
    return sum(1 for following in signs_from[1:] if following + SHOWN_AFTER <= now)
