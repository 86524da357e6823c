"""googleapis for Node as its users run it. It ships v1alpha and v2 of this API, and no v1."""

import json

import pytest

from clients.google.schedules import (
    UNKNOWN,
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


@pytest.fixture
def schedule(server: Tocsin) -> Schedule:
    project = node_project(HERE / "node" / "integrations")
    url = f"http://{server.http_address}/"

    def schedule(name: str, body: Json) -> Json:
        return json_line("node", project / "schedule.js", url, name, json.dumps(body))

    return schedule


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
