"""Turns each due instant of a schedule into an execution, and arms the next one."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Protocol, TypeAlias

import structlog

from tocsin.compilers.integration_versions import Offer
from tocsin.compilers.schedules import schedule_plan
from tocsin.engine.observer import UNOBSERVED, Observer
from tocsin.engine.ticks.decisions import (
    misfire_record,
    passed_over_record,
    unreadable_record,
)
from tocsin.engine.ticks.misfires import Missed
from tocsin.engine.wakeup import Wakeup
from tocsin.plans.errors import PlanError
from tocsin.plans.plan import MisfirePolicy
from tocsin.plans.schedule import Overlap, SchedulePlan
from tocsin.schedule import Clock
from tocsin.store.driver.bells import Bell
from tocsin.store.driver.database import Database
from tocsin.store.driver.transaction import Transaction
from tocsin.store.invocations.rows import (
    Invocation,
    cancel_invocation,
    insert_invocations,
    state_of,
)
from tocsin.store.schedules.rows import (
    StoredSchedule,
    any_waits,
    armed,
    due_schedules,
    earliest_run,
    parents_of_due,
    release_waiting,
    update_schedule,
)
from tocsin.store.triggers.decisions import (
    Decision,
    DecisionKind,
    record_decision,
    record_or_extend,
)

log = structlog.get_logger(__name__)

KIND = "schedule"
# Bounds how long one pass blocks the event loop.
TICKS_AT_ONCE = 64
MICROSECOND = timedelta(microseconds=1)
UNREADABLE_WAITS = timedelta(minutes=1)
FIRED_ELSEWHERE = timedelta(milliseconds=50)
CANCEL_NOTE = "The schedule's next run began"


class Runs(Protocol):
    """Makes the executions of schedules."""

    async def offers(self, parent: str) -> Mapping[str, Offer]:
        """Returns what can be run in a project and location."""

    def execution(
        self, schedule: StoredSchedule, offers: Mapping[str, Offer], tick: datetime, now: datetime
    ) -> Invocation:
        """Returns the execution of an instant, with its occurrence.

        Raises:
            PlanError: the integration can't be run.
        """


TellsOfNotRun: TypeAlias = Callable[[Transaction, str, datetime, str, datetime], None]
"""Tells people of a schedule, an instant of it that could not run, why, and the present time."""


@dataclass(frozen=True, slots=True)
class _Look:
    due: datetime | None
    waits: bool
    parents: frozenset[str]


class Recurring:
    """Fires schedules. An instant that is late by at most `tolerance` counts as on time.

    `tell` is called, if there is one, of an instant that could not run.
    """

    def __init__(
        self,
        database: Database,
        clock: Clock,
        runs: Runs,
        *,
        new_id: Callable[[], str],
        tolerance: timedelta,
        observer: Observer = UNOBSERVED,
        tell: TellsOfNotRun | None = None,
    ) -> None:
        self._database = database
        self._tell = tell
        self._clock = clock
        self._runs = runs
        self._new_id = new_id
        self._tolerance = tolerance
        self._observer = observer
        self._wakeup = Wakeup(clock)
        # Endings are frequent, and few schedules wait for one.
        self._waits = False
        database.on(Bell.TICKS, self._wakeup.ring)
        database.on(Bell.ENDINGS, self._ended)

    def look(self) -> None:
        """Makes the loop look for due instants at once."""
        self._wakeup.ring()

    def _ended(self, _at: datetime | None) -> None:
        if self._waits:
            self._wakeup.ring()

    async def run_once(self) -> None:
        """Fires due instants, then waits for the next one."""
        self._wakeup.listen()
        now = self._clock.now()
        look = await self._database.read(lambda tx: _look(tx, now))
        self._waits = look.waits
        if look.due is None or look.due > now:
            await self._wakeup.wait(look.due)
            return
        offers = {parent: await self._runs.offers(parent) for parent in look.parents}
        seen, made = await self._database.write(lambda tx: self._fire_due(tx, now, offers))
        if made:
            self._observer.fired(KIND, made)
        if not seen:
            # Another node is firing them.
            await self._wakeup.wait(now + FIRED_ELSEWHERE)

    def _fire_due(
        self, tx: Transaction, now: datetime, offers: Mapping[str, Mapping[str, Offer]]
    ) -> tuple[int, int]:
        """Fires one instant of each due schedule; returns how many it saw and how many ran."""
        seen, made = release_waiting(tx, now=now), 0
        for schedule in due_schedules(tx, now=now, limit=TICKS_AT_ONCE):
            if schedule.parent in offers:
                seen += 1
                made += self._fire(tx, schedule, now, offers[schedule.parent])
        return seen, made

    def _fire(
        self, tx: Transaction, schedule: StoredSchedule, now: datetime, offers: Mapping[str, Offer]
    ) -> int:
        tick = schedule.tick_at or now
        try:
            plan = schedule_plan(schedule.name, schedule.message)
        except ValueError:
            # A broken schedule must not stop the others.
            log.exception("could not read a stored schedule, its run waits", name=schedule.name)
            again_at = now + UNREADABLE_WAITS
            update_schedule(tx, replace(schedule, due_at=again_at))
            record_or_extend(
                tx, unreadable_record(self._new_id(), schedule.name, tick, again_at, now)
            )
            return 0
        window = max(plan.catch_up, self._tolerance)
        if now - plan.timetable.due(tick) > window:
            self._pass_missed(tx, schedule, plan, tick, now - window, now)
            return 0
        following, previous = plan.timetable.following(tick), schedule.last_invocation
        if previous is not None and _is_open(tx, previous):
            match plan.overlap:
                case Overlap.QUEUE:
                    update_schedule(tx, replace(schedule, due_at=None, waits_for=previous))
                    return 0
                case Overlap.SKIP:
                    skipped = replace(schedule, skipped=schedule.skipped + 1)
                    update_schedule(tx, armed(skipped, following))
                    record = self._passed_over(
                        DecisionKind.OVERLAP, schedule, tick, following, now, execution=previous
                    )
                    record_or_extend(tx, record)
                    return 0
                case Overlap.CANCEL:
                    cancel_invocation(tx, previous, now=now, note=CANCEL_NOTE)
        return self._run(tx, schedule, following, offers, tick, now)

    def _run(
        self,
        tx: Transaction,
        before: StoredSchedule,
        following: tuple[datetime, datetime] | None,
        offers: Mapping[str, Offer],
        tick: datetime,
        now: datetime,
    ) -> int:
        """Stores the execution of an instant, and the schedule, which is armed for the next."""
        schedule = armed(before, following)
        try:
            execution = self._runs.execution(schedule, offers, tick, now)
        except PlanError as error:
            log.warning("could not run a schedule", name=schedule.name, error=error.reason)
            update_schedule(tx, replace(schedule, last_error=error.reason))
            record = self._passed_over(
                DecisionKind.FAILED, before, tick, following, now, error=error.reason
            )
            # One record has one reason.
            same = before.last_error == error.reason
            (record_or_extend if same else record_decision)(tx, record)
            if self._tell is not None:
                self._tell(tx, schedule.name, tick, error.reason, now)
            return 0
        new = insert_invocations(tx, [(execution, now)])
        if not new:
            # The clock was set back, and the instant has run before.
            update_schedule(tx, schedule)
            return 0
        update_schedule(
            tx,
            replace(schedule, last_tick_at=tick, last_invocation=execution.id, last_error=None),
        )
        return 1

    def _passed_over(
        self,
        kind: DecisionKind,
        schedule: StoredSchedule,
        tick: datetime,
        following: tuple[datetime, datetime] | None,
        now: datetime,
        **detail: str,
    ) -> Decision:
        next_tick = None if following is None else following[0]
        return passed_over_record(
            self._new_id(), schedule.name, kind, tick, next_tick, now, **detail
        )

    def _pass_missed(
        self,
        tx: Transaction,
        schedule: StoredSchedule,
        plan: SchedulePlan,
        tick: datetime,
        live_from: datetime,
        now: datetime,
    ) -> None:
        """Arms a schedule for the first instant that is made up, and records those before it."""
        timetable = plan.timetable
        # The jitter lets an instant start later, so the one at hand is passed over in any case.
        after = max(tick, live_from - timetable.jitter - MICROSECOND)
        missed = 1 + timetable.count(tick, after)
        log.warning("a schedule missed instants", name=schedule.name, missed=missed)
        last = max(tick, timetable.previous(after) or tick)
        # Each that is not too old runs, as with FIRE_ALL.
        decision = Missed(MisfirePolicy.FIRE_ALL, tick, last, missed, 0, missed, 0)
        record_decision(tx, misfire_record(self._new_id(), schedule.name, decision, None, now))
        passed = replace(schedule, missed=schedule.missed + missed)
        update_schedule(tx, armed(passed, timetable.following(after)))


def _look(tx: Transaction, now: datetime) -> _Look:
    parents = frozenset(parents_of_due(tx, now=now, limit=TICKS_AT_ONCE))
    return _Look(earliest_run(tx), any_waits(tx), parents)


def _is_open(tx: Transaction, invocation_id: str) -> bool:
    state = state_of(tx, invocation_id)
    return state is not None and not state.final
