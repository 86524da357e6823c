"""Composes and runs the whole server."""

import asyncio
import contextlib
import gc
import os
import signal
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import NamedTuple

import structlog

from tocsin.composition.callers import know_callers
from tocsin.composition.clocks import MACHINE_CLOCK, clock_of
from tocsin.composition.composing import compose, open_caller
from tocsin.composition.gating import gate_of
from tocsin.composition.ground import open_ground
from tocsin.composition.listening import (
    Doors,
    Offer,
    check_listeners,
    open_doors,
    tell_missing_rest,
    whereabouts_of,
    without_missing_rest,
)
from tocsin.composition.mailing import open_smtp
from tocsin.composition.measuring import guard_metrics, wanted_triggers
from tocsin.composition.offering import description_of, services_of
from tocsin.composition.seeding import plant, seeds_of
from tocsin.composition.stopping import Grace, Standing, keep_standing
from tocsin.composition.telling.start import start_of, tell
from tocsin.descriptors import raise_limit
from tocsin.engine.hold import Holding
from tocsin.engine.loops import Engine
from tocsin.schedule import Clock
from tocsin.scratch import scratch_directory
from tocsin.settings import Address, Reloading, Settings, SettingsError, Source
from tocsin.store.driver.database import Database
from tocsin.targets.current import CurrentTargets
from tocsin.telemetry.metrics_door import MetricsDoor
from tocsin.wire.health import Health
from tocsin.wire.streaming.open_streams import OpenStreams

log = structlog.get_logger(__name__)

STDIN = 0


async def serve(settings: Settings, source: Source, ready: Callable[[str], None]) -> None:
    """Serves until SIGTERM or SIGINT, then lets calls and deliveries under way finish.

    A second signal ends the grace that they have for it. SIGHUP reloads settings of targets and
    integrations.

    Args:
        settings: all settings.
        source: where they come from, for a reload.
        ready: called with the one line that says that gRPC and REST both answer.

    Raises:
        StartError, StoreError, GatewayError, ExposureRefused, SealingError: the server can't start.
    """
    raise_limit()
    asked, settings = settings, without_missing_rest(settings)
    tell_missing_rest(asked, settings)
    stopped, hurried = _stop_signals()
    grace = Grace(MACHINE_CLOCK, settings.grace, hurried)
    reloaded = Source(source.file, lambda: without_missing_rest(source.load()))
    clock = clock_of(settings.clock, settings.clock_start)
    async with running(settings, clock, grace, reloaded) as served:
        # Objects made at the start live until the end; the collector need not look at them.
        gc.freeze()
        # Calls leave few cycles, so collecting at the default rate costs more than it frees.
        gc.set_threshold(20_000, 20, 20)
        gc.enable()
        if served.reloading is not None:
            _reload_on_hangup(served.reloading, stopped)
        await served.tell(settings, source.file)
        ready(served.line())
        await stopped.wait()
        log.info(
            "stopping, waiting for calls and deliveries under way", grace_seconds=settings.grace
        )


class Running(NamedTuple):
    """Holds the addresses on which a server answers, and its settings that can be replaced."""

    doors: Doors
    metrics: Address | None
    smtp: Address | None
    current: CurrentTargets
    hold: Holding
    database: Database
    reloading: Reloading | None

    def use(self, settings: Settings) -> None:
        """Puts the settings of targets and integrations in force."""
        self.current.replace(settings.targets, settings.integrations)

    async def tell(self, settings: Settings, file: Path | None) -> None:
        """Tells which server this is, for people and in the log."""
        on_hold = self.hold.on_hold
        tell(await start_of(settings, file, self.database, self.doors, on_hold=on_hold), settings)

    def line(self) -> str:
        grpc, http, tls = self.doors
        asked = {"tls": tls, "metrics": self.metrics, "smtp": self.smtp}
        more = "".join(f" {name}={address}" for name, address in asked.items() if address)
        on_hold = " hold=on" if self.hold.on_hold else ""
        return f"ready grpc={grpc or 'off'} http={http or 'off'}{more}{on_hold}"


@asynccontextmanager
async def running(
    settings: Settings, clock: Clock, grace: Grace, source: Source | None = None
) -> AsyncIterator[Running]:
    """Runs the whole server; the parts close in the opposite order of their start.

    Without a `source` no setting can be reloaded.
    """
    check_listeners(settings)
    wanted = seeds_of(settings)
    metrics_door = MetricsDoor(MACHINE_CLOCK) if settings.access.enabled else None
    async with AsyncExitStack() as stack:
        scratch = stack.enter_context(scratch_directory())
        ground, metrics = await open_ground(stack, settings, clock, metrics_door)
        callers = await know_callers(stack, ground)
        works = compose(ground, open_caller(stack, ground, callers.tokens), callers.chores)
        whereabouts = whereabouts_of(settings)
        reloading = _reloading(settings, source, ground.current)
        services = {
            **services_of(stack, ground, works, whereabouts, reloading),
            **callers.services,
        }
        services |= description_of(services, guarded=settings.access.enabled)
        stack.push_async_callback(grace.stop, works.presence.leave)
        await _start_engine(stack, works.engine, grace)
        await plant(ground, works, wanted)
        # If the start fails, deliveries that wait for the issuer must not wait for ever.
        stack.callback(callers.tokens.issue_as, None)
        health = Health(service.full_name for service in services)
        gate = gate_of(
            ground.database,
            callers.identity,
            settings.limits,
            settings.audit,
            settings.sources.logs,
        )
        guard_metrics(metrics_door, gate)
        streams = OpenStreams()
        offer = Offer(services, health, streams, gate, whereabouts)
        standing = Standing(health, streams, ground.telemetry)
        doors = await open_doors(stack, ground, offer, scratch, standing, grace)
        callers.found_at(doors, settings.access, settings.advertise)
        smtp = await open_smtp(stack, ground, works.intake, grace)
        ground.telemetry.count_depths(ground.database, ground.clock, MACHINE_CLOCK)
        singles = wanted_triggers(settings.metrics_triggers)
        ground.telemetry.look_at_triggers(ground.database, singles, MACHINE_CLOCK)
        keep_standing(stack, ground, works, standing, grace)
        yield Running(doors, metrics, smtp, ground.current, ground.hold, ground.database, reloading)


def _reloading(
    settings: Settings, source: Source | None, current: CurrentTargets
) -> Reloading | None:
    if source is None:
        return None
    return Reloading(
        settings, source, lambda read: current.replace(read.targets, read.integrations)
    )


async def _start_engine(stack: AsyncExitStack, engine: Engine, grace: Grace) -> None:
    await engine.start()
    stack.push_async_callback(grace.stop, engine.stop)


def _stop_signals() -> tuple[asyncio.Event, asyncio.Event]:
    """Returns what the first signal sets, and what the second one sets."""
    stopped, hurried = asyncio.Event(), asyncio.Event()

    def stop() -> None:
        (hurried if stopped.is_set() else stopped).set()

    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop)
    return stopped, hurried


def _reload_on_hangup(reloading: Reloading, stopped: asyncio.Event) -> None:
    """Reloads at SIGHUP; a terminal that was closed, which sends the same signal, ends the server.

    A renewed certificate needs no signal: its files are read every second.
    """
    in_terminal = os.isatty(STDIN)

    def hang_up() -> None:
        if in_terminal and not os.isatty(STDIN):
            stopped.set()
            return
        # Logged where it was found; the settings before stay in force.
        with contextlib.suppress(SettingsError):
            reloading.reload()

    asyncio.get_running_loop().add_signal_handler(signal.SIGHUP, hang_up)
