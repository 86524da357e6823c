"""Errors over REST: HTTP status, envelope and details, whoever found the fault."""

import gzip
import json
import os
import socket
from pathlib import Path

import pytest
from google.rpc import code_pb2, error_details_pb2, status_pb2

from gateway.rest_client import Loop, Reply, Rest, gateway_for
from tocsin_protos.tocsin.v1 import otlp_service_pb2

GATEWAYS = ("envoy", "grpc-gateway")

TRIGGER = "/triggers/v1/triggers/a1s"
OPERATION = "/v1/projects/p/locations/l/operations/o"

# google/rpc/code.proto, and both vendors' references.
HTTP_STATUS = {
    "CANCELLED": 499,
    "UNKNOWN": 500,
    "INVALID_ARGUMENT": 400,
    "DEADLINE_EXCEEDED": 504,
    "NOT_FOUND": 404,
    "ALREADY_EXISTS": 409,
    "PERMISSION_DENIED": 403,
    "RESOURCE_EXHAUSTED": 429,
    "FAILED_PRECONDITION": 400,
    "ABORTED": 409,
    "OUT_OF_RANGE": 400,
    "UNIMPLEMENTED": 501,
    "INTERNAL": 500,
    "UNAVAILABLE": 503,
    "DATA_LOSS": 500,
    "UNAUTHENTICATED": 401,
}

MESSAGE = 'Validation failed:\n  - rule.timer: "ж" isn\'t <allowed>, 100%'


def bad_request(code: int = code_pb2.INVALID_ARGUMENT) -> status_pb2.Status:
    status = status_pb2.Status(code=code, message=MESSAGE)
    violation = error_details_pb2.BadRequest.FieldViolation(
        field="rule.timer.cron_expression", description='"}} is no cron'
    )
    status.details.add().Pack(error_details_pb2.BadRequest(field_violations=[violation]))
    status.details.add().Pack(error_details_pb2.RequestInfo(request_id="r1"))
    return status


def details_of(error: dict[str, object]) -> None:
    first, second = error["details"]  # type: ignore[misc]
    assert first["@type"] == "type.googleapis.com/google.rpc.BadRequest"
    (violation,) = first["fieldViolations"]
    assert violation["field"] == "rule.timer.cron_expression"
    assert violation["description"] == '"}} is no cron'
    assert (second["@type"].rpartition("/")[2], second["requestId"]) == (
        "google.rpc.RequestInfo",
        "r1",
    )


def assert_status_envelope(reply: Reply, http: int, name: str) -> None:
    assert reply.status == http
    assert reply.headers["content-type"] == "application/json"
    assert set(reply.json) == {"code", "message", "details"}
    assert reply.json["code"] == code_pb2.Code.Value(name)


def assert_google_envelope(reply: Reply, http: int, name: str) -> None:
    assert reply.status == http
    assert reply.headers["content-type"] == "application/json"
    assert set(reply.json) == {"error"}
    assert set(reply.json["error"]) - {"details"} == {"code", "message", "status"}
    assert (reply.json["error"]["code"], reply.json["error"]["status"]) == (http, name)


@pytest.mark.parametrize(("name", "http"), HTTP_STATUS.items())
@pytest.mark.parametrize("with_details", [False, True])
def test_every_code_has_its_http_status(
    rest: Rest, name: str, http: int, with_details: bool
) -> None:
    status = bad_request(code_pb2.Code.Value(name))
    if not with_details:
        del status.details[:]
    rest.upstream.answer = status

    reply = rest.call("GET", TRIGGER)
    assert_status_envelope(reply, http, name)
    assert reply.json["message"] == MESSAGE
    if with_details:
        details_of(reply.json)


@pytest.mark.parametrize(("name", "http"), HTTP_STATUS.items())
@pytest.mark.parametrize("with_details", [False, True])
def test_every_code_has_its_http_status_in_googles_envelope(
    rest: Rest, name: str, http: int, with_details: bool
) -> None:
    status = bad_request(code_pb2.Code.Value(name))
    if not with_details:
        del status.details[:]
    rest.upstream.answer = status

    reply = rest.call("GET", OPERATION)
    assert_google_envelope(reply, http, name)
    assert reply.json["error"]["message"] == MESSAGE
    if with_details:
        details_of(reply.json["error"])


def test_the_table_has_every_code() -> None:
    assert set(HTTP_STATUS) | {"OK"} == set(code_pb2.Code.keys())


def test_an_error_without_a_message_is_still_an_error(rest: Rest) -> None:
    rest.upstream.answer = status_pb2.Status(code=code_pb2.NOT_FOUND)

    assert_status_envelope(rest.call("GET", TRIGGER), 404, "NOT_FOUND")
    error = rest.call("GET", OPERATION).json["error"]
    assert (error["code"], error["status"]) == (404, "NOT_FOUND")


def test_an_answer_that_only_looks_like_an_error_is_left_alone(rest: Rest) -> None:
    reply = rest.call("GET", OPERATION)
    assert (reply.status, reply.text) == (200, "{}")


@pytest.mark.parametrize(
    ("verb", "path"),
    [
        ("GET", "/"),
        ("GET", "/nope"),
        ("GET", "/triggers"),
        ("GET", "/triggers/v2/triggers"),
        ("PUT", TRIGGER),
        ("OPTIONS", TRIGGER),
        ("POST", TRIGGER),
        ("POST", f"{TRIGGER}:nope"),
        ("GET", f"{TRIGGER}:pause"),
        ("DELETE", "/operations/op1"),
        ("POST", "/yandex.cloud.operation.OperationService/Get"),
    ],
)
def test_what_is_not_served_is_not_found(rest: Rest, verb: str, path: str) -> None:
    assert_status_envelope(rest.call(verb, path), 404, "NOT_FOUND")
    assert rest.upstream.calls == []


@pytest.mark.parametrize(
    ("verb", "path"),
    [
        ("GET", "/v1"),
        ("GET", "/v1/nope"),
        ("GET", "/v1alpha/projects/p"),
        ("PUT", OPERATION),
        ("POST", OPERATION),
        ("POST", f"{OPERATION}:nope"),
        ("GET", "/v1/operations/o"),
        ("GET", "/v1/operations"),
        ("GET", "/v1/projects/p/locations/l/integrations/i:schedule"),
    ],
)
def test_what_google_does_not_serve_is_not_found(rest: Rest, verb: str, path: str) -> None:
    assert_google_envelope(rest.call(verb, path), 404, "NOT_FOUND")
    assert rest.upstream.calls == []


def test_an_unknown_query_parameter_is_refused_by_name(rest: Rest) -> None:
    reply = rest.call("GET", "/triggers/v1/triggers?folderId=f&nope=1")
    assert_status_envelope(reply, 400, "INVALID_ARGUMENT")
    assert '"nope"' in reply.json["message"]

    reply = rest.call("GET", f"{OPERATION}?nope=1")
    assert_google_envelope(reply, 400, "INVALID_ARGUMENT")
    assert '"nope"' in reply.json["error"]["message"]


@pytest.mark.parametrize(
    ("body", "named"),
    [
        ('{"name": ', "Unexpected end"),
        ('{"name": "n"} more', "more"),
        ("[]", "message"),
        ('{"name": 3}', "name"),
        ('{"rule": {"timer": {}, "mail": {}}}', "oneof"),
        ('{"rule": {"messageQueue": {"visibilityTimeout": "soon"}}}', "visibility_timeout"),
    ],
)
def test_a_body_that_is_no_such_message_is_refused(rest: Rest, body: str, named: str) -> None:
    reply = rest.call("POST", "/triggers/v1/triggers", body)

    assert_status_envelope(reply, 400, "INVALID_ARGUMENT")
    assert named in reply.json["message"]
    assert rest.upstream.calls == []


def test_a_wrong_type_is_refused_in_googles_envelope(rest: Rest) -> None:
    path = "/v1/projects/p/locations/l/integrations/i:schedule"
    reply = rest.call("POST", path, '{"scheduleTime": "tomorrow"}')

    assert_google_envelope(reply, 400, "INVALID_ARGUMENT")
    assert "schedule_time" in reply.json["error"]["message"]


def test_a_body_above_the_limit_is_refused(rest: Rest) -> None:
    body = '{"description": "' + "d" * (4 * 1024 * 1024) + '"}'

    reply = rest.call("POST", "/triggers/v1/triggers", body)
    assert_status_envelope(reply, 413, "INVALID_ARGUMENT")
    reply = rest.call("POST", "/v1/projects/p/locations/l/integrations/i:schedule", body)
    assert_google_envelope(reply, 413, "INVALID_ARGUMENT")
    assert rest.upstream.calls == []


@pytest.mark.parametrize(
    "text", [b"d" * 100_000_000, os.urandom(3_000_000).hex().encode()], ids=["bomb", "large"]
)
def test_a_compressed_body_above_the_limit_is_refused(rest: Rest, text: bytes) -> None:
    """The limit is of what it holds."""
    body = gzip.compress(b'{"description": "' + text + b'"}')
    assert len(body) < 4 * 1024 * 1024

    reply = rest.call("POST", "/triggers/v1/triggers", body, {"Content-Encoding": "gzip"})
    assert_status_envelope(reply, 413, "INVALID_ARGUMENT")
    assert rest.upstream.calls == []


WHOLE = gzip.compress(b'{"name": "n", "description": "}"}')


@pytest.mark.parametrize(
    ("encoding", "body"),
    [
        ("gzip", b'{"name": "n"}'),
        ("gzip", b"\x00\x01"),
        ("gzip", WHOLE[:20]),
        ("gzip", gzip.compress(b'{"name": ')),
        ("gzip", gzip.compress(b'{"name": "n')),
        ("gzip", WHOLE[:-8] + bytes(4) + WHOLE[-4:]),
        ("gzip", WHOLE[:-4] + bytes(4)),
        ("gzip", WHOLE + b"garbage"),
        ("gzip", WHOLE[:-1]),
        ("gzip", b""),
    ],
    ids=[
        *(
            "not at all",
            "noise",
            "cut off",
            "a whole half",
            "a whole half text",
            "another checksum",
        ),
        *("another size", "garbage after it", "a byte less", "nothing"),
    ],
)
@pytest.mark.parametrize("path", ["/triggers/v1/triggers", f"{TRIGGER}:pause"])
def test_a_body_that_is_not_compressed_as_it_says_is_refused(
    rest: Rest, path: str, encoding: str, body: bytes
) -> None:
    reply = rest.call("POST", path, body, {"Content-Encoding": encoding})

    assert_status_envelope(reply, 400, "INVALID_ARGUMENT")
    assert rest.upstream.calls == []


@pytest.mark.parametrize("encoding", ["br", "deflate", "gzip, gzip", "GZIP, br", "x"])
def test_a_body_that_is_compressed_in_another_way_is_refused(rest: Rest, encoding: str) -> None:
    headers = {"Content-Encoding": encoding}
    reply = rest.call("POST", "/triggers/v1/triggers", WHOLE, headers)
    assert_status_envelope(reply, 415, "INVALID_ARGUMENT")
    reply = rest.call("POST", "/v1/projects/p/locations/l/integrations/i:schedule", WHOLE, headers)
    assert_google_envelope(reply, 415, "INVALID_ARGUMENT")
    assert rest.upstream.calls == []


@pytest.mark.parametrize("size", [1, 2, 3, 4, 5, 1000, 100_001, 4_000_000])
def test_a_body_of_any_size_may_be_compressed(rest: Rest, size: int) -> None:
    text = os.urandom(size).hex()[:size]
    body = gzip.compress(json.dumps({"description": text}).encode())
    headers = {"Content-Encoding": "GZIP"}
    assert rest.call("POST", "/triggers/v1/triggers", body, headers).status == 200
    assert rest.upstream.calls[0].request.description == text


def test_many_bodies_may_be_compressed_one_after_the_other(rest: Rest) -> None:
    """What the check keeps between requests outlives its garbage collections."""
    body = gzip.compress(json.dumps({"description": os.urandom(500_000).hex()}).encode())
    headers = {"Content-Encoding": "gzip"}
    statuses = [rest.call("POST", "/triggers/v1/triggers", body, headers).status for _ in range(40)]
    assert statuses == [200] * 40


def test_a_body_just_below_the_limit_is_taken(rest: Rest) -> None:
    description = "d" * (4 * 1024 * 1024 - 100)
    reply = rest.call("POST", "/triggers/v1/triggers", {"description": description})

    assert reply.status == 200
    assert rest.upstream.calls[0].request.description == description


def test_headers_above_the_limit_are_refused(rest: Rest) -> None:
    reply = rest.call("GET", TRIGGER, headers={"x-much": "m" * 20_000})

    assert reply.status == 431
    assert reply.json["code"] == code_pb2.INVALID_ARGUMENT


def test_a_request_that_is_not_http_is_refused(rest: Rest) -> None:
    with socket.create_connection(rest.gateway.address) as connection:
        connection.sendall(b"nonsense\r\n\r\n")
        answer = b"".join(iter(lambda: connection.recv(4096), b""))
    assert answer.startswith(b"HTTP/1.1 400 ")


def test_without_the_grpc_server_the_service_is_unavailable(loop: Loop, short_path: Path) -> None:
    more = [otlp_service_pb2.DESCRIPTOR.services_by_name["OtlpService"]]
    gateway = gateway_for(short_path / "nobody.sock", short_path / "envoy", more=more)
    loop.run(gateway.start())
    try:
        rest = Rest(gateway, None, loop)  # type: ignore[arg-type]
        assert_status_envelope(rest.call("GET", TRIGGER), 503, "UNAVAILABLE")
        assert_google_envelope(rest.call("GET", OPERATION), 503, "UNAVAILABLE")
        exported = rest.call("POST", "/v1/logs", {}, {"content-type": "application/json"})
        assert_status_envelope(exported, 503, "UNAVAILABLE")
        assert exported.headers["retry-after"] == "1"
    finally:
        loop.run(gateway.stop(grace_seconds=0))
