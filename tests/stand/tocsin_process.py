"""A real `tocsin serve` in a process of its own."""

import json
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import grpc

from stand.preloaded import Forked, can_fork, fork

TOCSIN = Path(sys.executable).with_name("tocsin")
PATIENCE = 30


@dataclass(frozen=True)
class Tocsin:
    """A server that said that it is ready; `http` is `off` where REST is not served."""

    process: subprocess.Popen[str] | Forked
    ready: str
    log: Path

    @property
    def grpc_address(self) -> str:
        return self.address("grpc")

    @property
    def http_address(self) -> str:
        return self.address("http")

    def address(self, name: str) -> str:
        return dict(word.split("=") for word in self.ready.split()[1:])[name]

    def channel(self) -> grpc.Channel:
        return grpc.insecure_channel(self.grpc_address)

    def stop(self, number: int = signal.SIGTERM) -> int:
        """Asks the server to stop; returns its exit status."""
        self.process.send_signal(number)
        return self.process.wait(PATIENCE)

    def kill(self) -> None:
        self.process.kill()
        self.process.wait(PATIENCE)

    def children(self) -> list[int]:
        """The processes that it started, whether they still run or not."""
        found = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text()
        return [int(pid) for pid in found.split()]


@dataclass(frozen=True)
class Ended:
    """A command that ran to its end."""

    status: int
    stdout: str
    stderr: str


@contextmanager
def serving(
    directory: Path,
    config: str = "",
    *options: str,
    http: str = "127.0.0.1:0",
    environment: Mapping[str, str] | None = None,
    within: Sequence[str] = (),
    program: Path = TOCSIN,
) -> Iterator[Tocsin]:
    """Runs a server on free ports, with its database in the directory, and stops it at the end.

    `within` is a command that becomes the one that follows it, somewhere else. `program` is the
    `tocsin` of another environment.
    """
    log = directory / "log"
    command = [
        *within,
        *serve_command(directory, config, *options, http=http, program=program),
    ]
    with (
        log.open("a") as stderr,
        started(command, stderr, clean_environment(environment or {})) as process,
    ):
        try:
            assert process.stdout is not None
            ready = _plain(process.stdout.readline().strip())
            assert ready, f"the server did not start:\n{log.read_text()}"
            yield Tocsin(process, ready, log)
        finally:
            if process.poll() is None:
                process.terminate()


def _plain(ready: str) -> str:
    """The ready line as people get it, also where it is one of a log in JSON."""
    if not ready.startswith("{"):
        return ready
    told = json.loads(ready)
    words = [f"{name}={told[name]}" for name in told if name not in ("event", "level", "timestamp")]
    return " ".join([told["event"], *words])


def started(
    command: Sequence[str], stderr: IO[str], environment: Mapping[str, str]
) -> subprocess.Popen[str] | Forked:
    """Starts a command whose `stdout` is read."""
    if command[0] == str(TOCSIN) and can_fork(environment):
        return fork(command, environment, stderr=stderr)
    return subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=stderr, text=True, env=environment
    )


def serve_command(
    directory: Path,
    config: str = "",
    *options: str,
    http: str = "127.0.0.1:0",
    program: Path = TOCSIN,
) -> Sequence[str]:
    file = directory / "tocsin.toml"
    file.write_text(config)
    usual = {
        "--listen": "127.0.0.1:0",
        "--http": http,
        "--database": f"sqlite:///{directory / 'tocsin.db'}",
        "--config": str(file),
    }
    words = [word for each in usual.items() if each[0] not in options for word in each]
    return [str(program), "serve", *words, *options]


def run_tocsin(
    *arguments: str, environment: Mapping[str, str] | None = None, stdin: str | None = None
) -> Ended:
    """Runs a command that is expected to end by itself."""
    command = [str(TOCSIN), *arguments]
    variables = clean_environment(environment or {})
    if can_fork(variables):
        return _run_forked(command, variables, stdin)
    done = subprocess.run(
        command,
        input=stdin,
        capture_output=True,
        text=True,
        check=False,
        timeout=PATIENCE,
        env=variables,
    )
    return Ended(done.returncode, done.stdout, done.stderr)


def _run_forked(command: Sequence[str], environment: Mapping[str, str], stdin: str | None) -> Ended:
    with (
        tempfile.TemporaryFile("w+") as given,
        tempfile.TemporaryFile("w+") as stdout,
        tempfile.TemporaryFile("w+") as stderr,
    ):
        given.write(stdin or "")
        given.seek(0)
        files = {"stdin": None if stdin is None else given, "stdout": stdout, "stderr": stderr}
        process = fork(command, environment, **files)
        try:
            status = process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            process.kill()
            raise
        # Both descriptors share a position, which the command has moved.
        stdout.seek(0)
        stderr.seek(0)
        return Ended(status, stdout.read(), stderr.read())


def clean_environment(added: Mapping[str, str]) -> dict[str, str]:
    ours = {name: value for name, value in os.environ.items() if not name.startswith("TOCSIN_")}
    return {**ours, **added}
