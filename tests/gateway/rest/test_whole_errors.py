"""Errors that Envoy makes by itself are as whole as those of the server."""

import json
import socket
from pathlib import Path
from typing import Any

import pytest
from google.rpc import code_pb2

from gateway.rest_client import Loop, Reply, Rest, gateway_for
from tocsin_protos.tocsin.v1 import otlp_service_pb2

OTLP = otlp_service_pb2.DESCRIPTOR.services_by_name["OtlpService"]

GOOGLES = ["/v1/projects/p/nope", "/v1alpha/nope", "/v1/nope"]
OTHERS = ["/nope", "/triggers/v2/x", "/triggers/v1/triggers/a:nope", "/operations/x/y", "/"]
SCHEDULE = "/v1/projects/p/locations/l/integrations/i:schedule"
CREATE = "/triggers/v1/triggers"


def whole(reply: Reply, reason: str, *, google: bool) -> dict[str, Any]:
    """The error of a reply, which must have all its parts."""
    error: dict[str, Any] = reply.json
    if google:
        assert set(error) == {"error"}
        error = error["error"]
        assert error["code"] == reply.status
        assert error["status"] in set(code_pb2.Code.keys())
    else:
        assert isinstance(error["code"], int)
    assert set(error) == {"code", "message", "details"} | ({"status"} if google else set())
    assert error["message"]
    details = {each["@type"].rpartition(".")[2]: each for each in error["details"]}
    assert details["ErrorInfo"]["reason"] == reason
    assert details["ErrorInfo"]["domain"] == "tocsin"
    assert details["RequestInfo"]["requestId"] == reply.headers["x-request-id"] != ""
    return error


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
