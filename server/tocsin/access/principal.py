"""Who is calling."""

from dataclasses import dataclass
from typing import Protocol

SERVICE_ACCOUNT = "serviceAccount"
USER_ACCOUNT = "userAccount"
FEDERATED = "federatedUser"


@dataclass(frozen=True, slots=True)
class Principal:
    """Whom a credential proves. `scopes` are those of the credential; None: it is not limited.

    `subject` is `serviceAccount:ID`, `userAccount:ID` or `federatedUser:ISSUER_NAME:SUB`. `proof`
    names the key or secret of ours that it all goes back to; empty: there is none.
    """

    subject: str
    scopes: frozenset[str] | None = None
    proof: str = ""


class CredentialRefused(Exception):
    """A credential proves nobody. The message is for the server's log, not for the caller."""


class Authenticator(Protocol):
    async def authenticate(self, authorization: str) -> Principal:
        """Checks the value of an `Authorization` header.

        Raises:
            CredentialRefused: it is malformed, forged, expired, revoked, or of another audience.
        """
