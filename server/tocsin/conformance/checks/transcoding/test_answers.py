"""Answers in JSON: the same message as over gRPC, in the forms that ProtoJSON prescribes."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
from google.protobuf import json_format

from tocsin.conformance.checks.transcoding.forms import MAY, MUST, PROTO_JSON, SHOULD
from tocsin.conformance.checks.transcoding.made_triggers import (
    TRIGGERS,
    MadeTriggers,
    retried,
    storage,
)
from tocsin.conformance.checks.transcoding.scheduled import Scheduled
from tocsin.conformance.clauses import Level, clause
from tocsin.conformance.expecting import expect_ok, expect_rest_ok
from tocsin.conformance.peer import Peer
from tocsin.conformance.wire.exchanges import shown_bytes
from tocsin_protos.yandex.cloud.operation import operation_pb2, operation_service_pb2
from tocsin_protos.yandex.cloud.serverless.triggers.v1 import trigger_pb2, trigger_service_pb2

pytest_plugins = ["tocsin.conformance.checks.transcoding.fixtures"]

PRINTED_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{3}|\.\d{6}|\.\d{9})?Z")


def answered(
    name: str, sentence: str, level: Level = MUST, source: str = PROTO_JSON, **more: Any
) -> pytest.MarkDecorator:
    features = ("rest", *more.pop("features", ()))
    return clause(f"transcoding.answer.{name}", level, sentence, source=source, features=features)


def shown(triggers: MadeTriggers, trigger: Any) -> Any:
    return expect_rest_ok(triggers.peer.rest("GET", f"{TRIGGERS}/{trigger.id}"))


STATUSES: dict[str, tuple[str, str, str]] = {
    "get": ("GET", "", "Get"),
    "update": ("PATCH", "", "Update"),
    "list-operations": ("GET", "/operations", "ListOperations"),
    "pause": ("POST", ":pause", "Pause"),
    "delete": ("DELETE", "", "Delete"),
}


@pytest.mark.parametrize(
    ("verb", "rest"),
    [
        pytest.param(
            verb,
            rest,
            marks=answered(
                f"status.{name}",
                f"{method} that succeeds MUST be answered with 200, and no other status.",
                source="proto google/rpc/code.proto: OK, 'HTTP Mapping: 200 OK'",
                features={"pause": ("pause",), "list-operations": ("operation-list",)}.get(
                    name, ()
                ),
            ),
        )
        for name, (verb, rest, method) in STATUSES.items()
    ],
)
def test_success_is_200(triggers: MadeTriggers, verb: str, rest: str) -> None:
    trigger = triggers.created()
    body = {"GET": None, "DELETE": None, "PATCH": {"updateMask": "description"}}.get(verb, {})
    answer = triggers.peer.rest(verb, f"{TRIGGERS}/{trigger.id}{rest}", json=body)
    assert answer.status == 200, f"it was answered {answer}"


@answered(
    "status.create",
    "A Create that succeeds MUST be answered with 200, and no other status.",
    source="proto google/rpc/code.proto: OK, 'HTTP Mapping: 200 OK'",
)
def test_a_creation_is_200(triggers: MadeTriggers) -> None:
    answer = triggers.send(triggers.body())
    assert answer.status == 200, f"it was answered {answer}"


@answered(
    "status.schedule",
    "A schedule call that succeeds MUST be answered with 200, and no other status.",
    source="proto google/rpc/code.proto: OK, 'HTTP Mapping: 200 OK'",
)
def test_a_schedule_call_is_200(schedules: Scheduled) -> None:
    answer = schedules.send(schedules.body())
    assert answer.status == 200, f"it was answered {answer}"


@answered(
    "content-type",
    "An answer MUST be sent as application/json.",
    source="RFC 8259 section 11: the media type for JSON text is application/json",
)
def test_an_answer_is_json(triggers: MadeTriggers) -> None:
    trigger = triggers.created()
    answer = triggers.peer.rest("GET", f"{TRIGGERS}/{trigger.id}")
    expect_rest_ok(answer)
    kind = (answer.header("content-type") or "").partition(";")[0].strip().lower()
    assert kind == "application/json"


@answered(
    "same.get",
    "The JSON of a trigger MUST be the message that gRPC answers, with each field that is set.",
)
def test_a_trigger_is_the_same_over_both(triggers: MadeTriggers) -> None:
    more = '"description": "жя <b>&", "labels": {"a": "1", "b": ""}'
    trigger = triggers.created(retried(), more)
    assert json_format.ParseDict(shown(triggers, trigger), trigger_pb2.Trigger()) == trigger


@answered("same.list", "The JSON of a list MUST be the message that gRPC answers.")
def test_a_list_is_the_same_over_both(triggers: MadeTriggers, peer: Peer) -> None:
    for _ in range(2):
        triggers.created()
    found = peer.rest("GET", TRIGGERS, query={"folderId": peer.folder, "pageSize": 1000})
    request = trigger_service_pb2.ListTriggersRequest(folder_id=peer.folder, page_size=1000)
    over_grpc = expect_ok(peer.triggers.List(request))
    over_rest = json_format.ParseDict(
        expect_rest_ok(found), trigger_service_pb2.ListTriggersResponse()
    )
    ids = {each.id for each in over_rest.triggers} & {each.id for each in over_grpc.triggers}
    # Other checks of a run with several processes come and go in the folder.
    assert [each for each in over_rest.triggers if each.id in ids] == [
        each for each in over_grpc.triggers if each.id in ids
    ]
    assert len(ids) >= 2


@answered("same.operation", "The JSON of an operation MUST be the message that gRPC answers.")
def test_an_operation_is_the_same_over_both(triggers: MadeTriggers, peer: Peer) -> None:
    told = expect_rest_ok(triggers.send(triggers.body()))
    request = operation_service_pb2.GetOperationRequest(operation_id=told["id"])
    again = expect_rest_ok(peer.rest("GET", f"/operations/{told['id']}"))
    operation = json_format.ParseDict(again, operation_pb2.Operation())
    assert operation == expect_ok(peer.operations.Get(request))


@answered(
    "name.lower-camel",
    "The names in an answer MUST be in lowerCamelCase.",
    source=PROTO_JSON + ": names are mapped to lowerCamelCase; docs: Trigger REST reference",
)
def test_names_are_in_lower_camel_case(triggers: MadeTriggers) -> None:
    told = shown(triggers, triggers.created(retried()))
    assert told["rule"]["timer"]["invokeFunctionWithRetry"]["retrySettings"].keys() == {
        "retryAttempts",
        "interval",
    }
    assert {"folderId", "createdAt"} <= told.keys()


@answered(
    "int64.string",
    "An int64 in an answer MUST be a string.",
    source=PROTO_JSON + ": int64 is printed as a decimal string",
)
def test_an_int64_is_printed_as_a_string(triggers: MadeTriggers) -> None:
    told = shown(triggers, triggers.created(retried(attempts="3")))
    settings = told["rule"]["timer"]["invokeFunctionWithRetry"]["retrySettings"]
    assert settings["retryAttempts"] == "3"


@answered(
    "enum.name",
    "An enum in an answer MUST be its name.",
    source=PROTO_JSON + ": the name of the enum value as specified in proto is used",
)
def test_an_enum_is_printed_by_its_name(triggers: MadeTriggers) -> None:
    told = shown(triggers, triggers.created(storage("[3]")))
    assert told["status"] == "ACTIVE"
    types = told["rule"]["objectStorage"]["eventType"]
    assert types == ["OBJECT_STORAGE_EVENT_TYPE_DELETE_OBJECT"]


DURATIONS = {
    "whole": ('"12s"', "12s", "whole seconds without a point"),
    "millis": ('"10.25s"', "10.250s", "milliseconds with three digits"),
    "micros": ('"10.000007s"', "10.000007s", "microseconds with six digits"),
    "nanos": ('"10.000000009s"', "10.000000009s", "nanoseconds with nine digits"),
}


@pytest.mark.parametrize(
    ("sent", "printed"),
    [
        pytest.param(
            sent,
            printed,
            marks=answered(
                f"duration.{name}",
                f"A Duration in an answer MUST have 0, 3, 6 or 9 digits after its point: {what}.",
                source=PROTO_JSON + ": generated output always contains 0, 3, 6, or 9 digits",
            ),
        )
        for name, (sent, printed, what) in DURATIONS.items()
    ],
)
def test_a_duration_is_printed(triggers: MadeTriggers, sent: str, printed: str) -> None:
    told = shown(triggers, triggers.created(retried(interval=sent)))
    settings = told["rule"]["timer"]["invokeFunctionWithRetry"]["retrySettings"]
    assert settings["interval"] == printed


@answered(
    "timestamp",
    "A Timestamp in an answer MUST be RFC 3339 in UTC, with Z and 0, 3, 6 or 9 digits.",
    source=PROTO_JSON + ": generated output is Z-normalized and uses 0, 3, 6 or 9 digits",
)
def test_a_timestamp_is_printed(triggers: MadeTriggers) -> None:
    trigger = triggers.created()
    told = shown(triggers, trigger)["createdAt"]
    assert PRINTED_TIME.fullmatch(told), f"createdAt is {told!r}"
    assert trigger.created_at.ToJsonString() == told


@answered("map", "A map in an answer MUST be an object.", source=PROTO_JSON + ": map is an object")
def test_a_map_is_printed_as_an_object(triggers: MadeTriggers) -> None:
    trigger = triggers.created(more='"labels": {"a": "1", "empty": ""}')
    assert shown(triggers, trigger)["labels"] == {"a": "1", "empty": ""}


@answered(
    "any.type",
    "An Any in an answer MUST have the name of its type in @type, and the fields beside it.",
    source=PROTO_JSON + ": an additional field @type; docs: api-design-guide, 'Operation'",
)
def test_an_any_is_printed_with_its_type(triggers: MadeTriggers) -> None:
    told = expect_rest_ok(triggers.send(triggers.body()))
    package = "type.googleapis.com/yandex.cloud.serverless.triggers.v1"
    assert told["metadata"].get("@type") == f"{package}.CreateTriggerMetadata"
    assert told["metadata"].keys() == {"@type", "triggerId"}
    if told.get("done"):
        assert told["response"].get("@type") == f"{package}.Trigger"
        assert told["response"]["id"] == told["metadata"]["triggerId"]


@answered(
    "any.empty",
    "The response of a deletion MUST be an Any of google.protobuf.Empty.",
    source="proto option yandex.cloud.api.operation of TriggerService.Delete; " + PROTO_JSON,
)
def test_an_empty_message_in_an_any(triggers: MadeTriggers, peer: Peer) -> None:
    trigger = triggers.created()
    told = expect_rest_ok(peer.rest("DELETE", f"{TRIGGERS}/{trigger.id}"))
    if told.get("done"):
        response = dict(told["response"])
        assert response.pop("@type", None) == "type.googleapis.com/google.protobuf.Empty"
        # Printers differ in whether Empty has a special form.
        assert response in ({}, {"value": {}})


@answered(
    "unset-message",
    "A message that is not set MUST NOT be in an answer as an object.",
    source=PROTO_JSON + ": a field with presence that is not set is omitted",
)
def test_an_unset_message_is_left_out(triggers: MadeTriggers) -> None:
    told = shown(triggers, triggers.created())
    assert told["rule"].keys() == {"timer"}
    assert not told["rule"]["timer"].get("invokeContainerWithRetry")
    assert not told["rule"]["timer"].get("invokeFunctionWithRetry")
    # Every message of this trigger has a field that is set; a map may be printed though empty.
    assert set(empty_objects(told)) <= {"labels"}


def empty_objects(value: Any, name: str = "") -> Iterator[str]:
    """Yields the names of members that are objects without members."""
    if isinstance(value, dict):
        if not value:
            yield name
        for member, inner in value.items():
            yield from empty_objects(inner, member)


@answered(
    "set-message",
    "A message that is set and empty MUST be in an answer as an object.",
    source=PROTO_JSON + ": a field with presence that is set is printed",
)
def test_a_set_message_is_there(triggers: MadeTriggers) -> None:
    rule = '{"objectStorage": {"eventType": [1], "bucketId": "b", "batchSettings": {"size": "1", '
    rule += '"cutoff": "0s"}, "invokeFunction": {"functionId": "f"}}}'
    trigger = triggers.created(rule)
    told = shown(triggers, trigger)["rule"]["objectStorage"]["batchSettings"]
    assert told.get("cutoff") == "0s"


@answered(
    "defaults",
    "A field without presence that has its default MAY be printed or left out; known answers "
    "are both (Envoy by its configuration, grpc-gateway prints them).",
    MAY,
    PROTO_JSON + ": an option prints fields with default values",
)
def test_a_default_is_printed_or_left_out(triggers: MadeTriggers) -> None:
    assert shown(triggers, triggers.created()).get("description", "") == ""


@answered(
    "no-null",
    "A field that is not set SHOULD be left out of an answer, and not be null.",
    SHOULD,
    PROTO_JSON + ": null is an accepted value, printers do not write it",
)
def test_nothing_is_null(triggers: MadeTriggers) -> None:
    def nulls(value: Any) -> bool:
        if isinstance(value, dict):
            return any(nulls(each) for each in value.values())
        return value is None or (isinstance(value, list) and any(nulls(each) for each in value))

    assert not nulls(shown(triggers, triggers.created(retried())))


@answered(
    "utf-8",
    "An answer MUST be UTF-8, whatever characters it has.",
    source="RFC 8259 section 8.1: JSON text MUST be encoded using UTF-8",
)
def test_an_answer_is_utf_8(triggers: MadeTriggers) -> None:
    text = "жя 中 🎉 \u2028 \ufeff"
    trigger = triggers.created(more=f'"description": "{text}"')
    answer = triggers.peer.rest("GET", f"{TRIGGERS}/{trigger.id}")
    assert shown_bytes(answer.body).startswith("{"), "the body is not UTF-8"
    assert answer.json["description"] == text


@answered(
    "large",
    "An answer of many triggers MUST come whole, as one JSON object.",
    source="RFC 9112 section 6.3: the length of a message",
)
def test_a_large_answer_comes_whole(triggers: MadeTriggers, peer: Peer) -> None:
    # 30 triggers of 8 kB each are several frames and buffers of any proxy.
    labels = ", ".join(f'"k{number}": "{"v" * 60}"' for number in range(60))
    made = {
        triggers.created(more=f'"description": "{"d" * 450}", "labels": {{{labels}}}').id
        for _ in range(30)
    }
    answer = peer.rest("GET", TRIGGERS, query={"folderId": peer.folder, "pageSize": 1000})
    assert made <= {each["id"] for each in expect_rest_ok(answer)["triggers"]}


@answered(
    "google.names",
    "The answer of a schedule call MUST have executionInfoIds, a list of strings.",
    source="discovery document integrations v1, ScheduleIntegrationsResponse",
)
def test_a_schedule_call_answers_ids(schedules: Scheduled) -> None:
    answer = schedules.send(schedules.body())
    told = expect_rest_ok(answer)
    assert told.keys() == {"executionInfoIds"}
    assert told["executionInfoIds"]
    assert all(isinstance(each, str) and each for each in told["executionInfoIds"])


@answered(
    "google.content-type",
    "The answer of a schedule call MUST be sent as application/json.",
    source="RFC 8259 section 11",
)
def test_an_answer_of_googles_is_json(schedules: Scheduled) -> None:
    answer = schedules.send(schedules.body())
    expect_rest_ok(answer)
    assert (answer.header("content-type") or "").partition(";")[0].lower() == "application/json"
