"""Executions as Google's clients see them: listed, returned, downloaded, cancelled."""

import json
import uuid
from datetime import UTC, datetime, timedelta

import pytest

from stand.apis.google import NEVER, GoogleApi, finished, schedule
from stand.apis.wire import Json, Refused
from stand.recording_target import Answer, RecordingTarget
from stand.tocsin_process import Tocsin

NIGHTLY = "api_trigger/nightly"


def name(location: str, execution_id: str, integration: str = "nightly") -> Json:
    return {"name": f"{location}/integrations/{integration}/executions/{execution_id}"}


def listed(
    google: GoogleApi, location: str, integration: str = "-", **fields: object
) -> list[Json]:
    """All executions of a list, page by page."""
    request: Json = {"parent": f"{location}/integrations/{integration}", **fields}
    found: list[Json] = []
    while True:
        page = google.call("ListExecutions", request)
        found += page.get("executions", [])
        request["pageToken"] = page.get("nextPageToken", "")
        if not request["pageToken"]:
            return found


def ids(executions: list[Json]) -> list[str]:
    return [execution["name"].rpartition("/")[2] for execution in executions]


def waiting(
    google: GoogleApi, location: str, integration: str = "nightly", **fields: object
) -> str:
    """Schedules an execution that waits for ever; returns its id."""
    [execution_id] = schedule(google, location, integration, scheduleTime=NEVER, **fields)
    return execution_id


def test_one_that_waits_is_pending(google: GoogleApi, location: str) -> None:
    sent = {"n": {"intValue": "3"}, "list": {"stringArray": {"stringValues": ["a", "b"]}}}
    execution_id = waiting(google, location, inputParameters=sent)
    shown = google.call("GetExecution", name(location, execution_id))
    assert shown["name"] == name(location, execution_id)["name"]
    assert shown["triggerId"] == NIGHTLY
    assert shown["executionMethod"] == "SCHEDULE"
    assert shown["requestParameters"] == sent
    assert shown["executionDetails"] == {
        "state": "PENDING",
        "attemptStats": [{"startTime": NEVER}],
    }
    assert shown["eventExecutionDetails"]["eventExecutionState"] == "ON_HOLD"
    older = {entry["key"]: (entry["dataType"], entry["value"]) for entry in shown["requestParams"]}
    assert older == {"n": ("INT_VALUE", sent["n"]), "list": ("STRING_ARRAY", sent["list"])}


def test_one_that_succeeded_shows_what_came_back(
    google: GoogleApi, location: str, target: RecordingTarget
) -> None:
    target.answers["/answering"] = lambda _: Answer(200, b'{"total": 7, "names": ["a"]}')
    [execution_id] = schedule(google, location, "answering")
    finished(google, location, execution_id)
    shown = google.call("GetExecution", name(location, execution_id, "answering"))
    assert shown["executionDetails"]["state"] == "SUCCEEDED"
    [attempt] = shown["executionDetails"]["attemptStats"]
    assert shown["createTime"] <= attempt["startTime"] <= attempt["endTime"]
    assert shown["updateTime"] == attempt["endTime"]
    assert shown["responseParameters"] == {
        "total": {"intValue": "7"},
        "names": {"jsonValue": '["a"]'},
    }
    assert shown["eventExecutionDetails"]["eventExecutionState"] == "SUCCEEDED"
    assert shown["executionMethod"] == "POST_TO_QUEUE"


def test_one_that_failed_shows_why(
    google: GoogleApi, location: str, target: RecordingTarget
) -> None:
    target.answers["/answering"] = lambda _: Answer(503, b"closed")
    [execution_id] = schedule(google, location, "answering")
    finished(google, location, execution_id)
    shown = google.call("GetExecution", name(location, execution_id, "answering"))
    assert shown["executionDetails"]["state"] == "FAILED"
    error = json.loads(shown["responseParameters"]["ErrorInfo"]["jsonValue"])
    assert error["code"] == 503
    assert "503" in error["message"]


def test_lists_begin_with_the_latest_or_the_oldest(google: GoogleApi, location: str) -> None:
    stored = [waiting(google, location) for _ in range(5)]
    assert ids(listed(google, location, "nightly", pageSize=2)) == stored[::-1]
    assert ids(listed(google, location, orderBy="create_time", pageSize=2)) == stored
    assert ids(listed(google, location, orderBy="create_time desc")) == stored[::-1]


def test_a_list_of_all_integrations_merges_them_by_time(google: GoogleApi, location: str) -> None:
    stored = [waiting(google, location, one) for one in ("nightly", "held", "nightly", "held")]
    assert ids(listed(google, location, pageSize=1)) == stored[::-1]
    assert ids(listed(google, location, "held")) == [stored[3], stored[1]]


@pytest.fixture
def three(google: GoogleApi, location: str) -> list[str]:
    """A pending one with a number, a cancelled one with a text, a pending one of `held`."""
    first = waiting(google, location, inputParameters={"n": {"intValue": "3"}})
    second = waiting(google, location, inputParameters={"text": {"stringValue": "hello"}})
    google.call("CancelExecution", name(location, second) | {"cancelReason": "not today"})
    return [first, second, waiting(google, location, "held")]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("event_execution_state = ON_HOLD", [0, 2]),
        ("event_execution_state = CANCELED", [1]),
        ("event_execution_state = SUSPENDED", []),
        ('trigger_id="api_trigger/nightly"', [0, 1]),
        ('trigger_id="api_trigger/nightly" AND workflow_name="nightly"', [0, 1]),
        ('trigger_id = "api_trigger/held" AND workflow_name = nightly', []),
        ("workflow_name = held", [2]),
        ("workflow_name != held", [0, 1]),
        ("NOT event_execution_state = ON_HOLD", [1]),
        ("-event_execution_state = ON_HOLD", [1]),
        ("workflow_name = held OR event_execution_state = CANCELLED", [1, 2]),
        (
            "workflow_name=nightly AND (execution_id=a OR event_execution_state=PENDING)",
            [0],
        ),
        ("parameter_type:string", [1]),
        ('"parameter_type" HAS "int"', [0]),
        ("CreateTimestamp > 2020-01-01T00:00:00Z", [0, 1, 2]),
        ("CreateTimestamp < 1577836800000", []),
        ('CreateTimestamp > "2020-01-01T00:00:00+02:00" AND trigger_id = nothing', []),
        ("event_execution_state = ON_HOLD AND trigger_id = api_trigger/held", [2]),
    ],
)
def test_a_filter_finds(
    google: GoogleApi, location: str, three: list[str], text: str, found: list[int]
) -> None:
    expected = [three[index] for index in found][::-1]
    assert ids(listed(google, location, filter=text)) == expected
    assert ids(listed(google, location, filter=text, pageSize=1)) == expected
    by_params = listed(google, location, filterParams={"customFilter": text})
    assert ids(by_params) == expected


@pytest.mark.parametrize(
    ("params", "found"),
    [
        ({"eventStatuses": ["ON_HOLD"]}, [0, 2]),
        ({"eventStatuses": ["CANCELED", "PENDING"], "workflowName": "nightly"}, [0, 1]),
        ({"parameterPairKey": "n"}, [0]),
        ({"parameterPairKey": "n", "parameterPairValue": "4"}, []),
        ({"parameterPairValue": "hello"}, [1]),
        ({"parameterType": "INT_VALUE"}, [0]),
        ({"startTime": "1577836800000"}, [0, 1, 2]),
        ({"endTime": "1577836800000"}, []),
    ],
)
def test_filter_parameters_find(
    google: GoogleApi, location: str, three: list[str], params: Json, found: list[int]
) -> None:
    expected = [three[index] for index in found][::-1]
    assert ids(listed(google, location, filterParams=params)) == expected


def test_an_id_finds_its_execution(google: GoogleApi, location: str, three: list[str]) -> None:
    assert ids(listed(google, location, filter=f"execution_id = {three[1]}")) == [three[1]]
    assert ids(listed(google, location, filterParams={"executionId": three[2]})) == [three[2]]
    contradiction = f"execution_id = {three[1]} AND event_execution_state = ON_HOLD"
    assert ids(listed(google, location, filter=contradiction)) == []


@pytest.mark.parametrize(
    ("fields", "field", "told"),
    [
        ({"filter": "colour = red"}, "filter", "the field 'colour' is not supported"),
        (
            {"filter": "workflow_name = a b"},
            "filter",
            "an operator and a value at 'b'",
        ),
        ({"filter": "workflow_name < a"}, "filter", "can't be compared by <"),
        ({"filter": "event_execution_state = DONE"}, "filter", "'DONE' is not a state"),
        ({"filter": "CreateTimestamp > yesterday"}, "filter", "'yesterday' is not an instant"),
        ({"filter": "(" * 30}, "filter", "must not be nested"),
        ({"filter": '"never'}, "filter", "can't be parsed at character 1"),
        ({"orderBy": "name"}, "order_by", "must be create_time"),
        ({"readMask": "colour"}, "read_mask.paths[0]", "is not a field of Execution"),
        ({"pageSize": -1}, "page_size", "from 0 to 1000"),
        ({"filterParams": {"eventStatuses": ["X"]}}, "filter_params.event_statuses[0]", "state"),
        ({"filterParams": {"taskStatuses": ["X"]}}, "filter_params.task_statuses", "no tasks"),
        ({"pageToken": "abc"}, "page_token", "next_page_token"),
    ],
)
def test_what_a_list_can_not_do_is_refused_by_field(
    google: GoogleApi, location: str, fields: Json, field: str, told: str
) -> None:
    with pytest.raises(Refused) as refused:
        google.call("ListExecutions", {"parent": f"{location}/integrations/-", **fields})
    [violation] = refused.value.details[0]["fieldViolations"]
    assert violation["field"] == field
    assert told in violation["description"]


def test_a_read_mask_leaves_the_rest_out(google: GoogleApi, location: str) -> None:
    execution_id = waiting(google, location, inputParameters={"n": {"intValue": "3"}})
    [shown] = listed(google, location, readMask="triggerId,executionDetails.state")
    assert shown == {
        **name(location, execution_id),
        "triggerId": NIGHTLY,
        "executionDetails": {"state": "PENDING"},
    }


def test_the_older_form_stands_beside_the_newer_one(google: GoogleApi, location: str) -> None:
    execution_id = waiting(google, location)
    [older] = google.call("ListExecutions", {"parent": f"{location}/integrations/nightly"})[
        "executionInfos"
    ]
    assert older["eventExecutionInfoId"] == execution_id
    assert older["workflowName"] == "nightly"
    assert older["postMethod"] == "SCHEDULE"
    stored = datetime.fromtimestamp(int(older["createTime"]) / 1000, UTC)
    assert abs(datetime.now(UTC) - stored) < timedelta(minutes=5)


def test_a_product_in_the_path_is_in_the_name(google: GoogleApi, location: str) -> None:
    execution_id = waiting(google, location)
    parent = f"{location}/products/apigee/integrations/nightly"
    [shown] = google.call("ListExecutions", {"parent": parent})["executions"]
    assert shown["name"] == f"{parent}/executions/{execution_id}"
    assert google.call("GetExecution", {"name": shown["name"]})["name"] == shown["name"]


def test_what_waits_can_be_cancelled_once(google: GoogleApi, location: str) -> None:
    execution_id = waiting(google, location)
    asked = name(location, execution_id)
    assert google.call("CancelExecution", asked | {"cancelReason": "late"}) == {"isCanceled": True}
    assert google.call("CancelExecution", asked) == {"isCanceled": True}
    shown = google.call("GetExecution", asked)
    assert shown["executionDetails"]["state"] == "CANCELLED"
    assert shown["eventExecutionDetails"]["eventExecutionState"] == "CANCELED"
    assert shown["eventExecutionDetails"]["cancelReason"] == "late"


def test_what_has_ended_can_not_be_cancelled(google: GoogleApi, location: str) -> None:
    [execution_id] = schedule(google, location, "nightly")
    finished(google, location, execution_id)
    answer = google.call("CancelExecution", name(location, execution_id))
    assert not answer.get("isCanceled")
    shown = google.call("GetExecution", name(location, execution_id))
    assert shown["executionDetails"]["state"] == "SUCCEEDED"


def test_large_parameters_are_in_the_download(google: GoogleApi, location: str) -> None:
    text = "x" * (3 * 1024 * 1024 + 1)
    sent = {"large": {"stringValue": text}, "small": {"intValue": "1"}}
    execution_id = waiting(google, location, inputParameters=sent)
    asked = name(location, execution_id)
    for shown in (google.call("GetExecution", asked), *listed(google, location)):
        assert shown["requestParameters"]["small"] == {"intValue": "1"}
        told = shown["requestParameters"]["large"]["stringValue"]
        assert f"{asked['name']}:download" in told
    content = google.call("DownloadExecution", asked)["content"]
    assert json.loads(content)["requestParameters"] == sent


def test_an_execution_is_found_below_its_integration_alone(
    google: GoogleApi, location: str
) -> None:
    execution_id = waiting(google, location)
    asked = [
        name(location, execution_id, "held"),
        name(location, str(uuid.uuid4())),
        name(f"{location}x", execution_id),
    ]
    for one in asked:
        for method in ("GetExecution", "DownloadExecution", "CancelExecution"):
            with pytest.raises(Refused) as refused:
                google.call(method, one)
            assert refused.value.code == "NOT_FOUND"
            assert refused.value.message == f"Execution {one['name']} not found"


def test_a_name_of_another_form_is_refused(server: Tocsin, google: GoogleApi) -> None:
    with pytest.raises(Refused) as refused:
        google.call("ListExecutions", {"parent": "projects/p/locations/l/integrations/"})
    assert refused.value.code in ("INVALID_ARGUMENT", "NOT_FOUND")
