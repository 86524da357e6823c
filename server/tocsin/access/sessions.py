"""Writes and reads the cookies of the page: of sessions, and of sign-ins by an outside issuer."""

import hashlib
import hmac
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import NamedTuple, Self
from urllib.parse import urlsplit

from jwt.utils import base64url_encode

from tocsin.access.secrets import new_secret

SESSION_PREFIX = "tocsin_session_"
ATTEMPT_PREFIX = "tocsin_attempt_"

ATTEMPT_LIFE = timedelta(minutes=10)
_LONGEST_ATTEMPT = 256


class Session(NamedTuple):
    """A session by which somebody calls; `origin` is that of the page on which it began."""

    id: str
    origin: str
    name: str


class Cookie(NamedTuple):
    """A cookie's value, and how long a browser keeps it; no time removes it."""

    value: str
    kept: timedelta

    def header(self, name: str, origin: str) -> tuple[str, str]:
        """Returns the header that sets it on a page of this origin.

        No script reads it, and no request of another site has it. Over TLS its name keeps other
        servers of the domain from setting it (RFC 6265bis, section 4.1.3).
        """
        secure = urlsplit(origin).scheme == "https"
        written = (
            f"{SECURE if secure else ''}{name}={self.value}; Path=/; HttpOnly; SameSite=Strict; "
            f"Max-Age={max(0, int(self.kept.total_seconds()))}{'; Secure' if secure else ''}"
        )
        return ("set-cookie", written)


SECURE = "__Host-"
GONE = Cookie("", timedelta())


class Cookies:
    """Names the cookies of one store, as a browser shows those of a host to all of its ports."""

    def __init__(self, key: bytes) -> None:
        """Takes a key that all nodes of a store share."""
        tag = hmac.digest(key, b"cookies", "sha256").hex()[:8]
        self.session = f"tocsin-session-{tag}"
        self.attempt = f"tocsin-sign-in-{tag}"


def removing(name: str) -> list[tuple[str, str]]:
    """Returns the headers that remove a cookie of an origin that is not known."""
    return [GONE.header(name, origin) for origin in ("http://", "https://")]


def cookie_in(header: str, name: str) -> str | None:
    """Returns the value of a cookie in a `Cookie` header; that of TLS goes before."""
    found = dict(_pairs(header))
    return found.get(SECURE + name) or found.get(name) or None


def _pairs(header: str) -> Iterator[tuple[str, str]]:
    for part in header.split(";"):
        name, _, value = part.strip().partition("=")
        yield name, value


class Attempt(NamedTuple):
    """A sign-in by an outside issuer that a browser has begun.

    The browser keeps it. All that must not be guessed is derived from its secret, and belongs to
    the issuer and the page for which it began.
    """

    issuer: str
    began_at: int
    secret: str

    @classmethod
    def new(cls, issuer: str, now: datetime) -> Self:
        return cls(issuer, int(now.timestamp()), new_secret(ATTEMPT_PREFIX))

    @classmethod
    def read(cls, text: str) -> Self | None:
        """Reads a cookie's value; returns None if it is not one of an attempt."""
        issuer, _, rest = text.partition(".")
        began_at, _, secret = rest.partition(".")
        if len(text) > _LONGEST_ATTEMPT or not secret.startswith(ATTEMPT_PREFIX):
            return None
        if not (began_at.isascii() and began_at.isdigit() and len(began_at) <= 12):
            return None
        return cls(issuer, int(began_at), secret)

    def cookie(self) -> Cookie:
        return Cookie(f"{self.issuer}.{self.began_at}.{self.secret}", ATTEMPT_LIFE)

    def is_over(self, now: datetime) -> bool:
        return now.timestamp() > self.began_at + ATTEMPT_LIFE.total_seconds()

    def state(self, redirect_uri: str) -> str:
        """Returns what the issuer sends back, so that only this browser takes the code."""
        return self._derived("state", redirect_uri)

    def is_state(self, text: str, redirect_uri: str) -> bool:
        return hmac.compare_digest(text.encode(), self.state(redirect_uri).encode())

    @property
    def nonce(self) -> str:
        """What the ID token must say, so that it is of this attempt."""
        return self._derived("nonce", "")

    @property
    def verifier(self) -> str:
        """What proves to the issuer that the code is ours (RFC 7636)."""
        return self._derived("verifier", "")

    @property
    def challenge(self) -> str:
        digest = hashlib.sha256(self.verifier.encode()).digest()
        return base64url_encode(digest).decode()

    def _derived(self, what: str, redirect_uri: str) -> str:
        said = "\n".join((what, self.issuer, str(self.began_at), redirect_uri))
        digest = hmac.digest(self.secret.encode(), said.encode(), "sha256")
        return base64url_encode(digest).decode()
