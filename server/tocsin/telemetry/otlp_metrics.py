"""Sends the metrics of a Prometheus registry by OpenTelemetry: one set of instruments, two exits.

What leaves has the names and the labels that Prometheus shows.
"""

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
    """Sends all metrics every so many seconds, and once more at the end."""

    def __init__(
        self,
        registry: CollectorRegistry,
        exporter: MetricExporter,
        resource: Resource,
        *,
        clock: Clock,
        every_seconds: float,
    ) -> None:
        self._registry = registry
        self._exporter = exporter
        self._resource = resource
        self._clock = clock
        self._every_seconds = every_seconds
        self._started = _nanos(clock)

    async def run(self) -> None:
        while True:
            await self._clock.sleep(self._every_seconds)
            await self.send()

    async def send(self) -> None:
        """What can't be sent is told, not kept: the next one has all of it again."""
        data = self._data()
        if await asyncio.to_thread(self._exporter.export, data) is MetricExportResult.FAILURE:
            log.warning("metrics could not be sent by OTLP")

    async def close(self) -> None:
        data = self._data()
        await send_last(lambda: self._exporter.export(data), self._exporter.shutdown)

    def _data(self) -> MetricsData:
        now = _nanos(self._clock)
        metrics = [
            metric
            for family in self._registry.collect()
            if (metric := to_otlp(family, self._started, now)) is not None
        ]
        scope = ScopeMetrics(SCOPE, metrics, schema_url="")
        return MetricsData([ResourceMetrics(self._resource, [scope], schema_url="")])


def to_otlp(family: Family, started: int, now: int) -> Metric | None:
    """Returns a family of Prometheus as OpenTelemetry's, or None if it holds nothing."""
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
    """Prometheus counts what is below each bound, OpenTelemetry what is between two."""
    grouped: dict[tuple[tuple[str, str], ...], dict[str, float]] = {}
    bounds: dict[tuple[tuple[str, str], ...], list[tuple[float, float]]] = {}
    for sample in samples:
        labels = tuple(each for each in sample.labels.items() if each[0] != "le")
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
            min=None,  # type: ignore[arg-type]  # not known; the exporter leaves it out
            max=None,  # type: ignore[arg-type]
        )


def _nanos(clock: Clock) -> int:
    return int(clock.now().timestamp() * 1_000_000) * 1000
