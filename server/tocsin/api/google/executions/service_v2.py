"""Serves the method of `google.cloud.integrations.v2.Executions` that lists."""

from collections.abc import Iterable, Sequence
from typing import Any

from google.protobuf import json_format
from google.protobuf.field_mask_pb2 import FieldMask
from google.protobuf.struct_pb2 import Struct

from tocsin.api.google.executions import message as v1alpha
from tocsin.api.google.executions.candidates import Candidate
from tocsin.api.google.executions.filters import V2_FIELDS, query_of
from tocsin.api.google.executions.listing import page_of_executions, position_in, token_of
from tocsin.api.google.executions.masks import read_mask, reduced
from tocsin.api.google.executions.service import full_name, parent_of, wanted_of
from tocsin.compilers.parameters import Parameter, to_json
from tocsin.store.driver.database import Database
from tocsin.store.driver.transaction import Transaction
from tocsin.store.invocations.executions import Position, replays_of
from tocsin.wire.calls import Call
from tocsin.wire.paging import LARGEST_PAGE, LARGEST_PAGE_BYTES, PageTokens, page_size
from tocsin.wire.resource_names import IntegrationName
from tocsin.wire.serving import Method
from tocsin_protos.google.cloud.integrations.v1alpha.execution_pb2 import (
    EventExecutionDetails,
    ExecutionDetails,
    ReplayMode,
)
from tocsin_protos.google.cloud.integrations.v2 import executions_pb2 as contract

SERVICE = contract.DESCRIPTOR.services_by_name["Executions"]

STATES = {
    **{
        state: EventExecutionDetails.EventExecutionState.Name(older)
        for state, older in v1alpha.EVENT_STATES.items()
    },
    ExecutionDetails.CANCELLED: "CANCELLED",
}


class ListingService:
    """Lists executions by version 2 of their API."""

    def __init__(self, database: Database, pages: PageTokens) -> None:
        self._database = database
        self._pages = pages

    def methods(self) -> dict[str, Method]:
        return {"ListExecutions": self.list_executions}

    async def list_executions(
        self, request: contract.ListExecutionsRequest, call: Call
    ) -> contract.ListExecutionsResponse:
        """Lists the executions of an integration, or of all of a location."""
        parent = parent_of(request.parent)
        mask = read_mask(request.read_mask, contract.Execution)
        query = query_of(wanted_of(parent), request.filter, V2_FIELDS)
        size = page_size(min(request.page_size, LARGEST_PAGE))
        tokens = self._pages.of(call, request, request.parent, request.filter)
        after = position_in(tokens, request.page_token)

        def read(tx: Transaction) -> tuple[contract.ListExecutionsResponse, Position | None]:
            candidates, rest = page_of_executions(tx, query, after, size)
            return _page(tx, candidates, parent, mask, rest)

        response, rest = await self._database.read_snapshot(read)
        response.next_page_token = token_of(tokens, rest)
        return response


def to_execution(candidate: Candidate, name: str, replays: Sequence[str]) -> contract.Execution:
    """Returns an execution in the form of version 2, made of that of the version before."""
    older = v1alpha.to_execution(candidate.invocation, name, replays)
    execution = contract.Execution(
        name=name,
        state=STATES[older.execution_details.state],
        trigger_id=older.trigger_id,
        create_time=older.create_time,
        update_time=older.update_time,
        request_variables=_struct(older.request_parameters),
        response_variables=_struct(older.response_parameters),
        integration_version_number=older.snapshot_number,
    )
    for attempt in older.execution_details.attempt_stats:
        stats = execution.execution_attempt_stats.add()
        stats.MergeFromString(attempt.SerializeToString())
    if older.HasField("replay_info"):
        told = older.replay_info
        execution.replay_info.CopyFrom(
            contract.ExecutionReplayInfo(
                original_execution_id=told.original_execution_info_id,
                replay_mode=ReplayMode.Name(told.replay_mode),
                replay_reason=told.replay_reason,
                replayed_execution_ids=told.replayed_execution_info_ids,
            )
        )
    return execution


def _struct(parameters: Any) -> Struct:
    plain = {
        key: to_json(Parameter(key, key, value, masked=False)) for key, value in parameters.items()
    }
    return json_format.ParseDict(plain, Struct())


def _page(
    tx: Transaction,
    candidates: Iterable[Candidate],
    parent: IntegrationName,
    mask: FieldMask | None,
    rest: Position | None,
) -> tuple[contract.ListExecutionsResponse, Position | None]:
    """Returns as many executions as a client accepts, and after which one more follow."""
    executions: list[contract.Execution] = []
    total, last = 0, None
    for candidate in candidates:
        name = full_name(parent, candidate.invocation)
        execution = to_execution(candidate, name, replays_of(tx, candidate.stored.id))
        if mask is not None:
            execution = reduced(execution, mask)
        total += execution.ByteSize()
        if executions and total > LARGEST_PAGE_BYTES:
            return contract.ListExecutionsResponse(executions=executions), last
        executions.append(execution)
        last = candidate.stored.position
    return contract.ListExecutionsResponse(executions=executions), rest
