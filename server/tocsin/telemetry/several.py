"""Combines several observers of the engine into one."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from tocsin.engine.observer import Observer
from tocsin.engine.ticks.misfires import Missed
from tocsin.store.invocations.deliveries import Ending
from tocsin.store.invocations.rows import Invocation


class Several(Observer):
    """Passes every call on to several observers; the first `traceparent` wins."""

    def __init__(self, observers: Sequence[Observer]) -> None:
        self._observers = observers

    def fired(self, kind: str, invocations: int) -> None:
        for observer in self._observers:
            observer.fired(kind, invocations)

    def misfired(self, missed: Missed) -> None:
        for observer in self._observers:
            observer.misfired(missed)

    def claimed(self, invocations: int) -> None:
        for observer in self._observers:
            observer.claimed(invocations)

    def began(self, invocation: Invocation, at: datetime) -> str | None:
        traceparents = [observer.began(invocation, at) for observer in self._observers]
        return next((value for value in traceparents if value is not None), None)

    def ended(
        self, invocation: Invocation, ending: Ending, began: datetime, ended: datetime
    ) -> None:
        for observer in self._observers:
            observer.ended(invocation, ending, began, ended)

    def broke_off(self, invocation: Invocation) -> None:
        for observer in self._observers:
            observer.broke_off(invocation)

    def payloads_under_way(self, size: int) -> None:
        for observer in self._observers:
            observer.payloads_under_way(size)

    def answers_under_way(self, size: int) -> None:
        for observer in self._observers:
            observer.answers_under_way(size)

    def lease_lost(self) -> None:
        for observer in self._observers:
            observer.lease_lost()

    def source_stands(self, kind: str, *, healthy: bool) -> None:
        for observer in self._observers:
            observer.source_stands(kind, healthy=healthy)

    def step_failed(self, step: str) -> None:
        for observer in self._observers:
            observer.step_failed(step)

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
        for observer in self._observers:
            observer.clock_measured(behind)
