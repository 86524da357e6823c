"""Serves REST and TLS for the gRPC server, and restarts Envoy when it dies."""

import asyncio
import json
import os
import socket
import sys
from collections.abc import Awaitable, Callable, Iterator, Sequence, Set
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

import structlog
from google.protobuf.descriptor import ServiceDescriptor

from tocsin.access.permissions.needs import NEEDS
from tocsin.contract.bodies import transcoder_descriptors
from tocsin.contract.routes import (
    Envelope,
    envelope_of,
    envelopes,
    exact_paths,
    routes,
    stream_methods,
    stream_paths,
)
from tocsin.gateway.bootstrap import bootstrap
from tocsin.gateway.bounds.connections import ConnectionBounds
from tocsin.gateway.bounds.floods import Floods, publish_floods
from tocsin.gateway.bounds.proxies import Proxies
from tocsin.gateway.certificates import CertificateError, Certificates
from tocsin.gateway.envoy import (
    POLL_SECONDS,
    START_SECONDS,
    Envoy,
    GatewayError,
    envoy_binary,
)
from tocsin.gateway.settings import (
    HTTP,
    PLAIN,
    TLS,
    EnvoySettings,
    Limits,
    Listener,
    Sockets,
    Transcoded,
)
from tocsin.schedule import Clock

log = structlog.get_logger()

# A Unix socket's path may take 108 bytes with the final zero on Linux, 104 on macOS.
_SOCKET_PATH_BYTES = 103

_FIRST_PAUSE_SECONDS = 0.1
_LONGEST_PAUSE_SECONDS = 10.0

# How often the watch looks at Envoy, how long Envoy may take for an answer, and how many answers in
# a row may be missing. Envoy is replaced some ten seconds after it froze.
_LOOK_SECONDS = 2.0
_ANSWER_SECONDS = 4.0
_MISSING_ANSWERS = 2

# Envoy takes all addresses anew when one begins a flood, so many that begin together wait.
_FLOODS_SECONDS = 0.1


@dataclass(frozen=True, slots=True)
class TlsDoor:
    """Describes the port on which gRPC and REST are served over TLS."""

    listen: tuple[str, int]
    """Host and port; port 0 picks a free one."""
    certificates: Certificates
    ends: Callable[[datetime], None] = lambda _: None
    """Called with the instant at which the certificate ends, at the start and at each renewal."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GatewaySettings:
    """Describes what a gateway serves, where, and within which bounds."""

    services: Sequence[ServiceDescriptor]
    """The gRPC services whose REST routes are served."""
    sockets: Sockets
    """The Unix sockets of the gRPC server, and of the server that checks callers by their headers
    (`gate/header_check.py`); without that one, callers are not checked before bodies are read."""
    directory: Path
    """Holds Envoy's files and becomes private to this user; its path must be short, as a Unix
    socket lies in it."""
    listen: tuple[str, int] | None
    """Host and port of REST without TLS, port 0 for any free one; None for no REST."""
    tls: TlsDoor | None = None
    """The port for TLS; None for none."""
    plain: tuple[str, int] | None = None
    """Host and port of gRPC without TLS; None if others serve it."""
    discovery: ServiceDescriptor | None = None
    """The one of the services that learns by which listener it is called (`access/doors.py`)."""
    limits: Limits = field(default_factory=Limits)
    """What clients may use."""
    connections: ConnectionBounds = field(default_factory=ConnectionBounds)
    """What one address may have."""
    proxies: Proxies = field(default_factory=Proxies)
    """Those that are trusted to say who calls."""
    request_ids: bool = False
    """Whether Envoy gives an id to each request that has none."""
    concurrency: int | None = None
    """The number of Envoy's worker threads; None: one for each core."""

    @property
    def listeners(self) -> dict[str, tuple[str, int]]:
        """Returns host and port of each listener that is on, by name."""
        tls = None if self.tls is None else self.tls.listen
        asked = {HTTP: self.listen, TLS: tls, PLAIN: self.plain}
        return {name: listen for name, listen in asked.items() if listen is not None}


class Gateway:
    """Serves the REST routes of gRPC services that listen on a Unix socket, and TLS to all of them.

    It serves them without TLS and REST too, where strangers may reach them.

    A gateway starts and stops once, on one event loop. The loop's thread must outlive Envoy, whose
    own log goes to stderr.
    """

    def __init__(
        self,
        settings: GatewaySettings,
        *,
        machine_clock: Clock,
        floods: Floods | None = None,
        restore: Callable[[], Awaitable[Sockets]] | None = None,
        tell: Callable[[bool], None] = lambda _: None,
    ) -> None:
        """Prepares a gateway; nothing happens before `start`.

        Args:
            settings: what is served, and where.
            machine_clock: the machine's clock, never a manual one: Envoy lives in real time.
            floods: knows the addresses most of whose requests Envoy refuses; None: none are.
            restore: makes the sockets of `settings` anew when they were removed.
            tell: called with False when Envoy ends or stops answering, with True when one answers.
        """
        self._settings = settings
        self._sockets = settings.sockets
        self._listen = settings.listeners
        self._directory = settings.directory
        self._machine_clock = machine_clock
        self._floods = floods
        self._restore = restore
        self._tell = tell
        self._answering = True
        self._ips: dict[str, str] = {}
        self._ports = {name: port for name, (_, port) in self._listen.items()}
        self._envoy: Envoy | None = None
        self._healthy_by = float("-inf")
        self._tasks: list[asyncio.Task[None]] = []
        self.restarts = 0
        """How often Envoy died and was restarted."""

    @property
    def address(self) -> tuple[str, int]:
        """Returns host and port of REST; they stay the same when Envoy is restarted."""
        return self._listen[HTTP][0], self._ports[HTTP]

    @property
    def tls_address(self) -> tuple[str, int]:
        """Returns host and port of TLS; they stay the same when Envoy is restarted."""
        return self._listen[TLS][0], self._ports[TLS]

    @property
    def plain_address(self) -> tuple[str, int]:
        """Returns host and port of gRPC; they stay the same when Envoy is restarted."""
        return self._listen[PLAIN][0], self._ports[PLAIN]

    @property
    def pid(self) -> int | None:
        """Returns the process id of the running Envoy; None while none runs."""
        return self._envoy.pid if self._envoy else None

    async def start(self) -> None:
        """Starts Envoy and returns when it answers requests.

        Raises:
            GatewayError: Envoy is missing, a port is taken, a certificate is unusable, or Envoy did
                not become ready.
        """
        self._healthy_by = self._machine_clock.monotonic() + START_SECONDS
        binary = envoy_binary()
        for name, listen in self._listen.items():
            self._ips[name] = await _resolve(name, listen)
            _check_free(name, self._ips[name], listen)
        tls = self._settings.tls
        if tls is not None:
            try:
                tls.certificates.load()
            except CertificateError as error:
                raise GatewayError(f"TLS can't be served: {error}") from error
        await self._launch(binary)
        self._tasks.append(asyncio.create_task(self._keep_up(binary)))
        self._tasks.append(asyncio.create_task(self._watch()))
        if self._floods is not None:
            self._tasks.append(asyncio.create_task(self._keep_floods(self._floods)))
        if tls is not None:
            self._tasks.append(asyncio.create_task(self._keep_certificates(tls)))

    async def healthy(self) -> None:
        """Returns when `/healthz` answers 200, so after a check of the gRPC server's health.

        A start does not wait for that by itself: Envoy answers calls though a check has failed.

        Raises:
            GatewayError: that took more than 30 seconds since the start.
        """
        while self._envoy is None or not await self._envoy.finds_server():
            if self._machine_clock.monotonic() > self._healthy_by:
                raise GatewayError(
                    f"Envoy did not find the gRPC server healthy within {START_SECONDS:.0f} seconds"
                )
            await self._machine_clock.sleep(POLL_SECONDS)

    async def stop(self, grace_seconds: float) -> None:
        """Closes the ports, gives requests under way the grace to finish, and ends Envoy."""
        for task in self._tasks:
            task.cancel()
        if self._tasks:
            await asyncio.wait(self._tasks)
        if self._envoy is not None:
            envoy, self._envoy = self._envoy, None
            try:
                await envoy.drain(grace_seconds)
            finally:
                await envoy.end()

    def _prepare_directory(self) -> None:
        self._directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._directory.chmod(0o700)
        length = len(os.fsencode(self._admin_socket))
        if length > _SOCKET_PATH_BYTES:
            raise GatewayError(
                f"{self._admin_socket}: the path of a Unix socket must have at most "
                f"{_SOCKET_PATH_BYTES} bytes, this one has {length}: set TMPDIR to a shorter path"
            )

    @property
    def _admin_socket(self) -> Path:
        return self._directory / "admin.sock"

    @property
    def _floods_file(self) -> Path:
        return self._directory / "floods.json"

    def _envoy_settings(self) -> EnvoySettings:
        settings, discovery = self._settings, self._settings.discovery
        public = tuple(_public_paths(settings.services))
        streams = stream_paths(settings.services)
        asked = () if discovery is None else tuple(envelopes([discovery]))
        return EnvoySettings(
            listeners=tuple(self._listeners()),
            upstream=self._sockets.upstream,
            admin=self._admin_socket,
            services=dict(self._described_by_envelope()),
            segments=envelopes(settings.services),
            discovery=None if discovery is None else discovery.full_name,
            discovery_segments=asked,
            discovery_services=self._described_below(asked),
            checks=self._sockets.checks,
            floods=None if self._floods is None else self._floods_file,
            services_at=dict(self._described_at({*public, *streams})),
            public_paths=public,
            stream_paths=streams,
            stream_methods=stream_methods(settings.services),
            otlp_paths=exact_paths(settings.services),
            limits=settings.limits,
            proxies=settings.proxies,
            connections=settings.connections,
            request_ids=settings.request_ids,
        )

    def _described_by_envelope(self) -> Iterator[tuple[Envelope, Transcoded]]:
        for envelope in Envelope:
            its = [each for each in self._settings.services if envelope_of(each) is envelope]
            if its:
                yield envelope, self._described(envelope.name.lower(), its)

    def _described_at(self, paths: Set[str]) -> Iterator[tuple[str, Transcoded]]:
        for service in self._settings.services:
            its = paths & {route.template for route in routes([service])}
            if its:
                described = self._described(service.name, [service])
                yield from ((path, described) for path in its)

    def _described_below(self, segments: Sequence[str]) -> Transcoded | None:
        known = {*segments}
        its = [each for each in self._settings.services if not known.isdisjoint(envelopes([each]))]
        return self._described("discovery", its) if its else None

    def _described(self, name: str, services: Sequence[ServiceDescriptor]) -> Transcoded:
        """Writes the descriptors of services for Envoy, which reads them for each route anew.

        So a route is given no more services than it reaches.
        """
        file = self._directory / f"{name}.binpb"
        file.write_bytes(transcoder_descriptors(services))
        return Transcoded(tuple(each.full_name for each in services), file)

    def _listeners(self) -> Iterator[Listener]:
        for name, ip in self._ips.items():
            door = self._settings.tls if name == TLS else None
            tls = None if door is None else door.certificates.publish(self._directory)
            yield Listener(name, ip, self._ports[name], tls)

    def _write_bootstrap(self) -> Path:
        # At each start: the system may have removed old files of a temporary directory.
        self._prepare_directory()
        if self._floods is not None:
            publish_floods(
                self._floods_file, self._floods.nets(), self._settings.connections.exempt
            )
        self._admin_socket.unlink(missing_ok=True)  # it may be that of a dead Envoy
        config = self._directory / "envoy.json"
        # Not indented, which json does ten times as slowly.
        config.write_text(json.dumps(bootstrap(self._envoy_settings())))
        return config

    async def _launch(self, binary: Path) -> None:
        envoy = await Envoy.launch(
            binary,
            self._write_bootstrap(),
            self._admin_socket,
            self._settings.concurrency or _cores(),
            self._machine_clock,
        )
        try:
            self._ports = await envoy.answers(self._ips)
        except BaseException:
            await envoy.end()
            raise
        self._envoy = envoy

    async def _keep_up(self, binary: Path) -> None:
        pause = _FIRST_PAUSE_SECONDS
        while self._envoy is not None:
            began = self._machine_clock.monotonic()
            status = await self._envoy.ended()
            self._envoy = None
            log.warning("Envoy ended, restarting it", status=status)
            self._report(answering=False)
            if self._machine_clock.monotonic() - began > _LONGEST_PAUSE_SECONDS:
                pause = _FIRST_PAUSE_SECONDS
            while self._envoy is None:
                await self._machine_clock.sleep(pause)
                pause = min(pause * 2, _LONGEST_PAUSE_SECONDS)
                try:
                    await self._restore_sockets()
                    await self._launch(binary)
                except (GatewayError, OSError) as error:
                    log.warning("could not restart Envoy, trying again", error=str(error))
            self.restarts += 1
            self._report(answering=True)

    async def _watch(self) -> None:
        """Kills an Envoy that is frozen or has lost its files, so that another one is started."""
        missing = 0
        while True:
            await self._machine_clock.sleep(_LOOK_SECONDS)
            envoy = self._envoy
            if envoy is None:
                missing = 0
            elif removed := self._removed_file():
                log.error("a file of Envoy was removed, making all anew", file=str(removed))
                self._kill(envoy)
            elif await envoy.is_alive(_ANSWER_SECONDS):
                missing = 0
                self._report(answering=self._envoy is not None)
            elif envoy is self._envoy:
                missing += 1
                log.error("Envoy does not answer", answers_missing=missing)
                self._report(answering=False)
                if missing >= _MISSING_ANSWERS:
                    self._kill(envoy)

    def _kill(self, envoy: Envoy) -> None:
        self._report(answering=False)
        envoy.kill()

    def _removed_file(self) -> Path | None:
        """Returns a socket by which Envoy is reached, or reaches this process, that is gone."""
        needed = (self._admin_socket, *self._restorable())
        return next((path for path in needed if not path.exists()), None)

    async def _restore_sockets(self) -> None:
        """Makes the sockets of this process anew if they were removed."""
        gone = [path for path in self._restorable() if not path.exists()]
        if gone and self._restore is not None:
            self._sockets = await self._restore()

    def _restorable(self) -> list[Path]:
        if self._restore is None:
            return []
        sockets = (self._sockets.upstream, self._sockets.checks)
        return [path for path in sockets if path is not None]

    def _report(self, *, answering: bool) -> None:
        if answering != self._answering:
            self._answering = answering
            self._tell(answering)

    async def _keep_floods(self, floods: Floods) -> None:
        """Tells Envoy of the addresses whenever others are among them."""
        told: tuple[str, ...] = ()
        while True:
            if not told:
                await floods.begun.wait()
            nets = floods.nets()
            if nets != told and self._tell_floods(nets):
                told = nets
            await self._machine_clock.sleep(_FLOODS_SECONDS)

    def _tell_floods(self, nets: tuple[str, ...]) -> bool:
        try:
            publish_floods(self._floods_file, nets, self._settings.connections.exempt)
        except OSError as error:
            log.warning("could not tell Envoy of floods, trying again", error=str(error))
            return False
        log.info("most calls of addresses that flood are refused", addresses=len(nets))
        return True

    async def _keep_certificates(self, tls: TlsDoor) -> None:
        await tls.certificates.keep_current(self._directory, tls.ends)


def _cores() -> int:
    """Returns how many cores this process may use."""
    if sys.platform == "linux":
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _public_paths(services: Sequence[ServiceDescriptor]) -> Iterator[str]:
    """Gives the paths at which anyone may show a secret to get a credential."""
    for route in routes(services):
        need = NEEDS.get(route.method)
        if need is not None and need.shows_secret and route.body == "*":
            yield route.template


# What each listener serves, and the options that change its address.
_SERVED = {HTTP: "REST", TLS: "TLS", PLAIN: "gRPC"}
_ADVICE = {
    HTTP: "choose another port with `--http`, or `--http off`",
    TLS: "choose another port with `--tls`",
    PLAIN: "choose another port with `--listen`",
}


async def _resolve(name: str, listen: tuple[str, int]) -> str:
    host, port = listen
    loop = asyncio.get_running_loop()
    try:
        addresses = await loop.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )
    except OSError as error:
        raise GatewayError(
            f"can't listen for {_SERVED[name]} on {host}:{port}: {error.strerror}"
        ) from error
    return str(addresses[0][4][0])


def _check_free(name: str, ip: str, listen: tuple[str, int]) -> None:
    """Raises GatewayError if the port is taken; Envoy would only end and log the reason."""
    family = socket.AF_INET6 if ":" in ip else socket.AF_INET
    host, port = listen
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((ip, port))
        except OSError as error:
            raise GatewayError(
                f"can't listen for {_SERVED[name]} on {host}:{port}: "
                f"{error.strerror}; {_ADVICE[name]}"
            ) from error
