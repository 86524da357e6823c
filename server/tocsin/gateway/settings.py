"""Defines the values that Envoy's configuration is written from."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from tocsin.contract.routes import Envelope
from tocsin.gateway.bounds.connections import ConnectionBounds
from tocsin.gateway.bounds.proxies import Proxies


@dataclass(frozen=True, slots=True)
class Sockets:
    """Names the Unix sockets of the gRPC server and of the check of callers; None for no check."""

    upstream: Path
    checks: Path | None = None


@dataclass(frozen=True, slots=True)
class Limits:
    """Limits what one client, or all of them, may use."""

    body_bytes: int = 4 * 1024 * 1024
    """Largest body of a REST request, and largest message of a gRPC call."""
    response_bytes: int = 64 * 1024 * 1024
    headers_kib: int = 16
    """Size of all request headers together; a gRPC server refuses more metadata than this."""
    grpc_headers_kib: int = 64
    """Size up to which listeners of gRPC pass metadata on, so that the gRPC server refuses it in
    words: beyond it, Envoy ends the stream without any."""
    grpc_headers: int = 600
    """Number of headers there: more than fit into `headers_kib`, as HTTP/2 counts 32 bytes each."""
    checked_bytes: int = 100_000
    """Callers of larger bodies are checked before the body is read."""
    public_bytes: int = 64 * 1024
    """Largest body of a method that anyone may call to get a credential."""
    heap_bytes: int = 1024 * 1024 * 1024
    """Memory of Envoy; from a third of it on, requests that hold much of it are ended."""
    connections: int = 10_000
    probes: int = 1_500
    """Streams of health and reflection at a time: more than the server lets stay open."""
    answer_streams: int = 1_200
    """Streams of answers at a time: more than the server lets stay open."""
    answer_stream_bytes: int = 64 * 1024
    """What Envoy takes of such a stream before its client has taken it, beside its buffers."""
    answer_stream_idle_seconds: int = 60
    """Time that such a stream may be silent, of which the server sends something every 15 s."""
    streams: int = 100
    """Concurrent calls on one HTTP/2 connection of a client to Envoy: each may have large headers,
    which are a few bytes on the wire after the first."""
    server_streams: int = 1000
    """The same on a connection to the gRPC server, of Envoy or of a client on loopback."""
    headers_seconds: int = 10
    """Time limit for a connection's first byte, a request's headers, and a TLS handshake."""
    request_seconds: int = 60
    """Time limit for a whole request with its body to arrive."""
    stream_idle_seconds: int = 300
    """Time that a REST call may be silent, which limits how long an answer may take."""
    connection_idle_seconds: int = 600
    """Time that a connection without a call stays open, longer than a call may be silent; HTTP/2 is
    pinged instead."""
    ping_seconds: int = 60
    """Seconds between pings of an HTTP/2 client."""
    ping_timeout_seconds: int = 20
    """Time in which the client must answer a ping."""


HTTP = "http"
"""REST without TLS."""
TLS = "tls"
"""gRPC and REST over TLS."""
PLAIN = "grpc"
"""gRPC without TLS."""


@dataclass(frozen=True, slots=True)
class Tls:
    """Names the files of a listener's certificate and of its clients' authorities."""

    secrets: Path
    """The file with the server's certificate and key, in the form of Envoy's secret discovery."""
    authorities: Path | None = None
    """The file with the authorities of clients' certificates, in the same form."""


@dataclass(frozen=True, slots=True)
class Listener:
    """Describes one address on which Envoy listens."""

    name: str
    """What it serves: `HTTP`, `TLS` or `PLAIN`."""
    ip: str
    port: int
    """0 picks a free one."""
    tls: Tls | None = None


@dataclass(frozen=True, slots=True)
class Transcoded:
    """Names services of a transcoder, and the file that describes them."""

    services: tuple[str, ...]
    """Their full names."""
    descriptors: Path
    """A serialized FileDescriptorSet."""


@dataclass(frozen=True, slots=True)
class EnvoySettings:
    """Holds all that a bootstrap depends on."""

    listeners: tuple[Listener, ...]
    upstream: Path
    """The gRPC server's Unix socket."""
    admin: Path
    """The Unix socket of Envoy's admin interface."""
    services: Mapping[Envelope, Transcoded]
    """The services, by the envelope of their errors."""
    segments: Mapping[str, Envelope]
    """The top path segments that are served."""
    services_at: Mapping[str, Transcoded] = field(default_factory=dict)
    """The services of each path in `public_paths` and `stream_paths`, by that path."""
    discovery: str | None = None
    """Full name of the service that tells clients which addresses to call."""
    discovery_segments: tuple[str, ...] = ()
    """Its top path segments."""
    discovery_services: Transcoded | None = None
    """The services below those segments."""
    checks: Path | None = None
    """The Unix socket of what checks callers by their headers; None: it is not asked."""
    floods: Path | None = None
    """The file that names addresses most of whose requests are refused; None: there is none."""
    public_paths: tuple[str, ...] = ()
    """The paths of methods that anyone may call to get a credential."""
    stream_paths: tuple[str, ...] = ()
    """The paths of methods that answer with streams, over REST."""
    stream_methods: tuple[str, ...] = ()
    """The same over gRPC."""
    otlp_paths: tuple[str, ...] = ()
    """The paths of OTLP over HTTP."""
    limits: Limits = field(default_factory=Limits)
    connections: ConnectionBounds = field(default_factory=ConnectionBounds)
    proxies: Proxies = field(default_factory=Proxies)
    request_ids: bool = False
    """Whether Envoy gives an id to each request that has none."""

    def names_of(self, envelope: Envelope) -> tuple[str, ...]:
        """Returns the full names of the services whose errors have this envelope."""
        transcoded = self.services.get(envelope)
        return () if transcoded is None else transcoded.services

    def segments_of(self, envelope: Envelope) -> list[str]:
        """Returns the top path segments whose errors have this envelope."""
        return [segment for segment, its in self.segments.items() if its is envelope]
