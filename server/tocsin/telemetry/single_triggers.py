"""Measures single triggers that the settings name, so few that each may have its own series."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog
from prometheus_client.metrics_core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector, CollectorRegistry

from tocsin.schedule import Clock
from tocsin.store.driver.database import Database
from tocsin.store.driver.transaction import Transaction
from tocsin.store.invocations.rows import State
from tocsin.store.overview.single_triggers import (
    Named,
    Run,
    Wanted,
    find_wanted,
    latest_runs,
    next_ticks,
)
from tocsin.telemetry.store import COUNT_EVERY_SECONDS

log = structlog.get_logger(__name__)

MOST = 200
LABELS = ("trigger_id", "trigger_name", "folder_id")
# At each look; and at the first, if none of these has succeeded or none has failed.
LOOKED_AT = 50
LOOKED_AT_FIRST = 500
FAILED = (State.FAILED, State.DEAD_LETTERED)
SECOND = timedelta(seconds=1)


@dataclass(frozen=True, slots=True)
class Standing:
    """How a trigger stands, as far as its invocations in the store tell."""

    succeeded_at: datetime | None = None
    failed_at: datetime | None = None
    lag: timedelta | None = None
    next_at: datetime | None = None


def _seconds(instant: datetime | None) -> float | None:
    return None if instant is None else instant.timestamp()


# Name, help, and value of each gauge.
GAUGES: tuple[tuple[str, str, Callable[[Standing], float | None]], ...] = (
    (
        "last_success_timestamp_seconds",
        "When a delivery of the trigger succeeded last, in Unix time.",
        lambda standing: _seconds(standing.succeeded_at),
    ),
    (
        "last_failure_timestamp_seconds",
        "When a delivery of the trigger failed for good last, in Unix time.",
        lambda standing: _seconds(standing.failed_at),
    ),
    (
        "next_fire_timestamp_seconds",
        "When a timer that is not paused fires next, in Unix time.",
        lambda standing: _seconds(standing.next_at),
    ),
    (
        "last_lag_seconds",
        "Time from the scheduled instant of the trigger's latest delivery that needed one call to "
        "that call.",
        lambda standing: None if standing.lag is None else standing.lag / SECOND,
    ),
)


class TriggerMetrics(Collector):
    """Shows the metrics of the wanted triggers, as the last look at the store found them.

    `finished` counts by trigger what this node finished; whoever observes the engine adds to the
    triggers that are in it.
    """

    def __init__(self, registry: CollectorRegistry) -> None:
        self.finished: dict[str, Counter[str]] = {}
        self._triggers: Sequence[Named] = ()
        self._standings: Mapping[str, Standing] = {}
        self._left_out: int | None = 0
        registry.register(self)

    async def keep_current(self, database: Database, wanted: Wanted, machine_clock: Clock) -> None:
        """Looks every COUNT_EVERY_SECONDS until it is cancelled."""
        while True:
            try:
                await self._look(database, wanted)
            except Exception as error:
                # Any error: if this task ended, the metrics would show the last look for ever.
                log.warning("could not look at single triggers, trying again", error=str(error))
                self._triggers, self._left_out = (), None
            await machine_clock.sleep(COUNT_EVERY_SECONDS)

    async def _look(self, database: Database, wanted: Wanted) -> None:
        before = self._standings
        triggers, standings, left_out = await database.read(lambda tx: _look(tx, wanted, before))
        for gone in self.finished.keys() - standings.keys():
            del self.finished[gone]
        for trigger_id in standings:
            self.finished.setdefault(trigger_id, Counter())
        self._triggers, self._standings, self._left_out = triggers, standings, left_out

    def collect(self) -> Iterator[Metric]:
        """Yields the families, which have no samples if no trigger is wanted."""
        for name, text, value in GAUGES:
            family = GaugeMetricFamily(f"tocsin_trigger_{name}", text, labels=LABELS)
            for trigger in self._triggers:
                if (number := value(self._standings[trigger.id])) is not None:
                    family.add_metric(_labels(trigger), number)
            yield family
        counted = CounterMetricFamily(
            "tocsin_trigger_finished",
            "Invocations of a trigger that this node finished, by final state.",
            labels=(*LABELS, "state"),
        )
        for trigger in self._triggers:
            for state, count in sorted(self.finished.get(trigger.id, {}).items()):
                counted.add_metric((*_labels(trigger), state), count)
        yield counted
        left_out = GaugeMetricFamily(
            "tocsin_trigger_left_out",
            "Triggers that [metrics_triggers] names, beyond the 200 that are shown; "
            "counted up to 5000 in a folder.",
        )
        if self._left_out is not None:
            left_out.add_metric((), self._left_out)
        yield left_out


def _labels(trigger: Named) -> tuple[str, str, str]:
    return trigger.id, trigger.name, trigger.folder_id


def _look(
    tx: Transaction, wanted: Wanted, before: Mapping[str, Standing]
) -> tuple[list[Named], dict[str, Standing], int]:
    triggers, left_out = find_wanted(tx, wanted, limit=MOST)
    ticks = next_ticks(tx, [trigger.id for trigger in triggers])
    standings = {
        trigger.id: _standing(tx, trigger.id, before.get(trigger.id), ticks.get(trigger.id))
        for trigger in triggers
    }
    return triggers, standings, left_out


def _standing(
    tx: Transaction, trigger_id: str, before: Standing | None, next_at: datetime | None
) -> Standing:
    """Returns how a trigger stands; what an earlier look found stays until something is later."""
    known = before or Standing()
    runs = latest_runs(tx, trigger_id, limit=LOOKED_AT)
    both = _ended_last(runs, State.SUCCEEDED) and _ended_last(runs, *FAILED)
    if before is None and both is None and len(runs) == LOOKED_AT:
        runs = latest_runs(tx, trigger_id, limit=LOOKED_AT_FIRST)
    begun = (run for run in runs if run.attempts == 1 and run.started_at is not None)
    lag = next((_lag(run) for run in begun), known.lag)
    return Standing(
        _later(known.succeeded_at, _ended_last(runs, State.SUCCEEDED)),
        _later(known.failed_at, _ended_last(runs, *FAILED)),
        lag,
        next_at,
    )


def _ended_last(runs: Sequence[Run], *states: State) -> datetime | None:
    ended = [run.finished_at for run in runs if run.state in states and run.finished_at is not None]
    return max(ended, default=None)


def _later(known: datetime | None, found: datetime | None) -> datetime | None:
    return max((each for each in (known, found) if each is not None), default=None)


def _lag(run: Run) -> timedelta | None:
    return None if run.started_at is None else run.started_at - run.scheduled_at
