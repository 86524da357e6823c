"""Turns each due tick into an invocation and arms the next tick, in one transaction."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import structlog

from tocsin.compilers.loading import load_plan
from tocsin.engine.observer import UNOBSERVED, Observer
from tocsin.engine.settings import MisfireSettings
from tocsin.engine.ticks.decisions import misfire_record, unreadable_record
from tocsin.engine.ticks.misfires import Firing, Missed, decide
from tocsin.engine.ticks.schedules import KIND as SCHEDULE
from tocsin.engine.ticks.schedules import Schedules, earliest_of_all
from tocsin.engine.wakeup import Wakeup
from tocsin.plans.plan import MisfirePolicy, Plan, action_to_json, target_key
from tocsin.schedule import Clock, Cron
from tocsin.sources.kinds.timer import TimerSource, tick_payload
from tocsin.store.driver.bells import Bell
from tocsin.store.driver.database import Database
from tocsin.store.driver.transaction import Transaction
from tocsin.store.invocations.rows import Invocation, insert_invocations
from tocsin.store.triggers.decisions import record_decision, record_or_extend
from tocsin.store.triggers.timers import (
    DueTimer,
    arm_timer,
    arm_timers,
    disarm_timer,
    due_timers,
)

log = structlog.get_logger(__name__)

KIND = "timer"
# Bounds how long one pass blocks the event loop: a tick takes some 60 µs on SQLite.
TICKS_AT_ONCE = 128
# A timer can make many invocations of missed ticks; this bounds one transaction.
INVOCATIONS_AT_ONCE = 1024
UNREADABLE_WAITS = timedelta(minutes=1)
FIRED_ELSEWHERE = timedelta(milliseconds=50)


@dataclass(slots=True)
class TickWork:
    """Holds the work of one transaction; misfires are reported once it is durable.

    Timers that are on time, which nearly all are, are written together at the end.
    """

    seen: int = 0
    made: int = 0
    executions: int = 0
    invocations: list[Invocation] = field(default_factory=list)
    next_ticks: list[tuple[str, datetime | None]] = field(default_factory=list)
    on_time: dict[tuple[Cron, datetime], Firing] = field(default_factory=dict)
    misfires: list[tuple[str, Missed]] = field(default_factory=list)


class Timers:
    """Turns ticks into invocations."""

    def __init__(
        self,
        database: Database,
        clock: Clock,
        *,
        new_id: Callable[[], str],
        cloud_id: str,
        misfires: MisfireSettings,
        schedules: Schedules | None = None,
        observer: Observer = UNOBSERVED,
    ) -> None:
        self._database = database
        self._clock = clock
        self._new_id = new_id
        self._cloud_id = cloud_id
        self._misfires = misfires
        self._schedules = schedules
        self._observer = observer
        self._wakeup = Wakeup(clock)
        database.on(Bell.TICKS, self._wakeup.ring)

    def look(self) -> None:
        """Makes the loop look for due ticks at once."""
        self._wakeup.ring()

    async def run_once(self) -> None:
        """Fires due ticks, then waits for the next one."""
        self._wakeup.listen()
        now = self._clock.now()
        tick = await self._database.read(earliest_of_all)
        if tick is None or tick > now:
            await self._wakeup.wait(tick)
        else:
            done = await self._database.write(lambda tx: self._fire_due(tx, now))
            for trigger_id, missed in done.misfires:
                self._observer.misfired(missed)
                _log_misfire(trigger_id, missed, now)
            if done.made:
                self._observer.fired(KIND, done.made)
            if done.executions:
                self._observer.fired(SCHEDULE, done.executions)
            if not done.seen:
                # Another node is firing them.
                await self._wakeup.wait(now + FIRED_ELSEWHERE)

    def _fire_due(self, tx: Transaction, now: datetime) -> TickWork:
        done = TickWork()
        for timer in due_timers(tx, now=now, limit=TICKS_AT_ONCE):
            done.seen += 1
            self._fire(tx, timer, now, done)
            if done.made + len(done.invocations) >= INVOCATIONS_AT_ONCE:
                break
        done.made += _insert(tx, done.invocations)
        arm_timers(tx, done.next_ticks)
        if self._schedules is not None:
            seen, done.executions, missed = self._schedules.fire_due(tx, now)
            done.seen += seen
            done.misfires += missed
        return done

    def _fire(self, tx: Transaction, timer: DueTimer, now: datetime, done: TickWork) -> None:
        try:
            plan = load_plan(timer.contract, timer.message)
        except ValueError:
            # A broken trigger must not stop the others.
            log.exception(
                "could not read a stored trigger, its tick waits", trigger_id=timer.trigger_id
            )
            again_at = now + UNREADABLE_WAITS
            arm_timer(tx, timer.trigger_id, again_at)
            record = unreadable_record(
                self._new_id(), timer.trigger_id, timer.instant, again_at, now
            )
            record_or_extend(tx, record)
            return
        source = plan.source
        if not isinstance(source, TimerSource) or not plan.active:
            log.error(
                "paused or non-timer trigger had a next tick, disarmed it",
                trigger_id=plan.trigger_id,
            )
            disarm_timer(tx, plan.trigger_id)
            return
        policy = source.misfire or self._misfires.policy
        decision = done.on_time.get((source.cron, timer.instant))
        if decision is None:
            decision = decide(source.cron, timer.instant, now, policy, self._misfires)
        if decision.missed is None:
            # No policy applies, so all timers of this cron and instant share the decision.
            done.on_time[source.cron, timer.instant] = decision
            for tick in decision.fire:
                done.invocations += self._invocations(plan, source, tick, now)
            done.next_ticks.append((plan.trigger_id, decision.next_tick))
            return
        made = sum(self._invoke(tx, plan, source, tick, now) for tick in decision.fire)
        missed = decision.missed
        fired_tick = decision.fire[0] if decision.fire else None
        if missed.fired and not made and policy is MisfirePolicy.FIRE_ONCE:
            # The clock was set back: the first tick has fired before, but not all of the others.
            made, fired_tick = self._invoke(tx, plan, source, missed.last, now), missed.last
        done.misfires.append((plan.trigger_id, missed))
        record = misfire_record(self._new_id(), plan.trigger_id, missed, fired_tick, now)
        record_decision(tx, record)
        done.made += made
        arm_timer(tx, plan.trigger_id, decision.next_tick)

    def _invoke(
        self, tx: Transaction, plan: Plan, source: TimerSource, tick: datetime, now: datetime
    ) -> int:
        """Inserts a tick's invocations; returns how many, 0 if the tick fired before."""
        return _insert(tx, self._invocations(plan, source, tick, now))

    def _invocations(
        self, plan: Plan, source: TimerSource, tick: datetime, now: datetime
    ) -> list[Invocation]:
        invocations = []
        for index, action in enumerate(plan.actions):
            invocation_id = self._new_id()
            invocation = Invocation(
                id=invocation_id,
                parent=f"folders/{plan.folder_id}",
                origin=plan.trigger_id,
                occurrence=f"{plan.trigger_id}/{tick.isoformat()}/{index}",
                scheduled_at=tick,
                action=action_to_json(action),
                target=target_key(action.target),
                payload=tick_payload(
                    plan, source, event_id=invocation_id, tick=tick, cloud_id=self._cloud_id
                ),
                created_at=now,
            )
            invocations.append(invocation)
        return invocations


def _insert(tx: Transaction, invocations: Sequence[Invocation]) -> int:
    """Inserts invocations, and returns how many are new; existing occurrences stay unchanged."""
    new = insert_invocations(tx, [(one, one.scheduled_at) for one in invocations])
    for invocation in invocations:
        if invocation.id not in new:
            log.info(
                "tick had fired before",
                trigger_id=invocation.origin,
                tick=invocation.scheduled_at.isoformat(),
            )
    return len(new)


DECISIONS = {
    MisfirePolicy.FIRE_ONCE: "missed ticks, fired once for all of them",
    MisfirePolicy.SKIP: "missed ticks, skipped them",
    MisfirePolicy.FIRE_ALL: "missed ticks, fired each of them",
}


def _log_misfire(trigger_id: str, missed: Missed, now: datetime) -> None:
    only_recorded = missed.expired == missed.count
    log.warning(
        "missed ticks too long ago, only recorded them"
        if only_recorded
        else DECISIONS[missed.policy],
        trigger_id=trigger_id,
        policy=missed.policy.value,
        missed=missed.count,
        first_missed=missed.first.isoformat(),
        last_missed=missed.last.isoformat(),
        fired=missed.fired,
        expired=missed.expired,
        dropped=missed.dropped,
        now=now.isoformat(),
    )
