"""A secret that a caller shows in the `Authorization` header."""

import base64
import binascii
import hashlib
import hmac


class SharedSecret:
    """Tells whether a header shows the secret, in a time that tells nothing of either."""

    def __init__(self, secret: str) -> None:
        self._digest = _digest(secret)

    def shown_in(self, header: str) -> bool:
        """Checks a header's value: the secret, `Bearer SECRET`, or basic authentication's."""
        return hmac.compare_digest(_digest(_shown(header)), self._digest)


def _digest(secret: str) -> bytes:
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).digest()


def _shown(header: str) -> str:
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
