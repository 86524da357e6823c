"""Serves the method of `google.cloud.integrations.v1alpha.Executions` that schedules."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from tocsin.compilers.integrations import execution_payload, integration_action
from tocsin.compilers.parameters import (
    Parameter,
    sent_parameters,
    to_event_parameter,
    to_json,
)
from tocsin.schedule import Clock
from tocsin.store.driver.database import Database
from tocsin.store.driver.transaction import Transaction, UniqueViolation
from tocsin.store.invocations.rows import Invocation, execution_id_taken, insert_invocation
from tocsin.targets.settings import IntegrationSettings
from tocsin.wire import errors
from tocsin.wire.calls import Call
from tocsin.wire.idempotency import Once
from tocsin.wire.ids import Ids
from tocsin.wire.json_text import Json
from tocsin.wire.resource_names import (
    INTEGRATION_FORMS,
    IntegrationName,
    integration_name,
    parse_integration,
)
from tocsin.wire.serving import Method
from tocsin_protos.google.cloud.integrations.v1alpha import executions_pb2 as contract
from tocsin_protos.google.cloud.integrations.v1alpha.log_entries_pb2 import ExecutionInfo

SERVICE = contract.DESCRIPTOR.services_by_name["Executions"]

# The vendor's published quota for the input of an API trigger.
LARGEST_INPUT = 8 * 1024 * 1024


class SchedulingService:
    """Schedules integrations; `integrations` returns those in force."""

    def __init__(
        self,
        database: Database,
        clock: Clock,
        ids: Ids,
        integrations: Callable[[], Mapping[str, IntegrationSettings]],
    ) -> None:
        self._database = database
        self._clock = clock
        self._ids = ids
        self._integrations = integrations

    def methods(self) -> dict[str, Method]:
        return {"ScheduleIntegrations": self.schedule_integrations}

    async def schedule_integrations(
        self, request: contract.ScheduleIntegrationsRequest, call: Call
    ) -> bytes:
        """Stores an execution for each integration to run, and returns their ids."""
        if request.ByteSize() > LARGEST_INPUT:
            raise errors.invalid_field(
                "input_parameters", f"must have at most {LARGEST_INPUT} bytes in all"
            )
        name = _integration(request.name)
        order = _Order.of(request, name, self._clock.now(), call.traceparent)
        once = Once.of(
            "request_id",
            request.request_id,
            request,
            scope=call.scope(f"{SERVICE.full_name}/{name.location}"),
        )

        def insert(tx: Transaction) -> bytes:
            if (known := once.answer(tx, order.now)) is not None:
                return known
            # Only now, so that a repeat gets its answer even if the settings have changed.
            executions = [
                order.execution(integration, self._ids.new_uuid)
                for integration in self._matching(name, request)
            ]
            for execution in executions:
                _insert(tx, execution)
            answer = contract.ScheduleIntegrationsResponse(
                execution_info_ids=[execution.shown_id for execution in executions]
            ).SerializeToString()
            once.remember(tx, answer, order.now)
            return answer

        return await self._database.write(insert)

    def _matching(
        self, name: IntegrationName, request: contract.ScheduleIntegrationsRequest
    ) -> list[str]:
        """Returns the short names of the integrations to run; `-` means all with the trigger."""
        if not name.means_every:
            integration = self._integrations().get(name.integration)
            if integration is None:
                raise errors.integration_not_found(request.name)
            if request.trigger_id not in integration.triggers:
                raise errors.api_trigger_not_found(request.trigger_id, request.name)
            return [name.integration]
        matching = [
            short_name
            for short_name, integration in self._integrations().items()
            if request.trigger_id in integration.triggers
        ]
        if not matching:
            raise errors.api_trigger_not_found(request.trigger_id, request.name)
        if request.user_generated_execution_id and len(matching) > 1:
            raise errors.invalid_field(
                "user_generated_execution_id",
                f"can name only one execution, but {len(matching)} integrations have the trigger",
            )
        return matching


@dataclass(frozen=True, slots=True)
class _Order:
    """Holds the parts of one request: the integration, its parameters and the instant."""

    request: contract.ScheduleIntegrationsRequest
    name: IntegrationName
    now: datetime
    schedule_time: datetime
    parameters: dict[str, Parameter]
    plain: dict[str, Json]
    traceparent: str | None

    @classmethod
    def of(
        cls,
        request: contract.ScheduleIntegrationsRequest,
        name: IntegrationName,
        now: datetime,
        traceparent: str | None,
    ) -> "_Order":
        parameters = sent_parameters(request)
        plain = {key: to_json(parameter) for key, parameter in parameters.items()}
        schedule_time = _schedule_time(request, now)
        return cls(request, name, now, schedule_time, parameters, plain, traceparent)

    def execution(self, integration: str, new_uuid: Callable[[], str]) -> Invocation:
        invocation_id = new_uuid()
        execution_id = self.request.user_generated_execution_id or invocation_id
        return Invocation(
            id=invocation_id,
            parent=self.name.location,
            origin=integration_name(self.name.location, integration),
            scheduled_at=self.schedule_time,
            action=integration_action(integration),
            target=f"integration/{integration}",
            payload=execution_payload(
                execution_id=execution_id,
                integration=integration,
                trigger_id=self.request.trigger_id,
                schedule_time=self.schedule_time,
                parameters=self.plain,
            ),
            created_at=self.now,
            message=self._info(execution_id, integration).SerializeToString(),
            execution_id=self.request.user_generated_execution_id or None,
            integration_trigger=self.request.trigger_id,
            traceparent=self.traceparent,
        )

    def _info(self, execution_id: str, integration: str) -> ExecutionInfo:
        method = ExecutionInfo.POST_TO_QUEUE
        if self.request.HasField("schedule_time"):
            method = ExecutionInfo.SCHEDULE
        info = ExecutionInfo(
            integration=integration,
            project_id=self.name.project,
            trigger_id=self.request.trigger_id,
            execution_id=execution_id,
            execution_method=method,
        )
        for key, parameter in self.parameters.items():
            info.request_params[key].CopyFrom(to_event_parameter(parameter))
        return info


def _integration(name: str) -> IntegrationName:
    parsed = parse_integration(name)
    if parsed is None:
        raise errors.invalid_field("name", f"must be {INTEGRATION_FORMS}")
    return parsed


def _schedule_time(request: contract.ScheduleIntegrationsRequest, now: datetime) -> datetime:
    """Returns the instant to run at; a past time, or none, means now."""
    if not request.HasField("schedule_time"):
        return now
    return max(now, request.schedule_time.ToDatetime(UTC))


def _insert(tx: Transaction, execution: Invocation) -> None:
    """Stores an execution; an id that its client chose is unique in the project and location."""
    chosen = execution.execution_id
    # A node of 0.1.0 keeps the client's id as the invocation's, where no unique key looks.
    if chosen is not None and execution_id_taken(tx, execution.parent, chosen):
        raise errors.execution_exists(chosen)
    try:
        insert_invocation(tx, execution, due_at=execution.scheduled_at)
    except UniqueViolation:
        raise errors.execution_exists(execution.shown_id) from None
