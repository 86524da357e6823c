"""Tokens that this server signs: for those who call it, and for those whom it calls."""

from collections.abc import Mapping
from typing import Any, Protocol


class TokenSigner(Protocol):
    """Signs JWTs (RFC 7519) by RS256, with keys that all nodes share."""

    def sign(self, claims: Mapping[str, Any]) -> str:
        """Returns a compact JWT, whose header names the key."""

    def jwks(self) -> Mapping[str, Any]:
        """Returns the public keys as a JWK set (RFC 7517): what signs now, and what did lately."""
