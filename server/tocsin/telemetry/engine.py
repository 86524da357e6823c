"""Measures the engine: what fires, how late, and how it ends."""

from collections import Counter as Tally
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from tocsin.engine.observer import Observer
from tocsin.engine.ticks.misfires import Missed
from tocsin.plans.plan import MisfirePolicy
from tocsin.store.invocations.deliveries import Ending
from tocsin.store.invocations.rows import FINAL_STATES, Invocation, State

# From a fast local function to the default timeout of ten minutes.
CALL_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 60, 600)
LAG_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 5, 30, 300, 3600)
SECOND = timedelta(seconds=1)
TARGET_KINDS = (
    *("function", "container", "workflow", "websocket_broadcast", "integration", "notice"),
)


@dataclass(frozen=True, slots=True)
class Metric:
    """Describes a metric, which a registry has as one of three types."""

    name: str
    text: str
    labels: tuple[str, ...] = ()

    def counter(self, registry: CollectorRegistry) -> Counter:
        return Counter(f"tocsin_{self.name}", self.text, self.labels, registry=registry)

    def gauge(self, registry: CollectorRegistry) -> Gauge:
        return Gauge(f"tocsin_{self.name}", self.text, self.labels, registry=registry)

    def histogram(self, registry: CollectorRegistry, buckets: Sequence[float]) -> Histogram:
        return Histogram(
            f"tocsin_{self.name}", self.text, self.labels, buckets=buckets, registry=registry
        )


FIRED = Metric(
    "fired_total",
    "Invocations that events made, by the kind of the rule.",
    ("kind",),
)
MISFIRED = Metric(
    "misfired_ticks_total",
    "Missed ticks, by decision: one call for all (fire_once), a call for each (fire_all), "
    "no call (skip), beyond the cap (dropped), older than the window (expired).",
    ("decision",),
)
CLAIMED = Metric("claimed_total", "Invocations that this node claimed for delivery.")
LOST = Metric("lease_lost_total", "Deliveries of this node that another node took over.")
BROKEN_OFF = Metric(
    "deliveries_broken_off_total",
    "Deliveries that broke off without an outcome and are repeated.",
)
RETRIES = Metric("retries_total", "Failed calls that are repeated.", ("target_kind",))
FINISHED = Metric(
    "invocations_finished_total",
    "Finished invocations, by final state.",
    ("target_kind", "state"),
)
LETTERS = Metric(
    "dead_letter_tries_total",
    "Tries to put a dead letter into its queue.",
    ("outcome",),
)
STEP_FAILURES = Metric(
    "engine_step_failures_total",
    "Steps of the engine's loops that failed.",
    ("step",),
)
REPAIRS = Metric(
    "reconciler_repairs_total",
    "Faults that the reconciler found in the store and repaired, by check.",
    ("check",),
)
PASSES = Metric("reconciler_passes_total", "Complete passes of this node's reconciler.")
DELETED = Metric("retention_deleted_total", "Rows that retention deleted, by table.", ("table",))
LAG = Metric("lag_seconds", "Time from an invocation's scheduled instant to its first call.")
CALLS = Metric(
    "call_duration_seconds",
    "Time that a call of a target took.",
    ("target_kind", "outcome"),
)
SOURCES = Metric(
    "source_healthy",
    "1 while the sources of this kind can be read, 0 while they can't.",
    ("kind",),
)
PAYLOADS = Metric(
    "payload_bytes_under_way",
    "Bytes of payloads of more than 64 KiB that this node's deliveries hold; "
    "[targets] payload_bytes limits them.",
)
ANSWERS = Metric(
    "answer_bytes_under_way",
    "Bytes of answers of more than 64 KiB that this node reads or has not stored yet; "
    "[targets] payload_bytes limits them, too.",
)
SKEW = Metric(
    "clock_skew_seconds",
    "Seconds that this machine's clock is behind the store's, by which triggers fire.",
)


class EngineMetrics(Observer):
    """Counts and times the work of the engine; its own labels are kinds and states, never ids."""

    def __init__(
        self, registry: CollectorRegistry, single_triggers: Mapping[str, Tally[str]] | None = None
    ) -> None:
        """Makes the metrics.

        Args:
            registry: takes them.
            single_triggers: counts finished invocations of the triggers in it, by final state.
        """
        self._single_triggers = {} if single_triggers is None else single_triggers
        self._fired = FIRED.counter(registry)
        self._misfired = MISFIRED.counter(registry)
        self._claimed = CLAIMED.counter(registry)
        self._lost = LOST.counter(registry)
        self._broke_off = BROKEN_OFF.counter(registry)
        self._retries = RETRIES.counter(registry)
        self._finished = FINISHED.counter(registry)
        self._letters = LETTERS.counter(registry)
        self._step_failures = STEP_FAILURES.counter(registry)
        self._repairs = REPAIRS.counter(registry)
        self._passes = PASSES.counter(registry)
        self._deleted = DELETED.counter(registry)
        self._lag = LAG.histogram(registry, LAG_SECONDS)
        self._calls = CALLS.histogram(registry, CALL_SECONDS)
        self._sources = SOURCES.gauge(registry)
        self._payloads = PAYLOADS.gauge(registry)
        self._answers = ANSWERS.gauge(registry)
        self._skew = SKEW.gauge(registry)
        self._begin_at_zero()

    def _begin_at_zero(self) -> None:
        """Creates series at 0, as `increase()` in Prometheus would miss their first event."""
        for decision in (*MisfirePolicy, "expired", "dropped"):
            self._misfired.labels(str(decision))
        for outcome in ("put", "failed"):
            self._letters.labels(outcome)
        for kind in TARGET_KINDS:
            self._retries.labels(kind)
            for state in FINAL_STATES:
                self._finished.labels(kind, state.value)

    def fired(self, kind: str, invocations: int) -> None:
        self._fired.labels(kind).inc(invocations)

    def misfired(self, missed: Missed) -> None:
        decided = missed.count - missed.expired - missed.dropped
        for decision, ticks in (
            (missed.policy.value, decided),
            ("expired", missed.expired),
            ("dropped", missed.dropped),
        ):
            if ticks:
                self._misfired.labels(decision).inc(ticks)

    def claimed(self, invocations: int) -> None:
        self._claimed.inc(invocations)

    def began(self, invocation: Invocation, at: datetime) -> str | None:
        if invocation.attempts == 1 and invocation.state is not State.DEAD_LETTERING:
            self._lag.observe(max(0.0, (at - invocation.scheduled_at) / SECOND))
        return None

    def ended(
        self, invocation: Invocation, ending: Ending, began: datetime, ended: datetime
    ) -> None:
        kind = target_kind(invocation)
        if invocation.state is State.DEAD_LETTERING:
            put = ending.state is State.DEAD_LETTERED
            self._letters.labels("put" if put else "failed").inc()
        else:
            outcome = "succeeded" if ending.state is State.SUCCEEDED else "failed"
            seconds = max(0.0, (ended - began) / SECOND)
            self._calls.labels(kind, outcome).observe(seconds)
            if ending.state is State.RETRYING:
                self._retries.labels(kind).inc()
        if ending.state.final:
            self._finished.labels(kind, ending.state.value).inc()
            if (single := self._single_triggers.get(invocation.origin)) is not None:
                single[ending.state.value] += 1

    def broke_off(self, invocation: Invocation) -> None:
        del invocation
        self._broke_off.inc()

    def payloads_under_way(self, size: int) -> None:
        self._payloads.set(size)

    def answers_under_way(self, size: int) -> None:
        self._answers.set(size)

    def lease_lost(self) -> None:
        self._lost.inc()

    def source_stands(self, kind: str, *, healthy: bool) -> None:
        self._sources.labels(kind).set(healthy)
        self._fired.labels(kind)

    def step_failed(self, step: str) -> None:
        self._step_failures.labels(step).inc()

    def repaired(self, check: str, faults: int) -> None:
        self._repairs.labels(check).inc(faults)

    def reconciled(self) -> None:
        self._passes.inc()

    def deleted(self, table: str, rows: int) -> None:
        self._deleted.labels(table).inc(rows)

    def clock_measured(self, behind: timedelta) -> None:
        self._skew.set(behind / SECOND)


def target_kind(invocation: Invocation) -> str:
    """Returns `function`, `container`, …: the part of the target's key before its id."""
    return invocation.target.partition("/")[0]
