"""Describes how callers prove who they are."""

from enum import Enum
from typing import Final

from tocsin.contract.openapi import Json
from tocsin.contract.routes import Envelope


class Callers(Enum):
    """Says who may call a method, as far as credentials go."""

    ANYONE = "anyone"
    SENDERS = "senders"
    """Software that sends events, and has a secret of its own."""
    KNOWN = "known"
    """Callers with a credential of this server's."""


SCHEMES: Final[dict[str, Json]] = {
    "token": {
        "type": "http",
        "scheme": "bearer",
        "description": "An IAM token, or a JWT of an issuer that the server trusts.",
    },
    "apiKey": {
        "type": "apiKey",
        "in": "header",
        "name": "Authorization",
        "description": "A key of a service account: `Api-Key SECRET`.",
    },
    "googleKey": {"type": "apiKey", "in": "header", "name": "X-Goog-Api-Key"},
    "googleKeyInQuery": {"type": "apiKey", "in": "query", "name": "key"},
    "googleTokenInQuery": {"type": "apiKey", "in": "query", "name": "access_token"},
    "senderSecret": {
        "type": "http",
        "scheme": "bearer",
        "description": "The secret of a sender, as `Bearer SECRET`, or bare.",
    },
    "senderPassword": {
        "type": "http",
        "scheme": "basic",
        "description": "The secret of a sender as the password; the name is not read.",
    },
    "hubSignature": {
        "type": "apiKey",
        "in": "header",
        "name": "X-Hub-Signature-256",
        "description": "An HMAC of the body, as GitHub and Gitea sign: `sha256=HEX`.",
    },
    "standardWebhooks": {
        "type": "apiKey",
        "in": "header",
        "name": "webhook-signature",
        "description": "A signature by Standard Webhooks, beside `webhook-id` and "
        "`webhook-timestamp`.",
    },
}

_KNOWN = ["token", "apiKey"]
_GOOGLE = ["googleKey", "googleKeyInQuery", "googleTokenInQuery"]
_SENDERS = ["senderSecret", "senderPassword"]
_SIGNING = ["hubSignature", "standardWebhooks"]


def requirement(callers: Callers, envelope: Envelope) -> list[Json]:
    """Returns the schemes of which one is enough; an empty list means that none is needed."""
    names: list[str] = []
    if callers is Callers.SENDERS:
        names = _SENDERS + ([] if envelope is Envelope.OTLP else _SIGNING)
    elif callers is Callers.KNOWN:
        names = _KNOWN + (_GOOGLE if envelope is Envelope.GOOGLE else [])
    return [{name: []} for name in names]
