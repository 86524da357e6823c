"""Formats executions for people, in the words of their contract."""

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from google.protobuf import json_format

from tocsin.cli.terminal.output import instant_text, plain_lines, print_table
from tocsin.documents.writing import as_yaml
from tocsin_protos.google.cloud.integrations.v1alpha.execution_pb2 import (
    Execution,
    ExecutionDetails,
)

HEAD = ("ID", "STATE", "CREATED AT", "INTEGRATION", "TRIGGER", "ATTEMPTS", "ERROR")
USUAL_WIDTHS = (36, 13, 19, 20, 24, 8, 0)
ERROR_INFO = "ErrorInfo"


def print_executions(executions: Sequence[Execution], nothing: str) -> None:
    """Prints a list; on a terminal, prints `nothing` if the list is empty."""
    print_table(HEAD, [row(execution) for execution in executions], nothing)


def row(execution: Execution) -> tuple[str, ...]:
    """Returns the execution's row, under HEAD."""
    return (
        execution.name.rpartition("/")[2],
        state(execution),
        instant_text(execution.create_time),
        integration(execution),
        execution.trigger_id,
        str(len(_begun(execution))),
        _error(execution),
    )


def state(execution: Execution) -> str:
    return ExecutionDetails.State.Name(execution.execution_details.state)


def integration(execution: Execution) -> str:
    """Returns the last name of its integration."""
    return execution.name.split("/")[-3]


def details(execution: Execution) -> list[tuple[str, str]]:
    """Returns names and values of the fields that are set."""
    shown = execution.execution_details
    return [
        ("name", execution.name),
        ("state", state(execution)),
        ("triggerId", execution.trigger_id),
        ("method", Execution.ExecutionMethod.Name(execution.execution_method)),
        ("createTime", instant_text(execution.create_time)),
        ("updateTime", instant_text(execution.update_time)),
        ("startsAt", "" if _begun(execution) else _first_start(shown)),
        ("cancelReason", execution.event_execution_details.cancel_reason),
        ("replayOf", execution.replay_info.original_execution_info_id),
        ("replayReason", execution.replay_info.replay_reason),
        ("replays", "\n".join(execution.replay_info.replayed_execution_info_ids)),
        ("attempts", _attempts(_begun(execution))),
        ("input", _parameters(execution.request_parameters)),
        ("output", _parameters(execution.response_parameters)),
    ]


def _begun(execution: Execution) -> list[Any]:
    """Returns the attempts that began: before the first one, its start lies in the future."""
    shown = execution.execution_details
    waits = shown.state in (ExecutionDetails.PENDING, ExecutionDetails.CANCELLED)
    return [attempt for attempt in shown.attempt_stats if not waits or attempt.HasField("end_time")]


def _first_start(shown: ExecutionDetails) -> str:
    return instant_text(shown.attempt_stats[0].start_time) if shown.attempt_stats else ""


def _error(execution: Execution) -> str:
    if ERROR_INFO not in execution.response_parameters:
        return ""
    told = json.loads(execution.response_parameters[ERROR_INFO].json_value or "{}")
    return str(told.get("message", ""))


def _attempts(attempts: Iterable[Any]) -> str:
    rows = [
        (str(number), instant_text(attempt.start_time), instant_text(attempt.end_time))
        for number, attempt in enumerate(attempts, 1)
    ]
    return "\n".join(plain_lines(rows))


def _parameters(parameters: Mapping[str, Any]) -> str:
    if not parameters:
        return ""
    return as_yaml(
        {key: json_format.MessageToDict(value) for key, value in parameters.items()}
    ).removesuffix("\n")
