"""Starts `tocsin` commands as forks of a process that has imported Tocsin already.

A new interpreter needs a second of CPU to import what a server needs, and the tests start hundreds
of servers. A fork has all of it at once, and is a process like any other: it has its own memory,
signals, descriptors and exit status. Only variables that are read while an interpreter starts come
too late for a fork; `can_fork` says when the command itself has to be run. `tests/cli/`,
`tests/demo/` and `tests/docs/` also run it themselves.
"""

import atexit
import json
import os
import select
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import suppress
from functools import cache
from pathlib import Path
from threading import Lock
from typing import IO, Self, TextIO

PROGRAM = Path(__file__).with_name("preloading.py")
SERVER_MODULES = (
    *("uvloop", "tocsin.cli", "tocsin.app"),
    # What a server imports when it needs it; those of the tests often do.
    *("alembic.command", "alembic.config", "tocsin.store.driver.postgresql"),
    *("sqlalchemy.ext.asyncio", "tocsin.outgoing.amazon_sessions", "tocsin.sources.mqtt.session"),
    *("tocsin.sources.mail.attachments", "tocsin.sources.mail.server", "tocsin.sources.mail.tls"),
)
SERVER = Path(__file__).parents[2] / "server"
CLIENT_MODULES = tuple(
    ".".join(file.relative_to(SERVER).with_suffix("").parts)
    for file in sorted(SERVER.glob("tocsin/cli/**/*.py"))
    if file.stem != "__init__"
)
# `tocsin serve` sets them before it imports gRPC, which reads them then.
SERVER_ENVIRONMENT = {"GRPC_ENABLE_FORK_SUPPORT": "false", "GRPC_VERBOSITY": "NONE"}
# Read by the loader, the interpreter or gRPC when they start.
READ_AT_START = ("PYTHON", "LD_", "LC_", "LANG", "GRPC_")

# Tests start nodes from several threads; a request and its answer belong together.
ONE_AT_A_TIME = Lock()


def can_fork(environment: Mapping[str, str]) -> bool:
    """Says whether a fork would see all of the environment that a new interpreter would."""
    if not hasattr(os, "pidfd_open"):
        return False
    names = {*environment, *os.environ}
    return all(
        environment.get(name) == os.environ.get(name)
        for name in names
        if name.startswith(READ_AT_START)
    )


class Forked:
    """A command that runs; it is used like a `subprocess.Popen[str]`."""

    def __init__(self, pid: int, status: int, stdout: TextIO | None) -> None:
        self.pid = pid
        self.stdout = stdout
        self._status = status
        self._returned: int | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        if self.stdout is not None:
            self.stdout.close()
        self.wait()

    def poll(self) -> int | None:
        """Returns the exit status, or None while the command runs."""
        return self._returned if self._ended(0) else None

    def wait(self, timeout: float | None = None) -> int:
        if not self._ended(timeout):
            assert timeout is not None
            raise subprocess.TimeoutExpired(f"process {self.pid}", timeout)
        assert self._returned is not None
        return self._returned

    def send_signal(self, number: int) -> None:
        if self.poll() is None:
            os.kill(self.pid, number)

    def terminate(self) -> None:
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)

    def _ended(self, seconds: float | None) -> bool:
        if self._returned is None:
            ready, _, _ = select.select([self._status], [], [], seconds)
            if not ready:
                return False
            self._returned = int(os.read(self._status, 16))
            os.close(self._status)
        return True


class Preloaded:
    """A process that has imported what `tocsin serve` needs, or what the other commands need."""

    def __init__(self, modules: Sequence[str], environment: Mapping[str, str]) -> None:
        self._told = tempfile.TemporaryFile("w+")  # noqa: SIM115
        self._requests, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, str(PROGRAM), str(theirs.fileno()), *modules],
                pass_fds=[theirs.fileno()],
                env={**os.environ, **environment},
                stderr=self._told,
            )

    def fork(
        self,
        command: Sequence[str],
        environment: Mapping[str, str],
        *,
        stdin: IO[str] | None,
        stdout: IO[str] | None,
        stderr: IO[str],
    ) -> Forked:
        ended, status = os.pipe()
        read, written = (None, stdout.fileno()) if stdout is not None else os.pipe()
        standard = [0 if stdin is None else stdin.fileno(), written, stderr.fileno()]
        asked = {
            "arguments": [*command],
            "environment": {**environment},
            "directory": str(Path.cwd()),
        }
        pid = self._answer(json.dumps(asked).encode(), [*standard, status])
        os.close(status)
        if read is not None:
            os.close(written)
        return Forked(pid, ended, None if read is None else open(read))

    def _answer(self, asked: bytes, descriptors: Sequence[int]) -> int:
        with suppress(ConnectionError):
            socket.send_fds(self._requests, [asked], descriptors)
            if answer := self._requests.recv(16):
                return int(answer)
        self._told.seek(0)
        raise AssertionError(f"the process that imports Tocsin has ended:\n{self._told.read()}")

    def close(self) -> None:
        self._requests.close()
        self._process.wait()
        self._told.close()


def fork(
    command: Sequence[str],
    environment: Mapping[str, str],
    *,
    stdin: IO[str] | None = None,
    stdout: IO[str] | None = None,
    stderr: IO[str],
) -> Forked:
    """Runs the command; where `stdout` is not given, the returned process has its own."""
    with ONE_AT_A_TIME:
        process = _preloaded(command[1] == "serve")
        return process.fork(command, environment, stdin=stdin, stdout=stdout, stderr=stderr)


@cache
def _preloaded(serves: bool) -> Preloaded:
    """Returns one of the two that end with this process."""
    made = (
        Preloaded(SERVER_MODULES, SERVER_ENVIRONMENT) if serves else Preloaded(CLIENT_MODULES, {})
    )
    atexit.register(made.close)
    return made
