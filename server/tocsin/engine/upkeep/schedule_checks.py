"""Checks that every schedule is armed with its next instant, and nothing else is armed."""

import asyncio
import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta

from tocsin.compilers.integration_schedules import crons_of, origin_of
from tocsin.compilers.schedules import schedule_plan
from tocsin.engine.upkeep.reconciler import CheckedPage, Finding
from tocsin.schedule import Clock
from tocsin.schedule.timetable import Timetable
from tocsin.store.driver.database import Database
from tocsin.store.driver.transaction import Transaction
from tocsin.store.integrations import reconciliation as published
from tocsin.store.integrations.reconciliation import ARMED_AT_ONCE, VERSIONS_AT_ONCE
from tocsin.store.integrations.schedules import arm_schedule, armed_schedules
from tocsin.store.integrations.versions import StoredVersion, VersionState
from tocsin.store.schedules.reconciliation import SCHEDULES_AT_ONCE, page_of_all_schedules
from tocsin.store.schedules.rows import StoredSchedule, armed, find_schedule, update_schedule

# The clocks of nodes differ by less, and one that is late by a minute is not stalled.
TOLERANCE = timedelta(minutes=1)
# One that can't be read is looked at again after a minute.
LATEST_RETRY = 2 * TOLERANCE
# Plans that are checked before other tasks get their turn.
AT_A_STRETCH = 50

NOT_ARMED = "active schedule had no next instant"
NOT_DUE = "next instant of a schedule had no time at which it is due"
NOT_ACTIVE = "paused schedule had a next instant"
TOO_FAR = "schedule was armed later than its next instant, the clock was set back"
NOT_ITS_OWN = "schedule was armed for an instant that it does not have"
WRONGLY_DUE = "next instant of a schedule was due at another time than its own"
UNREADABLE = "stored schedule can't be read"
NOT_PUBLISHED = "schedule of a version that is not published had a next tick"


class ScheduleCheck:
    """Checks that the next instant of each schedule is that of its cron expression."""

    name = "schedules"

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    async def step(self, position: str | None, /) -> CheckedPage:
        after = position or ""
        rows = await self._database.read(lambda tx: page_of_all_schedules(tx, after=after))
        now = self._clock.now()
        suspects: list[str] = []
        for start in range(0, len(rows), AT_A_STRETCH):
            part = rows[start : start + AT_A_STRETCH]
            suspects.extend(row.name for row in part if _fault(row, now))
            await asyncio.sleep(0)
        findings: list[Finding] = []
        if suspects:
            findings = await self._database.write(lambda tx: self._repair(tx, suspects))
        return CheckedPage(rows[-1].name if len(rows) == SCHEDULES_AT_ONCE else None, findings)

    def _repair(self, tx: Transaction, names: list[str]) -> list[Finding]:
        """Checks schedules again under a lock, and repairs those that are still wrong."""
        findings = (self._repair_one(tx, name) for name in names)
        return [finding for finding in findings if finding is not None]

    def _repair_one(self, tx: Transaction, name: str) -> Finding | None:
        stored, now = find_schedule(tx, name, lock=True), self._clock.now()
        reason = None if stored is None else _fault(stored, now)
        if stored is None or reason is None:
            return None
        if reason == UNREADABLE:
            return Finding(name, reason, "none, it waits until it can be read")
        if reason == NOT_ACTIVE:
            update_schedule(tx, armed(stored, None))
            return Finding(name, reason, "disarmed")
        timetable = schedule_plan(name, stored.message).timetable
        if reason in (NOT_DUE, WRONGLY_DUE) and stored.tick_at is not None:
            update_schedule(tx, replace(stored, due_at=timetable.due(stored.tick_at)))
            return Finding(name, reason, "made due")
        update_schedule(tx, armed(stored, timetable.following(_after(stored, now))))
        return Finding(name, reason, "armed")


def _fault(stored: StoredSchedule, now: datetime) -> str | None:
    try:
        plan = schedule_plan(stored.name, stored.message)
    except ValueError:
        return UNREADABLE
    waits = (stored.tick_at, stored.due_at, stored.waits_for) != (None, None, None)
    timetable = plan.timetable
    if plan.paused:
        return NOT_ACTIVE if waits else None
    if stored.tick_at is None:
        expected = timetable.next(_after(stored, now))
        return None if expected is None and not waits else NOT_ARMED
    return _fault_of_instant(stored, stored.tick_at, timetable, now)


def _fault_of_instant(
    stored: StoredSchedule, tick: datetime, timetable: Timetable, now: datetime
) -> str | None:
    if stored.due_at is None and stored.waits_for is None:
        return NOT_DUE
    # What is due is decided in any case.
    if tick > now + TOLERANCE:
        expected = timetable.next(_after(stored, now + TOLERANCE))
        if expected is not None and expected < tick:
            return TOO_FAR
        if timetable.previous(tick) != tick:
            return NOT_ITS_OWN
    due = stored.due_at
    if due is not None and due > now + LATEST_RETRY and due != timetable.due(tick):
        return WRONGLY_DUE
    return None


def _after(stored: StoredSchedule, instant: datetime) -> datetime:
    """Returns an instant, or that of the latest run: it must not run again."""
    ran = stored.last_tick_at
    return instant if ran is None else max(instant, ran)


class PublishedCheck:
    """Checks that the schedules of each published version are armed with their next ticks."""

    name = "integration_schedules"

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    async def step(self, position: str | None, /) -> CheckedPage:
        location, integration = json.loads(position or '["", ""]')
        rows = await self._database.read(
            lambda tx: published.page_of_published(tx, location=location, integration=integration)
        )
        findings: list[Finding] = []
        for row in rows:
            findings += await self._checked(row)
        end = None
        if len(rows) == VERSIONS_AT_ONCE:
            last = rows[-1].summary
            end = json.dumps([last.location, last.integration])
        return CheckedPage(end, findings)

    async def _checked(self, row: StoredVersion) -> list[Finding]:
        suspicious = await self._database.read(
            lambda tx: list(_faults_of_version(tx, row, self._clock.now()))
        )
        if not suspicious:
            return []
        return await self._database.write(lambda tx: self._repair(tx, row.summary.id))

    def _repair(self, tx: Transaction, version_id: str) -> list[Finding]:
        """Checks a version again under a lock, and arms those of its schedules that are wrong."""
        stored, now = published.lock_published(tx, version_id), self._clock.now()
        if stored is None:
            return []
        findings = []
        for trigger_id, reason, instant in _faults_of_version(tx, stored, now):
            summary = stored.summary
            name = origin_of(summary.location, summary.integration)
            if reason == UNREADABLE:
                repair = "none, it waits until it can be read"
            else:
                arm_schedule(tx, version_id, trigger_id, instant)
                repair = "armed"
            findings.append(Finding(f"{name}/{trigger_id}".rstrip("/"), reason, repair))
        return findings


def _faults_of_version(
    tx: Transaction, stored: StoredVersion, now: datetime
) -> Iterator[tuple[str, str, datetime | None]]:
    """Yields triggers whose schedules are armed wrongly, what is wrong, and their next ticks."""
    try:
        crons = crons_of(stored.message)
    except ValueError:
        yield "", UNREADABLE, None
        return
    if not crons:
        return
    next_at = armed_schedules(tx, stored.summary.id)
    for trigger_id, cron in crons.items():
        tick, expected = next_at.get(trigger_id), cron.next(now)
        if tick is None:
            if expected is not None:
                yield trigger_id, NOT_ARMED, expected
        elif tick > now + LATEST_RETRY:
            expected = cron.next(now + TOLERANCE)
            if expected is not None and expected < tick:
                yield trigger_id, TOO_FAR, cron.next(now)
            elif cron.previous(tick) != tick:
                yield trigger_id, NOT_ITS_OWN, cron.next(now)


class ArmedScheduleCheck:
    """Checks that each armed schedule of a version has one that is published."""

    name = "armed_integration_schedules"

    def __init__(self, database: Database) -> None:
        self._database = database

    async def step(self, position: str | None, /) -> CheckedPage:
        version_id, trigger_id = json.loads(position or '["", ""]')
        rows = await self._database.read(
            lambda tx: published.page_of_armed_schedules(
                tx, version_id=version_id, trigger_id=trigger_id
            )
        )
        orphans = [row for row in rows if row.state != VersionState.ACTIVE.value]
        findings: list[Finding] = []
        if orphans:
            findings = await self._database.write(
                lambda tx: [
                    Finding(f"{row.version_id}/{row.trigger_id}", NOT_PUBLISHED, "disarmed")
                    for row in orphans
                    if published.lock_published(tx, row.version_id) is None
                    and published.disarm_as_found(tx, row)
                ]
            )
        end = None
        if len(rows) == ARMED_AT_ONCE:
            end = json.dumps([rows[-1].version_id, rows[-1].trigger_id])
        return CheckedPage(end, findings)
