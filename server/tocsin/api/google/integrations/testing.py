"""Serves `TestIntegrations`: a version runs once, now, whether it is published or not."""

from dataclasses import replace
from datetime import UTC
from functools import partial

from tocsin.api.google.executions.endings import ExecutionEndings
from tocsin.api.google.executions.executing import (
    Patience,
    ended_execution,
    outputs_of,
    patience_of,
)
from tocsin.api.google.executions.message import entry_of
from tocsin.api.google.executions.orders import (
    Order,
    input_of,
    insert_execution,
    matching,
    refuse_large,
)
from tocsin.api.google.executions.outputs import typed_answer
from tocsin.api.google.integrations.versions import found_version, refuse_faults
from tocsin.compilers.integration_versions import (
    Offer,
    accounts_of_version,
    faults_of_published,
    name_triggers,
    offer_of,
)
from tocsin.compilers.parameters import from_json, tested_parameters
from tocsin.outgoing.sent_urls import refusal_of
from tocsin.schedule import Clock
from tocsin.store.driver.database import Database
from tocsin.store.driver.transaction import Transaction
from tocsin.store.invocations.rows import Invocation, State
from tocsin.targets.current import CurrentTargets
from tocsin.wire import errors
from tocsin.wire.calls import Call
from tocsin.wire.ids import Ids
from tocsin.wire.resource_names import (
    INTEGRATION_FORMS,
    VERSION_FORMS,
    IntegrationName,
    VersionName,
    parse_integration,
    parse_version,
)
from tocsin.wire.serving import Served, Waiting
from tocsin_protos.google.cloud.integrations.v1alpha import executions_pb2 as contract
from tocsin_protos.google.cloud.integrations.v1alpha.integration_state_pb2 import IntegrationState
from tocsin_protos.google.cloud.integrations.v1alpha.integration_version_pb2 import (
    IntegrationVersion,
)
from tocsin_protos.google.cloud.integrations.v1alpha.log_entries_pb2 import ExecutionInfo


class TestingService:
    """Runs versions for callers who wait."""

    def __init__(
        self,
        database: Database,
        clock: Clock,
        ids: Ids,
        current: CurrentTargets,
        endings: ExecutionEndings,
    ) -> None:
        self._database = database
        self._clock = clock
        self._ids = ids
        self._current = current
        self._endings = endings

    def methods(self) -> dict[str, Served]:
        return {"TestIntegrations": Waiting(self.test_integrations)}

    async def test_integrations(
        self, request: contract.TestIntegrationsRequest, call: Call
    ) -> contract.TestIntegrationsResponse:
        """Runs a version, and returns what it answered."""
        refuse_large(request, "input_parameters")
        patience = self._patience(request, call)
        name, version, number = await self._version(request)
        await call.use_accounts(accounts_of_version(version))
        refusal = partial(refusal_of, self._current.targets.reach)
        refuse_faults(faults_of_published(version, request.config_parameters, refusal))
        offer = offer_of(
            version,
            request.config_parameters,
            location=name.location,
            integration=name.integration,
            snapshot_number=number,
        )
        execution = self._execution(request, name, replace(offer, state=version.state), call)

        def insert(tx: Transaction) -> None:
            insert_execution(tx, execution)

        await self._database.write(insert)
        if request.async_execution:
            return contract.TestIntegrationsResponse(execution_id=execution.shown_id)
        ended = await ended_execution(self._database, self._endings, execution.id, patience)
        return _response(ended)

    def _patience(self, request: contract.TestIntegrationsRequest, call: Call) -> Patience:
        patience = patience_of(call)
        if not request.HasField("deadline_seconds_time"):
            return patience
        left = request.deadline_seconds_time.ToDatetime(UTC) - self._clock.now()
        return replace(patience, seconds=min(patience.seconds, max(0.0, left.total_seconds())))

    async def _version(
        self, request: contract.TestIntegrationsRequest
    ) -> tuple[IntegrationName, IntegrationVersion, int]:
        """Returns the version to run, with its number; 0 if it is that of the request.

        Raises:
            ApiError: a name is not one, or the version is not there.
        """
        sent = request.integration_version
        stored_name = parse_version(request.name) or parse_version(sent.name)
        integration = parse_integration(request.name)
        if integration is None and parse_version(request.name) is None:
            raise errors.invalid_field("name", f"must be {VERSION_FORMS}, or {INTEGRATION_FORMS}")
        if sent.task_configs or sent.trigger_configs:
            version = IntegrationVersion()
            version.CopyFrom(sent)
            name_triggers(version)
            version.state = IntegrationState.DRAFT
            named = stored_name.integration if integration is None and stored_name else integration
            assert named is not None, "a request names a version or an integration"
            return named, version, 0
        if stored_name is None:
            raise errors.invalid_field(
                "integration_version", "is required if name is that of an integration"
            )
        return await self._stored(stored_name, request.name)

    async def _stored(
        self, name: VersionName, sent: str
    ) -> tuple[IntegrationName, IntegrationVersion, int]:
        if not sent.startswith(name.integration.of(name.integration.integration)):
            raise errors.invalid_field(
                "integration_version.name", "must be of the integration in name"
            )
        stored = await self._database.read(lambda tx: found_version(tx, name, sent))
        version = IntegrationVersion.FromString(stored.message)
        version.state = IntegrationState.Value(stored.summary.state.value)  # type: ignore[assignment]
        return name.integration, version, stored.summary.snapshot_number

    def _execution(
        self,
        request: contract.TestIntegrationsRequest,
        name: IntegrationName,
        offer: Offer,
        call: Call,
    ) -> Invocation:
        matching({offer.name: offer}, name, request.trigger_id)
        now, waits = self._clock.now(), not request.async_execution
        order = Order(
            name,
            request.trigger_id,
            ExecutionInfo.POST if waits else ExecutionInfo.POST_TO_QUEUE,
            now,
            now,
            input_of(tested_parameters(request)),
            traceparent=call.traceparent,
        )
        return order.execution(offer, self._ids.new_uuid)


def _response(ended: Invocation) -> contract.TestIntegrationsResponse:
    response = contract.TestIntegrationsResponse(
        execution_id=ended.shown_id, execution_failed=ended.state is not State.SUCCEEDED
    )
    values = typed_answer(ended)
    for key, plain in outputs_of(ended).items():
        value = values.get(key) or from_json(plain)
        response.parameters[key].CopyFrom(value)
        response.event_parameters.parameters.append(entry_of(key, value))
        response.parameter_entries.append(entry_of(key, value))
    return response
