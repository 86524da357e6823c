"""Exports the metrics of a Prometheus registry by OTLP, with the same names and labels."""

import asyncio
import math
from collections.abc import Iterable, Iterator
from itertools import pairwise

import structlog
from opentelemetry.sdk.metrics.export import (
    AggregationTemporality,
    Gauge,
    Histogram,
    HistogramDataPoint,
    Metric,
    MetricExporter,
    MetricExportResult,
    MetricsData,
    NumberDataPoint,
    ResourceMetrics,
    ScopeMetrics,
    Sum,
)
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.util.instrumentation import InstrumentationScope
from prometheus_client import CollectorRegistry
from prometheus_client.metrics_core import Metric as Family
from prometheus_client.samples import Sample

from tocsin.schedule import Clock
from tocsin.telemetry.otlp import send_last

log = structlog.get_logger(__name__)

CUMULATIVE = AggregationTemporality.CUMULATIVE
SCOPE = InstrumentationScope("tocsin")


class MetricsExport:
    """Sends all metrics every `every_seconds`, and once more at the end."""

    def __init__(
        self,
        registry: CollectorRegistry,
        exporter: MetricExporter,
        resource: Resource,
        *,
        machine_clock: Clock,
        every_seconds: float,
    ) -> None:
        self._registry = registry
        self._exporter = exporter
        self._resource = resource
        self._machine_clock = machine_clock
        self._every_seconds = every_seconds
        self._started = _nanos(machine_clock)

    async def run(self) -> None:
        while True:
            await self._machine_clock.sleep(self._every_seconds)
            await self.send()

    async def send(self) -> None:
        """Sends all metrics; logs a failure, as the next export holds everything again."""
        data = self._data()
        if await asyncio.to_thread(self._exporter.export, data) is MetricExportResult.FAILURE:
            log.warning("could not send metrics by OTLP, the next export has them again")

    async def close(self) -> None:
        data = self._data()
        await send_last(lambda: self._exporter.export(data), self._exporter.shutdown)

    def _data(self) -> MetricsData:
        now = _nanos(self._machine_clock)
        metrics = [
            metric
            for family in self._registry.collect()
            if (metric := to_otlp(family, self._started, now)) is not None
        ]
        scope = ScopeMetrics(SCOPE, metrics, schema_url="")
        return MetricsData([ResourceMetrics(self._resource, [scope], schema_url="")])


def to_otlp(family: Family, started: int, now: int) -> Metric | None:
    """Converts a Prometheus family to an OpenTelemetry metric; returns None if it is empty."""
    data: Sum | Gauge | Histogram
    if family.type == "histogram":
        histograms = list(_histograms(family.samples, started, now))
        data, empty = Histogram(histograms, CUMULATIVE), not histograms
    else:
        points = [
            NumberDataPoint(dict(sample.labels), started, now, sample.value)
            for sample in family.samples
            if not math.isnan(sample.value)
        ]
        is_sum = family.type == "counter"
        data = Sum(points, CUMULATIVE, is_monotonic=True) if is_sum else Gauge(points)
        empty = not points
    if empty:
        return None
    return Metric(family.name, family.documentation, family.unit, data)


def _histograms(samples: Iterable[Sample], started: int, now: int) -> Iterator[HistogramDataPoint]:
    """Yields histograms; Prometheus counts below each bound, OpenTelemetry between two bounds."""
    grouped: dict[tuple[tuple[str, str], ...], dict[str, float]] = {}
    bounds: dict[tuple[tuple[str, str], ...], list[tuple[float, float]]] = {}
    for sample in samples:
        labels = tuple(label for label in sample.labels.items() if label[0] != "le")
        if sample.name.endswith("_bucket"):
            bound = float(sample.labels["le"])
            bounds.setdefault(labels, []).append((bound, sample.value))
        else:
            grouped.setdefault(labels, {})[sample.name.rpartition("_")[2]] = sample.value
    for labels, below in bounds.items():
        counts = [0.0, *(count for _, count in below)]
        yield HistogramDataPoint(
            attributes=dict(labels),
            start_time_unix_nano=started,
            time_unix_nano=now,
            count=int(grouped[labels]["count"]),
            sum=grouped[labels]["sum"],
            bucket_counts=[int(b - a) for a, b in pairwise(counts)],
            explicit_bounds=[bound for bound, _ in below if not math.isinf(bound)],
            min=None,  # type: ignore[arg-type]  # unknown; the exporter leaves it out
            max=None,  # type: ignore[arg-type]
        )


def _nanos(clock: Clock) -> int:
    return int(clock.now().timestamp() * 1_000_000) * 1000
