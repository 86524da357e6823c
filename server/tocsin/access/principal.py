"""Defines the principal: who is calling."""

from dataclasses import dataclass
from typing import Protocol

SERVICE_ACCOUNT = "serviceAccount"
USER_ACCOUNT = "userAccount"
FEDERATED = "federatedUser"


@dataclass(frozen=True, slots=True)
class Principal:
    """Identifies the caller whom a credential proves.

    `subject` is `serviceAccount:ID`, `userAccount:ID` or `federatedUser:ISSUER_NAME:SUB`. `scopes`
    are those of the credential; None means that it is not limited. `proof` is the id of the stored
    key or secret behind the credential, empty if it has none.
    """

    subject: str
    scopes: frozenset[str] | None = None
    proof: str = ""


class CredentialRefused(Exception):
    """A credential proves nobody; the message is for the server's log, not for the caller."""


class Authenticator(Protocol):
    async def authenticate(self, authorization: str) -> Principal:
        """Checks the value of an `Authorization` header.

        Raises:
            CredentialRefused: the credential is malformed, forged, expired, revoked or meant for
                another audience.
        """
