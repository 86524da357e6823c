"""Errors that Envoy makes by itself are as whole as those of the server."""

import asyncio
import json
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from google.rpc import code_pb2, status_pb2

from gateway.fake_upstream import FakeUpstream, serve
from gateway.rest_client import Loop, Reply, Rest, gateway_for, whole
from tocsin_protos.tocsin.v1 import otlp_service_pb2
from tocsin_protos.yandex.cloud.operation import operation_pb2

OTLP = otlp_service_pb2.DESCRIPTOR.services_by_name["OtlpService"]

GOOGLES = [
    *("/v1/projects/p/nope", "/v1alpha/nope", "/v1/nope", "/v2/projects/p:schedule?triggerId=t"),
    *("/v2", "/v1beta/nope", "/v1beta1/nope?a=b", "/v12alpha3"),
]
OTHERS = [
    "/v2x/a",
    "/vv1",
    "/nope",
    "/triggers/v2/x",
    "/triggers/v1/triggers/a:nope",
    "/operations/x/y",
    "/",
]
SCHEDULE = "/v1/projects/p/locations/l/integrations/i:schedule"
CREATE = "/triggers/v1/triggers"
GET = "/triggers/v1/triggers/a1s"
OPERATION = "/v1/projects/p/locations/l/operations/o"
IDS = [None, "mine-1", 'a "quoted\\ one', "ж".encode().decode("latin-1")]


def sent_with(headers: dict[str, str], sent: str | None) -> dict[str, str]:
    return headers if sent is None else {**headers, "x-request-id": sent}


def has_id(reply: Reply, sent: str | None) -> None:
    assert sent is None or reply.headers["x-request-id"] == sent


REASONS = {400: "MALFORMED_REQUEST", 415: "ENCODING_NOT_SUPPORTED"}
MUCH = {f"x-{number}": "m" * 168 for number in range(90)}


@pytest.mark.parametrize("path", [GET, OPERATION])
@pytest.mark.parametrize("sent", IDS)
@pytest.mark.parametrize(
    ("status", "reason", "headers"),
    [
        (400, "MALFORMED_REQUEST", {"x-foo-bin": "!!!"}),
        (400, "MALFORMED_REQUEST", {"grpc-timeout": "soon"}),
        (400, "MALFORMED_REQUEST", {"x-a'b": "1"}),
    ],
)
def test_headers_that_grpc_itself_refuses(
    rest: Rest, path: str, sent: str | None, status: int, reason: str, headers: dict[str, str]
) -> None:
    reply = rest.call("GET", path, headers=sent_with(headers, sent))
    assert reply.status == status, reply.text
    error = whole(reply, reason, google=path == OPERATION)
    has_id(reply, sent)
    assert next(iter(headers)) in error["message"]
    assert rest.upstream.calls == []


@pytest.mark.parametrize("path", [GET, OPERATION])
@pytest.mark.parametrize("sent", IDS[:3])
def test_headers_that_are_too_large_for_grpc_alone(rest: Rest, path: str, sent: str | None) -> None:
    """Together they have less than 16 KiB, but gRPC counts 32 bytes more for each."""
    reply = rest.call("GET", path, headers=sent_with(MUCH, sent))
    assert reply.status == 431, reply.text
    whole(reply, "HEADERS_TOO_LARGE", google=path == OPERATION)
    has_id(reply, sent)
    assert rest.upstream.calls == []


@pytest.mark.parametrize("path", [GET, OPERATION])
@pytest.mark.parametrize("sent", IDS[:3])
def test_a_deadline_that_passes_in_the_server(rest: Rest, path: str, sent: str | None) -> None:
    gate = asyncio.Event()

    async def never() -> operation_pb2.Operation:
        await gate.wait()
        return operation_pb2.Operation()

    rest.upstream.answer = never
    reply = rest.call("GET", path, headers=sent_with({"grpc-timeout": "100m"}, sent))
    rest.loop.call(gate.set)
    assert reply.status == 504, reply.text
    whole(reply, "ANSWER_LATE", google=path == OPERATION)
    has_id(reply, sent)


@pytest.mark.parametrize("headers", [{"x-foo-bin": "!"}, {"content-encoding": "br"}])
def test_a_long_id_is_cut(rest: Rest, headers: dict[str, str]) -> None:
    reply = rest.call("POST", CREATE, "{}", {**headers, "x-request-id": "x" * 500})
    whole(reply, REASONS[reply.status], google=False)
    assert reply.headers["x-request-id"] == "x" * 64


def test_new_ids_differ(rest: Rest) -> None:
    replies = [rest.call("GET", GET, headers={"x-bin": "!"}) for _ in range(20)]
    assert len({reply.headers["x-request-id"] for reply in replies}) == 20


@pytest.mark.parametrize("path", [CREATE, SCHEDULE])
@pytest.mark.parametrize("sent", IDS)
@pytest.mark.parametrize(
    "kind",
    ["application/grpc", "application/grpc+proto", "Application/GRPC", "application/grpc-web"],
)
def test_what_says_that_it_is_grpc(rest: Rest, path: str, sent: str | None, kind: str) -> None:
    reply = rest.call("POST", path, "{}", sent_with({"content-type": kind}, sent))
    assert reply.status == 415
    assert reply.headers["content-type"] == "application/json"
    assert not {"grpc-status", "grpc-message"} & set(reply.headers)
    has_id(reply, sent)
    if sent != IDS[3]:  # Envoy writes it as the UTF-8 that it is
        whole(reply, "ENCODING_NOT_SUPPORTED", google=path == SCHEDULE)


@pytest.fixture
def exporter(loop: Loop, short_path: Path) -> Iterator[Rest]:
    upstream = FakeUpstream()
    server = loop.run(serve(upstream, short_path / "grpc.sock"))
    gateway = gateway_for(short_path / "grpc.sock", short_path / "envoy", more=[OTLP])
    loop.run(gateway.start())
    yield Rest(gateway, upstream, loop)
    loop.run(gateway.stop(grace_seconds=0))
    loop.run(server.stop(None))


def test_errors_of_otlp(exporter: Rest) -> None:
    """They have no envelope of Google's, though their path begins like Google's."""
    json_type, protobuf = "application/json", "application/x-protobuf"
    for verb in ("GET", "PUT", "DELETE"):
        reply = exporter.call(verb, "/v1/logs")
        assert (reply.status, reply.headers["allow"]) == (405, "POST")
        whole(reply, "VERB_NOT_ALLOWED", google=False)
    reply = exporter.call("POST", "/v1/logs", "{}", {"content-type": "application/grpc"})
    whole(reply, "ENCODING_NOT_SUPPORTED", google=False)
    bad = {"x-foo-bin": "!!!"}
    reply = exporter.call("POST", "/v1/logs", "{}", {"content-type": json_type, **bad})
    whole(reply, "MALFORMED_REQUEST", google=False)
    reply = exporter.call("POST", "/v1/logs", b"", {"content-type": protobuf, **bad})
    status = status_pb2.Status.FromString(reply.text.encode())
    assert (reply.status, status.code) == (400, code_pb2.INVALID_ARGUMENT)
    assert "x-foo-bin" in status.message
    assert reply.headers["x-request-id"]


@pytest.mark.parametrize("path", [*GOOGLES, *OTHERS])
@pytest.mark.parametrize("verb", ["GET", "POST", "PUT"])
@pytest.mark.parametrize("sent", [None, "mine-1"])
def test_an_unknown_path(rest: Rest, verb: str, path: str, sent: str | None) -> None:
    headers = {} if sent is None else {"x-request-id": sent}
    reply = rest.call(verb, path, headers=headers)
    assert reply.status == 404
    whole(reply, "METHOD_NOT_FOUND", google=path in GOOGLES)
    assert sent is None or reply.headers["x-request-id"] == sent


@pytest.mark.parametrize("path", [SCHEDULE, CREATE])
@pytest.mark.parametrize(
    ("status", "reason", "body", "headers"),
    [
        (413, "REQUEST_TOO_LARGE", "x" * (4 * 1024 * 1024 + 1), {}),
        (431, "HEADERS_TOO_LARGE", "{}", {"x-much": "m" * 20_000}),
        (415, "ENCODING_NOT_SUPPORTED", "{}", {"content-encoding": "br"}),
        (400, "MALFORMED_REQUEST", "{}", {"content-encoding": "gzip"}),
        (403, "PAGE_OR_HOST_REFUSED", "{}", {"origin": "https://evil.example"}),
        (403, "PAGE_OR_HOST_REFUSED", "{}", {"host": "evil.example"}),
    ],
)
def test_what_is_refused_before_the_server(
    rest: Rest, path: str, status: int, reason: str, body: str, headers: dict[str, str]
) -> None:
    reply = rest.call("POST", path, body, headers)
    assert reply.status == status
    # Envoy refuses headers before it has read the path.
    whole(reply, reason, google=path == SCHEDULE and status != 431)
    assert rest.upstream.calls == []


@pytest.mark.parametrize(("path", "google"), [(SCHEDULE, True), (CREATE, False)])
def test_a_server_that_is_away(loop: Loop, short_path: Path, path: str, google: bool) -> None:
    gateway = gateway_for(short_path / "nobody.sock", short_path / "envoy", more=[OTLP])
    loop.run(gateway.start())
    try:
        reply = Rest(gateway, None, loop).call("POST", path, {})  # type: ignore[arg-type]
        assert reply.status == 503
        whole(reply, "SERVER_UNAVAILABLE", google=google)
    finally:
        loop.run(gateway.stop(grace_seconds=0))


def test_what_is_not_http_has_an_id_too(rest: Rest) -> None:
    with socket.create_connection(rest.gateway.address) as connection:
        connection.sendall(b"GET / HTTP/1.1\r\nhost: a\r\nhost: b\r\nbad header\r\n\r\n")
        answer = b"".join(iter(lambda: connection.recv(4096), b""))
    head, _, body = answer.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 400 ")
    [named] = [line for line in head.split(b"\r\n") if line.lower().startswith(b"x-request-id: ")]
    assert json.loads(body)["details"][1]["requestId"].encode() == named.partition(b": ")[2]


@pytest.mark.parametrize("verb", ["GET", "DELETE"])
@pytest.mark.parametrize(
    "path", ["/triggers/v1/triggers/a1s", "/v1/projects/p/locations/l/operations/o"]
)
@pytest.mark.parametrize("body", ["{}", '{"view": 1}', " ", "not json"])
def test_a_body_where_there_is_none_is_refused(rest: Rest, verb: str, path: str, body: str) -> None:
    reply = rest.call(verb, path, body)
    assert reply.status == 400
    assert "no body" in reply.json.get("error", reply.json)["message"]
    assert rest.upstream.calls == []


def test_an_empty_body_is_none(rest: Rest) -> None:
    reply = rest.call("GET", "/triggers/v1/triggers/a1s", "", {"content-length": "0"})
    assert reply.status == 200


@pytest.mark.parametrize("query", ["$.xgafv=1", "alt=json&%24.xgafv=1", "$.xgafv=1&alt=json"])
@pytest.mark.parametrize(
    ("verb", "path", "reason"),
    [("GET", "/v1/nope", "notFound"), ("POST", "/v2/nope", "notFound")],
)
def test_errors_have_the_older_list_where_it_is_asked_for(
    rest: Rest, verb: str, path: str, reason: str, query: str
) -> None:
    error = rest.call(verb, f"{path}?{query}").json["error"]
    assert error["errors"] == [{"message": error["message"], "domain": "global", "reason": reason}]
    assert error["details"]


@pytest.mark.parametrize("query", ["", "?$.xgafv=2", "?$.xgafv=11", "?x$.xgafv=1", "?a=$.xgafv=1"])
def test_errors_have_no_older_list_otherwise(rest: Rest, query: str) -> None:
    assert "errors" not in rest.call("GET", f"/v1/nope{query}").json["error"]
    assert "errors" not in rest.call("GET", "/triggers/nope?$.xgafv=1").json


@pytest.mark.parametrize(("path", "google"), [(f"{SCHEDULE}#top", True), (f"{GET}#", False)])
def test_a_fragment_in_the_path_is_named(rest: Rest, path: str, google: bool) -> None:
    with socket.create_connection(rest.gateway.address) as connection:
        connection.sendall(f"GET {path} HTTP/1.1\r\nhost: localhost\r\n\r\n".encode())
        connection.settimeout(10)
        answer = b""
        while b'"details"' not in answer:
            answer += connection.recv(4096)
    assert answer.startswith(b"HTTP/1.1 400 ")
    error = json.loads(answer.partition(b"\r\n\r\n")[2])
    assert "#" in (error["error"] if google else error)["message"]


def raw(rest: Rest, request: str) -> tuple[bytes, Any]:
    """Sends a request as it stands; returns the first line and the JSON of the answer."""
    with socket.create_connection(rest.gateway.address) as connection:
        connection.sendall(request.encode())
        connection.settimeout(10)
        answer = b""
        while b'"details"' not in answer or not answer.endswith((b"}", b"}\n")):
            answer += connection.recv(4096)
    first, _, rest_of_it = answer.partition(b"\r\n")
    return first, json.loads(rest_of_it.partition(b"\r\n\r\n")[2])


UPGRADE = "host: localhost\r\nconnection: upgrade\r\nupgrade: websocket\r\n"


@pytest.mark.parametrize(
    ("line", "headers", "http", "reason", "said"),
    [
        (f"GET {OPERATION}", "", 400, "MALFORMED_REQUEST", "Host"),
        (f"GET {GET}", "", 400, "MALFORMED_REQUEST", "Host"),
        (f"GET {OPERATION}", UPGRADE, 403, "UPGRADE_REFUSED", "Upgrade"),
        (f"GET {GET}", UPGRADE, 403, "UPGRADE_REFUSED", "Upgrade"),
        ("OPTIONS *", "host: localhost\r\n", 404, "METHOD_NOT_FOUND", "path"),
    ],
)
def test_what_envoy_refuses_without_words_is_told_in_words(
    rest: Rest, line: str, headers: str, http: int, reason: str, said: str
) -> None:
    first, error = raw(rest, f"{line} HTTP/1.1\r\n{headers}\r\n")
    assert first.startswith(f"HTTP/1.1 {http} ".encode())
    error = error["error"] if OPERATION in line else error
    assert said in error["message"]
    assert error["details"][0]["reason"] == reason


def test_what_is_not_http_is_not_told_of_a_host(rest: Rest) -> None:
    _, error = raw(rest, f"GET {GET} of HTTP/1.1\r\n\r\n")
    assert error["message"] == "Bad Request"


def test_too_many_headers_are_told_as_such(rest: Rest) -> None:
    many = "".join(f"x-{number}: 1\r\n" for number in range(200))
    _, error = raw(rest, f"GET {GET} HTTP/1.1\r\nhost: localhost\r\n{many}\r\n")
    assert "too many of them" in error["message"]


def test_an_old_version_of_http_is_told_which_to_use(rest: Rest) -> None:
    with socket.create_connection(rest.gateway.address) as connection:
        connection.sendall(f"GET {GET} HTTP/1.0\r\nhost: localhost\r\n\r\n".encode())
        answer = b"".join(iter(lambda: connection.recv(4096), b""))
    assert answer.startswith(b"HTTP/1.1 426 ")
    error = json.loads(answer.partition(b"\r\n\r\n")[2])
    assert "use HTTP/1.1" in error["message"]
    assert error["details"][0]["reason"] == "HTTP_VERSION_NOT_SERVED"


@pytest.mark.parametrize(("path", "google"), [(GET, False), (OPERATION, True), ("/nope", False)])
def test_a_verb_that_no_method_has_is_named_as_the_fault(
    rest: Rest, path: str, google: bool
) -> None:
    error = whole(rest.call("QUERY", path), "MALFORMED_REQUEST", google=google)
    assert error["message"].startswith("No method has this verb")
