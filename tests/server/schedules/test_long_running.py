"""google.longrunning.Operations over what was scheduled."""

import base64
import json
import threading
import urllib.request
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from itertools import chain

import pytest

from stand.apis.google import (
    EXECUTION_INFO,
    NEVER,
    GoogleApi,
    finished,
    in_seconds,
    operation,
    pages,
    schedule,
)
from stand.apis.wire import Json, Refused
from stand.recording_target import Answer, Received, RecordingTarget, held_until
from stand.tocsin_process import Tocsin, run_tocsin
from tocsin_protos.tocsin.v1.invocation_service_pb2 import InvocationServiceGetRequest
from tocsin_protos.tocsin.v1.invocation_service_pb2_grpc import InvocationServiceStub


@pytest.fixture
def held(target: RecordingTarget) -> Iterator[threading.Event]:
    """Calls of the integration `held` are answered once this is set."""
    let_go = threading.Event()
    target.answers["/held"] = held_until(let_go)
    yield let_go
    let_go.set()


def named(location: str, execution_id: str) -> Json:
    return {"name": f"{location}/operations/{execution_id}"}


def wait_until_called(target: RecordingTarget, execution_id: str) -> Received:
    return target.wait_for(lambda call: call.headers["x-request-id"] == execution_id)[0]


def was_called(target: RecordingTarget, execution_id: str) -> bool:
    return bool(target.all(lambda call: call.headers["x-request-id"] == execution_id))


def state(shown: Json) -> str:
    found: str = shown["metadata"]["integrationExecutionDetails"]["integrationExecutionState"]
    return found


def answering(target: RecordingTarget, body: bytes, status: int = 200) -> None:
    target.answers["/answering"] = lambda _: Answer(status, body)


def test_while_it_waits_it_is_on_hold(google: GoogleApi, location: str) -> None:
    sent = {"a": {"intValue": "1"}, "b": {"jsonValue": '{"c": 2}'}}
    [execution_id] = schedule(google, location, "nightly", scheduleTime=NEVER, inputParameters=sent)
    shown = operation(google, location, execution_id)
    assert shown["name"] == f"{location}/operations/{execution_id}"
    assert not shown.get("done")
    assert "response" not in shown
    assert "error" not in shown
    metadata = shown["metadata"]
    assert metadata["@type"] == EXECUTION_INFO
    assert metadata["integration"] == "nightly"
    assert metadata["projectId"] == location.split("/")[1]
    assert metadata["triggerId"] == "api_trigger/nightly"
    assert metadata["executionId"] == execution_id
    assert metadata["executionMethod"] == "SCHEDULE"
    assert metadata["requestParams"] == {
        name: {"key": name, "value": value} for name, value in sent.items()
    }
    details = metadata["integrationExecutionDetails"]
    assert details["integrationExecutionState"] == "ON_HOLD"
    assert details["executionAttemptStats"] == [{"startTime": NEVER}]


def test_while_it_runs_it_is_in_process(
    google: GoogleApi, target: RecordingTarget, location: str, held: threading.Event
) -> None:
    [execution_id] = schedule(google, location, "held")
    wait_until_called(target, execution_id)
    shown = operation(google, location, execution_id)
    assert not shown.get("done")
    assert state(shown) == "IN_PROCESS"
    assert shown["metadata"]["executionMethod"] == "POST_TO_QUEUE"


def test_after_it_ran_it_is_done_with_what_the_target_answered(
    google: GoogleApi, target: RecordingTarget, location: str
) -> None:
    answering(
        target,
        b'{"text": "t", "whole": 7, "broken": 0.5, "yes": true, "none": null, "list": [1],'
        b' "huge": 123456789012345678901234567890}',
    )
    before = datetime.now(UTC)
    [execution_id] = schedule(google, location, "answering")
    shown = finished(google, location, execution_id)
    assert operation(google, location, execution_id) == shown
    assert "error" not in shown
    assert state(shown) == "SUCCEEDED"
    # The parameters stand in the response alone: twice they could be more than clients take.
    parameters = {"requestParams", "responseParams"}
    without = {name: each for name, each in shown["response"].items() if name not in parameters}
    assert without == shown["metadata"]
    assert shown["response"]["@type"] == EXECUTION_INFO
    values = {
        key: each.get("value", {}) for key, each in shown["response"]["responseParams"].items()
    }
    assert values == {
        "text": {"stringValue": "t"},
        "whole": {"intValue": "7"},
        "broken": {"doubleValue": 0.5},
        "yes": {"booleanValue": True},
        "none": {},
        "list": {"jsonValue": "[1]"},
        "huge": {"jsonValue": "123456789012345678901234567890"},
    }
    [attempt] = shown["response"]["integrationExecutionDetails"]["executionAttemptStats"]
    times = [datetime.fromisoformat(attempt[name]) for name in ("startTime", "endTime")]
    assert before <= times[0] <= times[1] <= datetime.now(UTC)


@pytest.mark.parametrize(
    "body",
    [
        b"done",
        b"[1]",
        b'"text"',
        b"{",
        b"\xff",
        b'{"a": NaN}',
        b'{"a": 1e999}',
        b'{"a": "\\ud800"}',
    ],
)
def test_an_answer_that_is_no_json_object_is_a_success_that_says_so(
    google: GoogleApi, target: RecordingTarget, location: str, body: bytes
) -> None:
    answering(target, body)
    [execution_id] = schedule(google, location, "answering")
    shown = finished(google, location, execution_id)
    assert state(shown) == "SUCCEEDED"
    assert "responseParams" not in shown["response"]
    assert "not a JSON object" in shown["response"]["errors"][0]["errorMessage"]


def test_an_empty_answer_is_a_plain_success(
    google: GoogleApi, target: RecordingTarget, location: str
) -> None:
    answering(target, b"", 204)
    [execution_id] = schedule(google, location, "answering")
    shown = finished(google, location, execution_id)
    assert state(shown) == "SUCCEEDED"
    assert "errors" not in shown["response"]


@pytest.mark.parametrize("status", [500, 404, 301, 429])
def test_a_target_that_answers_an_error_fails_the_execution(
    google: GoogleApi, target: RecordingTarget, location: str, status: int
) -> None:
    target.answers["/failing"] = lambda _: Answer(status, "всё пропало".encode())
    [execution_id] = schedule(google, location, "failing")
    shown = finished(google, location, execution_id)
    message = f"{target.url}/failing answered {status}: всё пропало"
    assert shown["error"] == {"code": 2, "message": message}
    assert "response" not in shown
    assert state(shown) == "FAILED"
    assert shown["metadata"]["errors"] == [{"errorMessage": message}]
    assert len(target.all(lambda call: call.headers["x-request-id"] == execution_id)) == 1


def test_a_target_that_cannot_be_reached_fails_the_execution(
    google: GoogleApi, location: str
) -> None:
    [execution_id] = schedule(google, location, "unreachable")
    shown = finished(google, location, execution_id)
    assert shown["error"]["code"] == 2
    assert shown["error"]["message"].startswith("http://127.0.0.1:1/ can't be reached")
    assert state(shown) == "FAILED"


def test_of_a_masked_parameter_only_the_key_is_shown(
    google: GoogleApi, target: RecordingTarget, location: str
) -> None:
    secret = {"key": "password", "value": {"stringValue": "secret"}, "masked": True}
    [execution_id] = schedule(google, location, "nightly", parameterEntries=[secret])
    shown = finished(google, location, execution_id)
    assert shown["response"]["requestParams"] == {"password": {"key": "password", "masked": True}}
    assert wait_until_called(target, execution_id).json["parameters"] == {"password": "secret"}


def test_waiting_returns_once_it_is_done(
    google: GoogleApi, target: RecordingTarget, location: str, held: threading.Event
) -> None:
    [execution_id] = schedule(google, location, "held")
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(finished, google, location, execution_id)
        wait_until_called(target, execution_id)
        assert not waiting.done()
        held.set()
        assert state(waiting.result()) == "SUCCEEDED"


@pytest.mark.parametrize("timeout", ["0s", "0.200s", "-5s"])
def test_waiting_returns_the_state_when_the_time_is_over(
    google: GoogleApi, location: str, timeout: str
) -> None:
    [execution_id] = schedule(google, location, "nightly", scheduleTime=NEVER)
    request = {**named(location, execution_id), "timeout": timeout}
    shown = google.call("WaitOperation", request)
    assert not shown.get("done")
    assert state(shown) == "ON_HOLD"


def test_what_is_cancelled_in_time_never_reaches_the_target(
    google: GoogleApi, target: RecordingTarget, location: str
) -> None:
    [cancelled] = schedule(google, location, "nightly", scheduleTime=in_seconds(1.5).isoformat())
    [later] = schedule(google, location, "nightly", scheduleTime=in_seconds(1.6).isoformat())
    assert google.call("CancelOperation", named(location, cancelled)) == {}

    shown = operation(google, location, cancelled)
    assert shown["done"] is True
    assert shown["error"] == {"code": 1, "message": "cancelled"}
    assert state(shown) == "CANCELLED"
    assert "executionAttemptStats" not in shown["metadata"]["integrationExecutionDetails"]
    wait_until_called(target, later)
    assert not was_called(target, cancelled)


def test_cancelling_what_runs_or_ran_has_no_effect(
    google: GoogleApi, target: RecordingTarget, location: str, held: threading.Event
) -> None:
    [execution_id] = schedule(google, location, "held")
    wait_until_called(target, execution_id)
    google.call("CancelOperation", named(location, execution_id))
    assert state(operation(google, location, execution_id)) == "IN_PROCESS"
    held.set()
    shown = finished(google, location, execution_id)
    google.call("CancelOperation", named(location, execution_id))
    assert operation(google, location, execution_id) == shown


def test_what_is_deleted_is_hidden_and_runs_all_the_same(
    google: GoogleApi, target: RecordingTarget, location: str
) -> None:
    due = in_seconds(0.5)
    [execution_id] = schedule(google, location, "nightly", scheduleTime=due.isoformat())
    assert google.call("DeleteOperation", named(location, execution_id)) == {}
    for method in ("GetOperation", "DeleteOperation", "CancelOperation", "WaitOperation"):
        with pytest.raises(Refused, match="not found"):
            google.call(method, named(location, execution_id))
    assert not google.call("ListOperations", {"name": location}).get("operations")
    assert wait_until_called(target, execution_id).at >= due


@pytest.mark.parametrize(
    "method", ["GetOperation", "WaitOperation", "CancelOperation", "DeleteOperation"]
)
def test_an_operation_that_is_not_there_is_not_found(
    google: GoogleApi, location: str, method: str
) -> None:
    name = f"{location}/operations/nothing"
    with pytest.raises(Refused) as refused:
        google.call(method, {"name": name})
    assert (refused.value.code, refused.value.http) in (("NOT_FOUND", None), ("NOT_FOUND", 404))
    assert refused.value.message == f'Operation "{name}" not found.'
    assert refused.value.reasons == ["OPERATION_NOT_FOUND"]


@pytest.mark.parametrize("name", ["", "x", "operations/x", "projects/p/locations/l"])
def test_a_name_of_another_form_is_not_found(google_grpc: GoogleApi, name: str) -> None:
    with pytest.raises(Refused) as refused:
        google_grpc.call("GetOperation", {"name": name})
    assert refused.value.code == "NOT_FOUND"
    assert refused.value.message == f'Operation "{name}" not found.'


def test_another_location_does_not_show_it(google: GoogleApi, location: str) -> None:
    [execution_id] = schedule(google, location, "nightly", scheduleTime=NEVER)
    with pytest.raises(Refused, match="not found"):
        operation(google, f"{location}x", execution_id)
    assert not google.call("ListOperations", {"name": f"{location}x"}).get("operations")


def ids_of(page: Json) -> list[str]:
    return [each["name"].rpartition("/")[2] for each in page.get("operations", [])]


def schedule_many(google: GoogleApi, location: str, count: int) -> list[str]:
    return [schedule(google, location, "nightly", scheduleTime=NEVER)[0] for _ in range(count)]


def test_a_list_comes_page_by_page(google: GoogleApi, location: str) -> None:
    scheduled = schedule_many(google, location, 5)
    found = list(pages(google, location, size=2))
    assert [len(page) for page in found] == [2, 2, 1]
    # In the order in which they were scheduled.
    assert ids_of({"operations": list(chain.from_iterable(found))}) == scheduled


def test_the_size_may_change_from_page_to_page(google: GoogleApi, location: str) -> None:
    scheduled = sorted(schedule_many(google, location, 3))
    first = google.call("ListOperations", {"name": location, "pageSize": 1})
    request = {"name": location, "pageSize": 10, "pageToken": first["nextPageToken"]}
    assert ids_of(google.call("ListOperations", request)) == scheduled[1:]


def test_pages_survive_what_is_added_and_deleted(google: GoogleApi, location: str) -> None:
    scheduled = sorted(schedule_many(google, location, 4))
    first = google.call("ListOperations", {"name": location, "pageSize": 2})
    assert ids_of(first) == scheduled[:2]
    for execution_id in scheduled[1:3]:
        google.call("DeleteOperation", named(location, execution_id))
    # Whatever id its client chose, it comes last: lists are in the order of time.
    mine = f"00{uuid.uuid4().hex[2:]}"
    schedule(google, location, "nightly", userGeneratedExecutionId=mine)
    request = {"name": location, "pageToken": first["nextPageToken"]}
    assert ids_of(google.call("ListOperations", request)) == [*scheduled[3:], mine]


def test_a_list_may_be_of_what_is_done_or_is_not(google: GoogleApi, location: str) -> None:
    [waiting] = schedule_many(google, location, 1)
    [done] = schedule(google, location, "nightly")
    finished(google, location, done)
    for text, expected in {
        "done = true": [done],
        "done=false": [waiting],
        "": sorted([waiting, done]),
        "done:true AND NOT done = false": [done],
        "NOT done = true": [waiting],
        "-done=true": [waiting],
        "done = true AND done = false": [],
        f'name = "{location}/operations/{done}"': [done],
        f"name:{waiting[8:]}": [waiting],
        f"name = *{waiting}": [waiting],
        f"NOT name:{waiting} AND metadata.integration = nightly": [done],
        "metadata.integration = night": [],
        "metadata.executionMethod = SCHEDULE": [waiting],
        f"metadata.execution_id = {done} AND done = true": [done],
        "metadata.integrationExecutionDetails.integrationExecutionState=SUCCEEDED": [done],
        "metadata.trigger_id:*": sorted([waiting, done]),
        "metadata.trigger_id = 'api_trigger/nightly' AND done = false": [waiting],
    }.items():
        page = google.call("ListOperations", {"name": location, "filter": text})
        assert ids_of(page) == expected


@pytest.mark.parametrize(
    ("sent", "field"),
    [
        ({"filter": "done"}, "filter"),
        ({"filter": "response.x = 1"}, "filter"),
        ({"filter": "metadata.request_params:k"}, "filter"),
        ({"filter": "done != true"}, "filter"),
        ({"filter": "done = true OR done = false"}, "filter"),
        ({"filter": "(done = true)"}, "filter"),
        ({"filter": "done = true AND"}, "filter"),
        ({"filter": "name > a"}, "filter"),
        ({"filter": "name ="}, "filter"),
        ({"filter": 'name = "a'}, "filter"),
        ({"filter": "x" * 1001}, "filter"),
        ({"filter": "done = maybe"}, "filter"),
        ({"pageSize": -1}, "page_size"),
        ({"pageToken": "garbage"}, "page_token"),
    ],
)
def test_arguments_of_the_list_are_checked(
    google: GoogleApi, location: str, sent: Json, field: str
) -> None:
    with pytest.raises(Refused) as refused:
        google.call("ListOperations", {"name": location, **sent})
    assert refused.value.code == "INVALID_ARGUMENT"
    assert list(refused.value.fields) == [field]


@pytest.mark.parametrize("other", [{"name": "projects/x/locations/x"}, {"filter": "done = false"}])
def test_a_token_of_a_list_with_other_arguments_is_refused(
    google: GoogleApi, location: str, other: Json
) -> None:
    schedule_many(google, location, 2)
    token = google.call("ListOperations", {"name": location, "pageSize": 1})["nextPageToken"]
    with pytest.raises(Refused) as refused:
        google.call("ListOperations", {"name": location, **other, "pageToken": token})
    assert list(refused.value.fields) == ["page_token"]


def test_a_filtered_list_goes_on_to_its_last_page(google: GoogleApi, location: str) -> None:
    ids = schedule_many(google, location, 3)
    request = {"name": location, "filter": "metadata.integration:night", "pageSize": 2}
    first = google.call("ListOperations", request)
    last = google.call("ListOperations", {**request, "pageToken": first["nextPageToken"]})
    assert [*ids_of(first), *ids_of(last)] == sorted(ids)
    assert not last.get("nextPageToken")


def test_a_page_may_be_asked_larger_than_any(google: GoogleApi, location: str) -> None:
    schedule_many(google, location, 2)
    assert len(ids_of(google.call("ListOperations", {"name": location, "pageSize": 5000}))) == 2


def test_a_list_of_no_location_is_refused(google_grpc: GoogleApi) -> None:
    with pytest.raises(Refused) as refused:
        google_grpc.call("ListOperations", {"name": "operations"})
    assert list(refused.value.fields) == ["name"]


def test_partial_success_is_not_supported(google_grpc: GoogleApi, location: str) -> None:
    with pytest.raises(Refused, match="return_partial_success is not supported") as refused:
        google_grpc.call("ListOperations", {"name": location, "returnPartialSuccess": True})
    assert refused.value.code == "UNIMPLEMENTED"


def test_a_list_has_no_parameters_and_one_large_execution_hides_no_other(
    google: GoogleApi, location: str
) -> None:
    big = {"k": {"stringValue": "x" * 2**20}, "l": {"stringValue": "y" * 2**20}}
    for _ in range(6):
        schedule(google, location, "nightly", scheduleTime=NEVER, inputParameters=big)
    [page] = pages(google, location)
    assert len(page) == 6
    for listed in google.call("ListOperations", {"name": location})["operations"]:
        assert not listed["metadata"].get("requestParams")
        shown = operation(google, location, listed["name"].rpartition("/")[2])
        assert shown["metadata"].pop("requestParams")
        listed["metadata"].pop("requestParams", None)
        assert shown == listed


def test_a_list_has_no_answers(google: GoogleApi, target: RecordingTarget, location: str) -> None:
    answering(target, b'{"text": "t"}')
    [execution_id] = schedule(
        google, location, "answering", inputParameters={"k": {"stringValue": "v"}}
    )
    shown = finished(google, location, execution_id)
    [listed] = google.call("ListOperations", {"name": location})["operations"]
    for params in ("requestParams", "responseParams"):
        assert shown["response"].pop(params)
        assert not listed["response"].pop(params, {})
    assert listed["response"] == shown["response"]


def test_an_execution_that_a_client_could_not_take_says_where_its_parameters_are(
    server: Tocsin, google_grpc: GoogleApi, location: str
) -> None:
    """Stock gRPC clients take 4 MiB and send more."""
    big = {f"k{number}": {"stringValue": "x" * 2**20} for number in range(5)}
    [execution_id] = schedule(
        google_grpc, location, "nightly", scheduleTime=NEVER, inputParameters=big
    )
    [listed] = google_grpc.call("ListOperations", {"name": location})["operations"]
    shown = operation(google_grpc, location, execution_id)
    assert not shown["metadata"].get("requestParams")
    [said] = [error["errorMessage"] for error in shown["metadata"].pop("errors")]
    assert f"/executions/{execution_id}:download" in said
    assert shown == listed
    environment = {"TOCSIN_SERVER": server.grpc_address}
    done = run_tocsin("invocations", "get", execution_id, "-o", "json", environment=environment)
    assert done.status == 0, done.stderr
    payload = json.loads(base64.b64decode(json.loads(done.stdout)["payload"]))
    assert payload["parameters"]["k4"] == "x" * 2**20


def test_an_invocation_that_a_client_could_not_take_says_what_was_left_out(
    server: Tocsin, google_grpc: GoogleApi, target: RecordingTarget, location: str
) -> None:
    """Stock gRPC clients take 4 MiB; one that takes more asks for the whole."""
    answering(target, json.dumps({"text": "y" * 2**20}).encode())
    big = {f"k{number}": {"stringValue": "x" * 2**20} for number in range(5)}
    [execution_id] = schedule(google_grpc, location, "answering", inputParameters=big)
    finished(google_grpc, location, execution_id)
    request = InvocationServiceGetRequest(invocation_id=execution_id)
    with server.channel() as channel:
        shown = InvocationServiceStub(channel).Get(request, timeout=30).invocation
    assert shown.left_out == ["payload"]
    assert (shown.payload, len(shown.attempts)) == (b"", 1)
    assert json.loads(shown.answer) == {"text": "y" * 2**20}
    address = f"http://{server.http_address}/tocsin/v1/invocations/{execution_id}?whole=true"
    with urllib.request.urlopen(address, timeout=30) as response:
        whole = json.load(response)["invocation"]
    assert json.loads(base64.b64decode(whole["payload"]))["parameters"]["k4"] == "x" * 2**20
    assert "leftOut" not in whole or not whole["leftOut"]


def test_a_page_ends_once_it_has_read_many_bytes(google_grpc: GoogleApi, location: str) -> None:
    big = {"k": {"stringValue": "x" * 7 * 2**20}}
    scheduled = [
        schedule(google_grpc, location, "nightly", scheduleTime=NEVER, inputParameters=big)[0]
        for _ in range(4)
    ]
    query = {"name": location, "filter": "metadata.trigger_id:nightly"}
    first = google_grpc.call("ListOperations", query)
    assert len(first["operations"]) == 3
    rest = google_grpc.call("ListOperations", {**query, "pageToken": first["nextPageToken"]})
    found = [each["name"].split("/")[-1] for each in first["operations"] + rest["operations"]]
    assert found == scheduled
    assert "nextPageToken" not in rest
