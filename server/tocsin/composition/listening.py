"""Opens the listeners for calls: gRPC, and Envoy for REST and TLS."""

from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import structlog

from tocsin.access.exposure import is_loopback, refuse_exposure, refuse_open_mail
from tocsin.api.yandex.endpoints import SERVICE as ENDPOINTS
from tocsin.api.yandex.endpoints import Whereabouts
from tocsin.composition.ground import Ground
from tocsin.composition.grpc_server import (
    LastingServer,
    Services,
    Started,
    Ways,
    start_checks,
    start_grpc,
)
from tocsin.composition.stopping import Grace, Standing
from tocsin.gate.connections import ConnectionSettings
from tocsin.gate.guarding import CallGate
from tocsin.gateway import (
    INSTALL,
    Certificates,
    ConnectionBounds,
    Files,
    Gateway,
    GatewayError,
    GatewaySettings,
    Limits,
    Proxies,
    Sockets,
    TlsDoor,
    envoy_binary,
)
from tocsin.schedule import SystemClock
from tocsin.scratch import Scratch
from tocsin.settings import Address, Settings
from tocsin.telemetry.opening import Telemetry
from tocsin.wire.health import Health
from tocsin.wire.serving import successes_are_found
from tocsin.wire.streaming.open_streams import OpenStreams

if TYPE_CHECKING:
    from grpc.aio import Server

log = structlog.get_logger(__name__)


class Doors(NamedTuple):
    """Holds the addresses of the listeners for calls; None for one that is off."""

    grpc: Address | None
    http: Address | None
    tls: Address | None


@dataclass(frozen=True, slots=True)
class Offer:
    """Holds what every listener serves; `gate` is None if calls are not checked."""

    services: Services
    health: Health
    streams: OpenStreams
    gate: CallGate | None
    whereabouts: Whereabouts


def check_listeners(settings: Settings) -> None:
    """Checks all listeners, and warns of those that send credentials without TLS.

    Raises:
        ExposureRefused: a listener would be open to other machines, and no setting allows that.
    """
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
    for option, address in (("--listen", settings.listen), ("--http", settings.http)):
        if settings.access.enabled and address is not None and not is_loopback(address.host):
            log.warning(
                "credentials cross the network without TLS, others can read them on the way: "
                "use --tls, or put a proxy with TLS before this listener",
                listener=f"{option} {address}",
            )


def without_missing_rest(settings: Settings) -> Settings:
    """Returns the settings with REST off if nobody set its address and Envoy is not installed.

    What somebody asked for is never left out: `--http ADDRESS`, TLS, and REST without gRPC then
    end the start with an error.
    """
    is_default = "http" not in settings.model_fields_set
    if not is_default or settings.listen is None or settings.tls is not None:
        return settings
    try:
        envoy_binary()
    except GatewayError:
        return settings.model_copy(update={"http": None})
    return settings


def tell_missing_rest(asked: Settings, served: Settings) -> None:
    """Logs one line if REST is off because Envoy is missing."""
    if served.http is None and asked.http is not None:
        log.warning(f"Envoy is not installed, so REST is off and gRPC alone is served: {INSTALL}")


def whereabouts_of(settings: Settings) -> Whereabouts:
    """Builds the addresses that clients are told to call."""
    advertised = settings.advertise
    return Whereabouts(
        settings.listen,
        None if advertised is None else str(advertised),
        tls=settings.tls is not None,
    )


class EnvoySockets:
    """Makes the sockets by which Envoy reaches this process, and makes them anew when asked.

    gRPC removes a socket's file when its server stops, so each server has a file of its own.
    """

    def __init__(self, ground: Ground, offer: Offer, scratch: Scratch) -> None:
        self._ground = ground
        self._offer = offer
        self._scratch = scratch
        self._made = 0
        self._servers: list[Server] = []

    def name(self) -> Sockets:
        """Returns names for new sockets; callers are checked only under access control."""
        self._made += 1
        directory, checked = self._scratch.path, self._ground.settings.access.enabled
        return Sockets(
            directory / f"grpc-{self._made}.sock",
            directory / f"checks-{self._made}.sock" if checked and self._offer.gate else None,
        )

    async def check(self, sockets: Sockets) -> None:
        """Starts the server that checks callers, if they are checked."""
        if sockets.checks is not None and self._offer.gate is not None:
            self._servers.append(
                await start_checks(self._offer.gate, self._offer.services, sockets.checks)
            )

    async def restore(self) -> Sockets:
        """Makes the directory and both sockets anew.

        Raises:
            OSError: they can't be made.
        """
        self._scratch.restore()
        sockets = self.name()
        before, self._servers = self._servers, []
        started = await _start_grpc(self._ground, self._offer, Ways(None, sockets.upstream))
        self._servers.append(started.server)
        await self.check(sockets)
        for server in before:
            await server.stop(None)
        return sockets

    async def stop(self, grace_seconds: float) -> None:
        for server in self._servers:
            await server.stop(grace_seconds)


async def _start_grpc(ground: Ground, offer: Offer, ways: Ways) -> Started:
    return await start_grpc(
        ground.settings,
        offer.services,
        offer.health,
        ground.telemetry,
        ways,
        offer.gate,
        ground.shares.connections,
        offer.streams,
    )


async def open_doors(
    stack: AsyncExitStack,
    ground: Ground,
    offer: Offer,
    scratch: Scratch,
    standing: Standing,
    grace: Grace,
) -> Doors:
    """Opens the listeners of the settings; their files go to the scratch directory.

    Raises:
        StartError, GatewayError: a listener can't be opened.
    """
    settings = ground.settings
    plain = settings.listen if _is_envoys(settings) else None
    sockets = EnvoySockets(ground, offer, scratch)
    named = sockets.name() if any((settings.http, settings.tls, plain)) else None
    server = LastingServer(partial(_start_grpc, ground, offer))
    address = await server.start(
        Ways(None if plain else settings.listen, None if named is None else named.upstream)
    )
    offer.whereabouts.grpc = address
    stack.push_async_callback(grace.stop, server.stop)
    if named is None:
        return Doors(address, None, None)
    await sockets.check(named)
    stack.push_async_callback(grace.stop, sockets.stop)
    gateway = _gateway(
        ground,
        offer,
        plain,
        named,
        sockets.restore,
        scratch.path / "gateway",
        standing.of("gateway"),
    )
    await gateway.start()
    stack.push_async_callback(grace.stop, gateway.stop)
    await gateway.healthy()
    http = Address(*gateway.address) if settings.http else None
    tls = Address(*gateway.tls_address) if settings.tls else None
    return Doors(Address(*gateway.plain_address) if plain else address, http, tls)


def _is_envoys(settings: Settings) -> bool:
    """Returns whether Envoy serves gRPC without TLS: to other machines, where there is an Envoy.

    The gRPC server answers each of a flood of pings, and can't be told to count connections.
    """
    if settings.listen is None or is_loopback(settings.listen.host):
        return False
    if settings.http is not None or settings.tls is not None:
        return True
    try:
        envoy_binary()
    except GatewayError:
        log.warning(
            "gRPC is served to other machines without Envoy, and a flood of pings can hold it up: "
            f"{INSTALL}, or let only a proxy reach this listener",
            listener=f"--listen {settings.listen}",
        )
        return False
    return True


def _gateway(
    ground: Ground,
    offer: Offer,
    plain: Address | None,
    named: Sockets,
    restore: Callable[[], Awaitable[Sockets]],
    directory: Path,
    tell: Callable[[bool], None],
) -> Gateway:
    settings, telemetry = ground.settings, ground.telemetry
    served = GatewaySettings(
        services=list(offer.services),
        sockets=named,
        directory=directory,
        listen=settings.http,
        tls=_tls_door(settings, telemetry),
        plain=plain,
        discovery=ENDPOINTS,
        limits=Limits(
            body_bytes=settings.max_request_bytes, connections=ground.shares.envoy_connections
        ),
        connections=_bounds(settings.connections),
        proxies=_proxies(settings.connections),
        # The audit log and the log name calls by their request id.
        request_ids=offer.gate is not None or successes_are_found(telemetry.watchers),
    )
    return Gateway(
        served,
        machine_clock=SystemClock(),
        floods=None if offer.gate is None else offer.gate.limits.floods,
        restore=restore,
        tell=tell,
    )


def _bounds(settings: ConnectionSettings) -> ConnectionBounds:
    """Returns the bounds; a proxy that forwards the calls of many has many connections itself."""
    forwarding = settings.trusted_proxies if settings.forwarded_for else []
    return ConnectionBounds(settings.per_address, (*settings.exempt, *forwarding))


def _proxies(settings: ConnectionSettings) -> Proxies:
    return Proxies(
        tuple(settings.trusted_proxies),
        forwarded_for=settings.forwarded_for,
        proxy_protocol=settings.proxy_protocol,
    )


def _tls_door(settings: Settings, telemetry: Telemetry) -> TlsDoor | None:
    if settings.tls is None:
        return None
    assert settings.tls_cert is not None, "the settings require it"
    assert settings.tls_key is not None, "the settings require it"
    files = Files(settings.tls_cert, settings.tls_key, settings.client_ca)
    return TlsDoor(settings.tls, Certificates(files, SystemClock()), telemetry.certificate_ends)
