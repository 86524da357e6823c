"""Checks whether a caller may do what a request asks for."""

from collections.abc import Callable, Iterable
from typing import Any, NamedTuple, TypeAlias

from google.protobuf.descriptor import Descriptor

from tocsin.access.permissions.grants import Grants
from tocsin.access.permissions.needs import Kind, Named, Need, Unnamed
from tocsin.access.permissions.roles import Permission
from tocsin.compilers.loading import load_plan
from tocsin.contract.fields import Texts, texts_at, texts_named
from tocsin.gate.resources import Resources, distinct, is_storable
from tocsin.plans.accounts import accounts_of
from tocsin.plans.plan import Plan
from tocsin.store.driver.database import Database
from tocsin.store.triggers.rows import StoredTrigger, find_trigger
from tocsin.wire import errors

SERVICE_ACCOUNT_ID = "service_account_id"
# The most resources that a request may name; methods have lower limits of their own.
MOST_NAMED = 1000


# Returns whether the caller may see a resource.
Sight: TypeAlias = Callable[[str], bool]


class Target(NamedTuple):
    """A resource that a request names: by `name` in errors, by `id` in the request."""

    name: str
    kind: Kind
    id: str


class Naming:
    """Reads the names in requests of one method, and finds the resources whose roles count.

    It is compiled once. Requests may break any rule of their contract: an impossible name belongs
    to no known resource, and needs the permission on `*`.
    """

    def __init__(self, request: Descriptor, need: Need, resources: Resources) -> None:
        self._readers: list[tuple[Named, Texts]] = [
            (named, texts_at(request, named.field)) for named in need.named
        ]
        self._need = need
        self._resources = resources

    def targets(self, request: Any) -> list[Target]:
        """Returns all resources that a request names."""
        return [
            Target(_full_name(named.collection, name), named.kind, name)
            for named, read in self._readers
            for name in distinct(read(request))
        ]

    async def resource_of(self, target: Target) -> str:
        """Returns the resource whose roles count for a target.

        Raises:
            StoreUnavailable: the store can't be reached.
        """
        return await self._resources.of(target.kind, target.id)

    async def check(
        self, grants: Grants, targets: list[Target], more: tuple[Permission, ...]
    ) -> Sight | None:
        """Checks the method's permission and `more` on all targets.

        Without targets, `need.unnamed` decides.

        Returns which resources a list may show, or None for all.

        Raises:
            ApiError: the permission is missing on a target, or the request names too many.
            StoreUnavailable: the store can't be reached.
        """
        need = self._need
        if need.permission is None:
            return None
        permissions = (need.permission, *more)
        for target in targets[:MOST_NAMED]:
            resource = await self.resource_of(target)
            for permission in permissions:
                if not grants.allow(permission, resource):
                    raise errors.permission_denied(permission, target.name)
        if len(targets) > MOST_NAMED:
            raise errors.invalid_field(need.named[-1].field, f"must name at most {MOST_NAMED}")
        missing = [each for each in permissions if not grants.allow_everywhere(each)]
        if targets or need.unnamed is Unnamed.NOTHING or not missing:
            return None
        if need.unnamed is Unnamed.SHOWN and all(map(grants.allow_somewhere, permissions)):
            return _sight(grants, permissions)
        raise errors.permission_denied(missing[0], "*")


def _full_name(collection: str, name: str) -> str:
    """Returns a name for errors, made only of what the request sent."""
    return f"{collection}/{name}" if collection else name


def _sight(grants: Grants, permissions: tuple[Permission, ...]) -> Sight:
    if len(permissions) == 1:
        [permission] = permissions
        return lambda resource: grants.allow(permission, resource)
    return lambda resource: all(grants.allow(each, resource) for each in permissions)


class AccountUse:
    """Checks that a caller may use the service accounts of a rule."""

    def __init__(
        self, request: Descriptor, need: Need, resources: Resources, database: Database
    ) -> None:
        self._named = texts_named(request, SERVICE_ACCOUNT_ID)
        self._uses_stored_rule = need.uses_stored_rule
        self._resources = resources
        self._database = database

    async def check(self, grants: Grants, request: Any) -> frozenset[str] | None:
        """Checks all accounts that the rule will have, also those that an update keeps.

        Otherwise a caller who may change a trigger, or fire it with another payload, could act with
        the account's permissions.

        Returns the accounts of the stored rule if the request uses it, or None.

        Raises:
            ApiError: the caller may not use an account.
            StoreUnavailable: the store can't be reached.
        """
        accounts, of_stored = self._named(request), None
        if self._uses_stored_rule(request):
            of_stored = await self._accounts_of_trigger(request.trigger_id)
            accounts = [*accounts, *sorted(of_stored)]
        await self.check_all(grants, accounts)
        return of_stored

    async def check_all(self, grants: Grants, account_ids: Iterable[str]) -> None:
        """Checks that the caller may use service accounts.

        Raises:
            ApiError: the caller may not use one of them.
            StoreUnavailable: the store can't be reached.
        """
        for account_id in distinct(account_ids):
            resource = await self._resources.of(Kind.SERVICE_ACCOUNT, account_id)
            if not grants.allow(Permission.SERVICE_ACCOUNTS_USE, resource):
                raise errors.permission_denied(
                    Permission.SERVICE_ACCOUNTS_USE, _full_name("serviceAccounts", account_id)
                )

    async def _accounts_of_trigger(self, trigger_id: str) -> frozenset[str]:
        if not is_storable(trigger_id):
            return frozenset()
        stored = await self._database.read(lambda tx: find_trigger(tx, trigger_id))
        return frozenset() if stored is None else _accounts_of(stored)


def _accounts_of(stored: StoredTrigger) -> frozenset[str]:
    try:
        return accounts_of(load_plan(stored.contract, stored.message))
    except ValueError as error:
        raise errors.trigger_unreadable(stored.id, str(error)) from error


def refuse_other_accounts(usable: frozenset[str] | None, plan: Plan) -> None:
    """Checks that a trigger has only service accounts that the caller may use.

    Raises:
        ApiError: the trigger was given another account since the caller was authorised.
    """
    if usable is not None and not usable.issuperset(accounts_of(plan)):
        raise errors.changed_meanwhile(plan.trigger_id)
