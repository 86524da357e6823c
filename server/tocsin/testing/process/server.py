"""Runs one server after another in this process; each starts as new."""

import asyncio
from collections.abc import Mapping
from typing import Any

from tocsin.access.exposure import ExposureRefused
from tocsin.access.sealing import SealingError
from tocsin.app import Running, running
from tocsin.composition.clocks import MACHINE_CLOCK, clock_of
from tocsin.composition.grpc_server import StartError
from tocsin.composition.stopping import Grace
from tocsin.gateway import GatewayError
from tocsin.settings import Settings, SettingsError, load_settings
from tocsin.store.driver.database import StoreError

START_ERRORS = (
    SettingsError,
    ExposureRefused,
    SealingError,
    StartError,
    StoreError,
    GatewayError,
)


class Server:
    """Runs a server until it is stopped; then another one may start."""

    def __init__(self) -> None:
        self._stopped = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._served: Running | None = None

    async def start(self, given: Mapping[str, Any]) -> dict[str, str]:
        """Starts a server with these settings; returns the addresses of its `grpc` and `http`.

        Raises:
            SettingsError, ExposureRefused, StartError, StoreError, GatewayError: it can't start.
        """
        settings = load_settings(None, given)
        ready: asyncio.Future[Running] = asyncio.get_running_loop().create_future()
        self._stopped = asyncio.Event()
        self._task = asyncio.create_task(_serve(settings, ready, self._stopped))
        self._served = await ready
        words = self._served.line().split()[1:]
        return dict(word.split("=", 1) for word in words)

    def use(self, given: Mapping[str, Any]) -> None:
        """Puts other settings of targets and integrations in force."""
        if self._served is not None:
            self._served.use(load_settings(None, given))

    async def stop(self) -> None:
        """Stops the server, if one runs; what is under way gets no time."""
        if self._task is not None:
            self._stopped.set()
            await self._task
            self._task = self._served = None


async def _serve(
    settings: Settings, ready: "asyncio.Future[Running]", stopped: asyncio.Event
) -> None:
    hurried = asyncio.Event()
    grace = Grace(MACHINE_CLOCK, settings.grace, hurried)
    try:
        clock = clock_of(settings.clock, settings.clock_start)
        async with running(settings, clock, grace) as served:
            ready.set_result(served)
            await stopped.wait()
            hurried.set()
    except Exception as error:
        if ready.done():
            raise
        ready.set_exception(error)
