"""What Envoy's configuration depends on."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from tocsin.contract.routes import Envelope


@dataclass(frozen=True, slots=True)
class Limits:
    """What one client, or all of them, may take."""

    body_bytes: int = 4 * 1024 * 1024
    """Largest REST request body; the default is what a gRPC server takes by default."""
    response_bytes: int = 64 * 1024 * 1024
    headers_kib: int = 16
    """All request headers together; a gRPC server refuses more metadata than this anyway."""
    connections: int = 10_000
    streams: int = 1000
    """Calls at a time on one HTTP/2 connection."""
    headers_seconds: int = 10
    """Time in which a request's headers must have come, and a TLS handshake must be done."""
    request_seconds: int = 60
    """Time in which a whole request, its body included, must have come."""
    stream_idle_seconds: int = 300
    """Time for which a REST call may be silent: how long the server may take to answer."""
    connection_idle_seconds: int = 600
    """Time that a connection without a call stays open; HTTP/2 over TLS is asked instead."""
    ping_seconds: int = 60
    """How often an HTTP/2 client is asked, over TLS, whether it is still there."""
    ping_timeout_seconds: int = 20
    """Time in which it must answer."""


@dataclass(frozen=True, slots=True)
class Tls:
    """What a listener shows its clients, and asks of them."""

    secrets: Path
    """The file with the server's certificate and key, in the form of Envoy's secret discovery."""
    authorities: Path | None = None
    """The file, in that form too, with who signs the certificates that clients must show."""


@dataclass(frozen=True, slots=True)
class Listener:
    """One address on which Envoy listens: for REST, and, with TLS, for gRPC too."""

    name: str
    """`http` or `tls`."""
    ip: str
    port: int
    """0 picks a free one."""
    tls: Tls | None = None


@dataclass(frozen=True, slots=True)
class Settings:
    """All that a bootstrap depends on."""

    listeners: tuple[Listener, ...]
    upstream: Path
    """The gRPC server's Unix socket."""
    admin: Path
    """Where Envoy puts its admin interface's Unix socket."""
    descriptors: Path
    """A serialized FileDescriptorSet with everything that is served."""
    services: Mapping[Envelope, tuple[str, ...]]
    """Full names of the services, by the envelope of their errors."""
    segments: Mapping[str, Envelope]
    """The top path segments that are served."""
    discovery: str | None = None
    """Full name of the service that tells clients where they are."""
    discovery_segments: tuple[str, ...] = ()
    """Its top path segments."""
    limits: Limits = field(default_factory=Limits)
    request_ids: bool = False
    """Whether Envoy gives an id to each request that has none."""

    def segments_of(self, envelope: Envelope) -> list[str]:
        """Returns the top path segments whose errors look so."""
        return [segment for segment, its in self.segments.items() if its is envelope]
