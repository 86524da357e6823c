"""The composition root: the one place that knows every part."""

import asyncio
import gc
import signal
import tempfile
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import timedelta
from importlib.metadata import version
from pathlib import Path

import grpc
import structlog
from google.protobuf.descriptor import ServiceDescriptor
from grpc_health.v1 import health, health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection

from tocsin.access.exposure import refuse_exposure
from tocsin.api import executions, integrations, operations, triggers
from tocsin.api.ids import Ids
from tocsin.api.serving import service_handler
from tocsin.engine.delivery import Deliveries
from tocsin.engine.engine import Engine
from tocsin.engine.timers import Timers
from tocsin.gateway import Gateway, Limits
from tocsin.plans.triggers_v1 import load_plan
from tocsin.schedule import Clock, SystemClock
from tocsin.settings import Address, Settings
from tocsin.store.database import Database
from tocsin.store.opening import open_database
from tocsin.targets.addresses import Addresses
from tocsin.targets.calling import TargetCaller

log = structlog.get_logger(__name__)

SERVICES: Sequence[ServiceDescriptor] = (
    triggers.SERVICE,
    operations.SERVICE,
    integrations.SERVICE,
    executions.SERVICE,
)


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
    async with running(settings, SystemClock()) as (listen, http):
        # What was made for the start lives as long as the process: no collection need look at it.
        gc.collect()
        gc.freeze()
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
        )
        stack.push_async_callback(caller.close)
        handlers, engine = compose(settings, clock, database, caller)
        await engine.start()
        stack.push_async_callback(engine.stop, settings.grace)
        server, address = await _start_grpc(settings, handlers, directory / "grpc.sock")
        stack.push_async_callback(server.stop, settings.grace)
        http = None
        if settings.http is not None:
            gateway = _gateway(settings.http, settings, directory, clock)
            await gateway.start()
            stack.push_async_callback(gateway.stop, settings.grace)
            http = Address(*gateway.address)
        yield address, http


def compose(
    settings: Settings, clock: Clock, database: Database, caller: TargetCaller
) -> tuple[list[grpc.GenericRpcHandler], Engine]:
    """Builds the services and the engine around one store."""
    ids = Ids(clock)
    deliveries = Deliveries(
        database,
        clock,
        caller,
        concurrency=settings.targets.concurrency,
        call_timeout=timedelta(seconds=settings.targets.timeout),
    )
    timers = Timers(
        database,
        clock,
        load_plan=load_plan,
        new_id=ids.new,
        fired=deliveries.due,
        cloud_id=settings.cloud_id,
    )
    trigger_service = triggers.TriggerService(database, clock, ids, armed=timers.armed)
    execution_service = integrations.ExecutionsService(
        database, clock, settings.integrations, scheduled=deliveries.due
    )
    methods = {
        triggers.SERVICE: trigger_service.methods(),
        operations.SERVICE: operations.OperationService(database).methods(),
        integrations.SERVICE: execution_service.methods(),
        executions.SERVICE: executions.OperationsService(database, clock).methods(),
    }
    handlers = [service_handler(service, methods[service]) for service in SERVICES]
    return handlers, Engine(database, clock, timers, deliveries)


def addresses(settings: Settings) -> Addresses:
    targets = settings.targets
    kinds = ("function", "container", "workflow", "websocket_broadcast")
    templates = {kind: getattr(targets, kind) for kind in kinds}
    return Addresses(
        templates={kind: url for kind, url in templates.items() if url is not None},
        overrides={kind: getattr(targets, f"{kind}s") for kind in kinds},
        integrations={name: each.url for name, each in settings.integrations.items()},
    )


async def _start_grpc(
    settings: Settings, handlers: list[grpc.GenericRpcHandler], upstream: Path
) -> tuple[grpc.aio.Server, Address]:
    server = grpc.aio.server(
        options=[
            ("grpc.so_reuseport", 0),
            ("grpc.max_receive_message_length", settings.max_request_bytes),
            # The vendor's Go SDK pings every 30 s, calls under way or not.
            ("grpc.http2.min_recv_ping_interval_without_data_ms", 10_000),
            ("grpc.keepalive_permit_without_calls", 1),
        ]
    )
    server.add_generic_rpc_handlers(handlers)
    served = [service.full_name for service in SERVICES]
    healthy = health.aio.HealthServicer()
    for name in ("", *served):
        await healthy.set(name, health_pb2.HealthCheckResponse.SERVING)
    health_pb2_grpc.add_HealthServicer_to_server(healthy, server)
    reflection.enable_server_reflection(
        [*served, health.SERVICE_NAME, reflection.SERVICE_NAME], server
    )
    try:
        port = server.add_insecure_port(str(settings.listen))
        server.add_insecure_port(f"unix:{upstream}")
    except RuntimeError as error:
        raise StartError(
            f"gRPC can't listen on {settings.listen}: is something else there? "
            "Give --listen another port"
        ) from error
    await server.start()
    return server, Address(settings.listen.host, port)


def _gateway(listen: Address, settings: Settings, directory: Path, clock: Clock) -> Gateway:
    return Gateway(
        services=SERVICES,
        upstream=directory / "grpc.sock",
        listen=listen,
        directory=directory / "gateway",
        clock=clock,
        limits=Limits(body_bytes=settings.max_request_bytes),
    )


def _stop_signal() -> asyncio.Event:
    stopped = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopped.set)
    return stopped
