"""Serves the methods of `IntegrationVersions` that publish a version and take it back."""

from datetime import datetime
from functools import partial

from google.protobuf.empty_pb2 import Empty

from tocsin.api.google.integrations.catalog import Catalog
from tocsin.api.google.integrations.history import PublishingHistory
from tocsin.api.google.integrations.names import refuse_configured, version_in
from tocsin.api.google.integrations.versions import (
    found_version,
    modifier_of,
    refuse_faults,
)
from tocsin.compilers.integration_schedules import faults_of_schedules, lint_of, schedules_of
from tocsin.compilers.integration_versions import accounts_of_version, faults_of_published
from tocsin.outgoing.sent_urls import refusal_of
from tocsin.schedule import Clock
from tocsin.store.driver.database import Database
from tocsin.store.driver.transaction import Transaction, UniqueViolation
from tocsin.store.integrations.schedules import arm_schedule, disarm_schedules
from tocsin.store.integrations.versions import (
    StoredVersion,
    VersionState,
    find_active,
    set_state,
)
from tocsin.targets.current import CurrentTargets
from tocsin.wire import errors
from tocsin.wire.calls import Call
from tocsin.wire.resource_names import VersionName, integration_name
from tocsin.wire.serving import Method
from tocsin_protos.google.cloud.integrations.v1alpha import integration_versions_pb2 as contract
from tocsin_protos.google.cloud.integrations.v1alpha.integration_version_pb2 import (
    IntegrationVersion,
)

PUBLISHABLE = (VersionState.DRAFT, VersionState.SNAPSHOT)


class PublishingService:
    """Publishes versions, and takes them back."""

    def __init__(
        self,
        database: Database,
        clock: Clock,
        current: CurrentTargets,
        catalog: Catalog,
        history: PublishingHistory,
    ) -> None:
        self._database = database
        self._clock = clock
        self._current = current
        self._catalog = catalog
        self._history = history

    def methods(self) -> dict[str, Method]:
        return {
            "PublishIntegrationVersion": self.publish_version,
            "UnpublishIntegrationVersion": self.unpublish_version,
        }

    async def publish_version(
        self, request: contract.PublishIntegrationVersionRequest, call: Call
    ) -> contract.PublishIntegrationVersionResponse:
        """Makes a version the one that runs; the one that did becomes a SNAPSHOT."""
        name, now = version_in(request.name), self._clock.now()
        refuse_configured(self._catalog.configured, name.integration)
        stored = await self._database.read(lambda tx: found_version(tx, name, request.name))
        version = IntegrationVersion.FromString(stored.message)
        await call.use_accounts(accounts_of_version(version))
        _refuse_state(stored, request.name)
        refusal = partial(refusal_of, self._current.targets.reach)
        refuse_faults(
            [
                *faults_of_published(version, request.config_parameters, refusal),
                *faults_of_schedules(version, published=True),
            ]
        )
        await call.send_lint(lint_of(version, now))
        if request.validate_only:
            return contract.PublishIntegrationVersionResponse()
        given = contract.PublishIntegrationVersionRequest(
            config_parameters=request.config_parameters
        )

        def publish(tx: Transaction) -> None:
            # The one that runs is locked first, so that two calls can't both replace it.
            active = find_active(tx, name.integration.location, name.integration.integration)
            self._history.changed(tx, _origin(name), active, version, now)
            if active is not None and active.summary.id != name.id:
                _take_back(tx, active, modifier_of(call), now)
            current = found_version(tx, name, request.name, lock=True)
            _refuse_state(current, request.name)
            if current.message != stored.message:
                raise errors.version_changed_meanwhile(request.name)
            try:
                set_state(
                    tx,
                    name.id,
                    VersionState.ACTIVE,
                    modifier=modifier_of(call),
                    now=now,
                    published_with=given.SerializeToString(),
                )
            except UniqueViolation:
                # Nothing was published that could be locked, and another call was faster.
                raise errors.version_changed_meanwhile(request.name) from None
            for trigger_id, cron in schedules_of(version).items():
                arm_schedule(tx, name.id, trigger_id, cron.next(now))

        await self._database.write(publish)
        return contract.PublishIntegrationVersionResponse()

    async def unpublish_version(
        self, request: contract.UnpublishIntegrationVersionRequest, call: Call
    ) -> Empty:
        """Makes the published version a SNAPSHOT, so that nothing of the integration runs."""
        name, now = version_in(request.name), self._clock.now()
        refuse_configured(self._catalog.configured, name.integration)

        def unpublish(tx: Transaction) -> None:
            stored = found_version(tx, name, request.name, lock=True)
            state = stored.summary.state
            if state is not VersionState.ACTIVE:
                raise errors.version_in_state(request.name, state.value, "ACTIVE")
            self._history.changed(tx, _origin(name), stored, None, now)
            _take_back(tx, stored, modifier_of(call), now)

        await self._database.write(unpublish)
        return Empty()


def _refuse_state(stored: StoredVersion, sent: str) -> None:
    state = stored.summary.state
    if state not in PUBLISHABLE:
        raise errors.version_in_state(sent, state.value, "a DRAFT or a SNAPSHOT")


def _origin(name: VersionName) -> str:
    return integration_name(name.integration.location, name.integration.integration)


def _take_back(tx: Transaction, stored: StoredVersion, modifier: str, now: datetime) -> None:
    disarm_schedules(tx, stored.summary.id)
    set_state(
        tx,
        stored.summary.id,
        VersionState.SNAPSHOT,
        modifier=modifier,
        now=now,
        published_with=stored.published_with,
    )
