"""Starts the gRPC server."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import NamedTuple, TypeAlias

import grpc
import structlog
from google.protobuf.descriptor import ServiceDescriptor
from grpc_health.v1 import health as health_service

from tocsin.composition.clocks import MACHINE_CLOCK
from tocsin.gate.guarding import CallGate
from tocsin.gate.header_check import HeaderCheck
from tocsin.gateway import Limits
from tocsin.settings import Address, Settings
from tocsin.telemetry.opening import Telemetry
from tocsin.wire.bounds.messages import Messages
from tocsin.wire.bounds.places import MOST_CALLS, MOST_WAITING, Places
from tocsin.wire.gate import Gate, UnknownNeed
from tocsin.wire.health import Health
from tocsin.wire.reflection import Reflection
from tocsin.wire.rest.requests import BODY_ROOM, Bodies
from tocsin.wire.serving import Room, Served, service_handler
from tocsin.wire.streaming.open_streams import OpenStreams
from tocsin.wire.unknown_methods import UnknownMethods

log = structlog.get_logger(__name__)

# The services to serve, with their methods.
Services: TypeAlias = Mapping[ServiceDescriptor, Mapping[str, Served]]

# The limit of a call's headers together, the same as on Envoy's listeners.
METADATA_BYTES = Limits().headers_kib * 1024
UNSEEN_CALLS = 10_000
STUCK_AFTER_SECONDS = 0.25


class Ways(NamedTuple):
    """Says where the gRPC server listens."""

    direct: Address | None
    """The address of gRPC without TLS; None: it is off, or Envoy's."""
    upstream: Path | None
    """The Unix socket for Envoy; None if there is no Envoy."""


class Started(NamedTuple):
    """A server that runs; its address is None if only Envoy reaches it."""

    server: grpc.aio.Server
    address: Address | None
    room: Room

    async def stop(self, grace_seconds: float) -> None:
        """Lets calls under way finish within the grace.

        A stream whose client reads no more would use all of it up, so it is cut when no other call
        is under way.
        """
        stopping = asyncio.ensure_future(self.server.stop(grace_seconds))
        while not stopping.done():
            slept = asyncio.ensure_future(MACHINE_CLOCK.sleep(STUCK_AFTER_SECONDS))
            await asyncio.wait((stopping, slept), return_when=asyncio.FIRST_COMPLETED)
            slept.cancel()
            if self.room.streams.stuck and not self.room.calls_under_way:
                await self.server.stop(None)
        await stopping


class StartError(Exception):
    """The server can't start; the message says why and what to do."""


async def start_grpc(
    settings: Settings,
    services: Services,
    health: Health,
    telemetry: Telemetry,
    ways: Ways,
    gate: Gate | None,
    connections: int,
    streams: OpenStreams,
) -> Started:
    """Starts the server."""
    limits = Limits()
    server = grpc.aio.server(
        options=[
            ("grpc.so_reuseport", 0),
            # The limit applies before and after decompression.
            ("grpc.max_receive_message_length", settings.max_request_bytes + BODY_ROOM),
            ("grpc.max_metadata_size", METADATA_BYTES),
            ("grpc.absolute_max_metadata_size", METADATA_BYTES),
            # Envoy's connections carry the calls of many clients. A malformed header would stay in
            # the table with its error, and each later one of that name would be refused for it.
            ("grpc.http2.hpack_table_size.decoder", 0),
            ("grpc.max_concurrent_streams", limits.server_streams),
            # It counts calls that were answered but not yet cleared away, and so refuses calls of a
            # busy client who keeps to the limit of streams.
            ("grpc.http.overload_protection", 0),
            # Beyond so many calls that we have not looked at yet, gRPC cancels some at random. We
            # look at calls soon, and refuse those that are too many with a reason.
            ("grpc.server.max_pending_requests", UNSEEN_CALLS),
            ("grpc.server.max_pending_requests_hard_limit", UNSEEN_CALLS),
            ("grpc.max_allowed_incoming_connections", connections),
            ("grpc.server_handshake_timeout_ms", limits.headers_seconds * 1000),
            # The vendor's Go SDK pings every 30 s, even without calls under way.
            ("grpc.http2.min_ping_interval_without_data_ms", 10_000),
            ("grpc.keepalive_permit_without_calls", 1),
        ]
    )
    try:
        messages = Messages(settings.max_request_bytes, MACHINE_CLOCK)
        room = Room(
            messages,
            Bodies(settings.max_request_bytes, strict=settings.rest.strict),
            Places(MOST_CALLS, telemetry.overloaded),
            Places(MOST_WAITING, telemetry.overloaded),
            streams,
            MACHINE_CLOCK,
        )
        _add_services(server, services, health, room, telemetry, gate)
    except UnknownNeed as error:
        raise StartError(f"{error}: add it to the table of needs") from error
    port = None if ways.direct is None else _listen(server, ways.direct)
    if ways.upstream is not None:
        _listen_for_envoy(server, ways.upstream)
    await server.start()
    return Started(server, port, room)


class LastingServer:
    """Serves a direct listener by one server after the other, where one ends by itself.

    grpcio's server ends when a call's path is not UTF-8. Envoy refuses such calls before they come,
    and has its own socket made anew; a direct listener is listened on again here.
    """

    def __init__(self, start: Callable[[Ways], Awaitable[Started]]) -> None:
        self._start = start
        self._started: Started | None = None
        self._watching: asyncio.Task[None] | None = None

    async def start(self, ways: Ways) -> Address | None:
        """Starts the first server; returns its address, or None if only Envoy reaches it."""
        self._started = await self._start(ways)
        address = self._started.address
        if address is not None:
            self._watching = asyncio.create_task(self._watch(self._started, address))
        return address

    async def _watch(self, started: Started, address: Address) -> None:
        while True:
            try:
                await started.server.wait_for_termination()
            except UnicodeDecodeError as error:
                log.warning("a call ended the gRPC server, starting another", error=str(error))
            else:
                return
            started = self._started = await self._start(Ways(address, None))

    async def stop(self, grace_seconds: float) -> None:
        if self._started is not None:
            await self._started.stop(grace_seconds)
        if self._watching is not None:
            await asyncio.wait((self._watching,))


def _listen(server: grpc.aio.Server, address: Address) -> Address:
    try:
        return Address(address.host, server.add_insecure_port(str(address)))
    except RuntimeError as error:
        raise StartError(
            f"gRPC can't listen on {address}: the port may be taken. Give --listen another port"
        ) from error


def _listen_for_envoy(server: grpc.aio.Server, upstream: Path) -> None:
    try:
        server.add_insecure_port(f"unix:{upstream}")
    except RuntimeError as error:
        raise StartError(
            f"the socket between Envoy and gRPC can't be made at {upstream}: its path may be "
            "too long. Set TMPDIR to a shorter path, or turn REST and TLS off with --http off"
        ) from error


def _add_services(
    server: grpc.aio.Server,
    services: Services,
    health: Health,
    room: Room,
    telemetry: Telemetry,
    gate: Gate | None,
) -> None:
    server.add_generic_rpc_handlers(
        [
            service_handler(
                service,
                methods,
                machine_clock=MACHINE_CLOCK,
                room=room,
                watchers=telemetry.watchers,
                gate=gate,
            )
            for service, methods in services.items()
        ]
    )
    names = [*(service.full_name for service in services), health_service.SERVICE_NAME]
    reflecting = Reflection(names, room.messages, MACHINE_CLOCK)
    server.add_generic_rpc_handlers(
        [health.handler(room.messages), *reflecting.handlers(), *telemetry.handlers()]
    )
    # gRPC asks the handlers in their order.
    server.add_generic_rpc_handlers([UnknownMethods()])


async def start_checks(gate: CallGate, services: Services, socket: Path) -> grpc.aio.Server:
    """Starts the server that Envoy asks whether a request may go on, before it reads its body.

    It has a Unix socket of its own, so that no client can call it through Envoy.
    """
    server = grpc.aio.server()
    server.add_generic_rpc_handlers([HeaderCheck(gate, services).handler()])
    server.add_insecure_port(f"unix:{socket}")
    await server.start()
    return server
