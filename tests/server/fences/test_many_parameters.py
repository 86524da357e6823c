"""An integration takes and answers 10,000 parameters at most: others wait while they are read."""

import json

import pytest

from stand.apis.wire import Json, send
from stand.recording_target import Answer, RecordingTarget
from stand.tocsin_process import Tocsin

MOST = 10_000
TRIGGER = "api_trigger/answering"


def named(count: int) -> Json:
    return {f"p{number}": {} for number in range(count)}


def free(count: int) -> Json:
    return {f"p{number}": None for number in range(count)}


def posted(server: Tocsin, location: str, way: str, count: int) -> tuple[int, Json]:
    """Sends so many parameters in one of the ways that a request can carry them."""
    at, typed = f"{location}/integrations/answering", named(count)
    listed = [{"key": key} for key in typed]
    path, body = {
        "schedule": (f"/v1/{at}:schedule", {"triggerId": TRIGGER, "inputParameters": typed}),
        "execute": (f"/v1/{at}:execute", {"triggerId": TRIGGER, "inputParameters": typed}),
        "entries": (
            f"/v1/{at}:execute",
            {"triggerId": TRIGGER, "parameterEntries": listed},
        ),
        "oldest": (
            f"/v1alpha/{at}:schedule",
            {"triggerId": TRIGGER, "parameters": {"parameters": listed}},
        ),
        "event": (f"/v1/{at}:executeEvent?triggerId={TRIGGER}", free(count)),
        "free schedule": (f"/v2/{at}:schedule?triggerId={TRIGGER}", free(count)),
        "free execute": (f"/v2/{at}:execute?triggerId={TRIGGER}", free(count)),
        "recurring": (
            f"/tocsin/v1/{location}/schedules?scheduleId=many-{count}",
            {
                "integration": at,
                "triggerId": TRIGGER,
                "cronExpression": "0 0 1 1 ? 2099",
                "inputParameters": typed,
            },
        ),
    }[way]
    answer = send(server.http_address, "POST", path, json.dumps(body).encode())
    return answer.status, answer.json


FIELDS = {
    "schedule": "input_parameters",
    "execute": "input_parameters",
    "entries": "parameter_entries",
    "oldest": "parameters.parameters",
    "event": "event",
    "free schedule": "body",
    "free execute": "body",
    "recurring": "schedule.input_parameters",
}


@pytest.mark.parametrize("way", FIELDS)
def test_more_are_refused_and_nothing_is_stored(server: Tocsin, location: str, way: str) -> None:
    status, answer = posted(server, location, way, MOST + 1)
    assert status == 400
    refused = answer.get("error", answer)
    [violation] = refused["details"][0]["fieldViolations"]
    assert violation["field"] == FIELDS[way]
    assert violation["description"] == "must have at most 10000 parameters, but has 10001"
    listed = send(server.http_address, "GET", f"/v1/{location}/integrations/-/executions")
    assert listed.json == {}


def test_as_many_are_taken(server: Tocsin, location: str) -> None:
    status, answer = posted(server, location, "schedule", MOST)
    assert (status, len(answer["executionInfoIds"])) == (200, 1)


def test_a_replay_has_no_more_either(server: Tocsin, location: str) -> None:
    _, ran = posted(server, location, "execute", 1)
    path = f"/v1/{location}/integrations/answering/executions/{ran['executionId']}:replay"
    body = {"replayReason": "more", "modifiedParameters": named(MOST + 1)}
    refused = send(server.http_address, "POST", path, json.dumps(body).encode())
    assert refused.status == 400
    assert "modified_parameters: must have at most 10000 parameters" in refused.text


def test_an_answer_with_more_is_dropped_and_says_so(
    server: Tocsin, target: RecordingTarget, location: str
) -> None:
    target.answers["/answering"] = lambda _: Answer(200, json.dumps(free(MOST + 1)).encode())
    status, ran = posted(server, location, "execute", 1)
    assert (status, ran.get("outputParameters")) == (200, None)
    path = f"/v1/{location}/operations/{ran['executionId']}"
    shown = send(server.http_address, "GET", path).json
    [error] = shown["response"]["errors"]
    assert error["errorMessage"] == "the answer was dropped: it has more than 10000 parameters"
