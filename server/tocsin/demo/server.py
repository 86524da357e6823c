"""Runs the demo's server: a real `tocsin serve` in its own process."""

import asyncio
import contextlib
import os
import re
import socket
import sys
from asyncio.subprocess import DEVNULL, PIPE, Process
from pathlib import Path
from typing import NamedTuple

from tocsin.gateway import tether
from tocsin.settings import Address

READY = re.compile(rb"ready grpc=(\S+) http=(\S+)\n")
READY_SECONDS = 60
# Longer than the server's own grace.
STOP_SECONDS = 15
LINES_SHOWN = 20

SERVE = "from tocsin.cli import main; main()"


class ServerFailed(Exception):
    """The server did not start, or ended by itself; the message has its last log lines."""


class Doors(NamedTuple):
    """Holds the server's addresses; `http` is None if REST is off."""

    grpc: str
    http: str | None


class Server:
    def __init__(self, process: Process, log: Path) -> None:
        self._process = process
        self._log = log

    @classmethod
    async def start(cls, *options: str, log: Path) -> "Server":
        """Starts `tocsin serve` with its log in a file."""
        with log.open("wb") as stderr:
            process = await asyncio.create_subprocess_exec(
                # If the demo is killed with -9, the kernel ends the server.
                *(sys.executable, "-I", "-S", tether.__file__, str(os.getpid())),
                # With -P, Python imports nothing from the current directory.
                *(sys.executable, "-P", "-c", SERVE, "serve", *options),
                env=_without_settings(os.environ),
                stdin=DEVNULL,
                stdout=PIPE,
                stderr=stderr,
                # Ctrl-C ends the demo, which then ends the server.
                start_new_session=True,
            )
        return cls(process, log)

    async def ready(self) -> Doors:
        """Waits until gRPC and REST answer.

        Raises:
            ServerFailed: the server ended, or was not ready in time.
        """
        assert self._process.stdout is not None
        try:
            async with asyncio.timeout(READY_SECONDS):
                line = await self._process.stdout.readline()
                if not line:
                    await self._process.wait()
        except TimeoutError:
            raise ServerFailed(self._with_log(f"was not ready after {READY_SECONDS} s")) from None
        ready = READY.fullmatch(line)
        if ready is None:
            raise ServerFailed(self._with_log("did not start"))
        grpc, http = (address.decode() for address in ready.groups())
        return Doors(grpc, None if http == "off" else http)

    async def fails(self) -> ServerFailed:
        """Waits until the server ends by itself; returns an error with its last log lines."""
        status = await self._process.wait()
        return ServerFailed(self._with_log(f"ended by itself with status {status}"))

    async def stop(self) -> None:
        """Lets the server finish the calls under way, and waits until it has ended."""
        if self._process.returncode is not None:
            return
        with contextlib.suppress(ProcessLookupError):
            self._process.terminate()
        try:
            async with asyncio.timeout(STOP_SECONDS):
                await self._process.wait()
        except TimeoutError:
            self._process.kill()
            await self._process.wait()

    def _with_log(self, problem: str) -> str:
        lines = self._log.read_text(encoding="utf-8", errors="replace").splitlines()
        said = "\n".join(lines[-LINES_SHOWN:]) or "(none)"
        return f"the server {problem}. Its last log lines:\n{said}"


def usual_or_free(usual: Address) -> str:
    """Returns the usual address if its port is free, else the same host with port 0."""
    family = socket.AF_INET6 if ":" in usual.host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(usual)
        except OSError:
            return str(usual._replace(port=0))
    return str(usual)


def _without_settings(environment: "os._Environ[str]") -> dict[str, str]:
    """Returns the environment without TOCSIN_* variables, which would change the demo."""
    return {name: value for name, value in environment.items() if not _is_setting(name)}


def _is_setting(name: str) -> bool:
    return name.upper().startswith("TOCSIN_")
