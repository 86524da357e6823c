"""The composition root: the one place that knows every part."""

import asyncio
import gc
import signal
import tempfile
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import datetime, timedelta
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import TypeAlias

import grpc
import structlog
from google.protobuf.descriptor import ServiceDescriptor
from grpc_health.v1 import health, health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection

from tocsin.access.exposure import refuse_exposure
from tocsin.api import clock as clock_api
from tocsin.api import (
    dead_letters,
    executions,
    firing,
    integrations,
    invocations,
    operations,
    triggers,
)
from tocsin.api.ids import Ids
from tocsin.api.serving import Served, service_handler
from tocsin.engine.capacity import Limits
from tocsin.engine.delivery import Deliveries
from tocsin.engine.engine import Engine
from tocsin.engine.manual_time import ManualTime
from tocsin.engine.misfires import MisfireRules
from tocsin.engine.store_clock import StoreClock
from tocsin.engine.timers import Timers
from tocsin.gateway import Gateway
from tocsin.gateway import Limits as RequestLimits
from tocsin.plans.plan import MisfirePolicy
from tocsin.plans.triggers_v1 import load_plan
from tocsin.schedule import Clock, ManualClock, SystemClock
from tocsin.settings import Address, DeadLetters, Misfires, Settings
from tocsin.sources.timer import tick_payload
from tocsin.store.database import Database
from tocsin.store.opening import open_database
from tocsin.targets.addresses import Addresses
from tocsin.targets.calling import TargetCaller
from tocsin.targets.dead_letters import DeadLetterQueues, QueueSettings

log = structlog.get_logger(__name__)

# What is served: each service with its methods.
Services: TypeAlias = Mapping[ServiceDescriptor, Mapping[str, Served]]


class StartError(Exception):
    """The server can't start; the message says why and what to do."""


async def serve(settings: Settings, ready: Callable[[str], None]) -> None:
    """Serves until SIGTERM or SIGINT, then lets what is under way finish.

    Args:
        settings: what to serve, and where.
        ready: is given the one line that tells that gRPC and REST both answer.

    Raises:
        StartError, StoreError, GatewayError, ExposureRefused: it can't start.
    """
    stopped = _stop_signal()
    async with running(settings, clock_of(settings)) as (listen, http):
        # What was made for the start lives as long as the process: no collection need look at it.
        gc.collect()
        gc.freeze()
        # What a call leaves is freed by counting; looking for cycles so often costs more than them.
        gc.set_threshold(20_000, 20, 20)
        ready(f"ready grpc={listen} http={http or 'off'}")
        await stopped.wait()
        log.info("stopping, calls under way may finish", grace_seconds=settings.grace)


@asynccontextmanager
async def running(
    settings: Settings, clock: Clock
) -> AsyncIterator[tuple[Address, Address | None]]:
    """Runs the whole server; gives the addresses on which gRPC and REST answer."""
    for option, address in (("--listen", settings.listen), ("--http", settings.http)):
        if address is not None:
            refuse_exposure(option, address.host, allowed=settings.allow_unauthenticated)
    async with AsyncExitStack() as stack:
        directory = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="tocsin-")))
        database = open_database(settings.database)
        stack.push_async_callback(database.close)
        caller = TargetCaller(
            addresses(settings),
            timeout_seconds=settings.targets.timeout,
            user_agent=f"tocsin/{version('tocsin')}",
            largest_payload=settings.targets.max_payload_bytes,
        )
        stack.push_async_callback(caller.close)
        if isinstance(clock, SystemClock) and not database.exclusive:
            clock = await _shared_clock(stack, clock, database)
        services, engine = compose(settings, clock, database, caller)
        grace = Grace(SystemClock(), settings.grace)
        await engine.start()
        stack.push_async_callback(lambda: engine.stop(grace.left()))
        server, address = await _start_grpc(settings, services, directory / "grpc.sock")
        stack.push_async_callback(lambda: server.stop(grace.left()))
        http = None
        if settings.http is not None:
            gateway = _gateway(settings.http, settings, services, directory)
            await gateway.start()
            stack.push_async_callback(lambda: gateway.stop(grace.left()))
            http = Address(*gateway.address)
        yield address, http


class Grace:
    """The time that all who stop have together; it runs from the first question."""

    def __init__(self, clock: Clock, seconds: float) -> None:
        self._clock = clock
        self._seconds = seconds
        self._end: float | None = None

    def left(self) -> float:
        now = self._clock.monotonic()
        if self._end is None:
            self._end = now + self._seconds
        return max(0.0, self._end - now)


def compose(
    settings: Settings, clock: Clock, database: Database, caller: TargetCaller
) -> tuple[Services, Engine]:
    """Builds the services and the engine around one store."""
    ids = Ids(clock)
    # What is about this process and its clients, not about what fires, is in real time.
    machine = SystemClock()
    limits = Limits(
        settings.targets.concurrency,
        settings.targets.concurrency_per_target,
        settings.targets.concurrencies,
    )
    deliveries = Deliveries(
        database,
        clock,
        caller,
        DeadLetterQueues(queue_settings(settings.dead_letters)),
        node=ids.new("nod"),
        limits=limits,
        recovery=machine,
    )
    due = on_every_node(deliveries.due, database)
    timers = Timers(
        database,
        clock,
        load_plan=load_plan,
        new_id=ids.new,
        fired=lambda: due(clock.now()),
        cloud_id=settings.cloud_id,
        misfires=misfire_rules(settings.misfires),
    )
    trigger_service = triggers.TriggerService(
        database, clock, ids, armed=on_every_node(timers.armed, database)
    )
    execution_service = integrations.ExecutionsService(
        database, clock, settings.integrations, scheduled=due
    )
    engine = Engine(database, clock, timers, deliveries, recovery=machine)
    database.listen(engine.look, machine.sleep)
    services: dict[ServiceDescriptor, Mapping[str, Served]] = {
        triggers.SERVICE: trigger_service.methods(),
        operations.SERVICE: operations.OperationService(database).methods(),
        integrations.SERVICE: execution_service.methods(),
        executions.SERVICE: executions.OperationsService(database, clock, machine).methods(),
        **steering_services(settings, clock, database, ids, limits, due),
    }
    if isinstance(clock, ManualClock):
        time = ManualTime(clock, engine)
        services[clock_api.SERVICE] = clock_api.ClockService(time).methods()
    return services, engine


def steering_services(
    settings: Settings,
    clock: Clock,
    database: Database,
    ids: Ids,
    limits: Limits,
    due: Callable[[datetime], None],
) -> Services:
    """Builds what shows people what happens, and lets them step in."""
    firing_service = firing.FiringService(
        database,
        clock,
        ids,
        due=due,
        tick_payload=partial(tick_payload, cloud_id=settings.cloud_id),
        limit_of=limits.of,
    )
    return {
        invocations.SERVICE: invocations.InvocationService(database, clock, due).methods(),
        firing.SERVICE: firing_service.methods(),
        dead_letters.SERVICE: dead_letters.DeadLetterService(database, clock, due).methods(),
    }


async def _shared_clock(stack: AsyncExitStack, clock: Clock, database: Database) -> Clock:
    shared = StoreClock(clock, database)
    await shared.adjust()
    adjusting = asyncio.create_task(shared.keep_adjusted())
    stack.callback(adjusting.cancel)
    return shared


def on_every_node(
    tell: Callable[[datetime], None], database: Database
) -> Callable[[datetime], None]:
    """Makes what tells this node's loop of something due tell the other nodes too."""

    def tell_all(at: datetime) -> None:
        tell(at)
        database.notify()

    return tell_all


def clock_of(settings: Settings) -> Clock:
    clock = SystemClock()
    if settings.clock == "system":
        return clock
    return ManualClock(settings.clock_start or clock.now())


def addresses(settings: Settings) -> Addresses:
    targets = settings.targets
    kinds = ("function", "container", "workflow", "websocket_broadcast")
    templates = {kind: getattr(targets, kind) for kind in kinds}
    return Addresses(
        templates={kind: url for kind, url in templates.items() if url is not None},
        overrides={kind: getattr(targets, f"{kind}s") for kind in kinds},
        integrations={name: each.url for name, each in settings.integrations.items()},
    )


def queue_settings(settings: DeadLetters) -> QueueSettings:
    secret = settings.secret_access_key
    return QueueSettings(
        endpoint=settings.endpoint,
        region=settings.region,
        access_key_id=settings.access_key_id,
        secret_access_key=None if secret is None else secret.get_secret_value(),
        urls=settings.queues,
    )


def misfire_rules(settings: Misfires) -> MisfireRules:
    return MisfireRules(
        policy=MisfirePolicy(settings.policy),
        window=None if settings.window is None else timedelta(seconds=settings.window),
        cap=settings.cap,
        tolerance=timedelta(seconds=settings.tolerance),
    )


async def _start_grpc(
    settings: Settings, services: Services, upstream: Path
) -> tuple[grpc.aio.Server, Address]:
    server = grpc.aio.server(
        options=[
            ("grpc.so_reuseport", 0),
            ("grpc.max_receive_message_length", settings.max_request_bytes),
            # The vendor's Go SDK pings every 30 s, calls under way or not.
            ("grpc.http2.min_ping_interval_without_data_ms", 10_000),
            ("grpc.keepalive_permit_without_calls", 1),
        ]
    )
    server.add_generic_rpc_handlers(
        [service_handler(service, methods) for service, methods in services.items()]
    )
    served = [service.full_name for service in services]
    healthy = health.aio.HealthServicer()
    for name in ("", *served):
        await healthy.set(name, health_pb2.HealthCheckResponse.SERVING)
    health_pb2_grpc.add_HealthServicer_to_server(healthy, server)
    reflection.enable_server_reflection(
        [*served, health.SERVICE_NAME, reflection.SERVICE_NAME], server
    )
    try:
        port = server.add_insecure_port(str(settings.listen))
    except RuntimeError as error:
        raise StartError(
            f"gRPC can't listen on {settings.listen}: is something else there? "
            "Give --listen another port"
        ) from error
    if settings.http is not None:
        try:
            server.add_insecure_port(f"unix:{upstream}")
        except RuntimeError as error:
            raise StartError(
                f"the socket between Envoy and gRPC can't be made at {upstream}: its path may be "
                "too long. Set TMPDIR to a shorter one, or serve no REST with --http off"
            ) from error
    await server.start()
    return server, Address(settings.listen.host, port)


def _gateway(listen: Address, settings: Settings, services: Services, directory: Path) -> Gateway:
    return Gateway(
        services=list(services),
        upstream=directory / "grpc.sock",
        listen=listen,
        directory=directory / "gateway",
        clock=SystemClock(),
        limits=RequestLimits(body_bytes=settings.max_request_bytes),
    )


def _stop_signal() -> asyncio.Event:
    stopped = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopped.set)
    return stopped
