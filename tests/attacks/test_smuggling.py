"""Headers that say two things, or what only Envoy may say."""

import json
import time
import uuid
from typing import Any

import pytest
import trustme

from attacks.frames import raw_call
from attacks.wire import PATIENCE, ask, head
from stand.access.secured import Secured
from stand.certificates import trusting
from stand.h2_client import H2Client

LIST = "/yandex.cloud.serverless.triggers.v1.TriggerService/List"
PATH = "/triggers/v1/triggers"
BODY = b'{"folderId":"b1g1"}'
CHUNKED = b"13\r\n" + BODY + b"\r\n0\r\n\r\n"
LENGTH = f"Content-Length: {len(BODY)}"


@pytest.mark.parametrize(
    ("headers", "body", "status"),
    [
        ([LENGTH, "Content-Length: 5"], BODY, 400),
        ([LENGTH, LENGTH], BODY, 400),
        (["Content-Length: 19, 5"], BODY, 400),
        (["Content-Length: -1"], BODY, 400),
        (["Content-Length: +19"], BODY, 400),
        (["Content-Length: 0x13"], BODY, 400),
        (["Content-Length : 19"], BODY, 400),
        (["Content-Length: 5", "Transfer-Encoding: chunked"], CHUNKED, 400),
        (["Transfer-Encoding: chunked", "Content-Length: 5"], CHUNKED, 400),
        (["Transfer-Encoding : chunked"], CHUNKED, 400),
        (["Transfer-Encoding: xchunked"], CHUNKED, 501),
        (["Transfer-Encoding: chunked, identity"], CHUNKED, 501),
        (["Transfer-Encoding: chunked", "Transfer-Encoding: identity"], CHUNKED, 501),
        (["Transfer-Encoding: chunked"], b"-1\r\n" + BODY, 400),
        (["Transfer-Encoding: chunked"], b"ffffffffffffffffff\r\n" + BODY, 400),
        ([LENGTH, "X-A: a\0b"], BODY, 400),
        ([LENGTH, "X A: b"], BODY, 400),
    ],
)
def test_a_request_whose_end_can_be_understood_in_two_ways_is_refused(
    it: Secured, authorization: str, headers: list[str], body: bytes, status: int
) -> None:
    request = head("POST", PATH, [f"Authorization: {authorization}", *headers]) + body
    answer = ask(it.server.http_address, request)
    assert answer.status == status
    assert answer.json["code"] == {400: 3, 501: 12}[status]


@pytest.mark.parametrize("second", ["Authorization: Bearer x", "AUTHORIZATION: Bearer x"])
def test_of_two_credentials_none_counts(it: Secured, authorization: str, second: str) -> None:
    for headers in (
        [f"Authorization: {authorization}", second],
        [second, f"Authorization: {authorization}"],
    ):
        answer = ask(it.server.http_address, head("GET", f"{PATH}?folderId=b1g1", headers))
        assert answer.status == 401


@pytest.mark.parametrize(
    "header",
    [
        "X-Authorization: {}",
        "Proxy-Authorization: {}",
        "X-Api-Key: {}",
        "Cookie: authorization={}",
        "X-Envoy-Original-Authorization: {}",
        "Author_ization: {}",
    ],
)
def test_a_credential_stands_in_one_header_only(
    it: Secured, authorization: str, header: str
) -> None:
    request = head("GET", f"{PATH}?folderId=b1g1", [header.format(authorization)])
    assert ask(it.server.http_address, request).status == 401


@pytest.mark.parametrize("name", ["access_token", "key", "authorization", "oauth_token"])
def test_a_credential_in_a_url_counts_on_googles_paths_alone(it: Secured, name: str) -> None:
    """There its clients send it so; `authorization` is a parameter nowhere."""
    query = f"{name}={it.admin_key}"
    answer = ask(it.server.http_address, head("GET", f"{PATH}?folderId=b1g1&{query}"))
    assert answer.status in (400, 401)
    path = f"/v1/projects/p/locations/l/operations?{query}"
    answer = ask(it.server.http_address, head("GET", path))
    assert answer.status == (401 if name == "authorization" else 200)


@pytest.mark.parametrize(
    "header",
    [
        "x-envoy-original-path: /tocsin.v1.AccessService/ListAccounts",
        "x-envoy-upstream-rq-timeout-ms: 1",
        "x-envoy-internal: true",
        "x-envoy-force-trace: true",
        "x-forwarded-proto: https",
        "x-original-url: /healthz",
        "x-rewrite-url: /healthz",
        "grpc-status: 0",
        "grpc-message: fine",
        "te: trailers",
    ],
)
def test_a_header_that_steers_others_steers_nothing_here(
    it: Secured, authorization: str, header: str
) -> None:
    path = f"{PATH}?folderId=b1g1"
    assert ask(it.server.http_address, head("GET", path, [header])).status == 401
    told = [f"Authorization: {authorization}", header]
    answer = ask(it.server.http_address, head("GET", path, told))
    assert (answer.status, answer.json) == (200, {"triggers": [], "nextPageToken": ""})


@pytest.mark.parametrize("header", ["grpc-encoding: x", "grpc-status: x", "grpc-timeout: n"])
def test_a_header_of_grpc_that_it_could_not_read_is_refused(
    it: Secured, authorization: str, header: str
) -> None:
    told = [f"Authorization: {authorization}", header]
    answer = ask(it.server.http_address, head("GET", f"{PATH}?folderId=b1g1", told))
    assert (answer.status, answer.json["code"]) == (400, 3)


def test_a_deadline_is_that_of_ones_own_call(it: Secured) -> None:
    answer = ask(it.server.http_address, head("GET", PATH, ["grpc-timeout: 1n"]))
    assert (answer.status, answer.json["code"]) in ((504, 4), (401, 16))


def denial(it: Secured, request_id: str) -> Any:
    """Returns the line of the audit log of a call that was denied."""
    give_up = time.monotonic() + PATIENCE
    while True:
        for line in it.server.log.read_text().splitlines():
            if request_id in line and line.startswith("{") and '"peer"' in line:
                return json.loads(line)
        assert time.monotonic() < give_up
        time.sleep(0.02)


SPOOFED = [
    ("x-tocsin-peer", "203.0.113.1"),
    ("x-tocsin-door", "tls"),
    ("x-tocsin-authority", "evil.example"),
    ("x-tocsin-local", "203.0.113.1:1"),
    ("x-forwarded-for", "203.0.113.2"),
    ("x-real-ip", "203.0.113.3"),
    ("forwarded", "for=203.0.113.4"),
    ("x-envoy-external-address", "203.0.113.5"),
    ("true-client-ip", "203.0.113.6"),
]


@pytest.mark.parametrize(
    "more", [[], ["Connection: close, x-tocsin-peer"], ["X_Tocsin_Peer: 203.0.113.9"]]
)
def test_over_rest_nobody_says_where_he_calls_from(it: Secured, more: list[str]) -> None:
    name = uuid.uuid4().hex
    headers = [f"{key}: {value}" for key, value in SPOOFED]
    shown = ["Authorization: Bearer wrong", f"X-Request-Id: {name}"]
    request = head("GET", f"{PATH}?folderId=b1g1", [*headers, *shown, *more])
    assert ask(it.server.http_address, request).status == 401
    assert denial(it, name)["peer"] == "127.0.0.1"


@pytest.mark.parametrize("door", ["grpc", "tls"])
def test_over_grpc_nobody_says_where_he_calls_from(it: Secured, ca: trustme.CA, door: str) -> None:
    name = uuid.uuid4().hex
    shown = [("authorization", "Bearer wrong"), ("x-request-id", name)]
    with H2Client(it.server.address(door), trusting(ca) if door == "tls" else None) as client:
        blocks = client.call(LIST, b"\n\x04b1g1", [*SPOOFED, *shown])
    assert blocks.headers[-1]["grpc-status"] == "16"
    assert denial(it, name)["peer"] == "127.0.0.1"


@pytest.mark.parametrize("door", ["grpc", "tls"])
@pytest.mark.parametrize(
    "headers",
    [
        [("authorization", "{}"), ("authorization", "{}")],
        [("authorization", "{}, Bearer x")],
        [("authorization-bin", "{}")],
        [("x-authorization", "{}")],
    ],
)
def test_over_grpc_one_credential_in_one_header_counts(
    it: Secured, ca: trustme.CA, authorization: str, door: str, headers: list[tuple[str, str]]
) -> None:
    shown = [(name, value.format(authorization)) for name, value in headers]
    with H2Client(it.server.address(door), trusting(ca) if door == "tls" else None) as client:
        blocks = client.call(LIST, b"\n\x04b1g1", shown)
    # What is no base64 of a header whose name says so is no call at all.
    assert blocks.headers[-1]["grpc-status"] in ("16", "13")


def test_a_client_cannot_give_envoys_word_to_grpc_itself(it: Secured) -> None:
    """Discovery goes by what Envoy says of a call, which counts only through its own socket."""
    with it.server.channel() as channel:
        call = channel.unary_unary(
            "/yandex.cloud.endpoint.ApiEndpointService/List",
            request_serializer=None,
            response_deserializer=None,
        )
        told = call(b"", metadata=[*SPOOFED], timeout=PATIENCE)
    assert b"evil.example" not in told
    assert b"203.0.113" not in told


@pytest.mark.parametrize("door", ["grpc", "tls"])
@pytest.mark.parametrize(
    "extra",
    [(":evil", "x"), (":path", "/tocsin.v1.AccessService/ListAccounts"), (":status", "200")],
)
def test_a_call_with_pseudo_headers_that_it_must_not_have_is_none(
    it: Secured, ca: trustme.CA, door: str, extra: tuple[str, str]
) -> None:
    context = trusting(ca) if door == "tls" else None
    answer = raw_call(it.server.address(door), context, LIST, [extra])
    assert answer in ("16", "reset", "closed", "HTTP 400", "13")


@pytest.mark.parametrize("door", ["grpc", "tls"])
def test_who_says_two_authorities_gains_nothing(it: Secured, ca: trustme.CA, door: str) -> None:
    context = trusting(ca) if door == "tls" else None
    for more in ([("host", "evil.example")], [(":authority", "evil.example")]):
        answer = raw_call(it.server.address(door), context, LIST, more)
        assert answer in ("16", "reset", "closed", "HTTP 400", "13")
