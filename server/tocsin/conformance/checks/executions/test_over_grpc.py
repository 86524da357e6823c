"""Executions over gRPC: each method says what REST says."""

from typing import Any

import pytest
from google.protobuf import json_format

from tocsin.conformance.checks.executions.fixtures import Three
from tocsin.conformance.checks.executions.runs import FEATURE, NEVER, Runs, state
from tocsin.conformance.checks.executions.test_version_2 import newest, unique
from tocsin.conformance.clauses import MUST, clause
from tocsin.conformance.expecting import Code, expect_error, expect_ok
from tocsin_protos.google.cloud.integrations.v1alpha import executions_pb2
from tocsin_protos.google.cloud.integrations.v2 import executions_pb2 as executions_v2_pb2

pytest_plugins = ["tocsin.conformance.checks.executions.fixtures"]

PROTO = "proto google/cloud/integrations/v1alpha/executions.proto"
BOTH = "google/api/http.proto: both are one method"


def grpc_clause(name: str, sentence: str, *features: str) -> pytest.MarkDecorator:
    return clause(
        f"executions.grpc.{name}",
        MUST,
        sentence,
        source=f"{PROTO}; {BOTH}",
        features=(FEATURE, "executions-grpc", *features),
    )


def told(message: Any) -> Any:
    """Returns the JSON of a message."""
    return json_format.MessageToDict(message)


@grpc_clause("get", "GetExecution MUST return what REST shows.", "execute")
def test_get_says_the_same(three: Three) -> None:
    for each in three.ids:
        request = executions_pb2.GetExecutionRequest(name=three.runs.name(each))
        answer = expect_ok(three.runs.peer.executions.GetExecution(request))
        assert told(answer) == three.runs.get(each)


@grpc_clause("list", "ListExecutions MUST return what REST lists.", "execute", "filters")
def test_list_says_the_same(three: Three) -> None:
    own = " OR ".join(f'execution_id="{each}"' for each in three.ids)
    request = executions_pb2.ListExecutionsRequest(
        parent=three.runs.peer.integration, filter=own, order_by="create_time"
    )
    answer = expect_ok(three.runs.peer.executions.ListExecutions(request))
    wanted = three.runs.page([("filter", own), ("orderBy", "create_time")])
    assert told(answer)["executions"] == wanted


@grpc_clause(
    "list.filter-params",
    "ListExecutions MUST narrow the list by filter_params.",
    "execute",
    "filters",
)
def test_parameters_of_a_filter(three: Three) -> None:
    request = executions_pb2.ListExecutionsRequest(
        parent=three.runs.peer.integration,
        filter_params=executions_pb2.ExecutionFilterParams(
            execution_id=three.done, event_statuses=["SUCCEEDED"]
        ),
    )
    request.read_mask.paths.append("trigger_id")
    [execution] = expect_ok(three.runs.peer.executions.ListExecutions(request)).executions
    assert told(execution) == {
        "name": three.runs.name(three.done),
        "triggerId": three.runs.peer.trigger_id,
    }


@grpc_clause("download", "DownloadExecution MUST return what REST downloads.")
def test_download_says_the_same(runs: Runs) -> None:
    name = runs.name(runs.waiting())
    request = executions_pb2.DownloadExecutionRequest(name=name)
    answer = expect_ok(runs.peer.executions.DownloadExecution(request))
    assert answer.content == runs.download(name).json["content"]


@grpc_clause("cancel", "CancelExecution MUST cancel what waits.")
def test_cancel_does_the_same(runs: Runs) -> None:
    execution_id = runs.waiting()
    request = executions_pb2.CancelExecutionRequest(
        name=runs.name(execution_id), cancel_reason="over gRPC"
    )
    assert expect_ok(runs.peer.executions.CancelExecution(request)).is_canceled
    assert state(runs.get(execution_id)) == "CANCELLED"


@grpc_clause("replay", "ReplayExecution MUST make a new execution.", "replay")
def test_replay_does_the_same(runs: Runs) -> None:
    first = runs.cancelled(inputParameters={"n": {"intValue": "1"}})
    request = executions_pb2.ReplayExecutionRequest(
        name=runs.name(first), replay_reason="over gRPC"
    )
    request.modified_parameters["n"].int_value = 2
    request.update_mask.paths.append("n")
    answer = expect_ok(runs.peer.executions.ReplayExecution(request))
    runs.forget(answer.execution_id)
    assert answer.replayed_execution_id == first
    shown = runs.get(answer.execution_id)
    assert shown["requestParameters"] == {"n": {"intValue": "2"}}


@grpc_clause("execute", "ExecuteIntegrations MUST answer when the execution has ended.", "execute")
def test_execute_does_the_same(runs: Runs) -> None:
    request = executions_pb2.ExecuteIntegrationsRequest(
        name=runs.peer.integration, trigger_id=runs.peer.trigger_id
    )
    answer = expect_ok(runs.peer.executions.ExecuteIntegrations(request))
    assert state(runs.get(answer.execution_id)) == "SUCCEEDED"


@grpc_clause(
    "v2.list", "ListExecutions of v2 MUST return what REST lists.", "execute", "integrations-v2"
)
def test_version_2_lists_the_same(three: Three) -> None:
    own = " OR ".join(f'execution_id="{each}"' for each in three.ids)
    request = executions_v2_pb2.ListExecutionsRequest(
        parent=three.runs.peer.integration, filter=own
    )
    answer = expect_ok(three.runs.peer.executions_v2.ListExecutions(request))
    assert told(answer).get("executions", []) == three.runs.page([("filter", own)], "v2")


@grpc_clause(
    "v2.schedule",
    "ScheduleIntegration of v2 MUST make an execution with the members of its body as variables.",
    "integrations-v2",
)
def test_version_2_schedules(runs: Runs) -> None:
    body = unique(runs)
    request = executions_v2_pb2.ScheduleIntegrationRequest(
        parent=runs.peer.integration, trigger_id=runs.peer.trigger_id
    )
    request.body.update(body)
    request.schedule_time.FromJsonString(NEVER)
    expect_ok(runs.peer.executions_v2.ScheduleIntegration(request))
    execution = newest(runs, body)
    assert (execution["state"], execution["requestVariables"]) == ("ON_HOLD", body)


@grpc_clause(
    "v2.execute",
    "ExecuteIntegration of v2 MUST be answered when the execution has ended.",
    "execute",
    "integrations-v2",
)
def test_version_2_executes(runs: Runs) -> None:
    body = unique(runs)
    request = executions_v2_pb2.ExecuteIntegrationRequest(
        parent=runs.peer.integration, trigger_id=runs.peer.trigger_id
    )
    request.body.update(body)
    expect_ok(runs.peer.executions_v2.ExecuteIntegration(request))
    assert newest(runs, body)["state"] == "SUCCEEDED"


@grpc_clause("absent", "GetExecution of an id that nobody has MUST be refused with NOT_FOUND.")
def test_an_absent_one_is_not_found(runs: Runs) -> None:
    request = executions_pb2.GetExecutionRequest(name=runs.name("nobody-has-this-id"))
    expect_error(runs.peer.executions.GetExecution(request), *runs.peer.absent)


@grpc_clause("replay.reason", "ReplayExecution without a reason MUST name the field.", "replay")
def test_a_reason_is_required(runs: Runs) -> None:
    request = executions_pb2.ReplayExecutionRequest(name=runs.name(runs.cancelled()))
    answer = runs.peer.executions.ReplayExecution(request)
    expect_error(answer, Code.INVALID_ARGUMENT, field="replay_reason")
