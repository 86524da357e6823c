"""Finds the resource whose roles count for a name in a request."""

from collections.abc import Callable, Iterable, Mapping
from typing import TypeVar

from tocsin.access.permissions.bindings import EVERYTHING, ServiceAccounts
from tocsin.access.permissions.needs import Kind
from tocsin.access.permissions.resources import folder
from tocsin.contract.text import NUL
from tocsin.store.driver.database import Database
from tocsin.store.driver.transaction import Transaction
from tocsin.store.invocations.rows import origin_of_execution
from tocsin.store.jobs.rows import find_job
from tocsin.store.schedules.rows import integration_of_schedule
from tocsin.store.triggers.folders import (
    folder_of_operation,
    folder_of_trigger,
    parent_and_origin_of,
)
from tocsin.wire.resource_names import (
    integration_name,
    location_of_schedule,
    parse_execution,
    parse_integration,
    parse_operation,
    parse_parent,
    parse_version,
)

Key = TypeVar("Key")
Value = TypeVar("Value")

MOST_REMEMBERED = 20_000
# Contracts allow only shorter names, but requests are authorised before they are validated.
LONGEST_NAME = 1024


class Resources:
    """Finds the resource whose roles count for a name in a request.

    The folders of triggers and operations are cached, as they never change.

    Args:
        database: the store.
        groups: for each log group that is the default group of one folder, the folder's id.
        accounts: knows the folders of service accounts; without it, they belong to no folder.
    """

    def __init__(
        self,
        database: Database,
        *,
        groups: Mapping[str, str],
        accounts: ServiceAccounts | None,
    ) -> None:
        self._database = database
        self._groups = groups
        self._accounts = accounts
        self._folders_of_triggers: dict[str, str] = {}
        self._folders_of_operations: dict[str, str] = {}

    async def of(self, kind: Kind, name: str) -> str:
        """Returns the resource whose roles count, or `*` if the name belongs to none.

        The name may be any text; the store is read only for names that it can have.

        Raises:
            StoreUnavailable: the store can't be reached.
        """
        if not is_storable(name):
            return EVERYTHING
        match kind:
            case Kind.FOLDER:
                return folder(name)
            case Kind.TRIGGER:
                return await self._folder(name, self._folders_of_triggers, folder_of_trigger)
            case Kind.OPERATION:
                return await self._folder(name, self._folders_of_operations, folder_of_operation)
            case Kind.INVOCATION:
                return await self._of_invocation(name) or EVERYTHING
            case Kind.INTEGRATION:
                return _of_integration(name)
            case Kind.INTEGRATION_VERSION:
                return _of_version(name)
            case Kind.LOCATION:
                parent = parse_parent(name)
                return EVERYTHING if parent is None else parent.location
            case Kind.EXECUTION:
                return await self._of_execution(name)
            case Kind.SCHEDULE:
                return await self._of_schedule(name)
            case Kind.JOB:
                job = await self._database.read(lambda tx: find_job(tx, name))
                return EVERYTHING if job is None else job.resource
            case Kind.LOG_GROUP:
                return folder(self._groups.get(name, ""))
            case Kind.SERVICE_ACCOUNT:
                return await self._of_account(name)
            case Kind.EVERYTHING:
                return EVERYTHING

    async def _folder(
        self,
        name: str,
        remembered: dict[str, str],
        find: Callable[[Transaction, str], str | None],
    ) -> str:
        known = remembered.get(name)
        if known is None:
            folder_id = await self._database.read(lambda tx: find(tx, name))
            if folder_id is None:
                return EVERYTHING
            known = folder(folder_id)
            _remember(remembered, name, known)
        return known

    async def _of_invocation(self, invocation_id: str) -> str | None:
        stored = await self._database.read(lambda tx: parent_and_origin_of(tx, invocation_id))
        return None if stored is None else resource_of_invocation(stored.parent, stored.origin)

    async def _of_execution(self, name: str) -> str:
        """Returns the integration of an execution, which an operation names too."""
        operation, execution = parse_operation(name), parse_execution(name)
        if operation is not None:
            location, shown_id = operation.location, operation.id
        elif execution is not None:
            location, shown_id = execution.integration.location, execution.id
        else:
            return EVERYTHING
        origin = await self._database.read(lambda tx: origin_of_execution(tx, location, shown_id))
        return location if origin is None else origin

    async def _of_schedule(self, name: str) -> str:
        location = location_of_schedule(name)
        if location is None:
            return EVERYTHING
        integration = await self._database.read(lambda tx: integration_of_schedule(tx, name))
        return location if integration is None else integration

    async def _of_account(self, account_id: str) -> str:
        if self._accounts is None:
            return EVERYTHING
        return folder(await self._accounts.folder_of(account_id) or "")


def is_storable(name: str) -> bool:
    """Returns whether the store can have a name."""
    return len(name) <= LONGEST_NAME and NUL not in name


def resource_of_invocation(parent: str, origin: str) -> str:
    """Returns the resource of an invocation: its integration, or its trigger's folder."""
    if parse_integration(origin) is not None:
        return origin
    collection, _, folder_id = parent.partition("/")
    return folder(folder_id) if collection == "folders" else parent


def folders_of_groups(groups_of_folders: Mapping[str, str]) -> dict[str, str]:
    """Inverts `[sources.logs.default_groups]`, without groups that several folders share."""
    folders: dict[str, str] = {}
    for folder_id, group in groups_of_folders.items():
        folders[group] = "" if group in folders else folder_id
    return {group: folder_id for group, folder_id in folders.items() if folder_id}


def _of_integration(name: str) -> str:
    parsed = parse_integration(name)
    if parsed is None:
        return EVERYTHING
    # For all integrations of a location, the location's roles count.
    if parsed.means_every:
        return parsed.location
    return integration_name(parsed.location, parsed.integration)


def _of_version(name: str) -> str:
    parsed = parse_version(name)
    if parsed is None:
        return _of_integration(name)
    return integration_name(parsed.integration.location, parsed.integration.integration)


def _remember(remembered: dict[Key, Value], key: Key, value: Value) -> None:
    if len(remembered) >= MOST_REMEMBERED:
        del remembered[next(iter(remembered))]
    remembered[key] = value


def distinct(names: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(names))
