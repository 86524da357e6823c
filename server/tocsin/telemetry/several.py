"""Several observers of the engine as one."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from tocsin.engine.observer import Observer
from tocsin.engine.ticks.misfires import Missed
from tocsin.store.invocations.deliveries import Ending
from tocsin.store.invocations.rows import Invocation


class Several:
    """An `Observer`; the `traceparent` is that of the first who has one."""

    def __init__(self, observers: Sequence[Observer]) -> None:
        self._observers = observers

    def fired(self, kind: str, invocations: int) -> None:
        for each in self._observers:
            each.fired(kind, invocations)

    def misfired(self, missed: Missed) -> None:
        for each in self._observers:
            each.misfired(missed)

    def claimed(self, invocations: int) -> None:
        for each in self._observers:
            each.claimed(invocations)

    def began(self, invocation: Invocation, at: datetime) -> str | None:
        told = [each.began(invocation, at) for each in self._observers]
        return next((each for each in told if each is not None), None)

    def ended(
        self, invocation: Invocation, ending: Ending, began: datetime, ended: datetime
    ) -> None:
        for each in self._observers:
            each.ended(invocation, ending, began, ended)

    def broke_off(self, invocation: Invocation) -> None:
        for each in self._observers:
            each.broke_off(invocation)

    def lease_lost(self) -> None:
        for each in self._observers:
            each.lease_lost()

    def source_stands(self, kind: str, *, healthy: bool) -> None:
        for each in self._observers:
            each.source_stands(kind, healthy=healthy)

    def step_failed(self, step: str) -> None:
        for each in self._observers:
            each.step_failed(step)

    def repaired(self, check: str, faults: int) -> None:
        for each in self._observers:
            each.repaired(check, faults)

    def reconciled(self) -> None:
        for each in self._observers:
            each.reconciled()

    def deleted(self, table: str, rows: int) -> None:
        for each in self._observers:
            each.deleted(table, rows)

    def clock_measured(self, behind: timedelta) -> None:
        for each in self._observers:
            each.clock_measured(behind)
