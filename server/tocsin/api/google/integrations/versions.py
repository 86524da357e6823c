"""Serves `google.cloud.integrations.v1alpha.IntegrationVersions`, but for publishing."""

import uuid
from collections.abc import Mapping
from functools import partial
from typing import TypeAlias

from google.protobuf.empty_pb2 import Empty
from google.protobuf.field_mask_pb2 import FieldMask

from tocsin.api.google.executions.masks import read_mask, reduced
from tocsin.api.google.executions.versions import fitting
from tocsin.api.google.integrations.catalog import Catalog
from tocsin.api.google.integrations.files import config_of, config_values_of, of_text, to_text
from tocsin.api.google.integrations.listing import (
    Fields,
    filter_of,
    order_of,
    page_in_order,
    position_of,
    size_of,
)
from tocsin.api.google.integrations.message import OUTPUT, to_version, without_output
from tocsin.api.google.integrations.names import (
    integration_in,
    new_integration_in,
    refuse_configured,
    version_in,
)
from tocsin.compilers.integration_schedules import faults_of_schedules, lint_of
from tocsin.compilers.integration_versions import (
    VERSION,
    accounts_of_version,
    faults_of_draft,
    name_triggers,
)
from tocsin.contract.text import nul_violations
from tocsin.contract.validation import Violation, validator
from tocsin.outgoing.sent_urls import refusal_of
from tocsin.plans.errors import PlanError
from tocsin.schedule import Clock
from tocsin.store.driver.database import Database
from tocsin.store.driver.transaction import Transaction, UniqueViolation
from tocsin.store.integrations import versions as store
from tocsin.store.integrations.schedules import schedule_errors
from tocsin.store.integrations.versions import StoredVersion, VersionState, VersionSummary
from tocsin.targets.current import CurrentTargets
from tocsin.wire import errors
from tocsin.wire.calls import Call
from tocsin.wire.paging import LARGEST_PAGE_BYTES, PageTokens, page_of
from tocsin.wire.resource_names import IntegrationName, VersionName
from tocsin.wire.serving import Method
from tocsin_protos.google.cloud.integrations.v1alpha import integration_versions_pb2 as contract
from tocsin_protos.google.cloud.integrations.v1alpha.integration_version_pb2 import (
    IntegrationVersion,
)

SERVICE = contract.DESCRIPTOR.services_by_name["IntegrationVersions"]

# A page of one version must be one that clients accept.
LARGEST_VERSION = LARGEST_PAGE_BYTES
MOST_OF_INTEGRATION = 1000
MOST_OF_LOCATION = 10_000
USUAL_PAGE = 50
FIELDS: Fields[VersionSummary] = {
    "state": lambda row: row.state.value,
    "status": lambda row: row.state.value,
    "snapshot_number": lambda row: row.snapshot_number,
    "user_label": lambda row: row.user_label,
    "description": lambda row: row.description,
    "name": lambda row: f"{row.location}/integrations/{row.integration}/versions/{row.id}",
    "integration": lambda row: row.integration,
    "created_time": lambda row: row.created_at,
    "create_time": lambda row: row.created_at,
    "last_modified_time": lambda row: row.updated_at,
    "update_time": lambda row: row.updated_at,
    "last_modifier_email": lambda row: row.modifier,
    "snapshotNumber": lambda row: row.snapshot_number,
    "userLabel": lambda row: row.user_label,
}
ALL_FILES = (
    contract.SerializedFile.INTEGRATION,
    contract.SerializedFile.INTEGRATION_CONFIG_VARIABLES,
)
Errors: TypeAlias = Mapping[tuple[str, str], str]
ORDERS = ("created_time", "last_modified_time", "snapshot_number", "name")


class VersionService:
    """Writes, returns and deletes versions."""

    def __init__(
        self,
        database: Database,
        clock: Clock,
        pages: PageTokens,
        current: CurrentTargets,
        catalog: Catalog,
    ) -> None:
        self._database = database
        self._clock = clock
        self._pages = pages
        self._current = current
        self._catalog = catalog

    def methods(self) -> dict[str, Method]:
        return {
            "CreateIntegrationVersion": self.create_version,
            "UploadIntegrationVersion": self.upload_version,
            "GetIntegrationVersion": self.get_version,
            "DownloadIntegrationVersion": self.download_version,
            "DownloadJsonPackage": self.download_package,
            "ListIntegrationVersions": self.list_versions,
            "UpdateIntegrationVersion": self.update_version,
            "DeleteIntegrationVersion": self.delete_version,
        }

    async def create_version(
        self, request: contract.CreateIntegrationVersionRequest, call: Call
    ) -> IntegrationVersion:
        """Stores a draft."""
        name = new_integration_in(request.parent)
        return await self._create(
            name, request.integration_version, call, must_be_new=request.new_integration
        )

    async def upload_version(
        self, request: contract.UploadIntegrationVersionRequest, call: Call
    ) -> contract.UploadIntegrationVersionResponse:
        """Stores the draft that a text holds."""
        name = new_integration_in(request.parent)
        version = of_text(request.content, request.file_format)
        _check_contract(version)
        made = await self._create(name, version, call, must_be_new=False)
        return contract.UploadIntegrationVersionResponse(integration_version=made)

    async def _create(
        self, name: IntegrationName, sent: IntegrationVersion, call: Call, *, must_be_new: bool
    ) -> IntegrationVersion:
        refuse_configured(self._catalog.configured, name)
        version = without_output(sent)
        name_triggers(version)
        await self._check(version, call)
        now, version_id = self._clock.now(), str(uuid.uuid4())

        def insert(tx: Transaction) -> StoredVersion:
            number = _room_for(tx, name, must_be_new=must_be_new)
            stored = StoredVersion(
                VersionSummary(
                    id=version_id,
                    location=name.location,
                    integration=name.integration,
                    snapshot_number=number,
                    state=VersionState.DRAFT,
                    creator=modifier_of(call),
                    modifier=modifier_of(call),
                    created_at=now,
                    updated_at=now,
                    description=version.description,
                    user_label=version.user_label,
                ),
                version.SerializeToString(),
            )
            try:
                store.insert_version(tx, stored)
            except UniqueViolation:
                raise errors.version_changed_meanwhile(name.resource) from None
            return stored

        return fitting_version(to_version(await self._database.write(insert), name), call)

    async def _check(self, version: IntegrationVersion, call: Call) -> None:
        if version.ByteSize() > LARGEST_VERSION:
            raise errors.invalid_field(VERSION, f"must have at most {LARGEST_VERSION} bytes")
        await call.use_accounts(accounts_of_version(version))
        refusal = partial(refusal_of, self._current.targets.reach)
        refuse_faults(
            [
                *faults_of_draft(version, refusal),
                *faults_of_schedules(version, published=False),
            ]
        )
        await call.send_lint(lint_of(version, self._clock.now()))

    async def get_version(
        self, request: contract.GetIntegrationVersionRequest, call: Call
    ) -> IntegrationVersion:
        """Returns a version."""
        name = version_in(request.name)

        def read(tx: Transaction) -> IntegrationVersion:
            stored = found_version(tx, name, request.name)
            return to_version(stored, name.integration, schedule_errors(tx, [name.id]))

        return fitting_version(await self._database.read(read), call)

    async def download_version(
        self, request: contract.DownloadIntegrationVersionRequest
    ) -> contract.DownloadIntegrationVersionResponse:
        """Returns a version as text, and the files that were asked for."""
        name = version_in(request.name)
        stored = await self._database.read(lambda tx: found_version(tx, name, request.name))
        version = to_version(stored, name.integration)
        content = to_text(version, request.file_format)
        if not request.files:
            return contract.DownloadIntegrationVersionResponse(content=content)
        response = contract.DownloadIntegrationVersionResponse()
        for file in request.files:
            if file == contract.SerializedFile.INTEGRATION:
                response.files.add(file=file, content=content)
            elif file == contract.SerializedFile.INTEGRATION_CONFIG_VARIABLES:
                response.files.add(file=file, content=config_values_of(version))
        return response

    async def download_package(
        self, request: contract.DownloadJsonPackageRequest
    ) -> contract.DownloadJsonPackageResponse:
        """Returns a version, and the values of its config parameters, as messages."""
        name = version_in(request.name)
        stored = await self._database.read(lambda tx: found_version(tx, name, request.name))
        version = to_version(stored, name.integration)
        response = contract.DownloadJsonPackageResponse()
        for file in request.files or ALL_FILES:
            if file == contract.SerializedFile.INTEGRATION:
                response.files.add(type=file, integration_version=version)
            elif file == contract.SerializedFile.INTEGRATION_CONFIG_VARIABLES:
                response.files.add(type=file).integration_config.update(config_of(version))
        return response

    async def list_versions(
        self, request: contract.ListIntegrationVersionsRequest, call: Call
    ) -> contract.ListIntegrationVersionsResponse:
        """Lists the versions of an integration, or of all of a location."""
        parent = integration_in(request.parent, "parent")
        mask = read_mask(request.field_mask, IntegrationVersion, "field_mask")
        wanted = filter_of(request.filter, FIELDS)
        field, reverse = order_of(request.order_by, ORDERS, "created_time desc")
        size = size_of(request.page_size, USUAL_PAGE)
        tokens = self._pages.of(call, request, request.parent, request.filter, request.order_by)
        of_integration = None if parent.means_every else parent.integration

        def read(tx: Transaction) -> tuple[list[StoredVersion], str, Errors]:
            rows = [
                row for row in store.summaries(tx, parent.location, of_integration) if wanted(row)
            ]
            page, token = page_in_order(
                rows,
                lambda row: (FIELDS[field](row), row.id),
                reverse=reverse,
                size=size,
                tokens=tokens,
                token=request.page_token,
            )
            if not page:
                return [], token, {}
            ids = [row.id for row in page]
            whole = store.versions_by_id(tx, ids)
            found = [whole[each] for each in ids if each in whole]
            return found, token, schedule_errors(tx, ids)

        stored, token, why = await self._database.read(read)
        page, rest = page_of(stored, size, lambda each: len(each.message))
        if rest:
            last = page[-1].summary
            token = tokens.token(position_of((FIELDS[field](last), last.id)))
        response = contract.ListIntegrationVersionsResponse(next_page_token=token)
        for each in page:
            version = fitting_version(to_version(each, parent, why), call)
            response.integration_versions.append(
                version if mask is None else reduced(version, mask)
            )
        return response

    async def update_version(
        self, request: contract.UpdateIntegrationVersionRequest, call: Call
    ) -> IntegrationVersion:
        """Changes a draft."""
        name = version_in(request.name)
        refuse_configured(self._catalog.configured, name.integration)
        paths = _update_paths(request.update_mask)
        now = self._clock.now()
        before = await self._database.read(lambda tx: found_version(tx, name, request.name))
        changed = _changed(before, request.integration_version, paths)
        await self._check(changed, call)

        def update(tx: Transaction) -> StoredVersion:
            stored = found_version(tx, name, request.name, lock=True)
            if stored.summary.state is not VersionState.DRAFT:
                raise errors.version_in_state(request.name, stored.summary.state.value, "a DRAFT")
            if stored.message != before.message:
                raise errors.version_changed_meanwhile(request.name)
            store.rewrite(
                tx,
                name.id,
                changed.SerializeToString(),
                description=changed.description,
                user_label=changed.user_label,
                modifier=modifier_of(call),
                now=now,
            )
            return found_version(tx, name, request.name)

        changed_version = to_version(await self._database.write(update), name.integration)
        return fitting_version(changed_version, call)

    async def delete_version(
        self, request: contract.DeleteIntegrationVersionRequest, call: Call
    ) -> Empty:
        """Archives a version that is not published."""
        name, now = version_in(request.name), self._clock.now()
        refuse_configured(self._catalog.configured, name.integration)

        def archive(tx: Transaction) -> None:
            stored = found_version(tx, name, request.name, lock=True)
            state = stored.summary.state
            if state in (VersionState.ACTIVE, VersionState.ARCHIVED):
                raise errors.version_in_state(request.name, state.value, "a DRAFT or a SNAPSHOT")
            store.set_state(
                tx,
                name.id,
                VersionState.ARCHIVED,
                modifier=modifier_of(call),
                now=now,
                published_with=stored.published_with,
            )

        await self._database.write(archive)
        return Empty()


def fitting_version(version: IntegrationVersion, call: Call) -> IntegrationVersion:
    """Returns a version without the fields that a call by v1alpha does not know."""
    config = [each.parameter for each in version.integration_config_parameters]
    for part in (*version.trigger_configs, *version.integration_parameters, *config):
        fitting(part, call)
    return fitting(version, call)


def modifier_of(call: Call) -> str:
    """Returns who changes a version; empty without access control."""
    return "" if call.caller is None else call.caller.subject


def found_version(
    tx: Transaction, name: VersionName, sent: str, *, lock: bool = False
) -> StoredVersion:
    """Returns a version.

    Raises:
        ApiError: it is not there.
    """
    integration = name.integration
    stored = store.find_version(
        tx, integration.location, integration.integration, name.id, lock=lock
    )
    if stored is None:
        raise errors.version_not_found(sent)
    return stored


def _room_for(tx: Transaction, name: IntegrationName, *, must_be_new: bool) -> int:
    """Returns the number of a new version.

    Raises:
        ApiError: the integration exists but must not, or there are too many versions.
    """
    location, integration = name.location, name.integration
    count = store.count_versions(tx, location, integration)
    if must_be_new and count:
        raise errors.integration_exists(name.resource)
    dropped = count >= MOST_OF_INTEGRATION and store.drop_oldest_archived(tx, location, integration)
    if count >= MOST_OF_INTEGRATION and not dropped:
        raise errors.too_many_versions(name.resource, MOST_OF_INTEGRATION)
    if store.count_in_location(tx, location, MOST_OF_LOCATION) >= MOST_OF_LOCATION:
        raise errors.too_many_versions(location, MOST_OF_LOCATION)
    return store.next_number(tx, location, integration)


def refuse_faults(faults: list[PlanError]) -> None:
    """Raises an ApiError that names all faults, if there are any."""
    if faults:
        raise errors.invalid([Violation(fault.field, fault.reason) for fault in faults])


def _check_contract(version: IntegrationVersion) -> None:
    """Checks a version that came as text by the rules of its contract.

    Raises:
        ApiError: it breaks some of them.
    """
    faults = [
        *validator(IntegrationVersion.DESCRIPTOR)(version),
        *nul_violations(version, version.SerializeToString()),
    ]
    if faults:
        named = [Violation(f"content.{fault.field}", fault.description) for fault in faults]
        raise errors.invalid(named)


def _update_paths(mask: FieldMask) -> list[str]:
    """Returns the fields to change; those that the server sets are left out (AIP-203).

    Raises:
        ApiError: a path is not a field of a version.
    """
    known = IntegrationVersion.DESCRIPTOR.fields_by_name
    paths = list(dict.fromkeys(mask.paths))
    if paths in ([], ["*"]):
        paths = list(known)
    for index, path in enumerate(paths):
        if path not in known:
            raise errors.invalid_field(
                f"update_mask.paths[{index}]", f"{path[:64]!r} is not a field of a version"
            )
    return [path for path in paths if path not in OUTPUT]


def _changed(
    before: StoredVersion, sent: IntegrationVersion, paths: list[str]
) -> IntegrationVersion:
    version = IntegrationVersion.FromString(before.message)
    taken = IntegrationVersion()
    FieldMask(paths=paths).MergeMessage(sent, taken, True, True)
    for path in paths:
        version.ClearField(path)
    version.MergeFrom(taken)
    name_triggers(version)
    return version
