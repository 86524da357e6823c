"""Checks that every active timer is armed with its next tick, and no other trigger is."""

import asyncio
from datetime import datetime, timedelta
from functools import partial

import structlog

from tocsin.compilers.loading import load_plan
from tocsin.engine.upkeep.reconciler import CheckedPage, Finding
from tocsin.schedule import Clock
from tocsin.sources.kinds.timer import TimerSource
from tocsin.store.driver.database import Database
from tocsin.store.driver.transaction import Transaction
from tocsin.store.invocations import reconciliation
from tocsin.store.invocations.reconciliation import TIMERS_AT_ONCE, TimerRow
from tocsin.store.invocations.retention import swept_until
from tocsin.store.triggers.rows import lock_trigger
from tocsin.store.triggers.timers import arm_timer, disarm_timer

log = structlog.get_logger(__name__)

# The clocks of nodes differ by less, and a timer that is late by a minute is not stalled.
TOLERANCE = timedelta(minutes=1)
# Plans that are checked before other tasks get their turn.
AT_A_STRETCH = 50
# Repairs that share a transaction.
REPAIRED_AT_ONCE = 50

NOT_ARMED = "active timer had no next tick"
NOT_ACTIVE = "paused or non-timer trigger had a next tick"
TOO_FAR = "timer was armed later than its next tick, the clock was set back"
NO_TRIGGER = "deleted trigger had a next tick"
UNREADABLE = "stored trigger can't be read"


class TimerCheck:
    """Checks that each timer's next tick matches its cron expression."""

    name = "timers"

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    async def step(self, position: str | None, /) -> CheckedPage:
        after = position or ""
        rows = await self._database.read(lambda tx: reconciliation.page_of_timers(tx, after=after))
        now = self._clock.now()
        suspects: list[str] = []
        for start in range(0, len(rows), AT_A_STRETCH):
            part = rows[start : start + AT_A_STRETCH]
            suspects.extend(row.trigger.id for row in part if self._fault(row, now, None))
            await asyncio.sleep(0)
        findings: list[Finding] = []
        for start in range(0, len(suspects), REPAIRED_AT_ONCE):
            findings.extend(await self._repair(suspects[start : start + REPAIRED_AT_ONCE]))
        return CheckedPage(rows[-1].trigger.id if len(rows) == TIMERS_AT_ONCE else None, findings)

    async def _repair(self, trigger_ids: list[str]) -> list[Finding]:
        """Checks triggers again under a lock, and repairs those that are still wrong."""

        def repair(tx: Transaction) -> list[Finding]:
            findings = (self._repair_one(tx, trigger_id) for trigger_id in trigger_ids)
            return [finding for finding in findings if finding is not None]

        return await self._database.write(repair)

    def _repair_one(self, tx: Transaction, trigger_id: str) -> Finding | None:
        stored, now = lock_trigger(tx, trigger_id), self._clock.now()
        if stored is None:
            return None
        row = TimerRow(stored, reconciliation.armed_at(tx, trigger_id))
        fired_until = swept_until(tx, trigger_id)
        reason = self._fault(row, now, fired_until)
        if reason is None:
            return None
        if reason == UNREADABLE:
            return Finding(trigger_id, reason, "none, it waits until it can be read")
        if reason == NOT_ACTIVE:
            disarm_timer(tx, trigger_id)
            return Finding(trigger_id, reason, "disarmed")
        arm_timer(tx, trigger_id, self._next_tick(row, _latest(now, fired_until)))
        return Finding(trigger_id, reason, "armed")

    def _fault(self, row: TimerRow, now: datetime, fired_until: datetime | None) -> str | None:
        try:
            plan = load_plan(row.trigger.contract, row.trigger.message)
        except ValueError:
            return UNREADABLE
        if not isinstance(plan.source, TimerSource) or not plan.active:
            return None if row.armed_at is None else NOT_ACTIVE
        if row.armed_at is None:
            expected = plan.source.cron.next(_latest(now, fired_until))
            return None if expected is None else NOT_ARMED
        if row.armed_at <= now + TOLERANCE:
            return None
        expected = plan.source.cron.next(_latest(now + TOLERANCE, fired_until))
        return TOO_FAR if expected is not None and expected < row.armed_at else None

    def _next_tick(self, row: TimerRow, after: datetime) -> datetime | None:
        source = load_plan(row.trigger.contract, row.trigger.message).source
        return source.cron.next(after) if isinstance(source, TimerSource) else None


class ArmedCheck:
    """Checks that each armed timer has a trigger."""

    name = "armed_timers"

    def __init__(self, database: Database) -> None:
        self._database = database

    async def step(self, position: str | None, /) -> CheckedPage:
        after = position or ""
        rows = await self._database.read(lambda tx: reconciliation.page_of_armed(tx, after=after))
        findings = [
            Finding(trigger_id, NO_TRIGGER, "disarmed")
            for trigger_id, exists in rows
            if not exists and await self._database.write(partial(_disarm, trigger_id=trigger_id))
        ]
        return CheckedPage(rows[-1][0] if len(rows) == TIMERS_AT_ONCE else None, findings)


def _disarm(tx: Transaction, *, trigger_id: str) -> bool:
    if lock_trigger(tx, trigger_id) is not None:
        return False
    disarm_timer(tx, trigger_id)
    return True


def _latest(instant: datetime, other: datetime | None) -> datetime:
    return instant if other is None else max(instant, other)
