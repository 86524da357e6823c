"""Serves the methods of both versions of `Executions` that schedule."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta

from google.api.httpbody_pb2 import HttpBody

from tocsin.api.google.executions.answers import id_header, json_body
from tocsin.api.google.executions.orders import (
    Integrations,
    Order,
    further,
    input_of,
    input_of_struct,
    insert_execution,
    integration_of,
    matching,
    only_matching,
    refuse_large,
)
from tocsin.compilers.integration_versions import Offer
from tocsin.compilers.parameters import sent_parameters
from tocsin.schedule import Clock
from tocsin.store.driver.database import Database
from tocsin.store.driver.transaction import Transaction
from tocsin.wire import errors
from tocsin.wire.calls import Call
from tocsin.wire.idempotency import Once
from tocsin.wire.ids import Ids
from tocsin.wire.resource_names import IntegrationName
from tocsin.wire.serving import Method
from tocsin_protos.google.cloud.integrations.v1alpha import executions_pb2 as contract
from tocsin_protos.google.cloud.integrations.v1alpha.log_entries_pb2 import ExecutionInfo
from tocsin_protos.google.cloud.integrations.v2 import executions_pb2 as v2

SERVICE = contract.DESCRIPTOR.services_by_name["Executions"]


class SchedulingService:
    """Schedules integrations.

    Args:
        database: the store.
        clock: the clock.
        ids: makes the ids of executions.
        integrations: returns those that can be run.
        request_ids_age: how long the id of a request is remembered.
    """

    def __init__(
        self,
        database: Database,
        clock: Clock,
        ids: Ids,
        integrations: Integrations,
        request_ids_age: timedelta,
    ) -> None:
        self._database = database
        self._clock = clock
        self._ids = ids
        self._integrations = integrations
        self._kept = request_ids_age

    def methods(self) -> dict[str, Method]:
        return {
            "ScheduleIntegrations": self.schedule_integrations,
            "ExecuteEvent": self.execute_event,
        }

    def methods_of_v2(self) -> dict[str, Method]:
        return {"ScheduleIntegration": self.schedule_integration}

    async def schedule_integrations(
        self, request: contract.ScheduleIntegrationsRequest, call: Call
    ) -> bytes:
        """Stores an execution for each integration to run, and returns their ids."""
        refuse_large(request, "input_parameters")
        name, now = integration_of(request.name), self._clock.now()
        order = order_of(request, name, now, call.traceparent)
        once = Once.of(
            "request_id",
            request.request_id,
            request,
            scope=call.scope(f"{SERVICE.full_name}/{order.name.location}"),
        )
        offers = await self._integrations(order.name.location)
        await call.bring(further(offers, name, request.trigger_id))
        return await self._database.write(
            lambda tx: store_once(tx, order, once, offers, self._ids.new_uuid, self._kept)
        )

    async def execute_event(
        self, request: contract.ExecuteEventRequest, call: Call
    ) -> contract.ExecuteEventResponse:
        """Stores an execution with the fields of an event as its input, and returns its id."""
        refuse_large(request, "event")
        name, now = integration_of(request.name), self._clock.now()
        given = input_of_struct(request.event, "event")
        order = Order(
            name,
            request.trigger_id,
            ExecutionInfo.POST_TO_QUEUE,
            now,
            now,
            given,
            traceparent=call.traceparent,
        )
        offers = await self._integrations(name.location)
        offer = only_matching(offers, name, request.trigger_id)
        execution = order.execution(offer, self._ids.new_uuid)
        await self._database.write(lambda tx: insert_execution(tx, execution))
        return contract.ExecuteEventResponse(execution_id=execution.shown_id)

    async def schedule_integration(
        self, request: v2.ScheduleIntegrationRequest, call: Call
    ) -> HttpBody:
        """Stores an execution, and returns its id."""
        refuse_large(request, "body")
        now = self._clock.now()
        order = Order(
            integration_of(request.parent, "parent"),
            request.trigger_id,
            method_of(request),
            due_at(request, now),
            now,
            input_of_struct(request.body),
            traceparent=call.traceparent,
        )
        scope = call.scope(f"{SERVICE.full_name}/{order.name.location}")
        once = Once.of("request_id", request.request_id, request, scope=scope)

        offers = await self._integrations(order.name.location)

        def insert(tx: Transaction) -> str:
            if (known := once.answer(tx, now)) is not None:
                return known.decode()
            offer = only_matching(offers, order.name, order.trigger_id, "parent")
            execution = order.execution(offer, self._ids.new_uuid)
            insert_execution(tx, execution)
            once.remember(tx, execution.shown_id.encode(), now, self._kept)
            return execution.shown_id

        execution_id = await self._database.write(insert)
        await call.send_metadata(id_header(execution_id))
        return json_body({"executionId": execution_id})


def order_of(
    request: contract.ScheduleIntegrationsRequest,
    name: IntegrationName,
    now: datetime,
    traceparent: str | None,
) -> Order:
    """Returns what a request orders, whose integration is `name`.

    Raises:
        PlanError: a parameter can't be read.
    """
    return Order(
        name,
        request.trigger_id,
        method_of(request),
        due_at(request, now),
        now,
        input_of(sent_parameters(request)),
        request.user_generated_execution_id or None,
        traceparent,
    )


def store_once(
    tx: Transaction,
    order: Order,
    once: Once,
    offers: Mapping[str, Offer],
    new_uuid: Callable[[], str],
    kept: timedelta,
) -> bytes:
    """Stores the executions of an order, unless its request did so before.

    Returns the bytes of the `ScheduleIntegrationsResponse`, which are `kept` for repeats.

    Raises:
        ApiError: the order can't be carried out, or its request id was used for another request.
    """
    if (known := once.answer(tx, order.now)) is not None:
        return known
    # Only now, so that a repeat gets its answer even if the integration has changed.
    executions = [order.execution(offer, new_uuid) for offer in _matching(offers, order)]
    for execution in executions:
        insert_execution(tx, execution)
    answer = contract.ScheduleIntegrationsResponse(
        execution_info_ids=[execution.shown_id for execution in executions]
    ).SerializeToString()
    once.remember(tx, answer, order.now, kept)
    return answer


def _matching(offers: Mapping[str, Offer], order: Order) -> list[Offer]:
    found = matching(offers, order.name, order.trigger_id)
    if order.execution_id and len(found) > 1:
        raise errors.invalid_field(
            "user_generated_execution_id",
            f"can name only one execution, but {len(found)} integrations have the trigger",
        )
    return found


Scheduled = contract.ScheduleIntegrationsRequest | v2.ScheduleIntegrationRequest


def method_of(request: Scheduled) -> ExecutionInfo.ExecutionMethod:
    """Returns how a request asks for its execution: for a time, or as soon as can be."""
    timed = request.HasField("schedule_time")
    return ExecutionInfo.SCHEDULE if timed else ExecutionInfo.POST_TO_QUEUE


def due_at(request: Scheduled, now: datetime) -> datetime:
    """Returns the instant to run at; a past time, or none, means now."""
    if not request.HasField("schedule_time"):
        return now
    return max(now, request.schedule_time.ToDatetime(UTC))
