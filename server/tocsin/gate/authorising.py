"""May they: whether a caller may do what a request asks for."""

from collections.abc import Callable
from typing import Any, NamedTuple

from google.protobuf.descriptor import Descriptor

from tocsin.access.permissions.grants import Grants
from tocsin.access.permissions.needs import Kind, Named, Need, Unnamed
from tocsin.access.permissions.roles import Permission
from tocsin.compilers.loading import load_plan
from tocsin.contract.fields import Texts, texts_at, texts_named
from tocsin.gate.resources import Places, distinct
from tocsin.plans.accounts import accounts_of
from tocsin.plans.plan import Plan
from tocsin.store.driver.database import Database
from tocsin.store.triggers.rows import StoredTrigger, find_trigger
from tocsin.wire import errors
from tocsin.wire.calls import SIGHT, USABLE

SERVICE_ACCOUNT_ID = "service_account_id"
# What one request may name. Methods have limits of their own, but they come later.
MOST_NAMED = 1000


class Target(NamedTuple):
    """Something that a request names: as a refusal tells it, and the resource whose roles count."""

    told: str
    place: str


class Naming:
    """Reads what the requests of one method name; compiled once."""

    def __init__(self, request: Descriptor, need: Need, places: Places) -> None:
        self._readers: list[tuple[Named, Texts]] = [
            (each, texts_at(request, each.field)) for each in need.named
        ]
        self._places = places

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
                place = await self._places.of(named.kind, name)
                found.append(Target(_told(named.collection, name), place))
        return found


def _told(collection: str, name: str) -> str:
    """Returns what a request named as a refusal tells it: nothing but what was sent."""
    return f"{collection}/{name}" if collection else name


def check(grants: Grants, need: Need, targets: list[Target]) -> None:
    """Checks that the caller may do it to all targets; where there are none, as the need says.

    What a list is to leave out it is told by `SIGHT`.

    Raises:
        ApiError: they may not.
    """
    permission = need.permission
    if permission is None:
        return
    for target in targets:
        if not grants.allow(permission, target.place):
            raise errors.permission_denied(permission, target.told)
    if targets or need.unnamed is Unnamed.NOTHING or grants.allow_everywhere(permission):
        return
    if need.unnamed is Unnamed.SHOWN and grants.allow_somewhere(permission):
        SIGHT.set(_sight(grants, permission))
        return
    raise errors.permission_denied(permission, "*")


def _sight(grants: Grants, permission: Permission) -> Callable[[str], bool]:
    return lambda place: grants.allow(permission, place)


class AccountUse:
    """Checks that a caller may use the service accounts that they say what to call with."""

    def __init__(self, request: Descriptor, need: Need, places: Places, database: Database) -> None:
        self._named = texts_named(request, SERVICE_ACCOUNT_ID)
        self._uses_stored_rule = need.uses_stored_rule
        self._places = places
        self._database = database

    async def check(self, grants: Grants, request: Any) -> None:
        """Checks all that the rule will name, those that an update leaves in it too.

        Else who may change a trigger but not use its account could have the account call what
        they like. The same is true of who fires it with a payload of their own.

        Raises:
            ApiError: one of them may not be used.
            StoreUnavailable: the store can't be reached.
        """
        accounts = self._named(request)
        if self._uses_stored_rule(request):
            trigger_id = request.trigger_id
            stored = await self._database.read(lambda tx: find_trigger(tx, trigger_id))
            held = frozenset() if stored is None else _accounts_of(stored)
            USABLE.set(held)
            accounts = [*accounts, *held]
        for account_id in distinct(accounts):
            place = await self._places.of(Kind.SERVICE_ACCOUNT, account_id)
            if not grants.allow(Permission.SERVICE_ACCOUNTS_USE, place):
                raise errors.permission_denied(
                    Permission.SERVICE_ACCOUNTS_USE, _told("serviceAccounts", account_id)
                )


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
