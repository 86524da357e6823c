"""Serves `ReplayExecution`: an execution that has ended runs again, as a new one."""

import json
from collections.abc import Mapping
from dataclasses import dataclass

from tocsin.api.google.executions.endings import ExecutionEndings
from tocsin.api.google.executions.executing import (
    ended_execution,
    failure_of,
    outputs_of,
    patience_of,
    set_value,
)
from tocsin.api.google.executions.orders import (
    Integrations,
    Order,
    input_of,
    insert_execution,
    matching,
    refuse_large,
)
from tocsin.api.google.executions.service import find, name_of
from tocsin.compilers.declared_parameters import Input
from tocsin.compilers.integration_versions import Offer
from tocsin.compilers.parameters import from_json, named_parameters
from tocsin.schedule import Clock
from tocsin.store.driver.database import Database
from tocsin.store.driver.transaction import Transaction
from tocsin.store.invocations.listing import find_whole
from tocsin.store.invocations.rows import Invocation, State
from tocsin.wire import errors
from tocsin.wire.calls import Call
from tocsin.wire.ids import Ids
from tocsin.wire.json_text import Json
from tocsin.wire.serving import Served, Waiting
from tocsin_protos.google.cloud.integrations.v1alpha import executions_pb2 as contract
from tocsin_protos.google.cloud.integrations.v1alpha import log_entries_pb2 as log_entries
from tocsin_protos.google.cloud.integrations.v1alpha.execution_pb2 import (
    REPLAY_MODE_FROM_BEGINNING,
    REPLAY_MODE_POINT_OF_FAILURE,
    ReplayMode,
)

ExecutionInfo = log_entries.ExecutionInfo

AFTER_FAILURE = (State.FAILED, State.DEAD_LETTERED, State.CANCELLED)


@dataclass(frozen=True, slots=True)
class Begun:
    """The new execution, and whether its caller waits, as that of the first one did."""

    invocation_id: str
    shown_id: str
    replayed_id: str
    waits: bool


class ReplayingService:
    """Runs executions again; `integrations` returns those that can be run."""

    def __init__(
        self,
        database: Database,
        clock: Clock,
        ids: Ids,
        integrations: Integrations,
        endings: ExecutionEndings,
    ) -> None:
        self._database = database
        self._clock = clock
        self._ids = ids
        self._integrations = integrations
        self._endings = endings

    def methods(self) -> dict[str, Served]:
        return {"ReplayExecution": Waiting(self.replay_execution)}

    async def replay_execution(
        self, request: contract.ReplayExecutionRequest, call: Call
    ) -> contract.ReplayExecutionResponse:
        """Stores a new execution like one that has ended, and waits for it if that one was."""
        patience = patience_of(call)
        begun = await self._begin(request, call.traceparent)
        response = contract.ReplayExecutionResponse(
            execution_id=begun.shown_id, replayed_execution_id=begun.replayed_id
        )
        if begun.waits:
            ended = await ended_execution(
                self._database, self._endings, begun.invocation_id, patience
            )
            if ended.state is not State.SUCCEEDED:
                raise failure_of(ended)
            for key, plain in outputs_of(ended).items():
                set_value(response.output_parameters[key], plain)
        return response

    async def begin(
        self, name: str, reason: str, changes: Mapping[str, Json], traceparent: str | None
    ) -> str:
        """Stores a new execution like one that has ended; returns its invocation's id.

        Args:
            name: the full name of the first one.
            reason: why it runs again.
            changes: parameters that replace those of the same names.
            traceparent: the trace of the call that asks for it.

        Raises:
            ApiError: the first one has not ended, or can't be replayed so.
            StoreUnavailable: the store can't be reached.
        """
        request = contract.ReplayExecutionRequest(name=name, replay_reason=reason)
        for key, plain in changes.items():
            request.modified_parameters[key].CopyFrom(from_json(plain))
            request.update_mask.paths.append(key)
        return (await self._begin(request, traceparent)).invocation_id

    async def _begin(
        self, request: contract.ReplayExecutionRequest, traceparent: str | None
    ) -> Begun:
        refuse_large(request, "modified_parameters")
        name = name_of(request.name)
        _check_mask(request)
        offers = await self._integrations(name.integration.location)

        def begin(tx: Transaction) -> Begun:
            found = find(tx, name, request.name)
            first = find_whole(tx, found.id)
            if first is None:
                raise errors.execution_not_found(request.name)
            execution = self._again(offers, first, request, traceparent)
            insert_execution(tx, execution)
            info = ExecutionInfo.FromString(first.message or b"")
            waits = info.execution_method == ExecutionInfo.POST
            return Begun(execution.id, execution.shown_id, first.shown_id, waits)

        return await self._database.write(begin)

    def _again(
        self,
        offers: Mapping[str, Offer],
        first: Invocation,
        request: contract.ReplayExecutionRequest,
        traceparent: str | None,
    ) -> Invocation:
        """Returns the new execution.

        Raises:
            ApiError: the first one has not ended, or can't be replayed so.
        """
        if not first.state.final:
            raise errors.execution_not_ended(first.shown_id, first.state.value)
        mode = request.replay_mode or REPLAY_MODE_FROM_BEGINNING
        if mode == REPLAY_MODE_POINT_OF_FAILURE and first.state not in AFTER_FAILURE:
            raise errors.execution_not_failed(first.shown_id, first.state.value)
        info = ExecutionInfo.FromString(first.message or b"")
        now = self._clock.now()
        integration = name_of(request.name).integration.of(info.integration)
        parsed = name_of(f"{integration}/executions/-").integration
        [offer] = matching(offers, parsed, info.trigger_id)
        order = Order(
            parsed,
            info.trigger_id,
            info.execution_method
            if info.execution_method == ExecutionInfo.POST
            else ExecutionInfo.POST_TO_QUEUE,
            now,
            now,
            _given(first, info, request),
            traceparent=traceparent,
            replay=log_entries.ReplayInfo(
                original_execution_info_id=first.shown_id,
                replay_reason=request.replay_reason,
                replay_mode=ReplayMode.Name(mode),
            ),
            replay_of=first.id,
        )
        return order.execution(offer, self._ids.new_uuid)


def _given(
    first: Invocation, info: ExecutionInfo, request: contract.ReplayExecutionRequest
) -> Input:
    """Returns the parameters of the first execution, or those that the request has instead."""
    sent = input_of(named_parameters("modified_parameters", request.modified_parameters))
    named = set(request.update_mask.paths)
    if sent.plain and not named:
        return sent
    old = json.loads(first.payload)["parameters"]
    kept = {key: value for key, value in old.items() if key not in named}
    shown = {key: one for key, one in info.request_params.items() if key not in named}
    return Input(
        shown | {key: sent.shown[key] for key in named},
        kept | {key: sent.plain[key] for key in named},
        sent.fields,
    )


def _check_mask(request: contract.ReplayExecutionRequest) -> None:
    for index, name in enumerate(request.update_mask.paths):
        if name not in request.modified_parameters:
            raise errors.invalid_field(
                f"update_mask.paths[{index}]", f"{name[:64]!r} is not in modified_parameters"
            )
