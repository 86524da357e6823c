"""Secrets that this server makes: long, random, and known again by their digest.

Their beginning tells what they are, so that scanners find those that got into a repository.
"""

import hashlib
import secrets

API_KEY_PREFIX = "tocsin_key_"
OAUTH_TOKEN_PREFIX = "tocsin_oauth_"  # noqa: S105 (no secret, but how one begins)
BYTES = 32


def new_secret(prefix: str) -> str:
    """Makes a secret of 256 random bits: no digest of it needs salt or stretching."""
    return prefix + secrets.token_urlsafe(BYTES)


def digest_of(secret: str) -> bytes:
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).digest()
