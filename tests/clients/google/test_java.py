"""Google's runtime for API clients in Java, google-api-client, as its users run it.

Maven Central has no google-api-services-integrations; `Integrations.java` is what the generator of
such packages writes, and all that runs is the runtime's.
"""

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
from clients.toolchains import HERE, Json, java_classpath, json_line, need
from stand.recording_target import RecordingTarget
from stand.tocsin_process import Tocsin


@pytest.fixture(params=["v1", "v1alpha"])
def schedule(request: pytest.FixtureRequest, server: Tocsin) -> Schedule:
    need("java")
    classes = java_classpath(HERE / "java" / "integrations")
    url = f"http://{server.http_address}/"

    def schedule(name: str, body: Json) -> Json:
        arguments = (url, request.param, name, json.dumps(body))
        return json_line("java", "-cp", classes, "Schedule", *arguments)

    return schedule


@every_name
def test_it_schedules(
    schedule: Schedule, target: RecordingTarget, location: str, integration: str
) -> None:
    check_schedule(schedule, target, f"{location}/{integration}")


def test_an_unknown_integration_is_a_google_json_response_exception(
    schedule: Schedule, location: str
) -> None:
    error = schedule(f"{location}/{UNKNOWN}", {"triggerId": "api_trigger/nightly"})["error"]
    assert (error["statusCode"], error["code"], error["status"]) == (404, 404, "NOT_FOUND")
    assert error["message"] == f"Integration {location}/{UNKNOWN} not found"


def test_a_bad_request_has_its_details(schedule: Schedule, location: str) -> None:
    error = bad_request(schedule, location)
    assert (error["statusCode"], error["code"], error["status"]) == (400, 400, "INVALID_ARGUMENT")
    assert error["message"].startswith("Validation failed:\n  - trigger_id: Field is required")
    check_violations(error["details"])


def test_an_execution_id_that_is_taken_is_a_conflict(schedule: Schedule, location: str) -> None:
    assert taken(schedule, location)["statusCode"] == 409
