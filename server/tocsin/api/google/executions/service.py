"""Serves the methods of `google.cloud.integrations.v1alpha.Executions` that show and cancel."""

from collections.abc import Iterable

from google.protobuf import json_format
from google.protobuf.field_mask_pb2 import FieldMask

from tocsin.api.google.executions.candidates import Candidate
from tocsin.api.google.executions.filters import V1_FIELDS, oldest_first, query_of
from tocsin.api.google.executions.listing import page_of_executions, position_in, token_of
from tocsin.api.google.executions.masks import read_mask, reduced
from tocsin.api.google.executions.message import to_execution, to_execution_info
from tocsin.api.google.executions.versions import fitting
from tocsin.schedule import Clock
from tocsin.store.driver.database import Database
from tocsin.store.driver.transaction import Transaction
from tocsin.store.invocations import rows as invocations
from tocsin.store.invocations.executions import Position, Wanted, replays_of
from tocsin.store.invocations.rows import Invocation, State
from tocsin.wire import errors
from tocsin.wire.calls import Call
from tocsin.wire.paging import LARGEST_PAGE, LARGEST_PAGE_BYTES, PageTokens, page_size
from tocsin.wire.resource_names import (
    EXECUTION_FORMS,
    INTEGRATION_FORMS,
    ExecutionName,
    IntegrationName,
    parse_execution,
    parse_integration,
)
from tocsin.wire.serving import Method
from tocsin_protos.google.cloud.integrations.v1alpha import executions_pb2 as contract
from tocsin_protos.google.cloud.integrations.v1alpha.execution_pb2 import (
    EventExecutionInfo,
    Execution,
)


class ShowingService:
    """Serves the methods that list, return and cancel executions."""

    def __init__(self, database: Database, clock: Clock, pages: PageTokens) -> None:
        self._database = database
        self._clock = clock
        self._pages = pages

    def methods(self) -> dict[str, Method]:
        return {
            "ListExecutions": self.list_executions,
            "GetExecution": self.get_execution,
            "DownloadExecution": self.download_execution,
            "CancelExecution": self.cancel_execution,
        }

    async def list_executions(
        self, request: contract.ListExecutionsRequest, call: Call
    ) -> contract.ListExecutionsResponse:
        """Lists the executions of an integration, or of all of a location."""
        parent = parent_of(request.parent)
        mask = read_mask(request.read_mask, Execution)
        wanted = wanted_of(parent, oldest=oldest_first(request.order_by))
        query = query_of(wanted, request.filter, V1_FIELDS, request.filter_params)
        size = page_size(min(request.page_size, LARGEST_PAGE))
        tokens = self._pages.of(
            call,
            request,
            request.parent,
            request.filter,
            request.filter_params.SerializeToString(deterministic=True).hex(),
            request.order_by,
        )
        after = position_in(tokens, request.page_token)

        def read(tx: Transaction) -> tuple[contract.ListExecutionsResponse, Position | None]:
            candidates, rest = page_of_executions(tx, query, after, size)
            return _page(tx, candidates, parent, mask, rest)

        response, rest = await self._database.read_snapshot(read)
        response.next_page_token = token_of(tokens, rest)
        for execution in response.executions:
            fitting(execution, call)
        return response

    async def get_execution(self, request: contract.GetExecutionRequest, call: Call) -> Execution:
        """Returns an execution; parameters that clients can't accept are left out."""
        return fitting(await self._shown(request.name, whole=False), call)

    async def download_execution(
        self, request: contract.DownloadExecutionRequest
    ) -> contract.DownloadExecutionResponse:
        """Returns a whole execution as JSON text."""
        execution = await self._shown(request.name, whole=True)
        return contract.DownloadExecutionResponse(content=json_format.MessageToJson(execution))

    async def _shown(self, sent: str, *, whole: bool) -> Execution:
        name = name_of(sent)

        def read(tx: Transaction) -> Execution:
            found = find(tx, name, sent)
            replays = replays_of(tx, found.id)
            return to_execution(found, full_name(name.integration, found), replays, whole=whole)

        return await self._database.read(read)

    async def cancel_execution(
        self, request: contract.CancelExecutionRequest
    ) -> contract.CancelExecutionResponse:
        """Cancels an execution that waits; tells whether it is cancelled."""
        name, now = name_of(request.name), self._clock.now()

        def cancel(tx: Transaction) -> bool:
            found = find(tx, name, request.name)
            if found.state is State.CANCELLED:
                return True
            return invocations.cancel_invocation(
                tx, found.id, now=now, note=request.cancel_reason or None
            )

        return contract.CancelExecutionResponse(is_canceled=await self._database.write(cancel))


def parent_of(name: str) -> IntegrationName:
    """Parses the name of an integration that is the parent of executions.

    Raises:
        ApiError: it is none.
    """
    parsed = parse_integration(name)
    if parsed is None:
        raise errors.invalid_field("parent", f"must be {INTEGRATION_FORMS}")
    return parsed


def wanted_of(parent: IntegrationName, *, oldest: bool = False) -> Wanted:
    """Returns all executions of an integration, or of all integrations (`-`)."""
    origin = None if parent.means_every else parent.resource
    return Wanted(parent.location, origin, oldest_first=oldest)


def name_of(name: str) -> ExecutionName:
    """Parses the name of an execution.

    Raises:
        ApiError: it is none.
    """
    parsed = parse_execution(name)
    if parsed is None:
        raise errors.invalid_field("name", f"must be {EXECUTION_FORMS}")
    return parsed


def find(tx: Transaction, name: ExecutionName, sent: str) -> Invocation:
    """Returns an execution without its payload.

    Raises:
        ApiError: the integration has none of this id.
    """
    found = invocations.find_execution(tx, name.integration.location, name.id)
    if found is None or not (
        name.integration.means_every or found.origin == name.integration.resource
    ):
        raise errors.execution_not_found(sent)
    return found


def full_name(parent: IntegrationName, execution: Invocation) -> str:
    """Returns the name of an execution below the parent that a client asked for."""
    integration = execution.origin.rpartition("/")[2]
    return f"{parent.of(integration)}/executions/{execution.shown_id}"


def _page(
    tx: Transaction,
    candidates: Iterable[Candidate],
    parent: IntegrationName,
    mask: FieldMask | None,
    rest: Position | None,
) -> tuple[contract.ListExecutionsResponse, Position | None]:
    """Returns as many executions as a client accepts, and after which one more follow."""
    executions: list[Execution] = []
    infos: list[EventExecutionInfo] = []
    total, last = 0, None
    for candidate in candidates:
        invocation = candidate.invocation
        replays = replays_of(tx, invocation.id)
        execution = to_execution(invocation, full_name(parent, invocation), replays)
        if mask is None:
            infos.append(to_execution_info(invocation, execution))
            total += infos[-1].ByteSize()
        else:
            execution = reduced(execution, mask)
        total += execution.ByteSize()
        if executions and total > LARGEST_PAGE_BYTES:
            rest = last
            break
        executions.append(execution)
        last = candidate.stored.position
    infos = infos[: len(executions)]
    return contract.ListExecutionsResponse(executions=executions, execution_infos=infos), rest
