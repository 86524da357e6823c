"""`tocsin demo` as a person without a terminal sees it: a real process, a real server, Envoy."""

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest

TOCSIN = Path(sys.executable).with_name("tocsin")
FREE_PORTS = ("--listen", "127.0.0.1:0", "--http", "127.0.0.1:0")
PATIENCE_SECONDS = 30


class Demo:
    """A running `tocsin demo`, and what it wrote."""

    def __init__(self, directory: Path, *options: str, **variables: str) -> None:
        self._out, self._err = directory / "out", directory / "err"
        with self._out.open("wb") as out, self._err.open("wb") as err:
            self.process = subprocess.Popen(
                [TOCSIN, "demo", *options],
                cwd=directory,
                env={**os.environ, **variables},
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=err,
            )

    @property
    def out(self) -> str:
        return self._out.read_text(encoding="utf-8")

    @property
    def err(self) -> str:
        return self._err.read_text(encoding="utf-8")

    def shows(self, pattern: str) -> re.Match[str]:
        """Waits until the output has the pattern."""
        give_up = time.monotonic() + PATIENCE_SECONDS
        while time.monotonic() < give_up:
            ended = self.process.poll() is not None
            if found := re.search(pattern, self.out):
                return found
            assert not ended, f"ended without {pattern!r}:\n{self.out}\n{self.err}"
            time.sleep(0.05)
        raise AssertionError(f"no {pattern!r}:\n{self.out}\n{self.err}")

    def ends(self) -> int:
        return self.process.wait(PATIENCE_SECONDS)


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[..., Demo]]:
    started: list[Demo] = []

    def start(*options: str, **variables: str) -> Demo:
        started.append(Demo(tmp_path, *options, **variables))
        return started[-1]

    yield start
    for demo in started:
        demo.process.kill()
        demo.process.wait()


def descendants(pid: int) -> list[int]:
    children: dict[int, list[int]] = {}
    for status in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):
            # The name, in parentheses, may hold anything; state and parent follow it.
            fields = status.read_text().rpartition(")")[2].split()
            children.setdefault(int(fields[1]), []).append(int(status.parent.name))
    found: list[int] = []
    waiting = [pid]
    while waiting:
        below = children.get(waiting.pop(), [])
        found += below
        waiting += below
    return found


def is_running(pid: int) -> bool:
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except FileNotFoundError:
        return False
    return fields[0] != "Z"


def test_shows_the_integration_run_and_leaves_nothing_behind(start: Callable[..., Demo]) -> None:
    # A person's own settings must not disturb it.
    demo = start(*FREE_PORTS, TOCSIN_LOG_LEVEL="error", TOCSIN_MAX_REQUEST_BYTES="1024")
    demo.shows(r"created +trigger every-minute +over gRPC\n.*id \w{20}\n")
    execution = demo.shows(r"scheduled .* over REST\n +execution (\S+)\n")[1]
    demo.shows(rf"called +integration greet +due \S+, \d+ ms late\n +request id {execution}\n")
    demo.shows(rf'"executionId": "{execution}"')
    demo.shows(rf"SUCCEEDED +execution {execution}\n +response .*Hello, you who are watching!")
    demo.shows("The server goes on")
    data = Path(demo.shows(r"data +(\S+)")[1])
    below = descendants(demo.process.pid)
    assert len(below) >= 2, "the server and Envoy"
    assert (data / "tocsin.db").exists()

    demo.process.send_signal(signal.SIGINT)

    assert demo.ends() == 0
    assert demo.err == ""
    assert not [pid for pid in below if is_running(pid)]
    assert not data.exists()
    assert "\x1b" not in demo.out, "no terminal, no control codes"


def test_without_envoy_goes_on_with_grpc_alone(start: Callable[..., Demo], tmp_path: Path) -> None:
    package = tmp_path / "no_envoy" / "envoy"
    package.mkdir(parents=True)
    (package / "__init__.py").touch()
    demo = start("--listen", "127.0.0.1:0", PYTHONPATH=str(package.parent))
    demo.shows("REST IS OFF")
    demo.shows(r"scheduled .* over gRPC\n")
    demo.shows("SUCCEEDED")
    demo.process.terminate()
    assert demo.ends() == 0


def test_tells_what_the_server_said_when_it_ends(start: Callable[..., Demo]) -> None:
    demo = start(*FREE_PORTS)
    demo.shows("scheduled")
    server, *_ = descendants(demo.process.pid)
    os.kill(server, signal.SIGTERM)
    assert demo.ends() == 1
    assert "the server ended by itself with status 0. Its last log lines:\n" in demo.err
    assert "stopping" in demo.err


def test_tells_what_the_server_said_when_it_does_not_start(start: Callable[..., Demo]) -> None:
    demo = start("--listen", "nowhere")
    assert demo.ends() == 1
    assert demo.err == (
        "tocsin: the server did not start. Its last log lines:\n"
        "tocsin: listen: expected HOST:PORT, such as 127.0.0.1:8080\n"
    )
