"""Builds the instruments that the settings and the environment ask for."""

import asyncio
import platform
from collections.abc import Awaitable, Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import grpc
from prometheus_client import Gauge, Info
from prometheus_client.gc_collector import GCCollector
from prometheus_client.process_collector import ProcessCollector

from tocsin.engine.observer import UNOBSERVED, Observer
from tocsin.schedule import Clock
from tocsin.store.driver.database import Database
from tocsin.store.overview.single_triggers import Wanted
from tocsin.telemetry import otlp
from tocsin.telemetry.engine import EngineMetrics
from tocsin.telemetry.registry import Registry
from tocsin.telemetry.rpcs import RpcMetrics
from tocsin.telemetry.several import Several
from tocsin.telemetry.single_triggers import TriggerMetrics
from tocsin.telemetry.store import DepthGauges, StoreMetrics, WatchedStore
from tocsin.wire.calls import Watcher


class Metrics:
    """Holds all metrics of one server in its own registry."""

    def __init__(self, machine_clock: Clock, *, version: str, exclusive: bool) -> None:
        self.registry = Registry()
        self.rpcs = RpcMetrics(self.registry, machine_clock)
        self.single_triggers = TriggerMetrics(self.registry)
        self.engine = EngineMetrics(self.registry, self.single_triggers.finished)
        self.store = StoreMetrics(self.registry, machine_clock)
        self.depths = DepthGauges(self.registry)
        self.ready = Gauge(
            "tocsin_ready",
            "1 while the node takes calls and its store works, else 0.",
            registry=self.registry,
        )
        self.on_hold = Gauge(
            "tocsin_on_hold",
            "1 while the store is on hold after a restore, and nothing fires, else 0.",
            registry=self.registry,
        )
        self.certificate_ends: Gauge | None = None
        Info(
            "tocsin_build",
            "The version of Tocsin and Python, and the kind of store.",
            registry=self.registry,
        ).info(
            {
                "version": version,
                "python": platform.python_version(),
                "store": "sqlite" if exclusive else "postgresql",
            }
        )
        ProcessCollector(registry=self.registry)
        GCCollector(registry=self.registry)


class Telemetry:
    """Holds the instruments of one server; other rooms get its observers and watchers."""

    def __init__(self) -> None:
        self.metrics: Metrics | None = None
        self.watchers: list[Watcher] = []
        self._observers: list[Observer] = []
        self._tasks: list[asyncio.Task[None]] = []
        self._closing: list[Callable[[], Awaitable[None]]] = []

    @property
    def observer(self) -> Observer:
        if len(self._observers) > 1:
            return Several(self._observers)
        return self._observers[0] if self._observers else UNOBSERVED

    def add(self, observer: Observer, watcher: Watcher) -> None:
        self._observers.append(observer)
        self.watchers.append(watcher)

    def keep_running(self, work: Coroutine[Any, Any, None]) -> None:
        self._tasks.append(asyncio.create_task(work))

    def when_closing(self, close: Callable[[], Awaitable[None]]) -> None:
        self._closing.append(close)

    def watched(self, database: Database, machine_clock: Clock) -> Database:
        """Returns the store with its reads and commits measured, if metrics are on."""
        if self.metrics is None:
            return database
        return WatchedStore(database, self.metrics.store, machine_clock)

    def count_depths(self, database: Database, clock: Clock, machine_clock: Clock) -> None:
        """Starts to count the waiting work in the store.

        Args:
            database: the store.
            clock: the clock by which work falls due.
            machine_clock: paces the counting.
        """
        if self.metrics is not None:
            self.keep_running(self.metrics.depths.keep_current(database, clock, machine_clock))

    def look_at_triggers(self, database: Database, wanted: Wanted, machine_clock: Clock) -> None:
        """Starts to look at the triggers that have metrics of their own.

        Args:
            database: the store.
            wanted: which triggers.
            machine_clock: paces the looks.
        """
        if self.metrics is not None and any((wanted.ids, wanted.named, wanted.folders)):
            looking = self.metrics.single_triggers.keep_current(database, wanted, machine_clock)
            self.keep_running(looking)

    def handlers(self) -> Sequence[grpc.GenericRpcHandler]:
        """Returns the handler that counts calls of methods that nothing serves."""
        return () if self.metrics is None else (self.metrics.rpcs.unknown_methods(),)

    def overloaded(self) -> None:
        """Counts a call that was refused because too many are under way."""
        if self.metrics is not None:
            self.metrics.rpcs.overload.inc()

    def ready(self, ready: bool) -> None:
        if self.metrics is not None:
            self.metrics.ready.set(ready)

    def on_hold(self, on_hold: bool) -> None:
        if self.metrics is not None:
            self.metrics.on_hold.set(on_hold)

    def certificate_ends(self, end: datetime) -> None:
        """Shows when the TLS certificate ends; the metric exists only after the first call."""
        if self.metrics is None:
            return
        if self.metrics.certificate_ends is None:
            self.metrics.certificate_ends = Gauge(
                "tocsin_tls_certificate_expiration_timestamp_seconds",
                "When the certificate that TLS clients see ends, in Unix time.",
                registry=self.metrics.registry,
            )
        self.metrics.certificate_ends.set(end.timestamp())

    async def close(self) -> None:
        """Stops the instruments, and sends the metrics and spans that are left."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for close in self._closing:
            await close()


def open_telemetry(
    environment: Mapping[str, str],
    machine_clock: Clock,
    *,
    with_metrics: bool,
    exclusive: bool,
    version: str,
    instance: str,
) -> Telemetry:
    """Builds the instruments: metrics for Prometheus, and what the `OTEL_*` variables ask for.

    Args:
        environment: the environment variables.
        machine_clock: measures durations and stamps what is exported.
        with_metrics: whether Prometheus fetches metrics.
        exclusive: whether the store belongs to this node alone.
        version: Tocsin's version.
        instance: the node's name.
    """
    asked = otlp.asked_for(environment)
    if asked and not otlp.is_installed():
        asked = otlp.Asked()
    telemetry = Telemetry()
    if asked.traces:
        _add_traces(telemetry, environment, Sender(version, instance))
    if with_metrics or asked.metrics:
        metrics = Metrics(machine_clock, version=version, exclusive=exclusive)
        telemetry.add(metrics.engine, metrics.rpcs)
        telemetry.metrics = metrics
        if asked.metrics:
            _send_metrics(telemetry, metrics, environment, machine_clock, Sender(version, instance))
    return telemetry


@dataclass(frozen=True, slots=True)
class Sender:
    """Names the server that sends by OTLP."""

    version: str
    instance: str


# OpenTelemetry is imported only below: without OTEL_ variables it need not be installed.


def _add_traces(telemetry: Telemetry, environment: Mapping[str, str], sender: Sender) -> None:
    from tocsin.telemetry.otlp_traces import TracesExport
    from tocsin.telemetry.tracing import CallTraces, EngineTraces

    export = TracesExport(
        otlp.span_exporter(environment),
        otlp.resource(version=sender.version, instance=sender.instance),
    )
    telemetry.add(EngineTraces(export.provider, export.ids), CallTraces(export.provider))
    telemetry.when_closing(export.close)


def _send_metrics(
    telemetry: Telemetry,
    metrics: Metrics,
    environment: Mapping[str, str],
    machine_clock: Clock,
    sender: Sender,
) -> None:
    from tocsin.telemetry.otlp_metrics import MetricsExport

    export = MetricsExport(
        metrics.registry,
        otlp.metric_exporter(environment),
        otlp.resource(version=sender.version, instance=sender.instance),
        machine_clock=machine_clock,
        every_seconds=otlp.interval_seconds(environment),
    )
    telemetry.keep_running(export.run())
    telemetry.when_closing(export.close)
