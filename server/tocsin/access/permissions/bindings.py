"""Which roles subjects have, and on what."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

ALL_AUTHENTICATED_USERS = "allAuthenticatedUsers"
EVERYTHING = "*"


@dataclass(frozen=True, slots=True)
class Binding:
    """A role that a subject has on a resource, and on all that is below it.

    `subject` is a principal's, or `allAuthenticatedUsers`. `resource` is `folders/ID`,
    `projects/ID`, what is below one (`projects/ID/locations/ID`), or `*`.
    """

    subject: str
    role: str
    resource: str


class Bindings(Protocol):
    async def bindings_of(self, subjects: Sequence[str]) -> Sequence[Binding]:
        """Returns all bindings of any of these subjects, as they are now.

        They are asked for again every few seconds, so one that was taken away ends soon.

        Raises:
            StoreUnavailable: the store can't be reached.
        """


class ServiceAccounts(Protocol):
    async def folder_of(self, service_account_id: str) -> str | None:
        """Returns the folder that a service account is in; None: there is no such account.

        An account that is in no folder has the empty one.

        Raises:
            StoreUnavailable: the store can't be reached.
        """
