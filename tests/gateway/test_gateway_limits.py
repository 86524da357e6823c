"""What is not allowed to go on for ever: headers that don't come, calls that stay silent."""

import asyncio
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from gateway.fake_upstream import FakeUpstream, serve
from gateway.rest_client import Loop, Rest, gateway_for
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
    "sent",
    [
        b"GET /operations/op1 HTTP/1.1\r\nHost: x\r\nX-Slow: ",
        b"POST /triggers/v1/triggers HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\n{",
    ],
    ids=["headers", "body"],
)
def test_a_request_that_never_ends_is_ended(rest: Rest, sent: bytes) -> None:
    with socket.create_connection(rest.gateway.address) as connection:
        connection.sendall(sent)
        answer = b"".join(iter(lambda: connection.recv(4096), b""))

    assert answer.startswith(b"HTTP/1.1 408 ")
    assert b'"code":4' in answer
    assert rest.upstream.calls == []


def test_a_call_that_stays_silent_is_ended(rest: Rest) -> None:
    gate = asyncio.Event()

    async def never() -> operation_pb2.Operation:
        await gate.wait()
        return operation_pb2.Operation()

    rest.upstream.answer = never
    reply = rest.call("GET", "/operations/op1")

    assert (reply.status, reply.json["code"]) == (504, 4)
    rest.loop.call(gate.set)


def test_the_largest_body_can_be_set(rest: Rest) -> None:
    assert rest.call("POST", "/triggers/v1/triggers", {"name": "n" * 900}).status == 200
    assert rest.call("POST", "/triggers/v1/triggers", {"name": "n" * 1000}).status == 413
