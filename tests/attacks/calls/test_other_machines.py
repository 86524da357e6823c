"""gRPC without TLS where other machines reach it: Envoy ends what the gRPC server would answer."""

import tempfile
from collections.abc import Iterator
from pathlib import Path

import grpc
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc
from hpack import Decoder
from hyperframe.frame import HeadersFrame

from attacks.floods import FLOODS
from attacks.frames import call_headers, connected, frames, headers_frame
from attacks.wire import connection_to, until_closed
from stand.access.secured import Secured, secured

LIST = "/yandex.cloud.serverless.triggers.v1.TriggerService/List"
FRAMES = 100_000


@pytest.fixture(scope="module")
def exposed() -> Iterator[Secured]:
    """A server with gRPC for other machines, and nothing else."""
    with (
        tempfile.TemporaryDirectory() as made,
        secured(Path(made), "", "--listen", "0.0.0.0:0", "--http", "off") as running,
    ):
        yield running


@pytest.fixture
def address(exposed: Secured) -> str:
    return f"127.0.0.1:{exposed.server.grpc_address.rpartition(':')[2]}"


@pytest.mark.parametrize("kind", FLOODS)
def test_a_flood_of_frames_ends_its_connection(exposed: Secured, address: str, kind: str) -> None:
    flood = b"".join(FLOODS[kind](number) for number in range(FRAMES))
    with connected(address, None) as connection:
        connection.settimeout(30)
        try:
            connection.sendall(flood)
            until_closed(connection)
        except (BrokenPipeError, ConnectionResetError):
            pass  # the server has had enough
    lists(exposed, address)


def lists(exposed: Secured, address: str) -> None:
    metadata = [("authorization", f"Api-Key {exposed.admin_key}")]
    with grpc.insecure_channel(address) as channel:
        channel.unary_unary(LIST)(b"\x0a\x01f", metadata=metadata, timeout=30)


def test_it_serves_what_plain_grpc_serves(exposed: Secured, address: str) -> None:
    lists(exposed, address)
    with grpc.insecure_channel(address) as channel:
        health = health_pb2_grpc.HealthStub(channel)
        assert health.Check(health_pb2.HealthCheckRequest(), timeout=30).status == 1
        assert next(iter(health.Watch(health_pb2.HealthCheckRequest(), timeout=30))).status == 1
        with pytest.raises(grpc.RpcError) as refused:
            channel.unary_unary(LIST)(b"", timeout=30)
        assert refused.value.code() is grpc.StatusCode.UNAUTHENTICATED


def test_clients_are_told_the_address_that_they_dialled(exposed: Secured, address: str) -> None:
    with grpc.insecure_channel(address) as channel:
        answer = channel.unary_unary("/yandex.cloud.endpoint.ApiEndpointService/List")(b"")
    assert address.encode() in answer


def test_it_speaks_nothing_else(exposed: Secured, address: str) -> None:
    with connection_to(address) as connection:
        connection.sendall(b"GET /triggers/v1/triggers HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert b"HTTP/1.1" not in until_closed(connection)
    json = [*call_headers(LIST)[:4], ("content-type", "application/json")]
    with connected(address, None) as connection:
        connection.settimeout(30)
        connection.sendall(headers_frame(1, json, ends=True))
        answer = next(each for each in frames(connection) if isinstance(each, HeadersFrame))
        assert dict(Decoder().decode(answer.data))[":status"] == "404"
