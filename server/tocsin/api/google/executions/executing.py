"""Serves the methods of both versions of `Executions` that run an integration and wait for it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from google.api.httpbody_pb2 import HttpBody
from google.protobuf import json_format
from google.protobuf.message import Message
from google.protobuf.struct_pb2 import Value

from tocsin.api.google.executions.answers import id_header, json_body
from tocsin.api.google.executions.endings import ExecutionEndings
from tocsin.api.google.executions.message import ERROR_INFO, entry_of, error_of
from tocsin.api.google.executions.orders import (
    Integrations,
    Order,
    input_of,
    input_of_struct,
    insert_execution,
    integration_of,
    only_matching,
    refuse_large,
)
from tocsin.api.google.executions.outputs import answered, typed_answer
from tocsin.api.google.executions.versions import fitting
from tocsin.compilers.integration_versions import Offer
from tocsin.compilers.parameters import executed_parameters, from_json
from tocsin.schedule import Clock
from tocsin.store.driver.database import Database
from tocsin.store.driver.transaction import Transaction
from tocsin.store.invocations.rows import Invocation, State, find_execution, find_invocation
from tocsin.store.invocations.steering import deliver_again
from tocsin.wire import errors
from tocsin.wire.calls import Call
from tocsin.wire.idempotency import Once
from tocsin.wire.ids import Ids
from tocsin.wire.json_text import Json
from tocsin.wire.serving import Served, Waiting
from tocsin_protos.google.cloud.integrations.v1alpha import executions_pb2 as contract
from tocsin_protos.google.cloud.integrations.v1alpha.log_entries_pb2 import ExecutionInfo
from tocsin_protos.google.cloud.integrations.v2 import executions_pb2 as v2

SERVICE = contract.DESCRIPTOR.services_by_name["Executions"]

TIMEOUT = "x-server-timeout"
USUAL_SECONDS = 120.0
# Shorter than the time that the proxy lets a call be silent.
LONGEST_SECONDS = 240.0


@dataclass(frozen=True, slots=True)
class Patience:
    """How long a call waits, and whose call it is."""

    seconds: float
    caller: str


class ExecutingService:
    """Runs integrations for callers who wait.

    Args:
        database: the store.
        clock: the clock.
        ids: makes the ids of executions.
        integrations: returns those that can be run.
        endings: tells when executions end.
        request_ids_age: how long the id of a request is remembered.
    """

    def __init__(
        self,
        database: Database,
        clock: Clock,
        ids: Ids,
        integrations: Integrations,
        endings: ExecutionEndings,
        request_ids_age: timedelta,
    ) -> None:
        self._database = database
        self._clock = clock
        self._ids = ids
        self._integrations = integrations
        self._kept = request_ids_age
        self._endings = endings

    def methods(self) -> dict[str, Served]:
        return {"ExecuteIntegrations": Waiting(self.execute_integrations)}

    def methods_of_v2(self) -> dict[str, Served]:
        return {"ExecuteIntegration": Waiting(self.execute_integration)}

    async def execute_integrations(
        self, request: contract.ExecuteIntegrationsRequest, call: Call
    ) -> contract.ExecuteIntegrationsResponse:
        """Runs an integration, and returns what it answered."""
        refuse_large(request, "input_parameters")
        patience = patience_of(call)
        parameters = executed_parameters(request)
        now = self._clock.now()
        order = Order(
            integration_of(request.name),
            request.trigger_id,
            ExecutionInfo.POST,
            now,
            now,
            input_of(parameters),
            traceparent=call.traceparent,
        )
        if request.execution_id and parameters:
            raise errors.invalid_field(
                "execution_id", "has its parameters already: leave out input_parameters"
            )
        offers = await self._integrations(order.name.location)
        once = self._once(request.request_id, request, order, call)
        begin = self._beginning(offers, order, once)
        if request.execution_id:
            begin = self._beginning_of_stored(offers, order, request.execution_id)
        ended = await self._ended(await self._database.write(begin), patience)
        if ended.state is not State.SUCCEEDED and not request.do_not_propagate_error:
            raise failure_of(ended)
        return fitting(_response(ended), call)

    async def execute_integration(
        self, request: v2.ExecuteIntegrationRequest, call: Call
    ) -> HttpBody:
        """Runs an integration, and returns what it answered as a JSON object."""
        refuse_large(request, "body")
        patience, now = patience_of(call), self._clock.now()
        order = Order(
            integration_of(request.parent, "parent"),
            request.trigger_id,
            ExecutionInfo.POST,
            now,
            now,
            input_of_struct(request.body),
            traceparent=call.traceparent,
        )
        once = self._once(request.request_id, request, order, call)
        offers = await self._integrations(order.name.location)
        begin = self._beginning(offers, order, once, "parent")
        ended = await self._ended(await self._database.write(begin), patience)
        if ended.state is not State.SUCCEEDED:
            raise failure_of(ended)
        await call.send_metadata(id_header(ended.shown_id))
        return json_body(answered(ended))

    def _once(self, request_id: str, request: Message, order: Order, call: Call) -> Once:
        scope = call.scope(f"{SERVICE.full_name}/{order.name.location}")
        return Once.of("request_id", request_id, request, scope=scope, method="Execute")

    def _beginning(
        self, offers: Mapping[str, Offer], order: Order, once: Once, field: str = "name"
    ) -> Callable[[Transaction], str]:
        """Returns what stores an execution, or finds that of an earlier request with its id."""

        def begin(tx: Transaction) -> str:
            if (known := once.answer(tx, order.now)) is not None:
                return known.decode()
            offer = only_matching(offers, order.name, order.trigger_id, field)
            execution = order.execution(offer, self._ids.new_uuid)
            insert_execution(tx, execution)
            once.remember(tx, execution.id.encode(), order.now, self._kept)
            return execution.id

        return begin

    def _beginning_of_stored(
        self, offers: Mapping[str, Offer], order: Order, execution_id: str
    ) -> Callable[[Transaction], str]:
        """Returns what makes a waiting execution due now."""

        def begin(tx: Transaction) -> str:
            offer = only_matching(offers, order.name, order.trigger_id)
            found = find_execution(tx, order.name.location, execution_id)
            if found is None or found.target != offer.target:
                raise errors.execution_not_found(
                    f"{order.name.of(offer.name)}/executions/{execution_id}"
                )
            if found.state is not State.PENDING or not deliver_again(
                tx, found.id, target=found.target, now=order.now, history=found.history
            ):
                raise errors.execution_not_waiting(execution_id, found.state.value)
            return found.id

        return begin

    async def _ended(self, invocation_id: str, patience: Patience) -> Invocation:
        return await ended_execution(self._database, self._endings, invocation_id, patience)


async def ended_execution(
    database: Database, endings: ExecutionEndings, invocation_id: str, patience: Patience
) -> Invocation:
    """Waits until an execution has ended, and returns it without its payload.

    Raises:
        ApiError: it has not ended in time.
    """
    in_time = await endings.wait(invocation_id, patience.seconds, patience.caller)
    found = await database.read(lambda tx: find_invocation(tx, invocation_id))
    if found is None:
        raise errors.execution_not_found(invocation_id)
    if not in_time and not found.state.final:
        raise errors.execution_late(found.shown_id, patience.seconds)
    return found


def patience_of(call: Call) -> Patience:
    """Returns how long a call waits: what its header says, or two minutes.

    Raises:
        ApiError: the header is not a number of seconds.
    """
    caller = call.peer if call.caller is None else call.caller.subject
    sent = call.metadata_value(TIMEOUT)
    if sent is None:
        return Patience(USUAL_SECONDS, caller)
    try:
        seconds = float(sent)
    except ValueError:
        seconds = 0.0
    if not 0 < seconds < float("inf"):
        raise errors.invalid_field(TIMEOUT, "must be a number of seconds greater than 0")
    return Patience(min(seconds, LONGEST_SECONDS), caller)


def failure_of(ended: Invocation) -> errors.ApiError:
    """Returns the error of an execution that failed or was cancelled."""
    if ended.state is State.CANCELLED:
        return errors.execution_cancelled(ended.shown_id)
    return errors.execution_failed(ended.shown_id, ended.last_error or "failed")


def outputs_of(ended: Invocation) -> dict[str, Json]:
    """Returns what an execution answered, or why it failed."""
    error = error_of(ended)
    if error is not None:
        return {ERROR_INFO: error}
    return answered(ended)


def _response(ended: Invocation) -> contract.ExecuteIntegrationsResponse:
    response = contract.ExecuteIntegrationsResponse(
        execution_id=ended.shown_id, execution_failed=ended.state is not State.SUCCEEDED
    )
    typed_values = typed_answer(ended)
    for key, plain in outputs_of(ended).items():
        set_value(response.output_parameters[key], plain)
        typed = typed_values.get(key) or from_json(plain)
        response.parameters[key].CopyFrom(typed)
        response.event_parameters.parameters.append(entry_of(key, typed))
        response.parameter_entries.append(entry_of(key, typed))
    return response


def set_value(value: Value, plain: Any) -> None:
    """Sets a value to plain JSON."""
    json_format.ParseDict(plain, value)
