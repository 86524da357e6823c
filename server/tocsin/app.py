"""The composition root: the one place that knows every part."""

import asyncio
import gc
import os
import signal
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import datetime, timedelta
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import NamedTuple, TypeAlias

import grpc
import structlog
from google.protobuf.descriptor import ServiceDescriptor
from grpc_channelz.v1 import channelz, channelz_pb2
from grpc_health.v1 import health as health_service
from grpc_health.v1 import health_pb2_grpc
from grpc_reflection.v1alpha import reflection
from yarl import URL

from tocsin.access.exposure import refuse_exposure
from tocsin.access.shared_secret import SharedSecret
from tocsin.api import clock as clock_api
from tocsin.api import (
    dead_letters,
    events,
    executions,
    firing,
    integrations,
    invocations,
    log_ingestion,
    operations,
    otlp_logs,
    triggers,
    webhooks,
)
from tocsin.api.health import Health
from tocsin.api.ids import Ids, first_id_at
from tocsin.api.serving import Served, service_handler
from tocsin.engine.batches import Batches
from tocsin.engine.calls import Calls
from tocsin.engine.capacity import Limits
from tocsin.engine.delivery import Deliveries
from tocsin.engine.engine import Engine
from tocsin.engine.housekeeping import Bells, housekeeping
from tocsin.engine.intake import Intake
from tocsin.engine.manual_time import ManualTime
from tocsin.engine.misfires import MisfireRules
from tocsin.engine.observer import Observer
from tocsin.engine.pulling import Pulling
from tocsin.engine.readiness import Readiness
from tocsin.engine.retention import RetentionRules
from tocsin.engine.standings import Standings
from tocsin.engine.store_clock import StoreClock
from tocsin.engine.subscribing import Subscribing
from tocsin.engine.timers import Timers
from tocsin.gateway import Gateway
from tocsin.gateway import Limits as RequestLimits
from tocsin.plans.plan import MisfirePolicy
from tocsin.plans.triggers_v1 import load_plan
from tocsin.schedule import Clock, ManualClock, SystemClock
from tocsin.scratch import scratch_directory
from tocsin.settings import (
    Address,
    DeadLetters,
    Mail,
    Misfires,
    MqttBroker,
    NotificationQueue,
    QueueService,
    Retention,
    Settings,
    Sources,
    StreamService,
)
from tocsin.sources.attachments import Attachments, BucketSettings
from tocsin.sources.aws import Account
from tocsin.sources.incoming import TakesEvents
from tocsin.sources.leases import Leases
from tocsin.sources.mail import KIND as MAIL_KIND
from tocsin.sources.mail_server import MailLimits, MailServer
from tocsin.sources.mqtt_places import MqttPlace, RegistryTopics
from tocsin.sources.mqtt_reader import Broker, MqttReader
from tocsin.sources.notification_queue import NotificationReader
from tocsin.sources.pulled import Reader
from tocsin.sources.queue_reader import QueueReader, QueueReading
from tocsin.sources.stream_reader import StreamReader, StreamReading
from tocsin.sources.timer import tick_payload
from tocsin.store.database import Database
from tocsin.store.opening import open_database
from tocsin.targets.addresses import Addresses
from tocsin.targets.calling import TargetCaller
from tocsin.targets.dead_letters import DeadLetterQueues, QueueSettings
from tocsin.telemetry.exposition import Exposition
from tocsin.telemetry.telemetry import Telemetry, open_telemetry

log = structlog.get_logger(__name__)

# What is served: each service with its methods.
Services: TypeAlias = Mapping[ServiceDescriptor, Mapping[str, Served]]


# The clock of what is about this process and its clients, not about what fires: in real time.
MACHINE = SystemClock()
NO_SHARED_MANUAL_CLOCK = (
    "a manual clock is this node's alone, and on PostgreSQL all nodes go by the database's: "
    "serve a SQLite database with --clock manual, or leave --clock manual out"
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
    async with running(settings, clock_of(settings)) as served:
        # What was made for the start lives as long as the process: no collection need look at it.
        gc.collect()
        gc.freeze()
        # What a call leaves is freed by counting; looking for cycles so often costs more than them.
        gc.set_threshold(20_000, 20, 20)
        ready(served.line())
        await stopped.wait()
        log.info("stopping, calls under way may finish", grace_seconds=settings.grace)


class Running(NamedTuple):
    """The addresses on which a server answers."""

    grpc: Address
    http: Address | None
    metrics: Address | None
    smtp: Address | None

    def line(self) -> str:
        metrics = f" metrics={self.metrics}" if self.metrics else ""
        smtp = f" smtp={self.smtp}" if self.smtp else ""
        return f"ready grpc={self.grpc} http={self.http or 'off'}{metrics}{smtp}"


@asynccontextmanager
async def running(settings: Settings, clock: Clock) -> AsyncIterator[Running]:
    """Runs the whole server."""
    _refuse_exposure(settings)
    async with AsyncExitStack() as stack:
        directory = stack.enter_context(scratch_directory())
        # Time that is moved by hand is a test's; it need not wait for the disk at each tick.
        database = open_database(settings.database, durable=not isinstance(clock, ManualClock))
        stack.push_async_callback(database.close)
        node = Ids(MACHINE).new("nod")
        telemetry, metrics = _telemetry(stack, settings, exclusive=database.exclusive, node=node)
        database = telemetry.watched(database, MACHINE)
        caller = _caller(settings)
        stack.push_async_callback(caller.close)
        if not database.exclusive:
            if isinstance(clock, ManualClock):
                raise StartError(NO_SHARED_MANUAL_CLOCK)
            clock = await _shared_clock(stack, clock, database, telemetry.observer)
        services, engine, intake = compose(
            settings, clock, database, caller, telemetry.observer, node
        )
        grace = Grace(MACHINE, settings.grace)
        await engine.start()
        stack.push_async_callback(lambda: engine.stop(grace.left()))
        health = Health(service.full_name for service in services)
        server, address = await _start_grpc(
            settings, services, health, telemetry, directory / "grpc.sock"
        )
        stack.push_async_callback(lambda: server.stop(grace.left()))
        http = None
        if settings.http is not None:
            gateway = _gateway(settings.http, settings, services, directory)
            await gateway.start()
            stack.push_async_callback(lambda: gateway.stop(grace.left()))
            http = Address(*gateway.address)
        smtp = None
        if settings.smtp is not None:
            mails = mail_server(settings.sources.mail, clock, database, intake, telemetry.observer)
            smtp = await _start_smtp(settings.smtp, mails)
            stack.push_async_callback(lambda: mails.stop(grace.left()))
        telemetry.count_depths(database, clock, MACHINE)
        watching = Standing(health, telemetry)
        _watch_store(stack, Readiness(database, clock, MACHINE, node=node, tell=watching.ready))
        stack.push_async_callback(lambda: watching.stop(settings.shutdown_delay))
        yield Running(address, http, metrics, smtp)


class Standing:
    """Tells all who ask whether calls are worth sending."""

    def __init__(self, health: Health, telemetry: Telemetry) -> None:
        self._health = health
        self._telemetry = telemetry
        telemetry.ready(True)

    def ready(self, ready: bool) -> None:
        self._health.set(serving=ready)
        self._telemetry.ready(ready)

    async def stop(self, delay_seconds: float) -> None:
        """Says NOT_SERVING, and gives those who asked time to send their calls elsewhere."""
        self._health.stop()
        self._telemetry.ready(False)
        await MACHINE.sleep(delay_seconds)


def _refuse_exposure(settings: Settings) -> None:
    listeners = (
        ("--listen", settings.listen),
        ("--http", settings.http),
        ("--metrics", settings.metrics),
        ("--smtp", settings.smtp),
    )
    for option, address in listeners:
        if address is not None:
            refuse_exposure(option, address.host, allowed=settings.allow_unauthenticated)


def _telemetry(
    stack: AsyncExitStack, settings: Settings, *, exclusive: bool, node: str
) -> tuple[Telemetry, Address | None]:
    telemetry = open_telemetry(
        os.environ,
        MACHINE,
        with_metrics=settings.metrics is not None,
        exclusive=exclusive,
        version=version("tocsin"),
        instance=node,
    )
    address = None
    if settings.metrics is not None and telemetry.metrics is not None:
        try:
            exposition = Exposition(telemetry.metrics.registry, *settings.metrics)
        except OSError as error:
            raise StartError(
                f"metrics can't be served on {settings.metrics}: {error.strerror}. "
                "Give --metrics another address"
            ) from error
        stack.push_async_callback(exposition.close)
        address = Address(settings.metrics.host, exposition.port)
    # First what is sent, then what is fetched: a last look at a server that stops is possible.
    stack.push_async_callback(telemetry.close)
    return telemetry, address


def _caller(settings: Settings) -> TargetCaller:
    return TargetCaller(
        addresses(settings),
        timeout_seconds=settings.targets.timeout,
        user_agent=f"tocsin/{version('tocsin')}",
        largest_payload=settings.targets.max_payload_bytes,
    )


def _watch_store(stack: AsyncExitStack, readiness: Readiness) -> None:
    watching = asyncio.create_task(readiness.watch())
    stack.callback(watching.cancel)


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
    settings: Settings,
    clock: Clock,
    database: Database,
    caller: TargetCaller,
    observer: Observer,
    node: str,
) -> tuple[Services, Engine, Intake]:
    """Builds the services, the engine and what takes events around one store."""
    ids = Ids(clock)
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
        node=node,
        limits=limits,
        recovery=MACHINE,
        observer=observer,
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
        observer=observer,
    )
    batches, intake = events_of(settings, clock, database, ids, fired=lambda: due(clock.now()))

    def arm(at: datetime) -> None:
        timers.armed(at)
        batches.due(at)

    armed = on_every_node(arm, database)
    pulling = pulling_of(
        database,
        clock,
        readers(settings, clock, database, node),
        intake,
        observer,
    )

    def changed() -> None:
        pulling.look()
        database.notify()

    trigger_service = triggers.TriggerService(database, clock, ids, armed=armed, changed=changed)
    execution_service = integrations.ExecutionsService(
        database, clock, settings.integrations, scheduled=due
    )

    def look() -> None:
        timers.armed()
        batches.due()
        deliveries.due()

    kept = housekeeping(
        database,
        clock,
        Bells(armed, due, look),
        node=node,
        pace=MACHINE,
        rules=retention_rules(settings.retention),
        interval_seconds=settings.reconciler.interval,
        load_plan=load_plan,
        first_id_at=first_id_at,
    )
    engine = Engine(
        database,
        clock,
        timers,
        deliveries,
        batches,
        Subscribing(database, MACHINE, load_plan),
        pulling,
        recovery=MACHINE,
        observer=observer,
        chores=kept.steps(),
    )
    database.listen(engine.look, MACHINE.sleep)
    services: dict[ServiceDescriptor, Mapping[str, Served]] = {
        triggers.SERVICE: trigger_service.methods(),
        events.SERVICE: events.EventService(
            database, clock, ids, intake, settings.cloud_id
        ).methods(),
        operations.SERVICE: operations.OperationService(database).methods(),
        integrations.SERVICE: execution_service.methods(),
        executions.SERVICE: executions.OperationsService(database, clock, MACHINE).methods(),
        **steering_services(settings, clock, database, ids, limits, due),
        **doors(settings, clock, intake),
    }
    if isinstance(clock, ManualClock):
        time = ManualTime(clock, engine)
        services[clock_api.SERVICE] = clock_api.ClockService(time).methods()
    return services, engine, intake


def mail_server(
    settings: Mail, clock: Clock, database: Database, intake: Intake, observer: Observer
) -> MailServer:
    secret = settings.s3_secret_access_key
    buckets = BucketSettings(
        endpoint=settings.s3_endpoint,
        region=settings.s3_region,
        access_key_id=settings.s3_access_key_id,
        secret_access_key=None if secret is None else secret.get_secret_value(),
    )
    return MailServer(
        database,
        clock,
        intake,
        Attachments(buckets),
        machine=MACHINE,
        load_plan=load_plan,
        limits=MailLimits(settings.max_bytes, settings.connections),
        stands=lambda healthy: observer.source_stands(MAIL_KIND.name, healthy=healthy),
    )


async def _start_smtp(listen: Address, mails: MailServer) -> Address:
    try:
        port = await mails.start(*listen)
    except OSError as error:
        raise StartError(
            f"mails can't be taken on {listen}: {error.strerror}. Give --smtp another address"
        ) from error
    return Address(listen.host, port)


def events_of(
    settings: Settings, clock: Clock, database: Database, ids: Ids, fired: Callable[[], None]
) -> tuple[Batches, Intake]:
    """Builds what takes events, and what makes calls of those that wait."""
    calls = Calls(ids.new, settings.cloud_id)
    batches = Batches(
        database,
        clock,
        load_plan=load_plan,
        calls=calls,
        fired=fired,
        largest_payload=settings.targets.max_payload_bytes,
    )
    intake = Intake(
        database,
        clock,
        load_plan=load_plan,
        calls=calls,
        fired=fired,
        batched=batches.due,
        largest_payload=settings.targets.max_payload_bytes,
        remembered=timedelta(seconds=settings.sources.remember),
    )
    return batches, intake


def doors(settings: Settings, clock: Clock, intake: Intake) -> Services:
    """Builds what other software tells of its events, as it does it."""
    logs, secret = settings.sources.logs, settings.sources.webhooks.secret
    shared = None if secret is None else SharedSecret(secret.get_secret_value())
    return {
        webhooks.SERVICE: webhooks.WebhookService(clock, intake, shared).methods(),
        log_ingestion.SERVICE: log_ingestion.LogIngestionService(
            intake, logs.default_groups
        ).methods(),
        otlp_logs.SERVICE: otlp_logs.OtlpLogsService(clock, intake, logs.otlp_group).methods(),
    }


def pulling_of(
    database: Database,
    clock: Clock,
    readers: Sequence[Reader],
    intake: TakesEvents,
    observer: Observer,
) -> Pulling:
    """Builds what keeps the sources read that are asked for their events."""
    standings = Standings(database, clock, observer, pace=MACHINE)
    return Pulling(database, readers, intake, standings, load_plan=load_plan, pace=MACHINE)


def readers(settings: Settings, clock: Clock, database: Database, node: str) -> list[Reader]:
    """Builds what reads the sources that are asked for their events; a line for each protocol."""
    leases = Leases(database, clock, node=node)
    sources = settings.sources
    brokers = {name: mqtt_broker(each) for name, each in sources.mqtt.items()}
    found: list[Reader] = [
        QueueReader(queue_reading(sources), database, clock, pace=MACHINE),
        StreamReader(stream_reading(sources), database, leases, pace=MACHINE),
        MqttReader(brokers, leases, clock, pace=MACHINE),
    ]
    if (queue := sources.object_storage.queue) is not None:
        found.append(NotificationReader(queue, account(sources.object_storage), clock))
    return found


def mqtt_broker(settings: MqttBroker) -> Broker:
    url = URL(settings.url)
    assert url.host is not None
    tls = url.scheme == "mqtts"
    return Broker(
        url.host,
        url.explicit_port or (8883 if tls else 1883),
        MqttPlace(
            frozenset(settings.brokers),
            {
                registry_id: RegistryTopics(each.devices, each.own or f"$registries/{registry_id}")
                for registry_id, each in settings.registries.items()
            },
        ),
        tls=tls,
        ca_file=None if settings.ca_file is None else str(settings.ca_file),
        version5=settings.version == "5",
        username=settings.username,
        password=None if settings.password is None else settings.password.get_secret_value(),
        client_id=settings.client_id,
        sessions=settings.sessions,
        session_expiry_seconds=settings.session_expiry,
    )


def queue_reading(settings: Sources) -> QueueReading:
    queues = settings.message_queue
    return QueueReading(queues.endpoint, account(queues), queues.urls)


def stream_reading(settings: Sources) -> StreamReading:
    streams = settings.data_stream
    return StreamReading(streams.endpoint, account(streams), streams.endpoints)


def account(service: QueueService | StreamService | NotificationQueue) -> Account:
    secret = service.secret_access_key
    return Account(
        region=service.region,
        access_key_id=service.access_key_id,
        secret_access_key=None if secret is None else secret.get_secret_value(),
    )


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


async def _shared_clock(
    stack: AsyncExitStack, clock: Clock, database: Database, observer: Observer
) -> Clock:
    shared = StoreClock(clock, database, observer)
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
        window=_timedelta(settings.window),
        cap=settings.cap,
        tolerance=timedelta(seconds=settings.tolerance),
    )


def retention_rules(settings: Retention) -> RetentionRules:
    return RetentionRules(
        age=_timedelta(settings.age),
        failed_age=_timedelta(settings.failed_age),
        most=settings.most,
        operations_age=_timedelta(settings.operations_age),
    )


def _timedelta(seconds: float | None) -> timedelta | None:
    return None if seconds is None else timedelta(seconds=seconds)


async def _start_grpc(
    settings: Settings, services: Services, health: Health, telemetry: Telemetry, upstream: Path
) -> tuple[grpc.aio.Server, Address]:
    server = grpc.aio.server(
        options=[
            ("grpc.so_reuseport", 0),
            ("grpc.max_receive_message_length", settings.max_request_bytes),
            # The vendor's Go SDK pings every 30 s, calls under way or not.
            ("grpc.http2.min_ping_interval_without_data_ms", 10_000),
            ("grpc.keepalive_permit_without_calls", 1),
            ("grpc.enable_channelz", int(settings.channelz)),
        ]
    )
    _add_services(server, settings, services, health, telemetry)
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


def _add_services(
    server: grpc.aio.Server,
    settings: Settings,
    services: Services,
    health: Health,
    telemetry: Telemetry,
) -> None:
    server.add_generic_rpc_handlers(
        [
            service_handler(service, methods, clock=MACHINE, watchers=telemetry.watchers)
            for service, methods in services.items()
        ]
    )
    names = [*(service.full_name for service in services), health_service.SERVICE_NAME]
    health_pb2_grpc.add_HealthServicer_to_server(health, server)
    if settings.channelz:
        channelz.add_channelz_servicer(server)
        names.append(channelz_pb2.DESCRIPTOR.services_by_name["Channelz"].full_name)
    reflection.enable_server_reflection([*names, reflection.SERVICE_NAME], server)
    server.add_generic_rpc_handlers(telemetry.handlers())


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
