"""Serves `google.longrunning.Operations` over scheduled executions."""

from collections.abc import Iterator
from datetime import timedelta

import grpc
from google.longrunning import operations_pb2 as contract
from google.protobuf.empty_pb2 import Empty
from google.rpc import status_pb2

from tocsin.api.google.executions.endings import ExecutionEndings
from tocsin.api.google.executions.outputs import typed_answer
from tocsin.api.google.filters import OperationFilter, operation_filter
from tocsin.schedule import Clock
from tocsin.store.driver.database import Database
from tocsin.store.driver.transaction import Transaction
from tocsin.store.invocations import rows as invocations
from tocsin.store.invocations.rows import Invocation, State
from tocsin.wire import errors
from tocsin.wire.calls import Call
from tocsin.wire.paging import LARGEST_PAGE, LARGEST_PAGE_BYTES, PageTokens, page_size
from tocsin.wire.resource_names import (
    LOCATION_FORM,
    is_location,
    operation_name,
    parse_operation,
)
from tocsin.wire.serving import Served, Waiting
from tocsin.wire.timestamps import to_timestamp
from tocsin_protos.google.cloud.integrations.v1alpha.event_parameter_pb2 import EventParameter
from tocsin_protos.google.cloud.integrations.v1alpha.log_entries_pb2 import (
    ErrorDetail,
    ExecutionInfo,
    IntegrationExecutionDetails,
)

SERVICE = contract.DESCRIPTOR.services_by_name["Operations"]

# A call with a filter reads at most this many executions.
LOOKED_AT = 1000
# A page ends once so many bytes were read: executions of 8 MiB would hold up other calls.
MOST_BYTES_READ = 16 * 1024 * 1024

# Shorter than the time that the proxy lets a call be silent.
LONGEST_WAIT = timedelta(minutes=4)

# What an operation says whose parameters are left out, and where they are whole.
PARAMETERS_ELSEWHERE = (
    "The parameters are left out, because they are larger than 3 MiB; see "
    "{origin}/executions/{execution_id}:download"
)

STATES = {
    State.PENDING: IntegrationExecutionDetails.ON_HOLD,
    State.RUNNING: IntegrationExecutionDetails.IN_PROCESS,
    State.SUCCEEDED: IntegrationExecutionDetails.SUCCEEDED,
    State.RETRYING: IntegrationExecutionDetails.RETRY_ON_HOLD,
    State.DEAD_LETTERING: IntegrationExecutionDetails.IN_PROCESS,
    State.FAILED: IntegrationExecutionDetails.FAILED,
    State.DEAD_LETTERED: IntegrationExecutionDetails.FAILED,
    State.CANCELLED: IntegrationExecutionDetails.CANCELLED,
}


class OperationsService:
    """Shows executions as operations, whose names end with the execution's id."""

    def __init__(
        self,
        database: Database,
        clock: Clock,
        pages: PageTokens,
        endings: ExecutionEndings,
    ) -> None:
        self._database = database
        self._clock = clock
        self._pages = pages
        self._endings = endings

    def methods(self) -> dict[str, Served]:
        return {
            "ListOperations": self.list_operations,
            "GetOperation": self.get_operation,
            "DeleteOperation": self.delete_operation,
            "CancelOperation": self.cancel_operation,
            "WaitOperation": Waiting(self.wait_operation),
        }

    async def list_operations(
        self, request: contract.ListOperationsRequest, call: Call
    ) -> contract.ListOperationsResponse:
        """Lists the executions of a location that the filter wants, without their parameters."""
        if not is_location(request.name):
            raise errors.invalid_field("name", f"must be {LOCATION_FORM}")
        if request.return_partial_success:
            raise errors.partial_success_unsupported()
        wanted = operation_filter(request.filter)
        if not wanted.done:
            return contract.ListOperationsResponse()
        [done] = wanted.done if len(wanted.done) == 1 else (None,)
        # A larger page size is not an error here (AIP-158).
        size = page_size(min(request.page_size, LARGEST_PAGE))
        tokens = self._pages.of(call, request, request.name, request.filter)
        after = tokens.position(request.page_token) or ""

        # A page may be short, or empty, and not be the last (AIP-158).
        looked_at = LOOKED_AT if wanted.conditions else size

        def read(tx: Transaction) -> tuple[list[contract.Operation], str | None]:
            executions = invocations.page_of_executions(
                tx, parent=request.name, after=after, limit=looked_at + 1, final=done
            )
            return _page(executions, wanted, size, looked_at)

        page, rest = await self._database.read(read)
        response = contract.ListOperationsResponse(operations=page)
        if rest is not None:
            response.next_page_token = tokens.token(rest)
        return response

    async def get_operation(self, request: contract.GetOperationRequest) -> contract.Operation:
        """Returns an execution as an operation."""
        return _operation(await self._read(request.name))

    async def wait_operation(
        self, request: contract.WaitOperationRequest, call: Call
    ) -> contract.Operation:
        """Returns an operation once it is done, or when the requested time is over."""
        patience = LONGEST_WAIT
        if request.HasField("timeout"):
            patience = min(patience, request.timeout.ToTimedelta())
        waited_for = await self._read(request.name)
        if not waited_for.state.final:
            caller = call.peer if call.caller is None else call.caller.subject
            await self._endings.wait(waited_for.id, patience.total_seconds(), caller)
        return _operation(await self._read(request.name))

    async def cancel_operation(self, request: contract.CancelOperationRequest) -> Empty:
        """Cancels an execution that has not begun; leaves any other unchanged."""

        def cancel(tx: Transaction) -> None:
            invocations.cancel_invocation(tx, _find(tx, request.name).id, now=self._clock.now())

        await self._database.write(cancel)
        return Empty()

    async def delete_operation(self, request: contract.DeleteOperationRequest) -> Empty:
        """Deletes the record of an execution, which still runs if it is due later."""

        def forget(tx: Transaction) -> None:
            invocations.forget_invocation(tx, _find(tx, request.name).id, now=self._clock.now())

        await self._database.write(forget)
        return Empty()

    async def _read(self, name: str) -> Invocation:
        return await self._database.read(lambda tx: _find(tx, name))


def _find(tx: Transaction, name: str) -> Invocation:
    parsed = parse_operation(name)
    invocation = (
        None if parsed is None else invocations.find_execution(tx, parsed.location, parsed.id)
    )
    if invocation is None:
        raise errors.operation_not_found(name)
    return invocation


def _page(
    executions: Iterator[Invocation], wanted: OperationFilter, size: int, looked_at: int
) -> tuple[list[contract.Operation], str | None]:
    """Returns the wanted ones of so many executions, and after which id more follow.

    Operations of a list carry no parameters: one of several MiB would hide its whole page from its
    clients.
    """
    page: list[contract.Operation] = []
    total, bytes_read, last = 0, 0, None
    for index, execution in enumerate(executions):
        if index == looked_at or bytes_read > MOST_BYTES_READ:
            return page, last
        bytes_read += len(execution.message or b"")
        info = _execution_info(execution)
        info.ClearField("request_params")
        operation = _operation_with(execution, info)
        if wanted.holds(operation.name, info):
            total += operation.ByteSize()
            if len(page) == size or (page and total > LARGEST_PAGE_BYTES):
                return page, last
            page.append(operation)
        last = execution.id
    return page, None


def _operation(invocation: Invocation) -> contract.Operation:
    """Returns an execution as an operation; parameters that clients can't accept are left out."""
    info = _execution_info(invocation)
    for key, value in typed_answer(invocation, hide_masked=True).items():
        info.response_params[key].CopyFrom(EventParameter(key=key, value=value))
    if info.ByteSize() > LARGEST_PAGE_BYTES:
        info.ClearField("request_params")
        info.ClearField("response_params")
        info.errors.append(
            ErrorDetail(
                error_message=PARAMETERS_ELSEWHERE.format(
                    origin=invocation.origin, execution_id=invocation.shown_id
                )
            )
        )
    return _operation_with(invocation, info)


def _operation_with(invocation: Invocation, info: ExecutionInfo) -> contract.Operation:
    operation = contract.Operation(
        name=operation_name(invocation.parent, invocation.shown_id), done=invocation.state.final
    )
    if invocation.state is State.SUCCEEDED:
        operation.response.Pack(info)
        # Large parameters sent twice could exceed the size that clients accept.
        info.ClearField("request_params")
        info.ClearField("response_params")
    operation.metadata.Pack(info)
    match invocation.state:
        case State.FAILED | State.DEAD_LETTERED:
            operation.error.CopyFrom(
                _status(grpc.StatusCode.UNKNOWN, invocation.last_error or "failed")
            )
        case State.CANCELLED:
            operation.error.CopyFrom(_status(grpc.StatusCode.CANCELLED, "cancelled"))
    return operation


def _status(code: grpc.StatusCode, message: str) -> status_pb2.Status:
    return status_pb2.Status(code=code.value[0], message=message)


def _execution_info(invocation: Invocation) -> ExecutionInfo:
    """Returns what an execution shows of itself, besides what its target answered."""
    info = ExecutionInfo.FromString(invocation.message or b"")
    details = info.integration_execution_details
    details.integration_execution_state = STATES[invocation.state]
    # One that waits shows when its attempt will start; one that was cancelled before had none.
    if invocation.started_at is not None or not invocation.state.final:
        attempt = details.execution_attempt_stats.add()
        attempt.start_time.CopyFrom(to_timestamp(invocation.started_at or invocation.scheduled_at))
        if invocation.finished_at is not None:
            attempt.end_time.CopyFrom(to_timestamp(invocation.finished_at))
    if invocation.last_error is not None:
        info.errors.append(ErrorDetail(error_message=invocation.last_error))
    return info
