"""The demo's server: a real `tocsin serve`, in a process of its own."""

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
    """The server did not start, or ended by itself; the message has what it said last."""


class Doors(NamedTuple):
    """Where the server answers; `http` is None where REST is off."""

    grpc: str
    http: str | None


class Server:
    def __init__(self, process: Process, log: Path) -> None:
        self._process = process
        self._log = log

    @classmethod
    async def start(cls, *options: str, log: Path) -> "Server":
        """Starts `tocsin serve`, and leaves its log lines in a file."""
        with log.open("wb") as stderr:
            process = await asyncio.create_subprocess_exec(
                # Killed with -9, the demo could not take the server with it: the kernel does.
                *(sys.executable, "-I", "-S", tether.__file__, str(os.getpid())),
                # -P: what lies in the current directory is none of the program's modules.
                *(sys.executable, "-P", "-c", SERVE, "serve", *options),
                env=_without_settings(os.environ),
                stdin=DEVNULL,
                stdout=PIPE,
                stderr=stderr,
                # Ctrl-C is for the demo, which then ends the server.
                start_new_session=True,
            )
        return cls(process, log)

    async def ready(self) -> Doors:
        """Waits until gRPC and REST answer.

        Raises:
            ServerFailed: it ended before, or takes too long.
        """
        assert self._process.stdout is not None
        try:
            async with asyncio.timeout(READY_SECONDS):
                line = await self._process.stdout.readline()
                if not line:
                    await self._process.wait()
        except TimeoutError:
            raise ServerFailed(self._told(f"was not ready after {READY_SECONDS} s")) from None
        found = READY.fullmatch(line)
        if found is None:
            raise ServerFailed(self._told("did not start"))
        grpc, http = (each.decode() for each in found.groups())
        return Doors(grpc, None if http == "off" else http)

    async def fails(self) -> ServerFailed:
        """Waits until it ends by itself; returns why, as far as it told."""
        status = await self._process.wait()
        return ServerFailed(self._told(f"ended by itself with status {status}"))

    async def stop(self) -> None:
        """Lets it finish what is under way, and waits until it has ended."""
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

    def _told(self, what: str) -> str:
        lines = self._log.read_text(encoding="utf-8", errors="replace").splitlines()
        said = "\n".join(lines[-LINES_SHOWN:]) or "(nothing)"
        return f"the server {what}. It said:\n{said}"


def usual_or_free(usual: Address) -> str:
    """The usual address where nobody listens there, else the same host with any free port."""
    family = socket.AF_INET6 if ":" in usual.host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(usual)
        except OSError:
            return str(usual._replace(port=0))
    return str(usual)


def _without_settings(environment: "os._Environ[str]") -> dict[str, str]:
    """The demo is the same everywhere: a person's own TOCSIN_* variables are not for it."""
    return {name: value for name, value in environment.items() if not _is_setting(name)}


def _is_setting(name: str) -> bool:
    return name.upper().startswith("TOCSIN_")
