"""What is not allowed to go on for ever: headers that don't come, calls that stay silent."""

import asyncio
import http.client
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from gateway.fake_upstream import FakeUpstream, serve
from gateway.rest_client import Loop, Reply, Rest, gateway_for, whole
from tocsin.gateway import Limits
from tocsin_protos.yandex.cloud.operation import operation_pb2

LIMITS = Limits(body_bytes=1000, headers_seconds=1, request_seconds=1, stream_idle_seconds=1)


@pytest.fixture
def rest(loop: Loop, short_path: Path) -> Iterator[Rest]:
    upstream = FakeUpstream()
    server = loop.run(serve(upstream, short_path / "grpc.sock"))
    gateway = gateway_for(short_path / "grpc.sock", short_path / "envoy", limits=LIMITS)
    loop.run(gateway.start())
    yield Rest(gateway, upstream, loop)
    loop.run(gateway.stop(grace_seconds=0))
    loop.run(server.stop(None))


@pytest.mark.parametrize(
    ("sent", "google"),
    [
        (b"GET /operations/op1 HTTP/1.1\r\nHost: x\r\nX-Slow: ", False),
        (b"POST /triggers/v1/triggers HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\n{", False),
        (
            b"POST /v1/projects/p/locations/l/integrations/i:schedule HTTP/1.1\r\nHost: x\r\n"
            b"Content-Length: 9\r\n\r\n{",
            True,
        ),
    ],
    ids=["headers", "body", "Google's"],
)
def test_a_request_that_never_ends_is_ended(rest: Rest, sent: bytes, google: bool) -> None:
    with socket.create_connection(rest.gateway.address) as connection:
        connection.sendall(sent)
        answer = http.client.HTTPResponse(connection)
        answer.begin()
        headers = {name.lower(): value for name, value in answer.getheaders()}
        reply = Reply(answer.status, headers, answer.read().decode())

    assert reply.status == 408
    whole(reply, "REQUEST_LATE", google=google)
    assert rest.upstream.calls == []


@pytest.mark.parametrize(
    ("path", "google"),
    [("/operations/op1", False), ("/v1/projects/p/locations/l/operations/o", True)],
)
def test_a_call_that_stays_silent_is_ended(rest: Rest, path: str, google: bool) -> None:
    gate = asyncio.Event()

    async def never() -> operation_pb2.Operation:
        await gate.wait()
        return operation_pb2.Operation()

    rest.upstream.answer = never
    reply = rest.call("GET", path)

    assert reply.status == 504
    whole(reply, "ANSWER_LATE", google=google)
    rest.loop.call(gate.set)


def test_the_largest_body_can_be_set(rest: Rest) -> None:
    assert rest.call("POST", "/triggers/v1/triggers", {"name": "n" * 900}).status == 200
    assert rest.call("POST", "/triggers/v1/triggers", {"name": "n" * 1000}).status == 413
