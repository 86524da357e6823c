"""Integrations that are run for a caller who waits, and executions that are run again."""

import json
import threading
import time
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import grpc
import pytest

from stand.apis.google import NEVER, GoogleApi, finished, schedule
from stand.apis.wire import Json, Refused, send
from stand.recording_target import Answer, Received, RecordingTarget, held_until
from stand.tocsin_process import Tocsin

Executed = Json


@pytest.fixture
def echo(target: RecordingTarget) -> None:
    """The integration `answering` answers what it is handed, and a list."""

    def answer(received: Received) -> Answer:
        return Answer(200, json.dumps({**received.json["parameters"], "list": [1, "a"]}).encode())

    target.answers["/answering"] = answer


@pytest.fixture
def held(target: RecordingTarget) -> Iterator[threading.Event]:
    """Calls of the integration `held` are answered once this is set."""
    let_go = threading.Event()
    target.answers["/held"] = held_until(let_go)
    yield let_go
    let_go.set()


def execute(google: GoogleApi, location: str, integration: str, **fields: object) -> Executed:
    request = {
        "name": f"{location}/integrations/{integration}",
        "triggerId": f"api_trigger/{integration}",
        **fields,
    }
    return google.call("ExecuteIntegrations", request)


def shown(google: GoogleApi, location: str, execution_id: str, integration: str) -> Json:
    name = f"{location}/integrations/{integration}/executions/{execution_id}"
    return google.call("GetExecution", {"name": name})


def test_the_answer_has_what_the_integration_returned(
    google: GoogleApi, location: str, echo: None
) -> None:
    sent = {"n": {"intValue": "3"}, "text": {"stringValue": "hello"}}
    done = execute(google, location, "answering", inputParameters=sent)
    assert done["outputParameters"] == {"n": 3, "text": "hello", "list": [1, "a"]}
    assert done["parameters"] == {**sent, "list": {"jsonValue": '[1, "a"]'}}
    assert not done.get("executionFailed")
    execution = shown(google, location, done["executionId"], "answering")
    assert execution["executionMethod"] == "POST"
    assert execution["executionDetails"]["state"] == "SUCCEEDED"
    assert execution["requestParameters"] == sent


@pytest.mark.parametrize("carrier", ["parameterEntries", "parameters"])
def test_older_carriers_hand_over_the_same(
    google: GoogleApi, location: str, echo: None, carrier: str
) -> None:
    entry = {"key": "n", "value": {"intValue": "3"}, "dataType": "INT_VALUE"}
    sent: object = [entry] if carrier == "parameterEntries" else {"parameters": [entry]}
    done = execute(google, location, "answering", **{carrier: sent})
    assert done["outputParameters"]["n"] == 3


def test_a_failure_is_an_error_or_is_told_in_the_answer(
    google: GoogleApi, location: str, target: RecordingTarget
) -> None:
    target.answers["/answering"] = lambda _: Answer(503, b"closed")
    with pytest.raises(Refused) as refused:
        execute(google, location, "answering")
    assert refused.value.code == "UNKNOWN"
    assert "503" in refused.value.message
    done = execute(google, location, "answering", doNotPropagateError=True)
    assert done["executionFailed"]
    assert done["outputParameters"]["ErrorInfo"]["code"] == 503
    execution = shown(google, location, done["executionId"], "answering")
    assert execution["executionDetails"]["state"] == "FAILED"


def test_a_hundred_requests_of_one_id_are_one_execution(
    google: GoogleApi, location: str, target: RecordingTarget, echo: None
) -> None:
    request_id, marker = str(uuid.uuid4()), uuid.uuid4().hex
    sent = {"marker": {"stringValue": marker}}

    def ask(_: int) -> str:
        done = execute(google, location, "answering", requestId=request_id, inputParameters=sent)
        assert done["outputParameters"]["marker"] == marker
        return str(done["executionId"])

    with ThreadPoolExecutor(20) as pool:
        answered = set(pool.map(ask, range(100)))
    assert len(answered) == 1
    assert len(target.all(lambda call: marker in str(call.json))) == 1


def test_a_caller_who_hangs_up_leaves_the_run(
    server: Tocsin, location: str, held: threading.Event, google: GoogleApi
) -> None:
    with grpc.insecure_channel(server.grpc_address) as channel:
        call = channel.unary_unary(
            "/google.cloud.integrations.v1alpha.Executions/ExecuteIntegrations"
        )
        request = _bytes(location)
        with pytest.raises(grpc.RpcError) as hung_up:
            call(request, timeout=1)
        assert hung_up.value.code() is grpc.StatusCode.DEADLINE_EXCEEDED
    held.set()
    [execution] = _eventually(google, location, "held", "SUCCEEDED")
    assert execution["executionMethod"] == "POST"


def _bytes(location: str) -> bytes:
    from tocsin_protos.google.cloud.integrations.v1alpha.executions_pb2 import (
        ExecuteIntegrationsRequest,
    )

    request = ExecuteIntegrationsRequest(
        name=f"{location}/integrations/held", trigger_id="api_trigger/held"
    )
    return request.SerializeToString()


def _eventually(google: GoogleApi, location: str, integration: str, state: str) -> list[Json]:
    """All executions of an integration, once they are in a state."""
    request = {"parent": f"{location}/integrations/{integration}"}
    give_up = time.monotonic() + 20
    while time.monotonic() < give_up:
        found: list[Json] = google.call("ListExecutions", request).get("executions", [])
        if found and all(each["executionDetails"]["state"] == state for each in found):
            return found
        time.sleep(0.05)
    raise AssertionError(f"not {state}: {found}")


def test_the_time_to_wait_is_a_header(server: Tocsin, location: str, held: threading.Event) -> None:
    path = f"/v1/{location}/integrations/held:execute"
    body = b'{"triggerId": "api_trigger/held"}'
    late = send(server.http_address, "POST", path, body, {"X-Server-Timeout": "0.2"})
    assert late.status == 504
    assert "has not ended in 0.2 s; it goes on" in late.json["error"]["message"]
    for wrong in ("soon", "-1", "0", "inf", "nan"):
        refused = send(server.http_address, "POST", path, body, {"X-Server-Timeout": wrong})
        assert refused.status == 400
        assert "x-server-timeout" in refused.json["error"]["message"]


def test_one_that_waits_for_its_time_can_be_run_now(
    google: GoogleApi, location: str, echo: None
) -> None:
    sent = {"n": {"intValue": "7"}}
    [waiting] = schedule(google, location, "answering", scheduleTime=NEVER, inputParameters=sent)
    done = execute(google, location, "answering", executionId=waiting)
    assert done["executionId"] == waiting
    assert done["outputParameters"]["n"] == 7
    with pytest.raises(Refused) as refused:
        execute(google, location, "answering", executionId=waiting)
    assert refused.value.code == "FAILED_PRECONDITION"
    with pytest.raises(Refused) as refused:
        execute(google, location, "answering", executionId=str(uuid.uuid4()))
    assert refused.value.code == "NOT_FOUND"


def test_one_integration_can_be_waited_for_and_not_several(
    google: GoogleApi, location: str
) -> None:
    request = {"name": f"{location}/integrations/-", "triggerId": "api_trigger/both"}
    with pytest.raises(Refused) as refused:
        google.call("ExecuteIntegrations", request)
    assert "must name one integration" in refused.value.message
    google.call("ExecuteIntegrations", {**request, "triggerId": "api_trigger/nightly"})


# --- Replays ----------------------------------------------------------------------------------


@pytest.fixture
def first(google: GoogleApi, location: str, echo: None) -> str:
    """The id of an execution that succeeded, with two parameters."""
    sent = {"a": {"intValue": "1"}, "b": {"stringValue": "two"}}
    [execution_id] = schedule(google, location, "answering", inputParameters=sent)
    finished(google, location, execution_id)
    return execution_id


def replay(google: GoogleApi, location: str, execution_id: str, **fields: object) -> Json:
    name = f"{location}/integrations/answering/executions/{execution_id}"
    return google.call("ReplayExecution", {"name": name, "replayReason": "again", **fields})


@pytest.mark.parametrize(
    ("fields", "handed_over"),
    [
        ({}, {"a": 1, "b": "two"}),
        ({"modifiedParameters": {"a": {"intValue": "5"}}}, {"a": 5}),
        ({"modifiedParameters": {"a": {"intValue": "5"}}, "updateMask": "a"}, {"a": 5, "b": "two"}),
        (
            {"modifiedParameters": {"c": {"booleanValue": True}}, "updateMask": "c"},
            {"a": 1, "b": "two", "c": True},
        ),
    ],
)
def test_a_replay_hands_over_the_same_or_what_is_changed(
    google: GoogleApi,
    location: str,
    target: RecordingTarget,
    first: str,
    fields: Json,
    handed_over: Json,
) -> None:
    answer = replay(google, location, first, **fields)
    assert answer["replayedExecutionId"] == first
    [called] = target.wait_for(lambda call: call.headers["x-request-id"] == answer["executionId"])
    assert called.json["parameters"] == handed_over


def test_both_executions_say_what_replays_what(
    google: GoogleApi, location: str, first: str
) -> None:
    again = replay(google, location, first, replayReason="the total was wrong")["executionId"]
    assert shown(google, location, again, "answering")["replayInfo"] == {
        "originalExecutionInfoId": first,
        "replayMode": "REPLAY_MODE_FROM_BEGINNING",
        "replayReason": "the total was wrong",
    }
    told = shown(google, location, first, "answering")["replayInfo"]
    assert told["replayedExecutionInfoIds"] == [again]


def test_a_replay_of_one_that_was_waited_for_is_waited_for(
    google: GoogleApi, location: str, echo: None
) -> None:
    done = execute(google, location, "answering", inputParameters={"a": {"intValue": "1"}})
    again = replay(google, location, done["executionId"])
    assert again["outputParameters"] == {"a": 1, "list": [1, "a"]}


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({"replayReason": ""}, "replay_reason: Field is required"),
        ({"updateMask": "a"}, "update_mask.paths[0]: 'a' is not in modified_parameters"),
        ({"replayMode": "REPLAY_MODE_POINT_OF_FAILURE"}, "has no point of failure"),
    ],
)
def test_what_can_not_be_replayed_is_refused(
    google: GoogleApi, location: str, first: str, fields: Json, told: str
) -> None:
    with pytest.raises(Refused) as refused:
        replay(google, location, first, **fields)
    assert told in refused.value.message


def test_one_that_waits_can_not_be_replayed_but_a_cancelled_one_can(
    google: GoogleApi, location: str, echo: None
) -> None:
    [waiting] = schedule(google, location, "answering", scheduleTime=NEVER)
    with pytest.raises(Refused) as refused:
        replay(google, location, waiting)
    assert refused.value.code == "FAILED_PRECONDITION"
    name = f"{location}/integrations/answering/executions/{waiting}"
    google.call("CancelExecution", {"name": name})
    mode = {"replayMode": "REPLAY_MODE_POINT_OF_FAILURE"}
    assert replay(google, location, waiting, **mode)["replayedExecutionId"] == waiting


# --- Version 2 --------------------------------------------------------------------------------


def test_version_2_runs_with_a_free_body_and_answers_one(
    server: Tocsin, location: str, echo: None
) -> None:
    path = f"/v2/{location}/integrations/answering:execute?triggerId=api_trigger/answering"
    body = {"name": "x", "n": 1, "half": 0.5, "deep": {"list": [1, None]}, "nothing": None}
    reply = send(server.http_address, "POST", path, json.dumps(body).encode())
    assert reply.status == 200, reply.text
    assert reply.json == {**body, "list": [1, "a"]}
    assert uuid.UUID(reply.headers["execution_id"])
    assert reply.headers["content-type"] == "application/json"


def test_version_2_schedules_for_a_time_and_lists(
    server: Tocsin, location: str, google: GoogleApi
) -> None:
    integration = f"{location}/integrations/nightly"
    query = f"triggerId=api_trigger%2Fnightly&scheduleTime={NEVER}&requestId=r1"
    path = f"/v2/{integration}:schedule?{query}"
    first = send(server.http_address, "POST", path, b'{"n": 1, "text": "x"}')
    again = send(server.http_address, "POST", path, b'{"n": 1, "text": "x"}')
    assert first.status == 200, first.text
    assert first.json == again.json
    execution_id = first.headers["execution_id"]
    assert first.json == {"executionId": execution_id}
    listed = send(server.http_address, "GET", f"/v2/{integration}/executions?filter=state=ON_HOLD")
    [execution] = listed.json["executions"]
    assert execution["name"] == f"{integration}/executions/{execution_id}"
    assert execution["state"] == "ON_HOLD"
    assert execution["requestVariables"] == {"n": 1, "text": "x"}
    typed = google.call("GetExecution", {"name": execution["name"]})["requestParameters"]
    assert typed == {"n": {"intValue": "1"}, "text": {"stringValue": "x"}}


def test_version_2_refuses_what_its_query_does_not_say(server: Tocsin, location: str) -> None:
    path = f"/v2/{location}/integrations/nightly:schedule"
    missing = send(server.http_address, "POST", path, b"{}")
    assert missing.status == 400
    assert "trigger_id: Field is required" in missing.json["error"]["message"]
    other = send(server.http_address, "POST", f"{path}?triggerId=api_trigger/x", b"{}")
    assert other.status == 404
