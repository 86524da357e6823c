"""Checks how senders of webhooks prove themselves: by a secret or by a signature of the body.

Signatures are those of GitHub, Gitea and others (`X-Hub-Signature-256`), and of Standard Webhooks.
"""

import base64
import hashlib
import hmac
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import TypeAlias

from tocsin.access.shared_secret import SharedSecret

Header: TypeAlias = Callable[[str], str | None]
"""Returns the value of a header by its name in lower case, or None."""

HUB_SIGNATURE = "x-hub-signature-256"
HUB_SCHEME = "sha256="
HUB_FORM = re.compile(HUB_SCHEME + "[0-9a-f]{64}")
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
# Base64 of the 32 bytes of a signature.
SIGNATURE_FORM = re.compile(rb"[A-Za-z0-9+/]{43}=")
SIGNED_HEADERS = (HUB_SIGNATURE, ID, TIMESTAMP, SIGNATURE)
"""The headers, beside `Authorization`, by which senders prove themselves."""


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
        _expect_one(problems)

    def check_headers(self, header: Header, now: datetime) -> bool:
        """Checks what the headers of a webhook say without its body: a signature by its form only.

        Returns whether they prove the sender, whatever the body is.

        Args:
            header: reads its headers.
            now: the instant at which they came.

        Raises:
            ProofRefused: whatever the body is, no header proves the sender.
        """
        problems = []
        if self.secret is not None:
            problems.append(_of_secret(self.secret, header))
        if self.hub_keys:
            problems.append(_of_hub_form(header))
        if self.standard_keys:
            problems.append(_of_standard_form(header, now))
        _expect_one(problems)
        return self.secret is not None and problems[0] is None


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


def _expect_one(problems: list[str | None]) -> None:
    """Raises ProofRefused unless one of the kinds of proof has no problem."""
    if None not in problems:
        raise ProofRefused("; ".join(text for text in problems if text is not None))


NOT_SIGNED_AS_HUB = "the X-Hub-Signature-256 header must hold the signature of the body"
NOT_SIGNED = "webhook-signature must sign webhook-id, webhook-timestamp and the body"

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
    return NOT_SIGNED_AS_HUB


def _of_hub_form(header: Header) -> str | None:
    return None if HUB_FORM.fullmatch(header(HUB_SIGNATURE) or "") else NOT_SIGNED_AS_HUB


def _of_standard(keys: tuple[bytes, ...], header: Header, body: bytes, now: datetime) -> str | None:
    signatures, timestamp = _signatures(header), header(TIMESTAMP) or ""
    signed = f"{header(ID) or ''}.{timestamp}.".encode("utf-8", "replace") + body
    expected = [base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()) for key in keys]
    if not any(
        hmac.compare_digest(signature, sent) for signature in expected for sent in signatures
    ):
        return NOT_SIGNED
    return _of_time(timestamp, now)


def _of_standard_form(header: Header, now: datetime) -> str | None:
    if not any(SIGNATURE_FORM.fullmatch(signature) for signature in _signatures(header)):
        return NOT_SIGNED
    return _of_time(header(TIMESTAMP) or "", now)


def _signatures(header: Header) -> list[bytes]:
    return [
        signature.removeprefix(SIGNATURE_VERSION).encode("utf-8", "replace")
        for signature in (header(SIGNATURE) or "").split(" ")[:MOST_SIGNATURES]
        if signature.startswith(SIGNATURE_VERSION)
    ]


def _of_time(timestamp: str, now: datetime) -> str | None:
    if not timestamp.isascii() or not timestamp.isdecimal() or len(timestamp) > LONGEST_TIMESTAMP:
        return "webhook-timestamp must be a number of seconds"
    if abs(now.timestamp() - int(timestamp)) > TOLERANCE_SECONDS:
        return (
            f"webhook-timestamp must be within {TOLERANCE_SECONDS} seconds of this server's clock"
        )
    return None
