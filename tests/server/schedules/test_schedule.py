"""ScheduleIntegrations: what is run, when, with what, and what is refused."""

import re
import uuid
from base64 import b64encode
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from stand.apis.google import NEVER, GoogleApi, GoogleRest, in_seconds, operation, schedule
from stand.apis.wire import Json, Refused, send
from stand.recording_target import Received, RecordingTarget
from stand.tocsin_process import Tocsin
from tocsin_protos.google.cloud.integrations.v1alpha import executions_pb2
from tocsin_protos.google.cloud.integrations.v1alpha.executions_pb2_grpc import ExecutionsStub

REQUIRED = "Field is required"


def delivered(target: RecordingTarget, execution_id: str) -> Received:
    """The call that an execution became; it must be the only one."""

    def is_it(request: Received) -> bool:
        return f'"executionId":"{execution_id}"'.encode() in request.body

    [received] = target.wait_for(is_it)
    return received


def refused_at(api: GoogleApi, location: str, integration: str = "nightly", **sent: Any) -> Refused:
    with pytest.raises(Refused) as refused:
        schedule(api, location, integration, **sent)
    return refused.value


def test_the_target_is_sent_what_was_scheduled(
    google: GoogleApi, target: RecordingTarget, location: str
) -> None:
    before = datetime.now(UTC)
    [execution_id] = schedule(google, location, "nightly")

    received = delivered(target, execution_id)
    assert (received.method, received.path) == ("POST", "/nightly")
    assert received.headers["content-type"] == "application/json"
    assert received.headers["user-agent"].startswith("tocsin/")
    body = received.json
    assert before <= datetime.fromisoformat(body.pop("scheduleTime")) <= received.at
    assert body == {
        "executionId": execution_id,
        "integration": "nightly",
        "triggerId": "api_trigger/nightly",
        "parameters": {},
    }
    assert uuid.UUID(execution_id).version == 7


VALUES: dict[str, tuple[Json, Any]] = {
    "string": ({"stringValue": "grüße\n\"'\\"}, "grüße\n\"'\\"),
    "empty string": ({"stringValue": ""}, ""),
    "int": ({"intValue": "9007199254740993"}, 9007199254740993),
    "smallest int": ({"intValue": "-9223372036854775808"}, -(2**63)),
    "int as a number": ({"intValue": 7}, 7),
    "double": ({"doubleValue": 2.5}, 2.5),
    "NaN": ({"doubleValue": "NaN"}, "NaN"),
    "infinity": ({"doubleValue": "-Infinity"}, "-Infinity"),
    "true": ({"booleanValue": True}, True),
    "false": ({"booleanValue": False}, False),
    "strings": ({"stringArray": {"stringValues": ["a", ""]}}, ["a", ""]),
    "ints": ({"intArray": {"intValues": ["1", "-2"]}}, [1, -2]),
    "doubles": ({"doubleArray": {"doubleValues": [0.5, "Infinity"]}}, [0.5, "Infinity"]),
    "booleans": ({"booleanArray": {"booleanValues": [True, False]}}, [True, False]),
    "an empty array": ({"stringArray": {}}, []),
    "JSON": ({"jsonValue": '{"a": [1, null, {"b": 1e3}]}'}, {"a": [1, None, {"b": 1000.0}]}),
    "JSON text": ({"jsonValue": '"text"'}, "text"),
    "JSON null": ({"jsonValue": "null"}, None),
    "nothing": ({}, None),
}
# Of the older carriers only.
OLD_VALUES: dict[str, tuple[Json, Any]] = {
    "a message": (
        {"protoValue": {"@type": "type.googleapis.com/google.protobuf.Duration", "value": "3s"}},
        {"@type": "type.googleapis.com/google.protobuf.Duration", "value": "3s"},
    ),
    "messages": ({"protoArray": {"protoValues": []}}, []),
    "bytes": ({"serializedObjectValue": {"objectValue": "AAH/"}}, "AAH/"),
}


@pytest.mark.parametrize("kind", VALUES)
def test_a_parameter_is_handed_on_as_plain_json(
    google: GoogleApi, target: RecordingTarget, location: str, kind: str
) -> None:
    sent, expected = VALUES[kind]
    [execution_id] = schedule(google, location, "nightly", inputParameters={"`key`": sent})
    handed = delivered(target, execution_id).json["parameters"]
    assert handed == {"`key`": expected}
    assert type(handed["`key`"]) is type(expected)


@pytest.mark.parametrize("kind", [*VALUES, *OLD_VALUES])
def test_the_older_carrier_hands_on_the_same(
    google: GoogleApi, target: RecordingTarget, location: str, kind: str
) -> None:
    sent, expected = (VALUES | OLD_VALUES)[kind]
    declared = re.sub("[A-Z]", r"_\g<0>", next(iter(sent), "jsonValue")).upper()
    entries = [{"key": "k", "value": sent, "dataType": declared}]
    [execution_id] = schedule(google, location, "nightly", parameterEntries=entries)
    assert delivered(target, execution_id).json["parameters"] == {"k": expected}


@pytest.mark.parametrize(
    ("declared", "value", "expected"),
    [
        ("INT_VALUE", {"intValue": "3"}, 3),
        ("PROTO_ENUM", {"intValue": "3"}, 3),
        ("PROTO_ENUM", {"stringValue": "RED"}, "RED"),
        ("PROTO_ENUM_ARRAY", {"stringArray": {"stringValues": ["RED"]}}, ["RED"]),
        ("DATA_TYPE_UNSPECIFIED", {"doubleValue": 3}, 3.0),
        ("STRING_VALUE", {}, None),
    ],
)
def test_a_value_of_its_declared_type_is_handed_on(
    google: GoogleApi,
    target: RecordingTarget,
    location: str,
    declared: str,
    value: Json,
    expected: Any,
) -> None:
    entries = [{"key": "k", "value": value, "dataType": declared}]
    [execution_id] = schedule(google, location, "nightly", parameterEntries=entries)
    assert delivered(target, execution_id).json["parameters"] == {"k": expected}


@pytest.mark.parametrize("kind", [*(kind for kind in VALUES if "JSON" not in kind), *OLD_VALUES])
def test_the_oldest_carrier_hands_on_the_same(
    google: GoogleApi, target: RecordingTarget, location: str, kind: str
) -> None:
    sent, expected = (VALUES | OLD_VALUES)[kind]
    parameters = {"parameters": [{"key": "k", "value": sent}]}
    [execution_id] = schedule(google, location, "nightly", parameters=parameters)
    assert delivered(target, execution_id).json["parameters"] == {"k": expected}


def test_the_three_carriers_add_up(
    google: GoogleApi, target: RecordingTarget, location: str
) -> None:
    [execution_id] = schedule(
        google,
        location,
        "nightly",
        inputParameters={"a": {"intValue": "1"}},
        parameterEntries=[{"key": "b", "value": {"intValue": "2"}}],
        parameters={"parameters": [{"key": "c", "value": {"intValue": "3"}}]},
    )
    assert delivered(target, execution_id).json["parameters"] == {"a": 1, "b": 2, "c": 3}


ONE: Json = {"key": "twice", "value": {"intValue": "1"}}


def entry(declared: str, **value: Any) -> Json:
    return {"parameterEntries": [ONE, {"key": "k", "value": value, "dataType": declared}]}


MISTYPED: dict[str, tuple[Json, dict[str, str]]] = {
    "text for an integer": (
        entry("INT_VALUE", stringValue="3"),
        {"parameter_entries[1].value": "must set int_value, as INT_VALUE asks for, not string"},
    ),
    "an integer for a double": (
        entry("DOUBLE_VALUE", intValue="3"),
        {"parameter_entries[1].value": "must set double_value"},
    ),
    "text for JSON": (
        entry("JSON_VALUE", stringValue="{}"),
        {"parameter_entries[1].value": "must set json_value"},
    ),
    "one for several": (
        entry("STRING_ARRAY", stringValue="a"),
        {"parameter_entries[1].value": "must set string_array"},
    ),
    "a double for an enum": (
        entry("PROTO_ENUM", doubleValue=1),
        {"parameter_entries[1].value": "must set int_value or string_value"},
    ),
    "bytes": (
        entry("BYTES", serializedObjectValue={"objectValue": "AAH/"}),
        {"parameter_entries[1].data_type": "no parameter can be a BYTES"},
    ),
    "several bytes": (
        entry("BYTES_ARRAY", stringArray={"stringValues": ["AA=="]}),
        {"parameter_entries[1].data_type": "no parameter can be a BYTES_ARRAY"},
    ),
    "what can't be serialised": (
        entry("NON_SERIALIZABLE_OBJECT"),
        {"parameter_entries[1].data_type": "no parameter can be a NON_SERIALIZABLE_OBJECT"},
    ),
}
BAD_REQUESTS: dict[str, tuple[Json, dict[str, str]]] = {
    **MISTYPED,
    "no trigger": ({"triggerId": ""}, {"trigger_id": REQUIRED}),
    "a key in two carriers": (
        {"inputParameters": {"twice": {}}, "parameterEntries": [ONE]},
        {"parameter_entries[0]": "'twice' is given more than once"},
    ),
    "a key twice in one carrier": (
        {"parameterEntries": [ONE, ONE]},
        {"parameter_entries[1]": "'twice' is given more than once"},
    ),
    "a key in both old carriers": (
        {"parameterEntries": [ONE], "parameters": {"parameters": [ONE]}},
        {"parameters.parameters[0]": "'twice' is given more than once"},
    ),
    "an entry without a key": (
        {"parameterEntries": [{"value": {"intValue": "1"}}]},
        {"parameter_entries[0].key": REQUIRED},
    ),
    "an empty key": ({"inputParameters": {"": {}}}, {"input_parameters[].key": REQUIRED}),
    "JSON that is none": (
        {"inputParameters": {"k": {"jsonValue": "{"}}},
        {"input_parameters[k].json_value": "not JSON"},
    ),
    "JSON of an entry that is none": (
        {"parameterEntries": [{"key": "k", "value": {"jsonValue": "{"}}]},
        {"parameter_entries[0].value.json_value": "not JSON"},
    ),
    "a number that JSON lacks": (
        {"inputParameters": {"k": {"jsonValue": "[NaN]"}}},
        {"input_parameters[k].json_value": "NaN is not JSON"},
    ),
    "a number beyond all numbers": (
        {"inputParameters": {"k": {"jsonValue": "1e999"}}},
        {"input_parameters[k].json_value": "1e999 is too large"},
    ),
    "half a character": (
        {"inputParameters": {"k": {"jsonValue": '"\\ud800"'}}},
        {"input_parameters[k].json_value": "not JSON"},
    ),
    "half a character in a key": (
        {"inputParameters": {"k": {"jsonValue": '{"a": {"\\udfff": 1}}'}}},
        {"input_parameters[k].json_value": "not JSON"},
    ),
    "JSON of a depth that nobody reads": (
        {"inputParameters": {"k": {"jsonValue": "[" * 100_000}}},
        {"input_parameters[k].json_value": "not JSON"},
    ),
    "a request id with a space": ({"requestId": "a b"}, {"request_id": "pattern"}),
    "a long request id": ({"requestId": "a" * 37}, {"request_id": "at most 36"}),
    "an execution id with a slash": (
        {"userGeneratedExecutionId": "a/b"},
        {"user_generated_execution_id": "pattern"},
    ),
    "a long execution id": (
        {"userGeneratedExecutionId": "a" * 37},
        {"user_generated_execution_id": "at most 36"},
    ),
}


@pytest.mark.parametrize("case", BAD_REQUESTS)
def test_a_bad_request_is_refused_and_names_its_field(
    google: GoogleApi, location: str, case: str
) -> None:
    sent, blamed = BAD_REQUESTS[case]
    refused = refused_at(google, location, **sent)
    assert (refused.code, refused.http) in (("INVALID_ARGUMENT", None), ("INVALID_ARGUMENT", 400))
    assert list(refused.fields) == list(blamed)
    for field, words in blamed.items():
        assert words in refused.fields[field]
    assert not google.call("ListOperations", {"name": location}).get("operations")


UNREADABLE = {
    "of a type that is not known": ("type.googleapis.com/my.Own", b"\x00\xff"),
    "without a type": ("", b""),
    "that is cut short": ("type.googleapis.com/google.protobuf.Duration", b"\x08"),
    "out of its range": (
        "type.googleapis.com/google.protobuf.Duration",
        b"\x08" + b"\xff" * 8 + b"\x01",
    ),
}


@pytest.mark.parametrize("case", UNREADABLE)
def test_a_message_that_cannot_be_printed_is_handed_on_as_its_bytes(
    server: Tocsin, target: RecordingTarget, location: str, case: str
) -> None:
    type_url, value = UNREADABLE[case]
    request = executions_pb2.ScheduleIntegrationsRequest(
        name=f"{location}/integrations/nightly", trigger_id="api_trigger/nightly"
    )
    entry = request.parameter_entries.add(key="k")
    entry.value.proto_value.type_url = type_url
    entry.value.proto_value.value = value
    with server.channel() as channel:
        answer = ExecutionsStub(channel).ScheduleIntegrations(request)
    handed = delivered(target, answer.execution_info_ids[0]).json["parameters"]["k"]
    assert handed in ({}, {"@type": type_url, "value": b64encode(value).decode()})


@pytest.mark.parametrize(
    "name", ["", "nightly", "projects/p/integrations/nightly", "projects/p/locations/l/x/nightly"]
)
def test_a_name_of_another_form_is_refused(google_grpc: GoogleApi, name: str) -> None:
    request = {"name": name, "triggerId": "api_trigger/nightly"}
    with pytest.raises(Refused) as refused:
        google_grpc.call("ScheduleIntegrations", request)
    assert refused.value.code == "INVALID_ARGUMENT"
    assert list(refused.value.fields) == ["name"]


def test_more_input_than_the_quota_is_refused(google: GoogleApi, location: str) -> None:
    refused = refused_at(google, location, inputParameters={"k": {"stringValue": "x" * 2**23}})
    assert refused.code == "INVALID_ARGUMENT"
    assert list(refused.fields) == ["input_parameters"]


def test_an_integration_that_is_not_there_is_not_found(google: GoogleApi, location: str) -> None:
    refused = refused_at(google, location, "nothing")
    assert (refused.code, refused.http) in (("NOT_FOUND", None), ("NOT_FOUND", 404))
    assert refused.message == f"Integration {location}/integrations/nothing not found"
    assert refused.reasons == ["INTEGRATION_NOT_FOUND"]


@pytest.mark.parametrize("integration", ["nightly", "-"])
def test_a_trigger_that_an_integration_lacks_is_not_found(
    google: GoogleApi, location: str, integration: str
) -> None:
    refused = refused_at(google, location, integration, triggerId="api_trigger/nothing")
    assert refused.code == "NOT_FOUND"
    assert refused.message.startswith("Trigger api_trigger/nothing not found")
    assert refused.reasons == ["INTEGRATION_TRIGGER_NOT_FOUND"]


@pytest.mark.parametrize(
    "time", ["2001-01-01T00:00:00Z", "1969-12-31T23:59:59.5Z", "0001-01-01T00:00:00Z"]
)
def test_a_time_that_has_passed_means_now(
    google: GoogleApi, target: RecordingTarget, location: str, time: str
) -> None:
    before = datetime.now(UTC)
    [execution_id] = schedule(google, location, "nightly", scheduleTime=time)
    received = delivered(target, execution_id)
    assert datetime.fromisoformat(received.json["scheduleTime"]) >= before


def test_a_time_to_come_is_waited_for(
    google: GoogleApi, target: RecordingTarget, location: str
) -> None:
    due = in_seconds(1).replace(microsecond=750_000)
    [execution_id] = schedule(google, location, "nightly", scheduleTime=due.isoformat())
    received = delivered(target, execution_id)
    assert received.at >= due
    assert received.json["scheduleTime"] == due.strftime("%Y-%m-%dT%H:%M:%S.750Z")


def test_what_is_due_earlier_runs_earlier(
    google_rest: GoogleRest, target: RecordingTarget, location: str
) -> None:
    late, early = in_seconds(1.5), in_seconds(1)
    ids = [
        schedule(google_rest, location, "nightly", scheduleTime=due.isoformat())[0]
        for due in (late, early)
    ]
    calls = [delivered(target, execution_id) for execution_id in ids]
    assert calls[1].at < calls[0].at
    assert calls[0].at >= late
    assert calls[1].at >= early


def test_a_time_may_have_any_offset(
    google_rest: GoogleRest, target: RecordingTarget, location: str
) -> None:
    zone = timedelta(hours=3, minutes=30)
    due = in_seconds(0.8)
    text = (due + zone).strftime("%Y-%m-%dT%H:%M:%S.%f+03:30")
    [execution_id] = schedule(google_rest, location, "nightly", scheduleTime=text)
    assert delivered(target, execution_id).at >= due


def test_a_dash_runs_every_integration_that_holds_the_trigger(
    google: GoogleApi, target: RecordingTarget, location: str
) -> None:
    ids = schedule(google, location, "-", triggerId="api_trigger/both")
    assert len(set(ids)) == 2
    calls = [delivered(target, execution_id) for execution_id in ids]
    assert {call.path for call in calls} == {"/nightly", "/weekly"}
    assert {call.json["integration"] for call in calls} == {"nightly", "weekly"}


def test_a_dash_takes_an_execution_id_only_where_one_integration_is_meant(
    google: GoogleApi, location: str
) -> None:
    mine = str(uuid.uuid4())
    refused = refused_at(
        google, location, "-", triggerId="api_trigger/both", userGeneratedExecutionId=mine
    )
    assert list(refused.fields) == ["user_generated_execution_id"]
    sent = {"triggerId": "api_trigger/weekly", "userGeneratedExecutionId": mine}
    assert schedule(google, location, "-", **sent) == [mine]


def test_an_execution_id_of_ones_own_is_used(
    google: GoogleApi, target: RecordingTarget, location: str
) -> None:
    mine = f"my-{uuid.uuid4().hex}"
    assert schedule(google, location, "nightly", userGeneratedExecutionId=mine) == [mine]
    received = delivered(target, mine)
    # The invocation's id is the server's, as that of any other.
    assert uuid.UUID(received.headers["x-request-id"]).version == 7
    assert operation(google, location, mine)["name"] == f"{location}/operations/{mine}"


def test_an_execution_id_that_is_taken_is_refused(google: GoogleApi, location: str) -> None:
    mine = str(uuid.uuid4())
    schedule(google, location, "nightly", userGeneratedExecutionId=mine)
    refused = refused_at(google, location, "weekly", userGeneratedExecutionId=mine)
    assert (refused.code, refused.http) in (("ALREADY_EXISTS", None), ("ALREADY_EXISTS", 409))
    assert refused.message == f"Execution {mine} already exists"


def test_a_request_id_answers_the_first_answer_again(google: GoogleApi, location: str) -> None:
    sent = {"requestId": str(uuid.uuid4()), "scheduleTime": NEVER}
    first = schedule(google, location, "-", triggerId="api_trigger/both", **sent)
    assert schedule(google, location, "-", triggerId="api_trigger/both", **sent) == first
    assert len(google.call("ListOperations", {"name": location})["operations"]) == 2


def test_a_request_id_goes_before_the_execution_id(google: GoogleApi, location: str) -> None:
    sent = {"requestId": str(uuid.uuid4()), "userGeneratedExecutionId": str(uuid.uuid4())}
    first = schedule(google, location, "nightly", **sent)
    assert schedule(google, location, "nightly", **sent) == first


def test_a_request_id_of_another_request_is_refused(google: GoogleApi, location: str) -> None:
    request_id = str(uuid.uuid4())
    schedule(google, location, "nightly", requestId=request_id)
    for other in ({"inputParameters": {"k": {}}}, {"scheduleTime": NEVER}):
        refused = refused_at(google, location, requestId=request_id, **other)
        assert refused.code == "INVALID_ARGUMENT"
        assert list(refused.fields) == ["request_id"]
        assert refused.reasons == ["KEY_REUSED"]
    assert refused_at(google, location, "weekly", requestId=request_id).code == "INVALID_ARGUMENT"
    assert len(google.call("ListOperations", {"name": location})["operations"]) == 1


def test_another_location_may_have_the_same_request_id(google: GoogleApi, location: str) -> None:
    request_id = str(uuid.uuid4())
    ids = [
        schedule(google, each, "nightly", requestId=request_id)
        for each in (location, f"{location}x")
    ]
    assert ids[0] != ids[1]


def test_twenty_requests_of_one_id_at_once_run_once(google: GoogleApi, location: str) -> None:
    sent = {"requestId": str(uuid.uuid4()), "scheduleTime": NEVER}

    def schedule_one(_: int) -> str:
        return schedule(google, location, "nightly", **sent)[0]

    with ThreadPoolExecutor(20) as pool:
        assert len(set(pool.map(schedule_one, range(20)))) == 1
    assert len(google.call("ListOperations", {"name": location})["operations"]) == 1


@pytest.mark.parametrize("version", ["v1", "v1alpha"])
@pytest.mark.parametrize("product", ["", "/products/apigee"])
def test_each_documented_path_is_served(
    google_rest: GoogleRest, google_grpc: GoogleApi, server: Tocsin, version: str, product: str
) -> None:
    location = f"projects/{uuid.uuid4().hex}/locations/local"
    api = GoogleRest(server.http_address, version)
    [execution_id] = schedule(api, f"{location}{product}", "nightly", scheduleTime=NEVER)
    found = operation(api, location, execution_id)
    assert found["metadata"]["projectId"] == location.split("/")[1]
    [same] = schedule(
        google_grpc,
        f"{location}{product}",
        "nightly",
        userGeneratedExecutionId=uuid.uuid4().hex,
    )
    assert operation(google_rest, location, same)


def test_a_body_in_the_names_of_the_proto_is_read(
    server: Tocsin, google_rest: GoogleRest, target: RecordingTarget, location: str
) -> None:
    body = b'{"trigger_id": "api_trigger/nightly", "input_parameters": {"k": {"int_value": 1}}}'
    reply = send(server.http_address, "POST", f"/v1/{location}/integrations/nightly:schedule", body)
    [execution_id] = reply.json["executionInfoIds"]
    assert delivered(target, execution_id).json["parameters"] == {"k": 1}


def test_googles_system_parameters_are_no_unknown_parameters(server: Tocsin, location: str) -> None:
    path = f"/v1/{location}/integrations/nightly:schedule"
    query = "alt=json&prettyPrint=false&fields=*&key=k&%24.xgafv=2&quotaUser=me"
    reply = send(
        server.http_address, "POST", f"{path}?{query}", b'{"triggerId": "api_trigger/nightly"}'
    )
    assert reply.status == 200


@pytest.mark.parametrize(
    "body", [b"{", b'{"triggerId": 1}', b'{"scheduleTime": "tomorrow"}', b'{"inputParameters": 1}']
)
def test_a_body_that_is_no_request_gets_googles_envelope(
    server: Tocsin, location: str, body: bytes
) -> None:
    reply = send(server.http_address, "POST", f"/v1/{location}/integrations/nightly:schedule", body)
    assert reply.status == 400
    assert reply.json["error"]["code"] == 400
    assert reply.json["error"]["status"] == "INVALID_ARGUMENT"
    assert reply.json["error"]["message"]


def test_a_path_that_is_not_served_gets_googles_envelope(server: Tocsin, location: str) -> None:
    reply = send(server.http_address, "POST", f"/v1/{location}/integrations/nightly:explode", b"{}")
    assert reply.status == 404
    assert reply.json["error"]["status"] == "NOT_FOUND"
