"""google.golang.org/api/integrations as its users run it."""

import json

import pytest

from clients.google.schedules import (
    UNKNOWN,
    WAITING,
    Schedule,
    bad_request,
    check_schedule,
    check_violations,
    every_name,
)
from clients.toolchains import HERE, Json, go_program, json_line
from stand.recording_target import RecordingTarget
from stand.tocsin_process import Tocsin


@pytest.fixture(params=["v1", "v1alpha"])
def schedule(request: pytest.FixtureRequest, server: Tocsin) -> Schedule:
    program = go_program(HERE / "go" / "integrations")
    url = f"http://{server.http_address}/"

    def schedule(name: str, body: Json) -> Json:
        return json_line(program, url, request.param, name, json.dumps(body))

    return schedule


@every_name
def test_it_schedules(
    schedule: Schedule, target: RecordingTarget, location: str, integration: str
) -> None:
    check_schedule(schedule, target, f"{location}/{integration}")


def test_an_unknown_integration_is_a_googleapi_error(schedule: Schedule, location: str) -> None:
    error = schedule(f"{location}/{UNKNOWN}", {"triggerId": "api_trigger/nightly"})["error"]
    assert error["code"] == 404
    assert error["message"] == f"Integration {location}/{UNKNOWN} not found"


def test_a_bad_request_has_its_details_in_both_error_types(
    schedule: Schedule, location: str
) -> None:
    error = bad_request(schedule, location)
    assert error["code"] == 400
    assert error["message"].startswith("Validation failed:\n  - trigger_id: Field is required")
    check_violations(error["details"])
    assert error["fields"] == ["trigger_id", "request_id"]  # as apierror.APIError has them


def test_it_lists_and_gets_what_it_scheduled(server: Tocsin, location: str) -> None:
    program = go_program(HERE / "go" / "integrations")
    name, url = f"{location}/integrations/nightly", f"http://{server.http_address}/"
    found = json_line(program, url, "executions", name, json.dumps(WAITING))["response"]
    assert found["listed"] == [found["shown"]]
    assert found["shown"]["name"] == f"{name}/executions/{found['id']}"
    assert found["shown"]["executionDetails"]["state"] == "PENDING"
    assert found["shown"]["requestParameters"] == WAITING["inputParameters"]
