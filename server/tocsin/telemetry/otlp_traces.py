"""Exports spans by OTLP, in batches, from a thread of the SDK."""

from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter

from tocsin.telemetry.otlp import send_last
from tocsin.telemetry.tracing import ChosenIds


class TracesExport:
    """Holds the SDK's provider for this server alone.

    `OTEL_TRACES_SAMPLER`, `OTEL_SPAN_*` and `OTEL_BSP_*` set its sampler, limits and batches.
    """

    def __init__(self, exporter: SpanExporter, resource: Resource) -> None:
        self.ids = ChosenIds()
        self.provider = TracerProvider(
            resource=resource, id_generator=self.ids, shutdown_on_exit=False
        )
        self._exporter = exporter
        self.provider.add_span_processor(BatchSpanProcessor(exporter))

    async def close(self) -> None:
        await send_last(self.provider.shutdown, self._exporter.shutdown)
