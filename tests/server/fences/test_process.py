"""The process stands, whatever becomes of its stderr; and ends when it is told twice."""

import fcntl
import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import grpc
import pytest

from server.fences.health import NOT_SERVING, SERVING, health
from server.fences.integrations import LOCATION, config_of
from stand.apis.google import GoogleGrpc, schedule
from stand.apis.triggers import RestApi, create
from stand.recording_target import Answer, RecordingTarget, held_until
from stand.services.amazon import until
from stand.tocsin_process import PATIENCE, serve_command, serving

SMALLEST_PIPE = 4096
# Each makes a line of the log; together they are much more than a pipe holds.
FAILURES = 100


@contextmanager
def started(
    command: Sequence[str], stderr: int | None
) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """Runs a server with this stderr, None for a closed one; gives it and its ready line."""
    if stderr is None:
        command = ["sh", "-c", 'exec "$@" 2>&-', "sh", *command]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=stderr, text=True) as process:
        try:
            assert process.stdout is not None
            ready = process.stdout.readline().strip()
            assert ready.startswith("ready ")
            yield process, ready
        finally:
            if process.poll() is None:
                process.kill()


def address(ready: str, name: str) -> str:
    return dict(word.split("=") for word in ready.split()[1:])[name]


def fail_often(ready: str, target: RecordingTarget) -> None:
    """Makes deliveries that fail, each with a long line of the log."""
    target.answers["/fails"] = lambda _: Answer(status=500, body=b"x" * 900)
    with grpc.insecure_channel(address(ready, "grpc")) as channel:
        api = GoogleGrpc(channel)
        made = [schedule(api, LOCATION, "fails")[0] for _ in range(FAILURES)]

        def ended() -> bool:
            return all(
                api.call("GetOperation", {"name": f"{LOCATION}/operations/{each}"}).get("done")
                for each in made
            )

        until(ended, "all deliveries end")


def test_a_stderr_that_nobody_reads_stops_nothing(directory: Path, target: RecordingTarget) -> None:
    reader, writer = os.pipe()
    if sys.platform == "linux":
        fcntl.fcntl(writer, fcntl.F_SETPIPE_SZ, SMALLEST_PIPE)
    command = serve_command(directory, config_of({"fails": target.url}))
    with started(command, writer) as (process, ready):
        os.close(writer)
        fail_often(ready, target)
        assert create(RestApi(address(ready, "http")), "b1g1")["id"]
        process.terminate()
        assert process.wait(PATIENCE) == 0
    os.close(reader)


@pytest.mark.parametrize("how", ["closed", "broken"])
def test_a_server_without_stderr_serves_and_ends_well(
    directory: Path, target: RecordingTarget, how: str
) -> None:
    reader, writer = os.pipe()
    command = serve_command(directory, config_of({"fails": target.url}))
    with started(command, writer if how == "broken" else None) as (process, ready):
        os.close(writer)
        os.close(reader)
        fail_often(ready, target)
        assert create(RestApi(address(ready, "http")), "b1g1")["id"]
        process.terminate()
        assert process.wait(PATIENCE) == 0


def test_all_of_the_log_is_there_when_a_server_has_ended(
    directory: Path, target: RecordingTarget
) -> None:
    with serving(directory, config_of({"fails": target.url}), http="off") as server:
        fail_often(server.ready, target)
        assert server.stop() == 0
        assert "stopping, waiting for calls" in server.log.read_text()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_second_signal_ends_the_grace(
    directory: Path, target: RecordingTarget, number: signal.Signals
) -> None:
    let_go = threading.Event()
    target.answers["/held"] = held_until(let_go)
    config = "grace = 3600.0\nshutdown_delay = 0.1\n" + config_of({"held": target.url})
    with serving(directory, config) as server:
        with server.channel() as channel:
            schedule(GoogleGrpc(channel), LOCATION, "held")
            target.wait_for(lambda call: call.path == "/held")
        # A connection on which a request is never finished.
        host, _, port = server.http_address.rpartition(":")
        with socket.create_connection((host, int(port))) as unfinished:
            unfinished.sendall(b"POST /triggers/v1/triggers HTTP/1.1\r\nHost: x\r\n")
            server.process.send_signal(number)
            until(lambda: "stopping, waiting" in server.log.read_text(), "the server stops")
            assert server.stop(number) == 0
        let_go.set()


def test_an_envoy_that_is_frozen_is_replaced(directory: Path) -> None:
    with serving(directory) as server, server.channel() as channel:
        assert create(RestApi(server.http_address), "b1g1")["id"]
        [envoy] = server.children()
        os.kill(envoy, signal.SIGSTOP)
        until(lambda: health(channel) == NOT_SERVING, "health says so")
        until(lambda: health(channel) == SERVING, "another one answers")
        assert server.children() != [envoy]
        assert create(RestApi(server.http_address), "b1g1")["id"]
        assert "Envoy does not answer" in server.log.read_text()


@pytest.mark.parametrize("removed", ["", "gateway", "grpc-1.sock"])
def test_a_scratch_folder_that_was_removed_is_made_anew(directory: Path, removed: str) -> None:
    temporary = directory / "t"
    temporary.mkdir()
    with serving(directory, environment={"TMPDIR": str(temporary)}) as server:
        with server.channel() as channel:
            [scratch] = temporary.glob("tocsin-serve-*")
            harmed = scratch / removed
            shutil.rmtree(harmed) if harmed.is_dir() else harmed.unlink()
            until(lambda: "Envoy ended, restarting it" in server.log.read_text(), "it is noticed")
            until(lambda: health(channel) == SERVING, "another Envoy answers")
            assert create(RestApi(server.http_address), "b1g1")["id"]
            assert scratch.stat().st_mode & 0o777 == 0o700
            assert (scratch / "lock").exists()
        assert server.stop() == 0
    assert list(temporary.iterdir()) == []
