"""What is asked of each client of Google's schedule call."""

import uuid
from collections.abc import Callable

import pytest

from clients.toolchains import Json
from stand.recording_target import RecordingTarget

Schedule = Callable[[str, Json], Json]
"""Schedules the named integration with the request; the client's line: `response` or `error`."""

# Below a location, as Google's two paths have it.
NAMES = ("integrations/nightly", "products/apigee/integrations/nightly")
every_name = pytest.mark.parametrize("integration", NAMES)

UNKNOWN = "integrations/nothing"

# A request whose execution waits for good.
WAITING = {
    "triggerId": "api_trigger/nightly",
    "scheduleTime": "2099-01-01T00:00:00Z",
    "inputParameters": {
        "n": {"intValue": "3"},
        "names": {"stringArray": {"stringValues": ["ж", "b c"]}},
    },
}


def check_schedule(schedule: Schedule, target: RecordingTarget, name: str) -> None:
    """What is scheduled is delivered, under the id that the client was given; and only once."""
    request = {
        "triggerId": "api_trigger/nightly",
        "scheduleTime": "2026-01-01T00:00:00Z",
        "inputParameters": {
            "rows": {"intValue": "500"},
            "names": {"stringArray": {"stringValues": ["ж", "b c"]}},
        },
        "requestId": str(uuid.uuid4()),
    }
    answer = schedule(name, request)
    assert schedule(name, request) == answer
    [execution] = answer["response"]["executionInfoIds"]
    [received] = target.wait_for(lambda call: call.headers.get("x-request-id") == execution)
    assert received.json["parameters"] == {"rows": 500, "names": ["ж", "b c"]}


def bad_request(schedule: Schedule, location: str) -> Json:
    """The error of a request that breaks two rules, in the client's words."""
    error: Json = schedule(f"{location}/integrations/nightly", {"requestId": "a b"})["error"]
    return error


def taken(schedule: Schedule, location: str) -> Json:
    """The error of an execution id that there is already, in the client's words."""
    request = {"triggerId": "api_trigger/nightly", "userGeneratedExecutionId": str(uuid.uuid4())}
    name = f"{location}/integrations/nightly"
    assert "response" in schedule(name, request)
    error: Json = schedule(name, request)["error"]
    return error


def check_violations(details: list[Json]) -> None:
    [detail] = [each for each in details if each["@type"].endswith("/google.rpc.BadRequest")]
    assert [each["field"] for each in detail["fieldViolations"]] == ["trigger_id", "request_id"]
