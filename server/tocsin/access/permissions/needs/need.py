"""Says what a caller of a method can need."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any

from tocsin.access.permissions.roles import Permission

# The scope that Google's methods require: `auth.oauth2.scopes` of their discovery document.
CLOUD_PLATFORM = "https://www.googleapis.com/auth/cloud-platform"


class Kind(Enum):
    """Says what a field of a request names, and so on which resource the permission is needed."""

    FOLDER = "the folder"
    TRIGGER = "the folder of the trigger"
    OPERATION = "the folder of the operation's trigger"
    INVOCATION = "the folder, or the integration, of the invocation"
    INTEGRATION = "the integration"
    INTEGRATION_VERSION = "the integration, also by the name of its version"
    LOCATION = "the project and location"
    EXECUTION = "the integration of the execution"
    SCHEDULE = "the integration of the schedule"
    JOB = "the folder, the integration or the location whose invocations the job changes, or `*`"
    LOG_GROUP = "the folder whose default log group it is, else `*`"
    SERVICE_ACCOUNT = "the folder of the service account"
    EVERYTHING = "`*`"
    """The thing belongs to no folder; its name appears in the audit log and in refusals."""


class Unnamed(Enum):
    """Says where the permission is needed if a request names no resource."""

    EVERYTHING = "on `*`"
    SHOWN = "on any resource: the answer shows only resources that the caller may see"
    NOTHING = "a valid credential is enough"


class Audience(Enum):
    """Says who may call a method."""

    PUBLIC = "anyone"
    AUTHENTICATED = "callers with a valid credential"
    PERMITTED = "callers with the permission"


class Brings(Enum):
    """Says how many invocations or events a call makes, which count against the quotas."""

    NOTHING = 0
    ONE = 1
    EACH = 2
    """One for each element of the list that `Need.each` names."""
    FOUND = 3
    """As many as the method finds; it says so by `Call.bring` before it writes."""


@dataclass(frozen=True, slots=True)
class Named:
    """Names a field of a request by its path, and what its value names; a list names several.

    Refusals and the audit log show the value with its `collection`, such as `triggers/ID`. An empty
    collection means that the value is a full name.
    """

    field: str
    kind: Kind
    collection: str = ""


@dataclass(frozen=True, slots=True)
class Made:
    """Names the field of an answer, by its path, that holds the ids of what the call created.

    In a `yandex.cloud.operation.Operation` the path may lead into the method's metadata.
    """

    collection: str
    field: str


def never(_request: Any) -> bool:
    return False


def nothing(_request: Any) -> str:
    return ""


@dataclass(frozen=True, slots=True)
class Also:
    """Names a permission that a request also needs if `applies` to it; `to` says to do what."""

    permission: Permission
    to: str
    applies: Callable[[Any], bool]


@dataclass(frozen=True, slots=True)
class Need:
    """Says what a caller of one method needs, on every resource that the request names.

    Attributes:
        audience: who may call the method.
        permission: the permission that is needed.
        also: further permissions that some requests need on the same resources.
        named: the fields that name resources.
        unnamed: where the permission is needed if those fields are empty.
        scope: the scope that a limited token must have.
        event: the name in the audit log of a call that changes something.
        brings: how many invocations or events a call makes.
        each: path of the list whose elements each become an event.
        made: the fields of the answer that the audit log reads.
        accounts: whether the caller must be allowed to use each service account that the request's
            rule, or its version of an integration, names.
        uses_stored_rule: returns whether a request also needs the accounts of the stored rule,
            because it says what to call or send as one of them.
        shows_secret: whether a request to a public method holds a secret that could be guessed.
        secret: returns the secret of such a request, or what all proofs of one sender share; empty
            if the secret is in the headers.
    """

    audience: Audience
    permission: Permission | None = None
    also: tuple[Also, ...] = ()
    named: tuple[Named, ...] = ()
    unnamed: Unnamed = Unnamed.EVERYTHING
    scope: str = ""
    event: str = ""
    brings: Brings = Brings.NOTHING
    each: str = ""
    accounts: bool = False
    uses_stored_rule: Callable[[Any], bool] = never
    made: tuple[Made, ...] = ()
    shows_secret: bool = False
    secret: Callable[[Any], str] = nothing

    def more(self, request: Any) -> tuple[Permission, ...]:
        """Returns the permissions that a request needs beside `permission`."""
        return tuple(also.permission for also in self.also if also.applies(request))


PUBLIC = Need(Audience.PUBLIC)


def permitted(
    permission: Permission,
    *named: Named,
    also: tuple[Also, ...] = (),
    unnamed: Unnamed = Unnamed.EVERYTHING,
    event: str = "",
    brings: Brings = Brings.NOTHING,
    each: str = "",
    accounts: bool = False,
    uses_stored_rule: Callable[[Any], bool] = never,
    made: tuple[Made, ...] = (),
) -> Need:
    """Returns the need of a permission; the arguments are those of `Need`."""
    return Need(
        Audience.PERMITTED,
        permission,
        also,
        named,
        unnamed,
        event=event,
        brings=brings,
        each=each,
        accounts=accounts,
        uses_stored_rule=uses_stored_rule,
        made=made,
    )


def google(
    permission: Permission,
    *named: Named,
    event: str = "",
    brings: Brings = Brings.NOTHING,
    accounts: bool = False,
    each: str = "",
    made: tuple[Made, ...] = (),
) -> Need:
    """Returns the need of a permission and of Google's scope; the arguments are those of `Need`."""
    return Need(
        Audience.PERMITTED,
        permission,
        named=named,
        scope=CLOUD_PLATFORM,
        event=event,
        brings=brings,
        accounts=accounts,
        each=each,
        made=made,
    )


def service(name: str, methods: Mapping[str, Need]) -> dict[str, Need]:
    """Returns the needs of a service by the full names of its methods."""
    return {f"{name}.{method}": need for method, need in methods.items()}
