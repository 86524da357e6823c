"""Logs the migrations of a start."""

from collections.abc import Sequence

import structlog

from tocsin.schedule import Clock
from tocsin.store.migrations.steps import Step
from tocsin.store.migrations.upgrading import Told

log = structlog.get_logger(__name__)


class LoggedMigrations(Told):
    """Logs each migration with its seconds; a new database is one line."""

    def __init__(self, machine_clock: Clock) -> None:
        self._clock = machine_clock
        self._creates = False
        self._began = 0.0

    def begins(self, schema: str | None, steps: Sequence[Step]) -> None:
        self._creates = schema is None
        self._began = self._clock.monotonic()
        newest = steps[-1].number
        if self._creates:
            log.info("creating a new database", schema=newest)
        else:
            log.info("migrating the database", schema=schema, to=newest, migrations=len(steps))

    def ended(self, step: Step) -> None:
        began, self._began = self._began, self._clock.monotonic()
        if not self._creates:
            seconds = round(self._began - began, 3)
            log.info("schema migrated", schema=step.number, brings=step.title, seconds=seconds)
