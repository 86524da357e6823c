"""Puts the instruments together, as many as were asked for; none of them costs when none is."""

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
from tocsin.telemetry import otlp
from tocsin.telemetry.engine import EngineMetrics
from tocsin.telemetry.registry import Registry
from tocsin.telemetry.rpcs import RpcMetrics
from tocsin.telemetry.several import Several
from tocsin.telemetry.store import DepthGauges, StoreMetrics, WatchedStore
from tocsin.wire.calls import Watcher


class Metrics:
    """All metrics of one server, in a registry of its own."""

    def __init__(self, machine: Clock, *, version: str, exclusive: bool) -> None:
        self.registry = Registry()
        self.rpcs = RpcMetrics(self.registry, machine)
        self.engine = EngineMetrics(self.registry)
        self.store = StoreMetrics(self.registry, machine)
        self.depths = DepthGauges(self.registry)
        self.ready = Gauge(
            "tocsin_ready",
            "1 while the node takes calls and its store works, else 0.",
            registry=self.registry,
        )
        self.certificate_ends: Gauge | None = None
        Info("tocsin_build", "What runs here.", registry=self.registry).info(
            {
                "version": version,
                "python": platform.python_version(),
                "store": "sqlite" if exclusive else "postgresql",
            }
        )
        ProcessCollector(registry=self.registry)
        GCCollector(registry=self.registry)


class Telemetry:
    """What watches one server: handed to those who are watched, and closed at the end."""

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

    def watched(self, database: Database, machine: Clock) -> Database:
        """Returns the store as it is to be used from here on."""
        if self.metrics is None:
            return database
        return WatchedStore(database, self.metrics.store, machine)

    def count_depths(self, database: Database, clock: Clock, machine: Clock) -> None:
        """Begins to count what waits in the store. `clock` is that of what fires."""
        if self.metrics is not None:
            self.keep_running(self.metrics.depths.keep_current(database, clock, machine))

    def handlers(self) -> Sequence[grpc.GenericRpcHandler]:
        """Returns what gRPC asks for a method when nobody else serves it."""
        return () if self.metrics is None else (self.metrics.rpcs.unknown_methods(),)

    def ready(self, ready: bool) -> None:
        if self.metrics is not None:
            self.metrics.ready.set(ready)

    def certificate_ends(self, at: datetime) -> None:
        """Is told until when the certificate counts that TLS shows; never, where there is none."""
        if self.metrics is None:
            return
        if self.metrics.certificate_ends is None:
            self.metrics.certificate_ends = Gauge(
                "tocsin_tls_certificate_expiration_timestamp_seconds",
                "When the certificate ends that clients of TLS are shown, in Unix time.",
                registry=self.metrics.registry,
            )
        self.metrics.certificate_ends.set(at.timestamp())

    async def close(self) -> None:
        """Sends what is still to be sent."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for close in self._closing:
            await close()


def open_telemetry(
    environment: Mapping[str, str],
    machine: Clock,
    *,
    with_metrics: bool,
    exclusive: bool,
    version: str,
    instance: str,
) -> Telemetry:
    """Makes what is asked for: metrics for Prometheus, and what the `OTEL_*` variables say.

    `exclusive` is whether the store is this node's alone, `instance` the node's name.
    """
    asked = otlp.asked_for(environment)
    if asked and not otlp.is_installed():
        asked = otlp.Asked()
    telemetry = Telemetry()
    if asked.traces:
        _add_traces(telemetry, environment, Sender(version, instance))
    if with_metrics or asked.metrics:
        metrics = Metrics(machine, version=version, exclusive=exclusive)
        telemetry.add(metrics.engine, metrics.rpcs)
        telemetry.metrics = metrics
        if asked.metrics:
            _send_metrics(telemetry, metrics, environment, machine, Sender(version, instance))
    return telemetry


@dataclass(frozen=True, slots=True)
class Sender:
    """Who sends by OTLP."""

    version: str
    instance: str


# What follows is imported only here: without OTEL_ variables it need not even be installed.


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
    machine: Clock,
    sender: Sender,
) -> None:
    from tocsin.telemetry.otlp_metrics import MetricsExport

    export = MetricsExport(
        metrics.registry,
        otlp.metric_exporter(environment),
        otlp.resource(version=sender.version, instance=sender.instance),
        clock=machine,
        every_seconds=otlp.interval_seconds(environment),
    )
    telemetry.keep_running(export.run())
    telemetry.when_closing(export.close)
