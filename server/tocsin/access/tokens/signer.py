"""Defines the interface that signs tokens, for callers and for targets."""

from collections.abc import Mapping
from typing import Any, Protocol


class TokenSigner(Protocol):
    """Signs JWTs (RFC 7519) by RS256, with keys that all nodes share."""

    def sign(self, claims: Mapping[str, Any]) -> str:
        """Returns a compact JWT whose header names the key."""

    def jwks(self) -> Mapping[str, Any]:
        """Returns the public keys that sign now or did lately, as a JWK set (RFC 7517)."""
