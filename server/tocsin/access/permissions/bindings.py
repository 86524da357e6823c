"""Defines bindings: the roles of subjects on resources."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

ALL_AUTHENTICATED_USERS = "allAuthenticatedUsers"
EVERYTHING = "*"


@dataclass(frozen=True, slots=True)
class Binding:
    """Grants a role to a subject on a resource and everything below it.

    `subject` is that of a principal, or `allAuthenticatedUsers`. `resource` is `folders/ID`,
    `projects/ID`, a resource below one (`projects/ID/locations/ID`), or `*`.
    """

    subject: str
    role: str
    resource: str


class Bindings(Protocol):
    async def bindings_of(self, subjects: Sequence[str]) -> Sequence[Binding]:
        """Returns the current bindings of all these subjects.

        Raises:
            StoreUnavailable: the store can't be reached.
        """


class ServiceAccounts(Protocol):
    async def folder_of(self, service_account_id: str) -> str | None:
        """Returns the folder of a service account; None if the account does not exist.

        The folder is empty for an account that is in no folder.

        Raises:
            StoreUnavailable: the store can't be reached.
        """
