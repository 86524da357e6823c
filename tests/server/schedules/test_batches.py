"""BatchSchedule: each request has an outcome of its own, the same as if it had come alone."""

import json
import re
import uuid
from typing import Any

import pytest

from stand.apis.google import NEVER, GoogleApi, operation, schedule
from stand.apis.tocsin import TocsinApi, TocsinGrpc, TocsinRest
from stand.apis.wire import Json, Refused
from stand.recording_target import RecordingTarget
from stand.tocsin_process import Tocsin


@pytest.fixture(params=["grpc", "rest"])
def tocsin(request: pytest.FixtureRequest, server: Tocsin) -> TocsinApi:
    """Each test that asks for it runs over both wires."""
    if request.param == "rest":
        return TocsinRest(server.http_address)
    return TocsinGrpc(server.grpc_address)


def one(location: str, integration: str = "nightly", **fields: Any) -> Json:
    trigger = f"api_trigger/{integration}"
    return {"name": f"{location}/integrations/{integration}", "triggerId": trigger, **fields}


def batch(api: TocsinApi, location: str, *requests: Json) -> list[Json]:
    sent = {"parent": location, "requests": list(requests)}
    results: list[Json] = api.call("ScheduleService.BatchSchedule", sent)["results"]
    assert len(results) == len(requests)
    return results


def ids(results: list[Json]) -> list[str]:
    return [each for result in results for each in result.get("executionInfoIds", [])]


def refused(api: TocsinApi, location: str, *requests: Json) -> Refused:
    with pytest.raises(Refused) as caught:
        api.call("ScheduleService.BatchSchedule", {"parent": location, "requests": list(requests)})
    return caught.value


def test_each_request_is_delivered_with_its_own_input(
    tocsin: TocsinApi, target: RecordingTarget, location: str
) -> None:
    long = "x" * 5000
    made = ids(
        batch(
            tocsin,
            location,
            one(location, inputParameters={"n": {"intValue": "1"}, "d": {"doubleValue": "NaN"}}),
            one(location, "weekly", inputParameters={"text": {"stringValue": long}}),
            one(location, parameterEntries=[{"key": "old", "value": {"booleanValue": True}}]),
            one(location, inputParameters={"j": {"jsonValue": '{"a": [1, null]}'}, "none": {}}),
        )
    )
    assert len(set(made)) == 4
    came = [target.wait_for(lambda each, i=i: i.encode() in each.body)[0] for i in made]
    assert [each.path for each in came] == ["/nightly", "/weekly", "/nightly", "/nightly"]
    assert [each.json["parameters"] for each in came] == [
        {"n": 1, "d": "NaN"},
        {"text": long},
        {"old": True},
        {"j": {"a": [1, None]}, "none": None},
    ]


def test_an_execution_of_a_batch_looks_like_one_that_was_scheduled_alone(
    tocsin: TocsinApi, google: GoogleApi, location: str
) -> None:
    fields = {
        "scheduleTime": NEVER,
        "inputParameters": {"a": {"stringValue": "grüße"}, "b": {"stringArray": {}}},
    }
    [of_batch] = ids(batch(tocsin, location, one(location, **fields)))
    [alone] = schedule(google, location, "nightly", **fields)

    def shown(execution_id: str) -> Json:
        name = f"{location}/integrations/nightly/executions/{execution_id}"
        found = google.call("GetExecution", {"name": name})
        told = {"operation": operation(google, location, execution_id), "execution": found}
        text = json.dumps(_in_order(told), ensure_ascii=False).replace(execution_id, "ID")
        # The instants at which they were asked for differ.
        for time in {found["createTime"], found["updateTime"]}:
            text = text.replace(time, "NOW")
        return {"text": text}

    first, second = shown(of_batch), shown(alone)
    assert "api_trigger/nightly" in first["text"]
    assert _without_instants(first["text"]) == _without_instants(second["text"])


def _in_order(told: Any) -> Any:
    """The same, with parameters in the order of their names: a map on the wire has none."""
    if isinstance(told, dict):
        return {name: _in_order(told[name]) for name in sorted(told)}
    if isinstance(told, list):
        parts = [_in_order(each) for each in told]
        named = bool(told) and isinstance(told[0], dict) and "key" in told[0]
        return sorted(parts, key=lambda each: each["key"]) if named else parts
    return told


def _without_instants(text: str) -> str:
    return re.sub(r'"(\d{13}|\d{4}-[^"]*Z)"', "INSTANT", text)


WRONG: dict[str, Json] = {
    "no trigger": {"triggerId": ""},
    "another trigger": {"triggerId": "api_trigger/other"},
    "an odd request id": {"requestId": "a b"},
    "two faults": {"triggerId": "", "requestId": "x" * 37},
    "no JSON": {"inputParameters": {"j": {"jsonValue": "{"}}},
    "a parameter without a name": {"inputParameters": {"": {"intValue": "1"}}},
    "a NUL": {"inputParameters": {"t": {"stringValue": "a\0b"}}},
    "a value of another type": {
        "parameterEntries": [{"key": "k", "value": {"intValue": "1"}, "dataType": "STRING_VALUE"}]
    },
}


@pytest.mark.parametrize("fault", WRONG)
def test_a_wrong_request_gets_the_error_of_the_single_call_and_spoils_no_other(
    tocsin: TocsinApi, google_grpc: GoogleApi, location: str, fault: str
) -> None:
    good = one(location, scheduleTime=NEVER)
    wrong = {**good, **WRONG[fault]}
    with pytest.raises(Refused) as alone:
        google_grpc.call("ScheduleIntegrations", wrong)
    before, error, after = batch(tocsin, location, good, wrong, good)
    assert len(ids([before, after])) == 2
    assert ids([error]) == []
    told = error["error"]
    assert told["message"] == alone.value.message
    assert _named(told["details"]) == _named(alone.value.details)


def _named(details: list[Json]) -> list[Json]:
    """The details without the id of the call."""
    plain = [{name: each for name, each in one.items() if name != "@type"} for one in details]
    return [each for each in plain if "requestId" not in each]


def test_an_integration_that_is_not_there_is_the_error_of_its_request(
    tocsin: TocsinApi, location: str
) -> None:
    good = one(location, scheduleTime=NEVER)
    missing, odd, found = batch(
        tocsin,
        location,
        {**good, "name": f"{location}/integrations/none"},
        {**good, "name": "x"},
        good,
    )
    assert missing["error"]["code"] == 5
    assert odd["error"]["code"] == 3
    assert len(ids([found])) == 1


def test_an_integration_of_another_location_is_refused(tocsin: TocsinApi, location: str) -> None:
    elsewhere = location.replace("/locations/local", "/locations/other")
    [result] = batch(tocsin, location, one(elsewhere, scheduleTime=NEVER))
    assert result["error"]["code"] == 3
    assert f"must be of {location}" in str(result["error"])


def test_a_dash_runs_all_that_have_the_trigger(tocsin: TocsinApi, location: str) -> None:
    every = {**one(location, "-", scheduleTime=NEVER), "triggerId": "api_trigger/both"}
    first, second = batch(tocsin, location, every, one(location, scheduleTime=NEVER))
    assert [len(ids([first])), len(ids([second]))] == [2, 1]


def test_a_repeat_runs_nothing_more_in_a_batch_or_alone(
    tocsin: TocsinApi, google: GoogleApi, location: str
) -> None:
    key = str(uuid.uuid4())
    named = [one(location, scheduleTime=NEVER, requestId=f"{key[:30]}-{n}") for n in range(3)]
    made = batch(tocsin, location, *named)
    again = batch(tocsin, location, *reversed(named), one(location, scheduleTime=NEVER))
    assert list(reversed(again[:3])) == made
    assert google.call("ScheduleIntegrations", named[1])["executionInfoIds"] == ids([made[1]])
    assert len(set(ids(made + again))) == 4


def test_a_request_id_twice_in_a_batch_is_one_execution(tocsin: TocsinApi, location: str) -> None:
    key = str(uuid.uuid4())
    named = one(location, scheduleTime=NEVER, requestId=key)
    first, second, other = batch(
        tocsin, location, named, named, {**named, "scheduleTime": "2098-01-01T00:00:00Z"}
    )
    assert first == second
    assert other["error"]["code"] == 3


def test_a_request_id_of_a_refused_request_is_free(tocsin: TocsinApi, location: str) -> None:
    named = one(location, scheduleTime=NEVER, requestId=str(uuid.uuid4()))
    [error] = batch(tocsin, location, {**named, "triggerId": "api_trigger/other"})
    assert error["error"]["code"] == 5
    [made] = batch(tocsin, location, named)
    assert len(ids([made])) == 1


def test_an_execution_id_that_is_taken_is_the_error_of_its_request(
    tocsin: TocsinApi, location: str
) -> None:
    chosen = one(location, scheduleTime=NEVER, userGeneratedExecutionId="mine")
    first, second, third = batch(
        tocsin, location, chosen, chosen, one(location, scheduleTime=NEVER)
    )
    assert ids([first]) == ["mine"]
    assert second["error"]["code"] == 6
    assert len(ids([third])) == 1


@pytest.mark.parametrize("count", [0, 1001])
def test_a_batch_of_another_size_is_refused(tocsin: TocsinApi, location: str, count: int) -> None:
    error = refused(tocsin, location, *[one(location, scheduleTime=NEVER)] * count)
    assert error.code == "INVALID_ARGUMENT"
    assert f"must have 1 to 1000 requests, but has {count}" in str(error.details)


def test_a_thousand_are_scheduled(tocsin: TocsinApi, location: str) -> None:
    requests = [
        one(location, scheduleTime=NEVER, inputParameters={"n": {"intValue": str(n)}})
        for n in range(1000)
    ]
    made = ids(batch(tocsin, location, *requests))
    assert len(set(made)) == 1000
    # They sort in the order of the requests.
    assert made == sorted(made)
