"""May they: whether a caller may do what a request asks for."""

from collections.abc import Callable
from typing import Any, NamedTuple, TypeAlias

from google.protobuf.descriptor import Descriptor

from tocsin.access.permissions.grants import Grants
from tocsin.access.permissions.needs import Kind, Named, Need, Unnamed
from tocsin.access.permissions.roles import Permission
from tocsin.compilers.loading import load_plan
from tocsin.contract.fields import Texts, texts_at, texts_named
from tocsin.gate.resources import Resources, distinct
from tocsin.plans.accounts import accounts_of
from tocsin.plans.plan import Plan
from tocsin.store.driver.database import Database
from tocsin.store.triggers.rows import StoredTrigger, find_trigger
from tocsin.wire import errors

SERVICE_ACCOUNT_ID = "service_account_id"
# What one request may name. Methods have limits of their own, but they come later.
MOST_NAMED = 1000


# Tells whether the caller may see what is at a resource.
Sight: TypeAlias = Callable[[str], bool]


class Target(NamedTuple):
    """Something that a request names: the name for errors, and the resource whose roles count."""

    name: str
    resource: str


class Naming:
    """Reads what the requests of one method name; compiled once."""

    def __init__(self, request: Descriptor, need: Need, resources: Resources) -> None:
        self._readers: list[tuple[Named, Texts]] = [
            (each, texts_at(request, each.field)) for each in need.named
        ]
        self._resources = resources

    async def targets(self, request: Any) -> list[Target]:
        """Finds all that a request names.

        Raises:
            ApiError: it names too much.
            StoreUnavailable: the store can't be reached.
        """
        found: list[Target] = []
        for named, read in self._readers:
            names = distinct(read(request))
            if len(names) > MOST_NAMED:
                raise errors.invalid_field(named.field, f"names more than {MOST_NAMED}")
            for name in names:
                resource = await self._resources.of(named.kind, name)
                found.append(Target(_full_name(named.collection, name), resource))
        return found


def _full_name(collection: str, name: str) -> str:
    """Returns a name as errors have it: made of nothing but what the request sent."""
    return f"{collection}/{name}" if collection else name


def check(grants: Grants, need: Need, targets: list[Target]) -> Sight | None:
    """Checks that the caller may do it to all targets; where there are none, as the need says.

    Returns what a list may show of several resources; None: all.

    Raises:
        ApiError: they may not.
    """
    permission = need.permission
    if permission is None:
        return None
    for target in targets:
        if not grants.allow(permission, target.resource):
            raise errors.permission_denied(permission, target.name)
    if targets or need.unnamed is Unnamed.NOTHING or grants.allow_everywhere(permission):
        return None
    if need.unnamed is Unnamed.SHOWN and grants.allow_somewhere(permission):
        return _sight(grants, permission)
    raise errors.permission_denied(permission, "*")


def _sight(grants: Grants, permission: Permission) -> Sight:
    return lambda resource: grants.allow(permission, resource)


class AccountUse:
    """Checks that a caller may use the service accounts that they say what to call with."""

    def __init__(
        self, request: Descriptor, need: Need, resources: Resources, database: Database
    ) -> None:
        self._named = texts_named(request, SERVICE_ACCOUNT_ID)
        self._uses_stored_rule = need.uses_stored_rule
        self._resources = resources
        self._database = database

    async def check(self, grants: Grants, request: Any) -> frozenset[str] | None:
        """Checks all that the rule will name, those that an update leaves in it too.

        Returns the accounts of the rule as it is stored, where the request makes use of it; None
        where it does not.

        Else who may change a trigger but not use its account could have the account call what
        they like. The same is true of who fires it with a payload of their own.

        Raises:
            ApiError: one of them may not be used.
            StoreUnavailable: the store can't be reached.
        """
        accounts, of_stored = self._named(request), None
        if self._uses_stored_rule(request):
            trigger_id = request.trigger_id
            stored = await self._database.read(lambda tx: find_trigger(tx, trigger_id))
            of_stored = frozenset() if stored is None else _accounts_of(stored)
            accounts = [*accounts, *sorted(of_stored)]
        for account_id in distinct(accounts):
            resource = await self._resources.of(Kind.SERVICE_ACCOUNT, account_id)
            if not grants.allow(Permission.SERVICE_ACCOUNTS_USE, resource):
                raise errors.permission_denied(
                    Permission.SERVICE_ACCOUNTS_USE, _full_name("serviceAccounts", account_id)
                )
        return of_stored


def _accounts_of(stored: StoredTrigger) -> frozenset[str]:
    try:
        return accounts_of(load_plan(stored.contract, stored.message))
    except ValueError as error:
        raise errors.trigger_unreadable(stored.id, str(error)) from error


def refuse_other_accounts(usable: frozenset[str] | None, plan: Plan) -> None:
    """Checks that a trigger that is about to be used has no account that was not asked for.

    Raises:
        ApiError: somebody gave it another one after the caller was found to be allowed.
    """
    if usable is not None and not usable.issuperset(accounts_of(plan)):
        raise errors.changed_meanwhile(plan.trigger_id)
