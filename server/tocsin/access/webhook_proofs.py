"""Checks how senders of webhooks prove themselves: by a secret or by a signature of the body.

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
"""Returns the value of a header by its name in lower case, or None."""

HUB_SIGNATURE = "x-hub-signature-256"
HUB_SCHEME = "sha256="
# Standard Webhooks 1.0 signs the id and the time too.
ID, TIMESTAMP, SIGNATURE = "webhook-id", "webhook-timestamp", "webhook-signature"
SIGNATURE_VERSION = "v1,"
KEY_PREFIX = "whsec_"
KEY_BYTES = range(24, 65)
# An older message may be a replay; clocks that differ make a newer one.
TOLERANCE_SECONDS = 300
# A sender that changes its key signs with the old one too; few senders need more.
MOST_SIGNATURES = 10
LONGEST_TIMESTAMP = 12


class ProofRefused(Exception):
    """A sender proves nothing; the message tells the sender what is expected."""


@dataclass(frozen=True, slots=True)
class SenderProof:
    """Holds the secret and the keys of a sender, any of which proves it; without any it can't."""

    secret: SharedSecret | None = None
    hub_keys: tuple[bytes, ...] = ()
    standard_keys: tuple[bytes, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.secret or self.hub_keys or self.standard_keys)

    def check(self, header: Header, body: bytes, now: datetime) -> None:
        """Checks the headers of a webhook.

        Args:
            header: reads its headers.
            body: its bytes.
            now: the instant at which it came.

        Raises:
            ProofRefused: no header proves the sender.
        """
        problems = []
        if self.secret is not None:
            problems.append(_of_secret(self.secret, header))
        if self.hub_keys:
            problems.append(_of_hub(self.hub_keys, header, body))
        if self.standard_keys:
            problems.append(_of_standard(self.standard_keys, header, body, now))
        if None not in problems:
            raise ProofRefused("; ".join(text for text in problems if text is not None))


def standard_key(text: str) -> bytes:
    """Parses a key of Standard Webhooks: `whsec_` and base64 of 24 to 64 bytes.

    Raises:
        ValueError: the text is not such a key; the message does not show it.
    """
    try:
        key = base64.b64decode(text.removeprefix(KEY_PREFIX), validate=True)
    except ValueError:
        key = b""
    if len(key) not in KEY_BYTES:
        raise ValueError("expected whsec_ and base64 of 24 to 64 bytes")
    return key


# Each function returns what is wrong with its kind of proof, or None.


def _of_secret(secret: SharedSecret, header: Header) -> str | None:
    if secret.shown_in(header("authorization") or ""):
        return None
    return "the Authorization header must hold the secret for webhooks"


def _of_hub(keys: tuple[bytes, ...], header: Header, body: bytes) -> str | None:
    sent = (header(HUB_SIGNATURE) or "").encode("utf-8", "replace")
    expected = [HUB_SCHEME + hmac.new(key, body, hashlib.sha256).hexdigest() for key in keys]
    if any(hmac.compare_digest(signature.encode(), sent) for signature in expected):
        return None
    return "the X-Hub-Signature-256 header must hold the signature of the body"


def _of_standard(keys: tuple[bytes, ...], header: Header, body: bytes, now: datetime) -> str | None:
    timestamp = header(TIMESTAMP) or ""
    signatures = [
        signature.removeprefix(SIGNATURE_VERSION).encode("utf-8", "replace")
        for signature in (header(SIGNATURE) or "").split(" ")[:MOST_SIGNATURES]
        if signature.startswith(SIGNATURE_VERSION)
    ]
    signed = f"{header(ID) or ''}.{timestamp}.".encode("utf-8", "replace") + body
    expected = [base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()) for key in keys]
    if not any(
        hmac.compare_digest(signature, sent) for signature in expected for sent in signatures
    ):
        return "webhook-signature must sign webhook-id, webhook-timestamp and the body"
    if not timestamp.isascii() or not timestamp.isdecimal() or len(timestamp) > LONGEST_TIMESTAMP:
        return "webhook-timestamp must be a number of seconds"
    if abs(now.timestamp() - int(timestamp)) > TOLERANCE_SECONDS:
        return (
            f"webhook-timestamp must be within {TOLERANCE_SECONDS} seconds of this server's clock"
        )
    return None
