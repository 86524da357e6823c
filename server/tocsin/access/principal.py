"""Defines the principal: who is calling."""

from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple, Protocol

from tocsin.access.sessions import Session

SERVICE_ACCOUNT = "serviceAccount"
USER_ACCOUNT = "userAccount"
FEDERATED = "federatedUser"


class ShownToken(NamedTuple):
    """An IAM token that a caller showed: its id, its subject, and when it was issued."""

    id: str
    subject: str
    issued_at: datetime


@dataclass(frozen=True, slots=True)
class Principal:
    """Identifies the caller whom a credential proves.

    `subject` is `serviceAccount:ID`, `userAccount:ID` or `federatedUser:ISSUER_NAME:SUB`. `scopes`
    are those of the credential; None means that it is not limited. `proof` is the id of the stored
    key or secret behind the credential, empty if it has none. `expires_at` is when the credential
    expires; None means never. `tokens` are the IAM token that was shown, and those that it was made
    of, one of another; a session stands there too. `session` is the session of the page by which
    the caller calls.
    """

    subject: str
    scopes: frozenset[str] | None = None
    proof: str = ""
    expires_at: datetime | None = None
    tokens: tuple[ShownToken, ...] = ()
    session: Session | None = None


class CredentialRefused(Exception):
    """A credential proves nobody; the message is for the server's log, not for the caller."""


class Authenticator(Protocol):
    async def authenticate(self, authorization: str) -> Principal:
        """Checks the value of an `Authorization` header.

        Raises:
            CredentialRefused: the credential is malformed, forged, expired, revoked or meant for
                another audience.
        """
