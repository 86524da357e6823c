"""Makes long random secrets, of which the store keeps only a digest.

Their prefix says what they are, so that scanners find secrets that got into a repository.
"""

import hashlib
import secrets

API_KEY_PREFIX = "tocsin_key_"
OAUTH_TOKEN_PREFIX = "tocsin_oauth_"  # noqa: S105 (a prefix, not a secret)
BYTES = 32


def new_secret(prefix: str) -> str:
    """Makes a secret of 256 random bits, whose digest needs neither salt nor stretching."""
    return prefix + secrets.token_urlsafe(BYTES)


def digest_of(secret: str) -> bytes:
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).digest()
