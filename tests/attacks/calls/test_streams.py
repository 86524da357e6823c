"""Streams that a stranger opens and leaves open take no place of anybody's calls."""

import struct
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import grpc
import pytest
import trustme
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection_pb2, reflection_pb2_grpc
from hyperframe.frame import DataFrame, SettingsFrame

from attacks.frames import call_headers, connected, frames, headers_frame
from attacks.wire import ask, head
from stand.access.secured import Secured
from stand.certificates import trusting
from tocsin.wire.health import WATCHERS
from tocsin.wire.reflection import REQUESTS

WATCH = "/grpc.health.v1.Health/Watch"
GET = "/yandex.cloud.serverless.triggers.v1.TriggerService/Get"
REFLECT_V1 = "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo"
REFLECT = "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo"
STREAMS_EACH = 95
CONNECTIONS = 120
SERVING = health_pb2.HealthCheckResponse.SERVING


@contextmanager
def open_streams(
    it: Secured, ca: trustme.CA, path: str, *, message: bytes | None
) -> Iterator[None]:
    """Opens as many streams as 120 connections take; without a message they wait for it."""
    sent = b""
    for number in range(STREAMS_EACH):
        stream = 2 * number + 1
        sent += headers_frame(stream, call_headers(path), ends=False)
        if message is not None:
            data = DataFrame(stream, struct.pack(">BI", 0, len(message)) + message)
            data.flags.add("END_STREAM")
            sent += data.serialize()
    with ExitStack() as stack:
        for _ in range(CONNECTIONS):
            connection = stack.enter_context(connected(it.server.address("tls"), trusting(ca)))
            next(each for each in frames(connection) if isinstance(each, SettingsFrame))
            connection.sendall(sent)
        yield


@pytest.mark.parametrize(
    ("path", "message"),
    [(WATCH, b""), (WATCH, None), (REFLECT, None), (REFLECT_V1, None), (GET, None)],
)
def test_calls_are_served_beside_streams_that_are_left_open(
    it: Secured, ca: trustme.CA, authorization: str, path: str, message: bytes | None
) -> None:
    roots = grpc.ssl_channel_credentials(ca.cert_pem.bytes())
    listed = head("GET", "/triggers/v1/triggers?folderId=f", [f"Authorization: {authorization}"])
    with open_streams(it, ca, path, message=message):
        assert ask(it.server.http_address, listed).status == 200
        with grpc.secure_channel(it.server.address("tls"), roots) as channel:
            check = health_pb2_grpc.HealthStub(channel).Check
            if path == GET:
                assert check(health_pb2.HealthCheckRequest(), timeout=30).status == SERVING
        assert ask(it.server.http_address, listed).status == 200


def test_an_address_has_so_many_watchers_and_no_more(it: Secured) -> None:
    with grpc.insecure_channel(it.server.grpc_address) as channel:
        watch = health_pb2_grpc.HealthStub(channel).Watch
        watchers = [watch(health_pb2.HealthCheckRequest()) for _ in range(WATCHERS.of_peer)]
        assert {next(watcher).status for watcher in watchers} == {SERVING}

        with pytest.raises(grpc.RpcError) as refused:
            next(watch(health_pb2.HealthCheckRequest()))
        assert refused.value.code() is grpc.StatusCode.RESOURCE_EXHAUSTED
        assert "too many streams" in refused.value.details()


def test_names_of_services_are_not_kept_whole(it: Secured) -> None:
    """80 names of 9 MB: half of the calls are refused, the others go on watching."""
    request = health_pb2.HealthCheckRequest(service="a" * 9_000_000)
    before, peaks, watchers = resident(it), [], []
    with grpc.insecure_channel(it.server.grpc_address) as channel:
        health = health_pb2_grpc.HealthStub(channel)
        for _ in range(40):
            with pytest.raises(grpc.RpcError) as refused:
                health.Check(request, timeout=30)
            assert refused.value.code() is grpc.StatusCode.NOT_FOUND
            watchers.append(health.Watch(request))
            assert next(watchers[-1]).status == health_pb2.HealthCheckResponse.SERVICE_UNKNOWN
            peaks.append(resident(it))
    assert max(peaks) - before < 250_000_000


def resident(it: Secured) -> int:
    found = Path(f"/proc/{it.server.process.pid}/status").read_text()
    [line] = [each for each in found.splitlines() if each.startswith("VmRSS")]
    return int(line.split()[1]) * 1024


def test_reflection_answers_so_much_and_no_more(it: Secured) -> None:
    question = reflection_pb2.ServerReflectionRequest(file_containing_symbol=GET[1:].split("/")[0])
    with grpc.insecure_channel(it.server.grpc_address) as channel:
        ask_all = reflection_pb2_grpc.ServerReflectionStub(channel).ServerReflectionInfo
        answers = ask_all(question for _ in range(int(REQUESTS.burst) * 2))
        for _ in range(int(REQUESTS.burst)):
            next(answers)
        with pytest.raises(grpc.RpcError) as refused:
            list(answers)
        assert refused.value.code() is grpc.StatusCode.RESOURCE_EXHAUSTED
