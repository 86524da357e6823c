"""Configures OpenTelemetry by the `OTEL_*` variables; imports it only if they ask for it."""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING, Any

import structlog

if TYPE_CHECKING:
    from opentelemetry.sdk.metrics.export import MetricExporter
    from opentelemetry.sdk.resources import Resource
    from opentelemetry.sdk.trace.export import SpanExporter

log = structlog.get_logger(__name__)

ENDPOINT = "OTEL_EXPORTER_OTLP_ENDPOINT"
EXPORTERS = {
    "grpc": "opentelemetry.exporter.otlp.proto.grpc",
    "http/protobuf": "opentelemetry.exporter.otlp.proto.http",
}
DEFAULT_INTERVAL_MILLISECONDS = 60_000
# A collector that is away delays the server's stop by this time only.
LAST_SECONDS = 2.0


@dataclass(frozen=True, slots=True)
class Asked:
    """Says which signals the variables ask for."""

    traces: bool = False
    metrics: bool = False

    def __bool__(self) -> bool:
        return self.traces or self.metrics


def asked_for(environment: Mapping[str, str]) -> Asked:
    """Returns the signals with the exporter `otlp`, or with an endpoint and no exporter."""
    if environment.get("OTEL_SDK_DISABLED", "").lower() == "true":
        return Asked()
    return Asked(*(_signal(environment, name) for name in ("TRACES", "METRICS")))


def is_installed() -> bool:
    """Returns whether OpenTelemetry is installed, and logs a warning if it is not."""
    try:
        for name in ("opentelemetry.sdk.trace", *EXPORTERS.values()):
            import_module(name)
    except ImportError as error:
        log.warning(
            "OTEL_ variables ask for OpenTelemetry, which is not installed; run "
            "`pip install 'tocsin[otel]'`",
            missing=error.name,
        )
        return False
    return True


def resource(*, version: str, instance: str) -> "Resource":
    """Returns the resource that sends: `OTEL_SERVICE_NAME` and `OTEL_RESOURCE_ATTRIBUTES` win."""
    from opentelemetry.sdk.resources import Resource

    ours = Resource(
        {"service.name": "tocsin", "service.version": version, "service.instance.id": instance}
    )
    # The SDK invents a name if no variable names the service.
    theirs = {
        name: value
        for name, value in Resource.create().attributes.items()
        if not (name == "service.name" and str(value).startswith("unknown_service"))
    }
    return ours.merge(Resource(theirs))


def span_exporter(environment: Mapping[str, str]) -> "SpanExporter":
    exporter: SpanExporter = _exporter(environment, "TRACES", "trace_exporter", "OTLPSpanExporter")
    return exporter


def metric_exporter(environment: Mapping[str, str]) -> "MetricExporter":
    exporter: MetricExporter = _exporter(
        environment, "METRICS", "metric_exporter", "OTLPMetricExporter"
    )
    return exporter


def interval_seconds(environment: Mapping[str, str]) -> float:
    """Returns the seconds between exports (OTEL_METRIC_EXPORT_INTERVAL, in milliseconds)."""
    said = environment.get("OTEL_METRIC_EXPORT_INTERVAL", "")
    milliseconds = int(said) if said.isdecimal() and int(said) else DEFAULT_INTERVAL_MILLISECONDS
    return milliseconds / 1000


async def send_last(send: Callable[[], object], shut_down: Callable[[], object]) -> None:
    """Sends what is left in a thread, and shuts the exporter down after LAST_SECONDS at most."""
    sending = asyncio.ensure_future(asyncio.to_thread(send))
    await asyncio.wait([sending], timeout=LAST_SECONDS)
    await asyncio.to_thread(shut_down)
    await sending


def _signal(environment: Mapping[str, str], name: str) -> bool:
    exporter = environment.get(f"OTEL_{name}_EXPORTER", "")
    if exporter not in ("", "otlp", "none"):
        log.warning(
            "ignored an exporter that is not OTLP: set it to `otlp` or `none`",
            variable=f"OTEL_{name}_EXPORTER",
            value=exporter,
        )
        return False
    own = f"OTEL_EXPORTER_OTLP_{name}_ENDPOINT"
    has_endpoint = bool(environment.get(ENDPOINT) or environment.get(own))
    return exporter == "otlp" or (exporter == "" and has_endpoint)


def _exporter(environment: Mapping[str, str], signal: str, module: str, name: str) -> Any:
    """Returns an exporter, which reads endpoint, headers and certificates from the environment."""
    protocol = environment.get(f"OTEL_EXPORTER_OTLP_{signal}_PROTOCOL") or environment.get(
        "OTEL_EXPORTER_OTLP_PROTOCOL", "grpc"
    )
    if protocol not in EXPORTERS:
        log.warning(
            "ignored an unknown OTLP protocol, using grpc: set `grpc` or `http/protobuf`",
            value=protocol,
        )
    package = EXPORTERS.get(protocol, EXPORTERS["grpc"])
    return getattr(import_module(f"{package}.{module}"), name)()
