"""Parameters that a version declares: what is taken, what is filled in, what comes back."""

import json
import uuid
from typing import Any

import pytest

from server.schedules.test_integration_versions import (
    create,
    fields_of,
    publish,
    published,
    received_at,
    refused,
    version_of,
)
from stand.apis.google import GoogleApi, GoogleGrpc, finished, schedule
from stand.apis.tocsin import TocsinGrpc
from stand.apis.wire import Json, Refused, send
from stand.recording_target import Answer, RecordingTarget
from stand.tocsin_process import Tocsin


def declared(key: str, data_type: str, in_out: str = "IN", **fields: Any) -> Json:
    return {"key": key, "dataType": data_type, "inputOutputType": in_out, **fields}


@pytest.fixture
def path() -> str:
    return f"/{uuid.uuid4()}"


@pytest.fixture
def url(target: RecordingTarget, path: str) -> str:
    return f"{target.url}{path}"


def execute(google: GoogleApi, location: str, name: str, **inputs: Json) -> Json:
    request = {
        "name": f"{location}/integrations/{name}",
        "triggerId": f"api_trigger/{name}",
        "inputParameters": inputs,
    }
    return google.call("ExecuteIntegrations", request)


ALL_TYPES: list[tuple[str, Json, object]] = [
    ("STRING_VALUE", {"stringValue": "a"}, "a"),
    ("INT_VALUE", {"intValue": "9007199254740993"}, 9007199254740993),
    ("DOUBLE_VALUE", {"doubleValue": 1.5}, 1.5),
    ("BOOLEAN_VALUE", {"booleanValue": False}, False),
    ("STRING_ARRAY", {"stringArray": {"stringValues": ["a", "b"]}}, ["a", "b"]),
    ("INT_ARRAY", {"intArray": {"intValues": ["1", "2"]}}, [1, 2]),
    ("DOUBLE_ARRAY", {"doubleArray": {"doubleValues": [0.5]}}, [0.5]),
    ("BOOLEAN_ARRAY", {"booleanArray": {"booleanValues": [True, False]}}, [True, False]),
    ("JSON_VALUE", {"jsonValue": '{"a": [1, null]}'}, {"a": [1, None]}),
]


def test_every_type_goes_in_and_comes_back_as_it_is_declared(
    google: GoogleApi, location: str, target: RecordingTarget, url: str, path: str
) -> None:
    target.answers[path] = lambda got: Answer(200, json.dumps(got.json["parameters"]).encode())
    parameters = [declared(kind, kind, "IN_OUT") for kind, _, _ in ALL_TYPES]
    published(google, location, "typed", url, integrationParameters=parameters)
    sent = {kind: value for kind, value, _ in ALL_TYPES}
    done = execute(google, location, "typed", **sent)
    [received] = received_at(target, path)
    assert received.json["parameters"] == {kind: plain for kind, _, plain in ALL_TYPES}
    assert done["parameters"] == sent
    name = f"{location}/integrations/typed/executions/{done['executionId']}"
    shown = google.call("GetExecution", {"name": name})
    assert shown["requestParameters"] == shown["responseParameters"] == sent


def test_all_that_is_wrong_with_an_input_is_named_at_once(
    google: GoogleApi, location: str, target: RecordingTarget, url: str, path: str
) -> None:
    schema = {"type": "object", "properties": {"n": {"minimum": 1}}, "required": ["m"]}
    parameters = [
        declared("count", "INT_VALUE"),
        declared("names", "STRING_ARRAY"),
        declared("needed", "STRING_VALUE"),
        declared("result", "STRING_VALUE", "OUT"),
        declared("within", "STRING_VALUE", "IN_OUT_TYPE_UNSPECIFIED"),
        declared("order", "JSON_VALUE", jsonSchema=json.dumps(schema)),
    ]
    published(google, location, "strict", url, integrationParameters=parameters)
    inputs = {
        "count": {"stringValue": "3"},
        "names": {"jsonValue": '["a", 1]'},
        "result": {"stringValue": "x"},
        "within": {"stringValue": "x"},
        "order": {"jsonValue": '{"n": 0}'},
        "unknown": {"intValue": "1"},
    }
    with pytest.raises(Refused) as caught:
        schedule(google, location, "strict", inputParameters=inputs)
    assert caught.value.code == "INVALID_ARGUMENT"
    assert sorted(fields_of(caught.value)) == [
        "input_parameters[count]",
        "input_parameters[names]",
        "input_parameters[needed]",
        "input_parameters[order]",
        "input_parameters[order][n]",
        "input_parameters[result]",
        "input_parameters[unknown]",
        "input_parameters[within]",
    ]
    assert not received_at(target, path)


def test_defaults_are_filled_in_and_shown(
    google: GoogleApi, location: str, target: RecordingTarget, url: str, path: str
) -> None:
    parameters = [
        declared("count", "INT_VALUE", defaultValue={"intValue": "7"}),
        declared("tags", "STRING_ARRAY", defaultValue={"stringArray": {"stringValues": ["x"]}}),
    ]
    published(google, location, "defaults", url, integrationParameters=parameters)
    done = execute(google, location, "defaults", count={"intValue": "8"})
    [received] = received_at(target, path)
    assert received.json["parameters"] == {"count": 8, "tags": ["x"]}
    name = f"{location}/integrations/defaults/executions/{done['executionId']}"
    shown = google.call("GetExecution", {"name": name})["requestParameters"]
    assert shown["tags"] == {"stringArray": {"stringValues": ["x"]}}


def test_only_what_is_declared_as_output_comes_back(
    google: GoogleApi, location: str, target: RecordingTarget, url: str, path: str
) -> None:
    answer = {"total": 3, "secret": "hidden", "extra": 1, "odd": "text"}
    target.answers[path] = lambda _: Answer(200, json.dumps(answer).encode())
    parameters = [
        declared("total", "DOUBLE_VALUE", "OUT"),
        declared("secret", "STRING_VALUE", "OUT", masked=True),
        declared("odd", "INT_VALUE", "OUT"),
        declared("kept", "STRING_VALUE", "IN_OUT"),
    ]
    published(google, location, "outputs", url, integrationParameters=parameters)
    done = execute(google, location, "outputs", kept={"stringValue": "as given"})
    expected = {"total": 3, "secret": "hidden", "odd": "text", "kept": "as given"}
    assert done["outputParameters"] == expected
    assert done["parameters"]["total"] == {"doubleValue": 3}
    name = f"{location}/integrations/outputs/executions/{done['executionId']}"
    shown = google.call("GetExecution", {"name": name})["responseParameters"]
    assert shown["secret"] == {}
    assert shown["odd"] == {"stringValue": "text"}
    assert "extra" not in shown
    operation = finished(google, location, done["executionId"])
    assert "hidden" not in json.dumps(operation)


def test_masked_input_is_hidden_and_handed_over(
    google: GoogleApi, location: str, target: RecordingTarget, url: str, path: str
) -> None:
    parameters = [declared("token", "STRING_VALUE", masked=True)]
    published(google, location, "masked", url, integrationParameters=parameters)
    done = execute(google, location, "masked", token={"stringValue": "sesame"})
    [received] = received_at(target, path)
    assert received.json["parameters"] == {"token": "sesame"}
    name = f"{location}/integrations/masked/executions/{done['executionId']}"
    assert "sesame" not in json.dumps(google.call("GetExecution", {"name": name}))


def test_backticks_around_a_name_may_be_left_out(
    google: GoogleApi, location: str, target: RecordingTarget, url: str, path: str
) -> None:
    parameters = [declared("`Parent_Files_List`", "JSON_VALUE"), declared("plain", "INT_VALUE")]
    published(google, location, "ticks", url, integrationParameters=parameters)
    large = json.dumps(["x" * 100] * 20_000)
    inputs = {"Parent_Files_List": {"jsonValue": large}, "`plain`": {"intValue": "1"}}
    execute(google, location, "ticks", **inputs)
    [received] = received_at(target, path)
    assert set(received.json["parameters"]) == {"`Parent_Files_List`", "plain"}


def test_free_json_is_read_by_what_is_declared(
    google_rest: Any, server: Any, location: str, target: RecordingTarget, url: str, path: str
) -> None:
    parameters = [declared("n", "DOUBLE_VALUE"), declared("ids", "INT_ARRAY")]
    published(google_rest, location, "free", url, integrationParameters=parameters)
    address = f"/v2/{location}/integrations/free:execute?triggerId=api_trigger/free"
    reply = send(server.http_address, "POST", address, json.dumps({"n": 2, "ids": [1]}).encode())
    assert reply.status == 200, reply.text
    [received] = received_at(target, path)
    assert received.json["parameters"] == {"n": 2.0, "ids": [1]}
    reply = send(server.http_address, "POST", address, json.dumps({"ids": ["x"]}).encode())
    assert reply.status == 400
    [bad] = [each for each in reply.json["error"]["details"] if "fieldViolations" in each]
    assert [each["field"] for each in bad["fieldViolations"]] == ["body[n]", "body[ids]"]


@pytest.mark.parametrize(
    ("parameter", "field"),
    [
        (declared("", "INT_VALUE"), "key"),
        (declared("a", "BYTES"), "data_type"),
        (declared("a", "INT_VALUE", defaultValue={"stringValue": "x"}), "default_value"),
        (declared("a", "JSON_VALUE", defaultValue={"jsonValue": "{"}), "default_value.json_value"),
        (declared("a", "JSON_VALUE", jsonSchema="{"), "json_schema"),
        (declared("a", "JSON_VALUE", jsonSchema='{"type": "nope"}'), "json_schema"),
        (declared("a", "JSON_VALUE", jsonSchema='{"$ref": "http://127.0.0.1/"}'), "json_schema"),
        (declared("a", "JSON_VALUE", jsonSchema='{"$ref": "#/nowhere"}'), "json_schema"),
        (declared("a", "JSON_VALUE", jsonSchema='{"items": {"$ref": "#"}}'), "json_schema"),
        (declared("a", "JSON_VALUE", jsonSchema="[1]"), "json_schema"),
    ],
    ids=lambda each: json.dumps(each),
)
def test_a_declaration_that_can_not_be_kept_is_refused(
    google: GoogleApi, location: str, parameter: Json, field: str
) -> None:
    parent = f"{location}/integrations/undeclarable"
    request = {"parent": parent, "integrationVersion": {"integrationParameters": [parameter]}}
    error = refused(google, "CreateIntegrationVersion", request)
    assert fields_of(error) == [f"integration_version.integration_parameters[0].{field}"]


def test_a_schema_that_could_take_any_time_is_refused(google: GoogleApi, location: str) -> None:
    definitions: dict[str, Json] = {"d0": {"type": "string"}}
    for number in range(1, 40):
        part = {"$ref": f"#/$defs/d{number - 1}"}
        definitions[f"d{number}"] = {"anyOf": [part, part]}
    schema = {"$ref": "#/$defs/d39", "$defs": definitions}
    parameter = declared("a", "JSON_VALUE", jsonSchema=json.dumps(schema))
    request = {
        "parent": f"{location}/integrations/endless",
        "integrationVersion": {"integrationParameters": [parameter]},
    }
    error = refused(google, "CreateIntegrationVersion", request)
    assert fields_of(error) == ["integration_version.integration_parameters[0].json_schema"]


# --- Tests of versions -------------------------------------------------------------------------


def try_out(google: GoogleApi, name: str, trigger: str, **fields: Any) -> Json:
    request = {"name": name, "triggerId": f"api_trigger/{trigger}", **fields}
    return google.call("TestIntegrations", request)


def test_a_draft_is_tested_without_being_published(
    google: GoogleApi, location: str, target: RecordingTarget, url: str, path: str
) -> None:
    target.answers[path] = lambda _: Answer(200, b'{"sum": 5}')
    parameters = [declared("a", "INT_VALUE"), declared("sum", "INT_VALUE", "OUT")]
    version = create(
        google, location, "tried", version_of("tried", url, integrationParameters=parameters)
    )
    done = try_out(google, version["name"], "tried", inputParameters={"a": {"intValue": "2"}})
    assert done["parameters"] == {"sum": {"intValue": "5"}}
    assert not done.get("executionFailed")
    name = f"{location}/integrations/tried/executions/{done['executionId']}"
    shown = google.call("GetExecution", {"name": name})
    assert (shown["snapshotNumber"], shown["integrationVersionState"]) == ("1", "DRAFT")
    # A replay runs what is published.
    publish(google, version)
    replayed = google.call("ReplayExecution", {"name": name, "replayReason": "again"})
    shown = google.call(
        "GetExecution",
        {"name": f"{location}/integrations/tried/executions/{replayed['executionId']}"},
    )
    assert shown["integrationVersionState"] == "ACTIVE"


def test_a_draft_can_not_be_scheduled(google: GoogleApi, location: str, url: str) -> None:
    create(google, location, "tried", version_of("tried", url))
    with pytest.raises(Refused) as caught:
        schedule(google, location, "tried")
    assert caught.value.code == "NOT_FOUND"


def test_a_version_in_the_request_is_tested_without_being_stored(
    google: GoogleApi, location: str, target: RecordingTarget, url: str, path: str
) -> None:
    target.answers[path] = lambda _: Answer(500, b"no")
    name = f"{location}/integrations/inline"
    done = try_out(google, name, "inline", integrationVersion=version_of("inline", url))
    assert done["executionFailed"]
    assert "500" in json.dumps(done["parameters"]["ErrorInfo"])
    request = {"parent": name}
    assert not google.call("ListIntegrationVersions", request).get("integrationVersions")


def test_a_test_may_be_left_to_run_by_itself(google: GoogleApi, location: str, url: str) -> None:
    version = create(google, location, "left", version_of("left", url))
    name = f"{location}/integrations/left"
    inline = {"name": version["name"]}
    done = try_out(google, name, "left", integrationVersion=inline, asyncExecution=True)
    assert finished(google, location, done["executionId"])["response"]


def test_a_test_of_what_can_not_be_run_says_why(google: GoogleApi, location: str) -> None:
    version = create(google, location, "broken", {})
    request = {"name": version["name"], "triggerId": "api_trigger/broken"}
    error = refused(google, "TestIntegrations", request)
    assert "integration_version.task_configs" in fields_of(error)


def test_each_request_of_a_batch_is_held_to_what_is_declared(
    google_grpc: GoogleGrpc,
    server: Tocsin,
    location: str,
    target: RecordingTarget,
    url: str,
    path: str,
) -> None:
    parameters = [
        declared("n", "DOUBLE_VALUE"),
        declared("m", "INT_VALUE", defaultValue={"intValue": "1"}),
    ]
    published(google_grpc, location, "batched", url, integrationParameters=parameters)

    def one(**inputs: Json) -> Json:
        name = f"{location}/integrations/batched"
        return {"name": name, "triggerId": "api_trigger/batched", "inputParameters": inputs}

    requests = [one(n={"intValue": "2"}), one(), one(n={"doubleValue": 1.5}, x={"intValue": "1"})]
    sent = {"parent": location, "requests": requests}
    results = TocsinGrpc(server.grpc_address).call("ScheduleService.BatchSchedule", sent)["results"]
    assert ["error" in each for each in results] == [False, True, True]
    assert "input_parameters[n]" in json.dumps(results[1])
    assert "input_parameters[x]" in json.dumps(results[2])
    [received] = target.wait_for(lambda request: request.path == path)
    assert received.json["parameters"] == {"n": 2.0, "m": 1}
