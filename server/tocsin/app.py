"""The composition root: the one place that knows every part."""

import asyncio
import gc
import os
import signal
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from importlib.metadata import version
from pathlib import Path
from typing import NamedTuple

import structlog

from tocsin.access.audiences import Reached
from tocsin.access.exposure import refuse_exposure, refuse_open_mail
from tocsin.access.roles import Permission
from tocsin.access.signing import SigningKeys
from tocsin.api.endpoints import SERVICE as ENDPOINTS
from tocsin.api.endpoints import Whereabouts
from tocsin.api.health import Health
from tocsin.api.ids import Ids
from tocsin.api.other_doors import DoorGuard
from tocsin.api.serving import successes_are_found
from tocsin.composing import compose
from tocsin.configured import MACHINE, addresses, clock_of, reach_of, real_clock
from tocsin.engine.intake import Intake
from tocsin.engine.observer import Observer
from tocsin.engine.readiness import Readiness
from tocsin.engine.signing import KeyRotation
from tocsin.engine.store_clock import StoreClock
from tocsin.gateway import Certificates, Files, Gateway, TlsDoor
from tocsin.gateway import Limits as RequestLimits
from tocsin.gating import gate_of
from tocsin.grpc_server import Services, StartError, start_grpc
from tocsin.identity import identify
from tocsin.issuing import account_tokens, issuer_of, key_services
from tocsin.outgoing.reach import parse_networks
from tocsin.outgoing.tokens import AccountTokens
from tocsin.plans.triggers_v1 import load_plan
from tocsin.schedule import Clock, ManualClock, SystemClock
from tocsin.scratch import scratch_directory
from tocsin.settings import Address, Settings
from tocsin.sources.attachments import Attachments, BucketSettings
from tocsin.sources.mail import KIND as MAIL_KIND
from tocsin.sources.mail_server import MailLimits, MailServer
from tocsin.sources.mail_tls import MailTls
from tocsin.store.database import Database
from tocsin.store.opening import open_database
from tocsin.targets.calling import TargetCaller
from tocsin.telemetry.exposition import Exposition
from tocsin.telemetry.metrics_door import MetricsDoor
from tocsin.telemetry.telemetry import Telemetry, open_telemetry

log = structlog.get_logger(__name__)


NO_SHARED_MANUAL_CLOCK = (
    "a manual clock is this node's alone, and on PostgreSQL all nodes go by the database's: "
    "serve a SQLite database with --clock manual, or leave --clock manual out"
)


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

    grpc: Address | None
    http: Address | None
    tls: Address | None
    metrics: Address | None
    smtp: Address | None

    def line(self) -> str:
        asked = {"tls": self.tls, "metrics": self.metrics, "smtp": self.smtp}
        more = "".join(f" {name}={address}" for name, address in asked.items() if address)
        return f"ready grpc={self.grpc or 'off'} http={self.http or 'off'}{more}"


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
        door = MetricsDoor(MACHINE) if settings.access.enabled else None
        telemetry, metrics = _telemetry(
            stack, settings, door, exclusive=database.exclusive, node=node
        )
        database = telemetry.watched(database, MACHINE)
        if not database.exclusive:
            if isinstance(clock, ManualClock):
                raise StartError(NO_SHARED_MANUAL_CLOCK)
            clock = await _shared_clock(stack, clock, database, telemetry.observer)
        signing = await _signing(clock, database)
        reached = Reached()
        who = await identify(settings, clock, database, signing.keys, reached, node)
        stack.push_async_callback(who.close)
        chores = (signing.run_once, *who.chores)
        tokens = account_tokens(clock, database, signing.keys)
        caller = _caller(settings, tokens if settings.access.enabled else None)
        stack.push_async_callback(caller.close)
        whereabouts = _whereabouts(settings)
        services, engine, intake = compose(
            settings, clock, database, caller, telemetry.observer, chores, node, whereabouts
        )
        services = {**services, **who.services, **key_services(signing.keys, tokens)}
        grace = Grace(MACHINE, settings.grace)
        await engine.start()
        stack.push_async_callback(lambda: engine.stop(grace.left()))
        # Those who wait to know it are not kept waiting by a start that fails.
        stack.callback(tokens.issue_as, None)
        health = Health(service.full_name for service in services)
        gate = gate_of(settings, database, who.identity)
        if door is not None and gate is not None:
            door.guard_by(DoorGuard(gate, "metrics", Permission.METRICS_GET).check)
        server, grpc = await start_grpc(
            settings, services, health, telemetry, directory / "grpc.sock", gate
        )
        whereabouts.grpc = grpc
        stack.push_async_callback(lambda: server.stop(grace.left()))
        http = tls = None
        if settings.http is not None or settings.tls is not None:
            gateway = _gateway(settings, services, telemetry, directory, gated=gate is not None)
            await gateway.start()
            stack.push_async_callback(lambda: gateway.stop(grace.left()))
            http = Address(*gateway.address) if settings.http else None
            tls = Address(*gateway.tls_address) if settings.tls else None
        for reachable in filter(None, (grpc, http, tls, settings.advertise)):
            reached.at(*reachable)
        tokens.issue_as(issuer_of(settings, tls=tls, http=http))
        smtp = None
        if settings.smtp is not None:
            mails = mail_server(settings, clock, database, intake, telemetry.observer)
            smtp = await _start_smtp(settings.smtp, mails)
            stack.push_async_callback(lambda: mails.stop(grace.left()))
        telemetry.count_depths(database, clock, MACHINE)
        watching = Standing(health, telemetry)
        _watch_store(stack, Readiness(database, clock, MACHINE, node=node, tell=watching.ready))
        stack.push_async_callback(lambda: watching.stop(settings.shutdown_delay))
        yield Running(grpc, http, tls, metrics, smtp)


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
        ("--tls", settings.tls),
        ("--metrics", settings.metrics),
        ("--smtp", settings.smtp),
    )
    allowed = settings.access.enabled or settings.allow_unauthenticated
    for option, address in listeners:
        if address is not None:
            refuse_exposure(option, address.host, allowed=allowed)
    if settings.smtp is not None and not settings.allow_unauthenticated:
        refuse_open_mail(settings.smtp.host, known_senders=bool(settings.sources.mail.allow))


def _telemetry(
    stack: AsyncExitStack,
    settings: Settings,
    door: MetricsDoor | None,
    *,
    exclusive: bool,
    node: str,
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
            exposition = Exposition(telemetry.metrics.registry, *settings.metrics, door)
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


def _caller(settings: Settings, tokens: AccountTokens | None) -> TargetCaller:
    return TargetCaller(
        addresses(settings),
        timeout_seconds=settings.targets.timeout,
        user_agent=f"tocsin/{version('tocsin')}",
        largest_payload=settings.targets.max_payload_bytes,
        reach=reach_of(settings),
        tokens=tokens,
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


def mail_server(
    settings: Settings, clock: Clock, database: Database, intake: Intake, observer: Observer
) -> MailServer:
    mail = settings.sources.mail
    secret = mail.s3_secret_access_key
    buckets = BucketSettings(
        endpoint=mail.s3_endpoint,
        region=mail.s3_region,
        access_key_id=mail.s3_access_key_id,
        secret_access_key=None if secret is None else secret.get_secret_value(),
    )
    return MailServer(
        database,
        clock,
        intake,
        Attachments(buckets, reach_of(settings)),
        machine=MACHINE,
        load_plan=load_plan,
        limits=MailLimits(mail.max_bytes, mail.connections, parse_networks(mail.allow)),
        tls=_mail_tls(settings),
        stands=lambda healthy: observer.source_stands(MAIL_KIND.name, healthy=healthy),
    )


async def _signing(clock: Clock, database: Database) -> KeyRotation:
    """Reads the keys that tokens are signed with; makes the first one."""
    real = real_clock(clock)
    signing = KeyRotation(database, real, SigningKeys(real), pace=MACHINE)
    await signing.look()
    return signing


def _mail_tls(settings: Settings) -> MailTls | None:
    if settings.tls_cert is None or settings.tls_key is None:
        return None
    try:
        return MailTls(settings.tls_cert, settings.tls_key)
    except OSError as error:
        raise StartError(
            f"mails can't be taken over TLS by {settings.tls_cert} and {settings.tls_key}: {error}"
        ) from error


async def _start_smtp(listen: Address, mails: MailServer) -> Address:
    try:
        port = await mails.start(*listen)
    except OSError as error:
        raise StartError(
            f"mails can't be taken on {listen}: {error.strerror}. Give --smtp another address"
        ) from error
    return Address(listen.host, port)


async def _shared_clock(
    stack: AsyncExitStack, clock: Clock, database: Database, observer: Observer
) -> Clock:
    shared = StoreClock(clock, database, observer)
    await shared.adjust()
    adjusting = asyncio.create_task(shared.keep_adjusted())
    stack.callback(adjusting.cancel)
    return shared


def _whereabouts(settings: Settings) -> Whereabouts:
    advertised = settings.advertise
    return Whereabouts(
        settings.listen,
        None if advertised is None else str(advertised),
        tls=settings.tls is not None,
    )


def _gateway(
    settings: Settings, services: Services, telemetry: Telemetry, directory: Path, *, gated: bool
) -> Gateway:
    return Gateway(
        services=list(services),
        upstream=directory / "grpc.sock",
        listen=settings.http,
        directory=directory / "gateway",
        clock=SystemClock(),
        limits=RequestLimits(body_bytes=settings.max_request_bytes),
        # Calls that pass a gate may be found in the audit log.
        request_ids=gated or successes_are_found(telemetry.watchers),
        tls=_tls_door(settings, telemetry),
        discovery=ENDPOINTS,
    )


def _tls_door(settings: Settings, telemetry: Telemetry) -> TlsDoor | None:
    if settings.tls is None:
        return None
    assert settings.tls_cert is not None, "the settings see to it"
    assert settings.tls_key is not None, "the settings see to it"
    files = Files(settings.tls_cert, settings.tls_key, settings.client_ca)
    return TlsDoor(settings.tls, Certificates(files, SystemClock()), telemetry.certificate_ends)


def _stop_signal() -> asyncio.Event:
    stopped = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopped.set)
    return stopped
