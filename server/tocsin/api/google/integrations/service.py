"""Serves `google.cloud.integrations.v1alpha.Integrations`."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from operator import attrgetter

from google.protobuf.empty_pb2 import Empty

from tocsin.api.google.executions.versions import fitting
from tocsin.api.google.integrations.catalog import Catalog
from tocsin.api.google.integrations.listing import (
    Fields,
    filter_of,
    order_of,
    page_in_order,
    size_of,
)
from tocsin.api.google.integrations.message import STATES
from tocsin.api.google.integrations.names import integration_in, parent_in, refuse_configured
from tocsin.store.driver.database import Database
from tocsin.store.driver.transaction import Transaction
from tocsin.store.integrations import versions as store
from tocsin.store.integrations.versions import VersionState, VersionSummary
from tocsin.wire import errors
from tocsin.wire.calls import Call
from tocsin.wire.paging import DEFAULT_PAGE_SIZE, PageTokens
from tocsin.wire.resource_names import ParentName
from tocsin.wire.serving import Method
from tocsin.wire.timestamps import to_timestamp
from tocsin_protos.google.cloud.integrations.v1alpha import integrations_pb2 as contract
from tocsin_protos.google.cloud.integrations.v1alpha.integration_state_pb2 import IntegrationState

SERVICE = contract.DESCRIPTOR.services_by_name["Integrations"]

CONFIGURED = "From the settings: change it there."
USUAL_FOUND, MOST_FOUND = 10, 100
_STATUS_FILTER = re.compile(r'status\s*:\s*ANY\(\s*("\w+"(?:\s*,\s*"\w+")*)\s*\)')


@dataclass(frozen=True, slots=True)
class Listed:
    """An integration, and the version that stands for it; None for one of the settings.

    That version is the published one, or else the latest.
    """

    name: str
    active: bool
    description: str = CONFIGURED
    creator: str = ""
    modifier: str = ""
    created_at: datetime | None = None
    updated_at: datetime | None = None
    version: VersionSummary | None = None


FIELDS: Fields[Listed] = {
    "name": lambda row: row.name,
    "active": lambda row: row.active,
    "description": lambda row: row.description,
    "creator_email": lambda row: row.creator,
    "last_modifier_email": lambda row: row.modifier,
    "create_time": lambda row: row.created_at,
    "created_time": lambda row: row.created_at,
    "update_time": lambda row: row.updated_at,
    "last_modified_time": lambda row: row.updated_at,
    "snapshot_number": lambda row: 0 if row.version is None else row.version.snapshot_number,
}
ORDERS = ("name", "created_time", "last_modified_time", "snapshot_number")


class IntegrationService:
    """Lists, finds and deletes integrations."""

    def __init__(self, database: Database, pages: PageTokens, catalog: Catalog) -> None:
        self._database = database
        self._pages = pages
        self._catalog = catalog

    def methods(self) -> dict[str, Method]:
        return {
            "ListIntegrations": self.list_integrations,
            "SearchIntegrations": self.search_integrations,
            "DeleteIntegration": self.delete_integration,
        }

    async def list_integrations(
        self, request: contract.ListIntegrationsRequest, call: Call
    ) -> contract.ListIntegrationsResponse:
        """Lists the integrations of a location."""
        parent = parent_in(request.parent)
        wanted = filter_of(request.filter, FIELDS)
        field, reverse = order_of(request.order_by, ORDERS, "name")
        tokens = self._pages.of(call, request, request.parent, request.filter, request.order_by)
        page, token = page_in_order(
            [row for row in await self._listed(parent) if wanted(row)],
            lambda row: (_sortable(FIELDS[field](row)), "" if field == "name" else row.name),
            reverse=reverse,
            size=size_of(request.page_size, DEFAULT_PAGE_SIZE),
            tokens=tokens,
            token=request.page_token,
        )
        return contract.ListIntegrationsResponse(
            integrations=[fitting(_integration(row, parent), call) for row in page],
            next_page_token=token,
        )

    async def search_integrations(
        self, request: contract.SearchIntegrationsRequest, call: Call
    ) -> contract.SearchIntegrationsResponse:
        """Finds the integrations that have all words in their name or description."""
        parent = parent_in(request.parent)
        states = _states_of(request.filter)
        words = request.query.casefold().split()
        tokens = self._pages.of(call, request, request.parent, request.query, request.filter)
        page, token = page_in_order(
            [row for row in await self._listed(parent) if _found(row, words, states)],
            lambda row: (row.name, ""),
            reverse=False,
            size=size_of(request.page_size, USUAL_FOUND, MOST_FOUND),
            tokens=tokens,
            token=request.page_token,
        )
        return contract.SearchIntegrationsResponse(
            integrations=[_result(row, parent) for row in page], next_page_token=token
        )

    async def delete_integration(self, request: contract.DeleteIntegrationRequest) -> Empty:
        """Deletes an integration without a published version."""
        name = integration_in(request.name, "name")
        refuse_configured(self._catalog.configured, name)

        def remove(tx: Transaction) -> None:
            if store.find_active(tx, name.location, name.integration) is not None:
                raise errors.integration_published(request.name)
            if not store.delete_versions(tx, name.location, name.integration):
                raise errors.integration_not_found(request.name)

        await self._database.write(remove)
        return Empty()

    async def _listed(self, parent: ParentName) -> list[Listed]:
        rows = await self._database.read(lambda tx: store.summaries(tx, parent.location, None))
        by_name = attrgetter("integration")
        stored = {
            name: _of_versions(name, list(versions))
            for name, versions in groupby(sorted(rows, key=by_name), key=by_name)
        }
        configured = {name: Listed(name, active=True) for name in self._catalog.configured}
        return list((stored | configured).values())


def _of_versions(name: str, versions: list[VersionSummary]) -> Listed:
    first = min(versions, key=attrgetter("snapshot_number"))
    last = max(versions, key=attrgetter("updated_at"))
    active = [version for version in versions if version.state is VersionState.ACTIVE]
    shown = (active or [max(versions, key=attrgetter("snapshot_number"))])[0]
    return Listed(
        name,
        active=bool(active),
        description=shown.description,
        creator=first.creator,
        modifier=last.modifier,
        created_at=first.created_at,
        updated_at=last.updated_at,
        version=shown,
    )


def _sortable(value: object) -> str | int | datetime:
    """Returns a value to sort by; those of the settings, which have no times, come first."""
    if isinstance(value, datetime | str | int):
        return value
    return datetime.fromisoformat("1970-01-01T00:00:00+00:00")


def _integration(row: Listed, parent: ParentName) -> contract.Integration:
    integration = contract.Integration(
        name=parent.of(row.name),
        description=row.description,
        active=row.active,
        creator_email=row.creator,
        last_modifier_email=row.modifier,
    )
    if row.created_at is not None and row.updated_at is not None:
        integration.create_time.CopyFrom(to_timestamp(row.created_at))
        integration.update_time.CopyFrom(to_timestamp(row.updated_at))
    return integration


def _result(
    row: Listed, parent: ParentName
) -> contract.SearchIntegrationsResponse.IntegrationSearchResult:
    result = contract.SearchIntegrationsResponse.IntegrationSearchResult(
        creator=row.creator,
        description=row.description,
        id=row.name,
        name=parent.of(row.name),
        region=parent.location.rpartition("/")[2],
        status=IntegrationState.ACTIVE,
    )
    if row.version is not None:
        result.name = f"{parent.of(row.name)}/versions/{row.version.id}"
        result.version = row.version.id
        result.status = STATES[row.version.state]
        result.create_time.CopyFrom(to_timestamp(row.version.created_at))
    return result


def _found(row: Listed, words: Iterable[str], states: frozenset[str] | None) -> bool:
    state = "ACTIVE" if row.version is None else row.version.state.value
    text = f"{row.name} {row.description}".casefold()
    return (states is None or state in states) and all(word in text for word in words)


def _states_of(text: str) -> frozenset[str] | None:
    """Returns the states that a search is narrowed to; None for all.

    Raises:
        ApiError: the filter is none of states.
    """
    if not text.strip():
        return None
    match = _STATUS_FILTER.fullmatch(text.strip())
    if match is None:
        raise errors.invalid_field("filter", 'must be such as status: ANY("ACTIVE", "DRAFT")')
    return frozenset(state.strip().strip('"') for state in match[1].split(","))
