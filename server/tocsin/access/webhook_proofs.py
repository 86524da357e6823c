"""How senders of webhooks prove themselves: by a secret that they show, or by signing what is sent.

Signatures are those of GitHub, Gitea and others (`X-Hub-Signature-256`), and of Standard Webhooks.
"""

import base64
import hashlib
import hmac
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import TypeAlias

from tocsin.access.shared_secret import SharedSecret

Header: TypeAlias = Callable[[str], str | None]
"""Returns the value of a header, by its name in lower case."""

HUB_SIGNATURE = "x-hub-signature-256"
HUB_SCHEME = "sha256="
# Standard Webhooks 1.0: the id and the time are signed too.
ID, TIMESTAMP, SIGNATURE = "webhook-id", "webhook-timestamp", "webhook-signature"
SIGNATURE_VERSION = "v1,"
KEY_PREFIX = "whsec_"
KEY_BYTES = range(24, 65)
# What is older may be a replay; what is from the future comes of clocks that differ.
TOLERANCE_SECONDS = 300
# A sender signs with the key that it had before too, not with more.
MOST_SIGNATURES = 10
LONGEST_TIMESTAMP = 12


class ProofRefused(Exception):
    """A sender proves nothing; the message, which is for the sender, says what is expected."""


@dataclass(frozen=True, slots=True)
class SenderProof:
    """What a sender may prove itself by; one of them is enough. None of all: it can't."""

    secret: SharedSecret | None = None
    hub_keys: tuple[bytes, ...] = ()
    standard_keys: tuple[bytes, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.secret or self.hub_keys or self.standard_keys)

    def check(self, header: Header, body: bytes, now: datetime) -> None:
        """Checks the headers of a webhook with this body, which has just come.

        Raises:
            ProofRefused: they prove nothing.
        """
        found = []
        if self.secret is not None:
            found.append(_of_secret(self.secret, header))
        if self.hub_keys:
            found.append(_of_hub(self.hub_keys, header, body))
        if self.standard_keys:
            found.append(_of_standard(self.standard_keys, header, body, now))
        if None not in found:
            raise ProofRefused("; ".join(each for each in found if each is not None))


def standard_key(text: str) -> bytes:
    """Reads a key of Standard Webhooks: `whsec_` and base64 of 24 to 64 bytes.

    Raises:
        ValueError: it is none; the message does not show it.
    """
    try:
        key = base64.b64decode(text.removeprefix(KEY_PREFIX), validate=True)
    except ValueError:
        key = b""
    if len(key) not in KEY_BYTES:
        raise ValueError("expected whsec_ and base64 of 24 to 64 bytes")
    return key


# Each returns what is wrong with a kind of proof, or None.


def _of_secret(secret: SharedSecret, header: Header) -> str | None:
    if secret.shown_in(header("authorization") or ""):
        return None
    return "the Authorization header does not show the secret for webhooks"


def _of_hub(keys: tuple[bytes, ...], header: Header, body: bytes) -> str | None:
    sent = (header(HUB_SIGNATURE) or "").encode("utf-8", "replace")
    made = [HUB_SCHEME + hmac.new(key, body, hashlib.sha256).hexdigest() for key in keys]
    if any(hmac.compare_digest(mine.encode(), sent) for mine in made):
        return None
    return "the X-Hub-Signature-256 header is not that of the body"


def _of_standard(keys: tuple[bytes, ...], header: Header, body: bytes, now: datetime) -> str | None:
    timestamp = header(TIMESTAMP) or ""
    signatures = [
        each.removeprefix(SIGNATURE_VERSION).encode("utf-8", "replace")
        for each in (header(SIGNATURE) or "").split(" ")[:MOST_SIGNATURES]
        if each.startswith(SIGNATURE_VERSION)
    ]
    signed = f"{header(ID) or ''}.{timestamp}.".encode("utf-8", "replace") + body
    made = [base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()) for key in keys]
    if not any(hmac.compare_digest(mine, sent) for mine in made for sent in signatures):
        return "webhook-signature is not that of webhook-id, webhook-timestamp and the body"
    if not timestamp.isascii() or not timestamp.isdecimal() or len(timestamp) > LONGEST_TIMESTAMP:
        return "webhook-timestamp is no number of seconds"
    if abs(now.timestamp() - int(timestamp)) > TOLERANCE_SECONDS:
        return f"webhook-timestamp is over {TOLERANCE_SECONDS} seconds off this server's clock"
    return None
