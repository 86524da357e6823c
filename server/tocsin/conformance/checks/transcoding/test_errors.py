"""Errors over REST: their status, their envelope, their details."""

import re
from collections.abc import Callable
from typing import Any
from urllib.parse import quote

import pytest

from tocsin.conformance.checks.transcoding.forms import MUST, SHOULD
from tocsin.conformance.checks.transcoding.made_triggers import TRIGGERS, MadeTriggers
from tocsin.conformance.checks.transcoding.scheduled import Scheduled
from tocsin.conformance.clauses import Level, clause
from tocsin.conformance.expecting import (
    HTTP_STATUS,
    Code,
    expect_error,
    expect_rest_error,
    rest_violations,
)
from tocsin.conformance.peer import Peer
from tocsin.conformance.wire.rest import RestAnswer
from tocsin_protos.google.cloud.integrations.v1alpha import executions_pb2
from tocsin_protos.yandex.cloud.serverless.triggers.v1 import trigger_service_pb2

pytest_plugins = ["tocsin.conformance.checks.transcoding.fixtures"]

CODES = "proto google/rpc/code.proto, 'HTTP Mapping'"
YANDEX = "docs: api-design-guide, 'Error handling': the body is a google.rpc.Status"
AIP_193 = "AIP-193: {'error': {'code', 'message', 'status', 'details'}}"


def error_clause(
    name: str, sentence: str, level: Level = MUST, *, source: str, **more: Any
) -> pytest.MarkDecorator:
    features = ("rest", *more.pop("features", ()))
    return clause(
        f"transcoding.error.{name}", level, sentence, source=source, features=features, **more
    )


def not_found(triggers: MadeTriggers) -> RestAnswer:
    return triggers.peer.rest("GET", f"{TRIGGERS}/{triggers.peer.name('nobody')}")


def invalid(triggers: MadeTriggers) -> RestAnswer:
    return triggers.send('{"name": "Not A Name"}')


def exists(triggers: MadeTriggers) -> RestAnswer:
    body = triggers.body()
    triggers.send(body)
    return triggers.send(body)


def unreadable(triggers: MadeTriggers) -> RestAnswer:
    return triggers.send('{"folderId": ')


@error_clause(
    "not-found",
    "NOT_FOUND MUST be answered with the HTTP status 404 and its code in the body.",
    source=CODES + ": NOT_FOUND, 'HTTP Mapping: 404 Not Found'",
)
def test_an_unknown_trigger_is_404(triggers: MadeTriggers) -> None:
    expect_rest_error(not_found(triggers), Code.NOT_FOUND)


YANDEX_ERRORS: dict[str, tuple[Callable[[MadeTriggers], RestAnswer], Code]] = {
    "unknown": (not_found, Code.NOT_FOUND),
    "invalid-argument": (invalid, Code.INVALID_ARGUMENT),
    "already-exists": (exists, Code.ALREADY_EXISTS),
    "unreadable": (unreadable, Code.INVALID_ARGUMENT),
}


@pytest.mark.parametrize(
    ("fail", "code"),
    [
        pytest.param(
            fail,
            code,
            marks=error_clause(
                f"status.{name}",
                f"{code.name} of a trigger method MUST have the HTTP status {HTTP_STATUS[code]}, "
                f"and the code {code.value[0]} in its body.",
                source=f"{CODES}; {YANDEX}",
            ),
        )
        for name, (fail, code) in YANDEX_ERRORS.items()
    ],
)
def test_a_code_has_its_status(
    triggers: MadeTriggers, fail: Callable[[MadeTriggers], RestAnswer], code: Code
) -> None:
    answer = fail(triggers)
    expect_rest_error(answer, code)
    assert answer.json["code"] == code.value[0]


@pytest.mark.parametrize(
    "fail",
    [
        pytest.param(
            fail,
            marks=error_clause(
                f"envelope.{name}",
                f"The body of a trigger method's error ({code.name}) MUST be a google.rpc.Status "
                "in JSON: code, message and details.",
                source=YANDEX,
            ),
        )
        for name, (fail, code) in YANDEX_ERRORS.items()
    ],
)
def test_an_error_is_a_status(
    triggers: MadeTriggers, fail: Callable[[MadeTriggers], RestAnswer]
) -> None:
    answer = fail(triggers)
    told = answer.json
    assert {"code", "message"} <= told.keys() <= {"code", "message", "details"}
    assert type(told["code"]) is int
    assert told["message"]
    assert isinstance(told["message"], str)
    assert all(detail["@type"] for detail in told.get("details", []))
    kind = (answer.header("content-type") or "").partition(";")[0].lower()
    assert kind == "application/json"


@error_clause(
    "same-as-grpc",
    "An error over REST MUST have the code that the same call has over gRPC.",
    source=CODES,
)
def test_an_error_is_the_same_over_both(triggers: MadeTriggers, peer: Peer) -> None:
    nobody = peer.name("nobody")
    over_grpc = peer.triggers.Get(trigger_service_pb2.GetTriggerRequest(trigger_id=nobody))
    over_rest = peer.rest("GET", f"{TRIGGERS}/{nobody}")
    expect_error(over_grpc, Code.NOT_FOUND)
    expect_rest_error(over_rest, over_grpc.code)


@error_clause(
    "same-message",
    "An error over REST SHOULD have the message that the same call has over gRPC.",
    SHOULD,
    source="proto google/rpc/status.proto: the message is a developer-facing one of the error",
)
def test_an_error_has_the_same_message_over_both(triggers: MadeTriggers, peer: Peer) -> None:
    nobody = peer.name("nobody")
    over_grpc = peer.triggers.Get(trigger_service_pb2.GetTriggerRequest(trigger_id=nobody))
    over_rest = peer.rest("GET", f"{TRIGGERS}/{nobody}")
    assert over_rest.json["message"] == over_grpc.text


@error_clause(
    "message-utf-8",
    "The message of an error over REST SHOULD be the one over gRPC, character for character, "
    "beyond ASCII too.",
    SHOULD,
    source="grpc.io, PROTOCOL-HTTP2: Status-Message is percent-encoded UTF-8, and decoded",
)
def test_a_message_beyond_ascii_is_the_same(triggers: MadeTriggers, peer: Peer) -> None:
    nobody = f"жя%41-{peer.name()}"
    over_grpc = peer.triggers.Get(trigger_service_pb2.GetTriggerRequest(trigger_id=nobody))
    over_rest = peer.rest("GET", f"{TRIGGERS}/{quote(nobody, safe='')}")
    expect_rest_error(over_rest, over_grpc.code)
    assert over_rest.json["message"] == over_grpc.text


@error_clause(
    "fields",
    "An error of a field SHOULD name it in google.rpc.BadRequest among the details, with every "
    "other field that is wrong.",
    SHOULD,
    source="proto google/rpc/error_details.proto, BadRequest; docs of both vendors show it",
)
def test_an_error_names_its_fields(triggers: MadeTriggers) -> None:
    answer = invalid(triggers)
    expect_rest_error(answer, Code.INVALID_ARGUMENT, field="folder_id")
    assert {"name", "rule"} <= {field.split(".")[0] for field in rest_violations(answer)}


@error_clause(
    "unknown-path",
    "A path that nothing is bound to SHOULD be answered with an error in JSON.",
    SHOULD,
    source=YANDEX,
    unimplemented=True,
)
def test_an_unknown_path_is_an_error_in_json(peer: Peer) -> None:
    answer = peer.rest("GET", "/triggers/v1/nothing")
    assert answer.status == 404
    assert isinstance(answer.json["message"], str)


def google_not_found(schedules: Scheduled) -> RestAnswer:
    name = f"{schedules.peer.location}/integrations/{schedules.peer.name('nobody')}"
    return schedules.send(schedules.body(), path=f"/v1/{name}:schedule")


def google_invalid(schedules: Scheduled) -> RestAnswer:
    return schedules.send("{}")


def google_unreadable(schedules: Scheduled) -> RestAnswer:
    return schedules.send(schedules.body(time='"tomorrow"'))


GOOGLE_ERRORS: dict[str, tuple[Callable[[Scheduled], RestAnswer], Code]] = {
    "not-found": (google_not_found, Code.NOT_FOUND),
    "invalid-argument": (google_invalid, Code.INVALID_ARGUMENT),
    "unreadable": (google_unreadable, Code.INVALID_ARGUMENT),
}


@pytest.mark.parametrize(
    ("fail", "code"),
    [
        pytest.param(
            fail,
            code,
            marks=error_clause(
                f"google.envelope.{name}",
                f"The body of a schedule call's error ({code.name}) MUST be Google's envelope: "
                f"`error` with the code {HTTP_STATUS[code]}, a message, and the status "
                f"{code.name}.",
                source=f"{AIP_193}; {CODES}",
            ),
        )
        for name, (fail, code) in GOOGLE_ERRORS.items()
    ],
)
def test_an_error_of_googles_is_in_its_envelope(
    schedules: Scheduled, fail: Callable[[Scheduled], RestAnswer], code: Code
) -> None:
    answer = fail(schedules)
    assert answer.status == HTTP_STATUS[code]
    assert answer.json.keys() == {"error"}
    error = answer.json["error"]
    assert (error["code"], error["status"]) == (HTTP_STATUS[code], code.name)
    assert isinstance(error["message"], str)
    assert error["message"]


REASON = re.compile(r"[A-Z][A-Z0-9_]+[A-Z0-9]")
METADATA_KEY = re.compile(r"[a-z][a-zA-Z0-9-_]+")


def details(answer: RestAnswer, name: str) -> list[Any]:
    told = answer.json["error"].get("details", [])
    return [each for each in told if each["@type"].rpartition(".")[2] == name]


@pytest.mark.parametrize(
    "fail",
    [
        pytest.param(
            fail,
            marks=error_clause(
                f"google.error-info.{name}",
                f"A schedule call's error ({code.name}) MUST have one google.rpc.ErrorInfo in its "
                "details, with a reason in UPPER_SNAKE_CASE of at most 63 characters and a domain.",
                source="AIP-193: 'All error responses must include an ErrorInfo within details'",
            ),
        )
        for name, (fail, code) in GOOGLE_ERRORS.items()
    ],
)
def test_an_error_of_googles_has_its_reason(
    schedules: Scheduled, fail: Callable[[Scheduled], RestAnswer]
) -> None:
    infos = details(fail(schedules), "ErrorInfo")
    assert len(infos) == 1, f"the error has {len(infos)} of google.rpc.ErrorInfo"
    info = infos[0]
    assert REASON.fullmatch(info["reason"])
    assert len(info["reason"]) <= 63
    assert info["domain"]
    assert all(METADATA_KEY.fullmatch(key) and len(key) <= 64 for key in info.get("metadata", {}))


@error_clause(
    "google.detail-types",
    "An error MUST NOT have two details of one type.",
    source="AIP-193: 'at most one of each type'",
)
def test_no_two_details_are_of_one_type(schedules: Scheduled) -> None:
    for fail, _ in GOOGLE_ERRORS.values():
        told = fail(schedules).json["error"].get("details", [])
        types = [each["@type"] for each in told]
        assert len(types) == len(set(types))


@error_clause(
    "google.fields",
    "An error of a field of a schedule call SHOULD name it in google.rpc.BadRequest.",
    SHOULD,
    source="proto google/rpc/error_details.proto, BadRequest; live Google APIs name the fields",
)
def test_an_error_of_googles_names_its_fields(schedules: Scheduled) -> None:
    expect_rest_error(google_invalid(schedules), Code.INVALID_ARGUMENT, field="trigger_id")


@error_clause(
    "google.unreadable-field",
    "A value of a wrong type in a schedule call SHOULD be named by its field's path.",
    SHOULD,
    source="live Google APIs: `Invalid value at 'schedule_time'`, with a BadRequest detail",
)
def test_a_wrong_type_is_named(schedules: Scheduled) -> None:
    answer = google_unreadable(schedules)
    expect_rest_error(answer, Code.INVALID_ARGUMENT, field="schedule_time")


@error_clause(
    "google.all-at-once",
    "All values of a wrong type in a schedule call SHOULD be told in one answer.",
    SHOULD,
    source="live Google APIs tell all bad values in one 400, in the order of the body",
)
def test_all_wrong_types_are_told(schedules: Scheduled) -> None:
    answer = schedules.send(schedules.body('"requestId": 5', time='"tomorrow"'))
    expect_rest_error(answer, Code.INVALID_ARGUMENT, field="schedule_time")
    expect_rest_error(answer, Code.INVALID_ARGUMENT, field="request_id")


@error_clause(
    "google.same-as-grpc",
    "An error of a schedule call MUST have the code that the same call has over gRPC.",
    source=CODES,
    features=("schedule",),
)
def test_an_error_of_googles_is_the_same_over_both(schedules: Scheduled, peer: Peer) -> None:
    request = executions_pb2.ScheduleIntegrationsRequest(name=peer.integration)
    over_grpc = peer.executions.ScheduleIntegrations(request)
    expect_error(over_grpc, Code.INVALID_ARGUMENT)
    expect_rest_error(google_invalid(schedules), over_grpc.code)


@error_clause(
    "google.unknown-path",
    "A path below Google's that nothing is bound to SHOULD be answered in Google's envelope.",
    SHOULD,
    source=AIP_193,
    unimplemented=True,
)
def test_an_unknown_path_of_googles_is_in_its_envelope(peer: Peer) -> None:
    answer = peer.rest("GET", f"/v1/{peer.location}/nothing")
    assert answer.status == 404
    assert answer.json["error"]["status"] == "NOT_FOUND"


@clause(
    "transcoding.header.idempotency-key",
    MUST,
    "`Idempotency-Key` of a request MUST make its repeat safe, as idempotency-key does over gRPC.",
    source="docs: api-design-guide, 'Idempotency'",
    features=("rest", "idempotency"),
)
def test_an_idempotency_key_is_passed_on(triggers: MadeTriggers) -> None:
    headers: dict[str, str | None] = {"Idempotency-Key": triggers.peer.name("key")}
    body = triggers.body()
    first, second = (triggers.send(body, headers) for _ in range(2))
    assert first.status == second.status == 200
    assert first.json["id"] == second.json["id"]
