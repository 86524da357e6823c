"""Converts stored executions into the contract's messages."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from google.protobuf.timestamp_pb2 import Timestamp

from tocsin.api.google.executions.outputs import typed_answer
from tocsin.api.tocsin.invocations.message import attempts_of
from tocsin.compilers.parameters import MEMBERS, from_json
from tocsin.store.driver.instants import to_micros
from tocsin.store.invocations.rows import CancelReason, Invocation, State
from tocsin.wire.paging import LARGEST_PAGE_BYTES
from tocsin.wire.timestamps import to_timestamp
from tocsin_protos.google.cloud.integrations.v1alpha import execution_pb2 as contract
from tocsin_protos.google.cloud.integrations.v1alpha.event_bus_parameters_pb2 import (
    FrontendsParameterEntry,
)
from tocsin_protos.google.cloud.integrations.v1alpha.integration_state_pb2 import IntegrationState
from tocsin_protos.google.cloud.integrations.v1alpha.log_entries_pb2 import (
    ExecutionInfo,
    ReplayInfo,
)
from tocsin_protos.google.cloud.integrations.v1alpha.value_type_pb2 import ValueType
from tocsin_protos.tocsin.v1.invocation_pb2 import Attempt

# Where an execution shows why it failed.
ERROR_INFO = "ErrorInfo"
LEFT_OUT = "left out, because the execution has more than 3 MiB; see {name}:download"

STATES = {
    State.PENDING: contract.ExecutionDetails.PENDING,
    State.RUNNING: contract.ExecutionDetails.PROCESSING,
    State.RETRYING: contract.ExecutionDetails.RETRY_ON_HOLD,
    State.DEAD_LETTERING: contract.ExecutionDetails.PROCESSING,
    State.SUCCEEDED: contract.ExecutionDetails.SUCCEEDED,
    State.FAILED: contract.ExecutionDetails.FAILED,
    State.DEAD_LETTERED: contract.ExecutionDetails.FAILED,
    State.CANCELLED: contract.ExecutionDetails.CANCELLED,
}
EVENT_STATES = {
    contract.ExecutionDetails.PENDING: contract.EventExecutionDetails.ON_HOLD,
    contract.ExecutionDetails.PROCESSING: contract.EventExecutionDetails.IN_PROCESS,
    contract.ExecutionDetails.SUCCEEDED: contract.EventExecutionDetails.SUCCEEDED,
    contract.ExecutionDetails.FAILED: contract.EventExecutionDetails.FAILED,
    contract.ExecutionDetails.CANCELLED: contract.EventExecutionDetails.CANCELED,
    contract.ExecutionDetails.RETRY_ON_HOLD: contract.EventExecutionDetails.RETRY_ON_HOLD,
}
# The type that an older entry declares for each member of a value.
DATA_TYPES = {members[0]: name for name, members in MEMBERS.items() if len(members) == 1}
CANCEL_NOTES = {CancelReason.TRIGGER_DELETED: "its schedule was deleted"}


def to_execution(
    invocation: Invocation, name: str, replays: Sequence[str] = (), *, whole: bool = False
) -> contract.Execution:
    """Returns an execution with its message and its answer.

    Args:
        invocation: the execution as the store has it.
        name: its resource name.
        replays: the ids of the executions that replay it.
        whole: whether to return it at any size; otherwise parameters are replaced by a text that
            says where they are, if it would have more than 3 MiB.
    """
    info = ExecutionInfo.FromString(invocation.message or b"")
    method = ExecutionInfo.ExecutionMethod.Name(info.execution_method)
    execution = contract.Execution(
        name=name,
        trigger_id=info.trigger_id,
        execution_method=method,
        create_time=to_timestamp(invocation.created_at),
        update_time=to_timestamp(updated_at(invocation)),
        integration_version_state=info.integration_version_state or IntegrationState.ACTIVE,
        snapshot_number=info.integration_snapshot_number,
    )
    _set_replays(execution, info, replays)
    attempts = attempts_of(invocation)
    _set_details(execution.execution_details, invocation, attempts)
    _set_event_details(execution.event_execution_details, invocation, attempts)
    for key, sent in info.request_params.items():
        execution.request_parameters[key].CopyFrom(sent.value)
    for key, value in _responses(invocation).items():
        execution.response_parameters[key].CopyFrom(value)
    if not whole and execution.ByteSize() > LARGEST_PAGE_BYTES:
        _leave_out(execution)
    _set_entries(execution, info)
    return execution


def to_execution_info(
    invocation: Invocation, execution: contract.Execution
) -> contract.EventExecutionInfo:
    """Returns the older form of an execution, without parameters."""
    info = ExecutionInfo.FromString(invocation.message or b"")
    older = contract.EventExecutionInfo(
        event_execution_info_id=invocation.shown_id,
        workflow_name=info.integration,
        workflow_id=info.integration,
        trigger_id=info.trigger_id,
        create_time=_millis(invocation.created_at),
        last_modified_time=_millis(updated_at(invocation)),
        post_method="UNSPECIFIED"
        if not info.execution_method
        else ExecutionInfo.ExecutionMethod.Name(info.execution_method),
        product=contract.EventExecutionInfo.IP,
        snapshot_number=info.integration_snapshot_number,
        event_execution_details=execution.event_execution_details,
    )
    if invocation.last_error is not None:
        older.errors.add(error_message=invocation.last_error)
    return older


def updated_at(invocation: Invocation) -> datetime:
    """Returns when an execution last changed."""
    ended = [
        attempt.finished_at.ToDatetime(invocation.created_at.tzinfo)
        for attempt in attempts_of(invocation)
        if attempt.HasField("finished_at")
    ]
    known = (invocation.created_at, invocation.started_at, invocation.finished_at, *ended)
    return max(instant for instant in known if instant is not None)


def error_of(invocation: Invocation) -> dict[str, Any] | None:
    """Returns why an execution failed: the message, and the HTTP status if there was one."""
    if invocation.state not in (State.FAILED, State.DEAD_LETTERED):
        return None
    error: dict[str, Any] = {"message": invocation.last_error or "failed"}
    statuses = [attempt.http_status for attempt in attempts_of(invocation) if attempt.http_status]
    if statuses:
        error["code"] = statuses[-1]
    return error


def cancel_note(invocation: Invocation) -> str:
    """Returns why an execution was cancelled, or an empty text."""
    if invocation.state is not State.CANCELLED:
        return ""
    by_itself = invocation.cancel_reason and CANCEL_NOTES[invocation.cancel_reason]
    return invocation.cancel_note or by_itself or ""


def _set_replays(
    execution: contract.Execution, info: ExecutionInfo, replays: Sequence[str]
) -> None:
    told = info.replay_info
    if not replays and not info.HasField("replay_info"):
        return
    execution.replay_info.CopyFrom(
        contract.ExecutionReplayInfo(
            original_execution_info_id=told.original_execution_info_id,
            replay_mode=ReplayInfo.ReplayMode.Name(told.replay_mode),
            replay_reason=told.replay_reason,
            replayed_execution_info_ids=replays,
        )
    )


def _responses(invocation: Invocation) -> dict[str, ValueType]:
    responses = typed_answer(invocation, hide_masked=True)
    if (error := error_of(invocation)) is not None:
        responses[ERROR_INFO] = from_json(error)
    return responses


def _set_details(
    details: contract.ExecutionDetails, invocation: Invocation, attempts: list[Attempt]
) -> None:
    details.state = STATES[invocation.state]
    for attempt in attempts:
        stats = details.attempt_stats.add(start_time=attempt.started_at)
        if attempt.HasField("finished_at"):
            stats.end_time.CopyFrom(attempt.finished_at)
    # One that waits for its start shows when that is.
    if not attempts and not invocation.state.final:
        details.attempt_stats.add(start_time=to_timestamp(invocation.scheduled_at))


def _set_event_details(
    details: contract.EventExecutionDetails, invocation: Invocation, attempts: list[Attempt]
) -> None:
    details.event_execution_state = EVENT_STATES[STATES[invocation.state]]
    for attempt in attempts:
        details.event_attempt_stats.add(
            start_time=_millis_of(attempt.started_at), end_time=_millis_of(attempt.finished_at)
        )
    details.event_retries_from_beginning_count = max(0, len(attempts) - 1)
    if invocation.next_at is not None and invocation.node is None:
        details.next_execution_time = _millis(invocation.parked_due_at or invocation.next_at)
    details.cancel_reason = cancel_note(invocation)


def _leave_out(execution: contract.Execution) -> None:
    """Replaces each large value by a text that says where it is."""
    text = ValueType(string_value=LEFT_OUT.format(name=execution.name))
    for parameters in (execution.request_parameters, execution.response_parameters):
        for key in list(parameters):
            if parameters[key].ByteSize() > text.ByteSize():
                parameters[key].CopyFrom(text)
    if execution.ByteSize() > LARGEST_PAGE_BYTES:  # a great many names
        execution.ClearField("request_parameters")
        execution.ClearField("response_parameters")
        execution.response_parameters[ERROR_INFO].CopyFrom(text)


def _set_entries(execution: contract.Execution, info: ExecutionInfo) -> None:
    """Sets the older forms of the parameters, unless they would double a large execution."""
    if execution.ByteSize() * 2 > LARGEST_PAGE_BYTES:
        return
    for key, value in execution.request_parameters.items():
        masked = key in info.request_params and info.request_params[key].masked
        execution.request_params.append(entry_of(key, value, masked=masked))
    for key, value in execution.response_parameters.items():
        execution.response_params.append(entry_of(key, value))


def entry_of(key: str, value: ValueType, *, masked: bool = False) -> FrontendsParameterEntry:
    """Returns a parameter in the older form."""
    member = value.WhichOneof("value")
    if member is None:
        return FrontendsParameterEntry(key=key, masked=masked)
    entry = FrontendsParameterEntry(key=key, masked=masked, data_type=DATA_TYPES[member])
    plain = getattr(value, member)
    if member.endswith("_array"):
        getattr(entry.value, member).CopyFrom(plain)
    else:
        setattr(entry.value, member, plain)
    return entry


def _millis(instant: datetime) -> int:
    return to_micros(instant) // 1000


def _millis_of(timestamp: Timestamp) -> int:
    return timestamp.ToMilliseconds()
