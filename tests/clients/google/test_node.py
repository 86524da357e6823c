"""googleapis for Node as its users run it. It ships v1alpha and v2 of this API, and no v1."""

import json
from collections.abc import Callable

import pytest

from clients.google.schedules import (
    UNKNOWN,
    WAITING,
    Schedule,
    bad_request,
    check_schedule,
    check_violations,
    every_name,
    taken,
)
from clients.toolchains import HERE, Json, json_line, node_project
from stand.recording_target import RecordingTarget
from stand.tocsin_process import Tocsin

Call = Callable[..., Json]
"""Calls a method of a version with parameters; what its caller is given, and an execution's id."""


@pytest.fixture
def schedule(server: Tocsin) -> Schedule:
    project = node_project(HERE / "node" / "integrations")
    url = f"http://{server.http_address}/"

    def schedule(name: str, body: Json) -> Json:
        return json_line("node", project / "schedule.js", url, name, json.dumps(body))

    return schedule


@pytest.fixture
def call(server: Tocsin) -> Call:
    project = node_project(HERE / "node" / "integrations")
    url = f"http://{server.http_address}/"

    def call(version: str, method: str, **parameters: object) -> Json:
        return json_line("node", project / "call.js", url, version, method, json.dumps(parameters))

    return call


@every_name
def test_it_schedules(
    schedule: Schedule, target: RecordingTarget, location: str, integration: str
) -> None:
    check_schedule(schedule, target, f"{location}/{integration}")


def test_an_unknown_integration_is_a_gaxios_error(schedule: Schedule, location: str) -> None:
    error = schedule(f"{location}/{UNKNOWN}", {"triggerId": "api_trigger/nightly"})["error"]
    assert (error["status"], error["code"]) == (404, 404)
    assert error["message"] == f"Integration {location}/{UNKNOWN} not found"
    assert error["body"]["error"]["status"] == "NOT_FOUND"


def test_a_bad_request_has_its_details(schedule: Schedule, location: str) -> None:
    error = bad_request(schedule, location)
    assert (error["status"], error["code"]) == (400, 400)
    assert error["message"].startswith("Validation failed:\n  - trigger_id: Field is required")
    assert error["body"]["error"]["status"] == "INVALID_ARGUMENT"
    check_violations(error["body"]["error"]["details"])


def test_an_execution_id_that_is_taken_is_a_conflict(schedule: Schedule, location: str) -> None:
    assert taken(schedule, location)["status"] == 409


def test_v1alpha_gets_lists_and_cancels_what_it_scheduled(call: Call, location: str) -> None:
    parent = f"{location}/products/apigee/integrations/nightly"
    own = "products.integrations"
    made = call("v1alpha", f"{own}.schedule", name=parent, requestBody=WAITING)
    [execution_id] = made["data"]["executionInfoIds"]
    name = f"{parent}/executions/{execution_id}"
    shown = call("v1alpha", f"{own}.executions.get", name=name)["data"]
    assert shown["requestParameters"] == WAITING["inputParameters"]
    query = {"filter": f'execution_id="{execution_id}"', "orderBy": "create_time"}
    listed = call("v1alpha", f"{own}.executions.list", parent=parent, **query)["data"]
    assert listed["executions"] == [shown]
    cancelled = call("v1alpha", f"{own}.executions.cancel", name=name, requestBody={})["data"]
    assert cancelled == {"isCanceled": True}
    shown = call("v1alpha", f"{own}.executions.get", name=name)["data"]
    assert shown["executionDetails"]["state"] == "CANCELLED"


def test_v2_lists_what_it_scheduled(call: Call, location: str) -> None:
    parent = f"{location}/integrations/nightly"
    when = {"triggerId": WAITING["triggerId"], "scheduleTime": WAITING["scheduleTime"]}
    variables = {"n": 3, "deep": {"a": [1, None, "ж"]}}
    made = call("v2", "integrations.schedule", parent=parent, **when, requestBody=variables)
    query = {"filter": "state=ON_HOLD", "pageSize": 5}
    listed = call("v2", "integrations.executions.list", parent=parent, **query)["data"]
    [execution] = listed["executions"]
    assert execution["name"] == f"{parent}/executions/{made['executionId']}"
    assert execution["requestVariables"] == variables
