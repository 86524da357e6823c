"""Checks a shared secret in the `Authorization` header."""

import base64
import binascii
import hashlib
import hmac


class SharedSecret:
    """Compares a header with the secret in constant time."""

    def __init__(self, secret: str) -> None:
        self._digest = _digest(secret)

    def shown_in(self, header: str) -> bool:
        """Returns whether a header holds the secret: bare, as `Bearer SECRET`, or as a password."""
        return hmac.compare_digest(_digest(_secret_of(header)), self._digest)


def _digest(secret: str) -> bytes:
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).digest()


def _secret_of(header: str) -> str:
    scheme, _, credentials = header.strip().partition(" ")
    match scheme.lower():
        case "bearer":
            return credentials.strip()
        case "basic":
            try:
                user_and_password = base64.b64decode(credentials.strip(), validate=True).decode()
            except (binascii.Error, UnicodeDecodeError):
                return ""
            return user_and_password.partition(":")[2]
    return header.strip()
