"""Turns each due tick of an integration's schedule into an execution, and arms the next tick."""

from collections.abc import Callable
from datetime import datetime, timedelta

import structlog

from tocsin.compilers.integration_schedules import ScheduledRun, decided_key, load_run, origin_of
from tocsin.engine.settings import MisfireSettings
from tocsin.engine.ticks.decisions import misfire_record, unreadable_record
from tocsin.engine.ticks.misfires import Missed, decide
from tocsin.store.driver.transaction import Transaction
from tocsin.store.integrations.schedules import (
    DueSchedule,
    arm_schedule,
    due_schedules,
    earliest_schedule,
)
from tocsin.store.integrations.versions import VersionState
from tocsin.store.invocations.rows import Invocation, insert_invocations
from tocsin.store.triggers.decisions import record_decision, record_or_extend
from tocsin.store.triggers.timers import earliest_tick

log = structlog.get_logger(__name__)

KIND = "cloud_scheduler"
AT_ONCE = 128
UNREADABLE_WAITS = timedelta(minutes=1)


def earliest_of_all(tx: Transaction) -> datetime | None:
    """Returns the earliest tick of a timer or a schedule, or None."""
    ticks = (earliest_tick(tx), earliest_schedule(tx))
    return min((tick for tick in ticks if tick is not None), default=None)


class Schedules:
    """Fires the schedules of published versions; missed ticks follow the settings' policy."""

    def __init__(
        self,
        new_id: Callable[[], str],
        new_uuid: Callable[[], str],
        misfires: MisfireSettings,
    ) -> None:
        self._new_id = new_id
        self._new_uuid = new_uuid
        self._misfires = misfires

    def fire_due(self, tx: Transaction, now: datetime) -> tuple[int, int, list[tuple[str, Missed]]]:
        """Fires due schedules.

        Returns how many were due, how many executions are new, and what was missed, by the
        schedules' integrations.
        """
        made = 0
        missed: list[tuple[str, Missed]] = []
        due = due_schedules(tx, now=now, limit=AT_ONCE)
        for schedule in due:
            made += self._fire(tx, schedule, now, missed)
        return len(due), made, missed

    def _fire(
        self,
        tx: Transaction,
        due: DueSchedule,
        now: datetime,
        missed: list[tuple[str, Missed]],
    ) -> int:
        summary = due.version.summary
        if summary.state is not VersionState.ACTIVE:
            arm_schedule(tx, summary.id, due.trigger_id, None)
            return 0
        try:
            run = load_run(
                due.version.message,
                due.version.published_with or b"",
                location=summary.location,
                integration=summary.integration,
                snapshot_number=summary.snapshot_number,
                trigger_id=due.trigger_id,
            )
        except ValueError as error:
            # One that can't be read here, as its time zone is not known, must not stop the others.
            log.exception(
                "could not read a schedule, its tick waits",
                integration=summary.integration,
                trigger_id=due.trigger_id,
            )
            again_at = now + UNREADABLE_WAITS
            arm_schedule(tx, summary.id, due.trigger_id, again_at, f"can't fire: {error}")
            origin = origin_of(summary.location, summary.integration)
            key = decided_key(origin, due.trigger_id)
            record_or_extend(tx, unreadable_record(self._new_id(), key, due.instant, again_at, now))
            return 0
        decision = decide(run.cron, due.instant, now, self._misfires.policy, self._misfires)
        if decision.missed is not None:
            missed.append((run.origin, decision.missed))
            fired = decision.fire[0] if decision.fire else None
            key = decided_key(run.origin, run.trigger_id)
            record_decision(tx, misfire_record(self._new_id(), key, decision.missed, fired, now))
        executions = [self._execution(run, tick, now) for tick in decision.fire]
        new = insert_invocations(tx, [(one, one.scheduled_at) for one in executions])
        arm_schedule(tx, summary.id, due.trigger_id, decision.next_tick)
        return len(new)

    def _execution(self, run: ScheduledRun, tick: datetime, now: datetime) -> Invocation:
        execution_id = self._new_uuid()
        return Invocation(
            id=execution_id,
            parent=run.location,
            origin=run.origin,
            # The same for each version, so that a tick fires once however often it is published.
            occurrence=f"{run.origin}/{run.trigger_id}/{tick.isoformat()}",
            scheduled_at=tick,
            action=run.offer.action,
            target=run.offer.target,
            payload=run.payload(execution_id, tick),
            created_at=now,
            message=run.message(execution_id),
            integration_trigger=run.trigger_id,
        )
