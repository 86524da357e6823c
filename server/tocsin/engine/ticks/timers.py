"""Timers: each due tick becomes an invocation, and the next tick is armed, in one transaction."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import structlog

from tocsin.compilers.loading import load_plan
from tocsin.engine.observer import UNOBSERVED, Observer
from tocsin.engine.settings import MisfireSettings
from tocsin.engine.ticks.decisions import misfire_record, unreadable_record
from tocsin.engine.ticks.misfires import Firing, Missed, decide
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
    earliest_tick,
)

log = structlog.get_logger(__name__)

KIND = "timer"
# Bounds how long one pass keeps the event loop: a tick takes some 60 µs of it on SQLite.
TICKS_AT_ONCE = 128
# A timer can make many at once of what it missed; the loop must not be kept from others for long.
INVOCATIONS_AT_ONCE = 1024
UNREADABLE_WAITS = timedelta(minutes=1)
HELD_ELSEWHERE = timedelta(milliseconds=50)


@dataclass(slots=True)
class TickWork:
    """What one transaction does. Misfires are told once it is durable.

    Timers that are on time, as nearly all are, are written together at the end.
    """

    seen: int = 0
    made: int = 0
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
        observer: Observer = UNOBSERVED,
    ) -> None:
        self._database = database
        self._clock = clock
        self._new_id = new_id
        self._cloud_id = cloud_id
        self._misfires = misfires
        self._observer = observer
        self._wakeup = Wakeup(clock)
        database.on(Bell.TICKS, self._wakeup.ring)

    def look(self) -> None:
        """Makes the loop look for ticks at once."""
        self._wakeup.ring()

    async def run_once(self) -> None:
        """Fires what is due, then waits for the next tick."""
        self._wakeup.listen()
        now = self._clock.now()
        tick = await self._database.read(earliest_tick)
        if tick is None or tick > now:
            await self._wakeup.wait(tick)
        else:
            done = await self._database.write(lambda tx: self._fire_due(tx, now))
            for trigger_id, missed in done.misfires:
                self._observer.misfired(missed)
                _log_misfire(trigger_id, missed, now)
            if done.made:
                self._observer.fired(KIND, done.made)
            if not done.seen:
                # Another node fires them at this moment.
                await self._wakeup.wait(now + HELD_ELSEWHERE)

    def _fire_due(self, tx: Transaction, now: datetime) -> TickWork:
        done = TickWork()
        for timer in due_timers(tx, now=now, limit=TICKS_AT_ONCE):
            done.seen += 1
            self._fire(tx, timer, now, done)
            if done.made + len(done.invocations) >= INVOCATIONS_AT_ONCE:
                break
        done.made += _insert(tx, done.invocations)
        arm_timers(tx, done.next_ticks)
        return done

    def _fire(self, tx: Transaction, timer: DueTimer, now: datetime, done: TickWork) -> None:
        try:
            plan = load_plan(timer.contract, timer.message)
        except ValueError:
            # One trigger that can't be read must not keep the others from firing.
            log.exception("trigger can't be read, its tick waits", trigger_id=timer.trigger_id)
            again_at = now + UNREADABLE_WAITS
            arm_timer(tx, timer.trigger_id, again_at)
            record_or_extend(tx, unreadable_record(self._new_id(), timer, again_at, now))
            return
        source = plan.source
        if not isinstance(source, TimerSource) or not plan.active:
            log.error("trigger is armed and is no active timer", trigger_id=plan.trigger_id)
            disarm_timer(tx, plan.trigger_id)
            return
        policy = source.misfire or self._misfires.policy
        decision = done.on_time.get((source.cron, timer.instant))
        if decision is None:
            decision = decide(source.cron, timer.instant, now, policy, self._misfires)
        if decision.missed is None:
            # No policy comes into it, so all timers of this cron and instant have the same.
            done.on_time[source.cron, timer.instant] = decision
            for tick in decision.fire:
                done.invocations += self._invocations(plan, source, tick, now)
            done.next_ticks.append((plan.trigger_id, decision.next_tick))
            return
        made = sum(self._invoke(tx, plan, source, tick, now) for tick in decision.fire)
        missed = decision.missed
        fired_tick = decision.fire[0] if decision.fire else None
        if missed.fired and not made and policy is MisfirePolicy.FIRE_ONCE:
            # The clock was set back: its first tick fired before, yet not all that it stands for.
            made, fired_tick = self._invoke(tx, plan, source, missed.last, now), missed.last
        done.misfires.append((plan.trigger_id, missed))
        record = misfire_record(self._new_id(), plan.trigger_id, missed, fired_tick, now)
        record_decision(tx, record)
        done.made += made
        arm_timer(tx, plan.trigger_id, decision.next_tick)

    def _invoke(
        self, tx: Transaction, plan: Plan, source: TimerSource, tick: datetime, now: datetime
    ) -> int:
        """Makes a tick's invocations; returns how many, 0 where it fired before."""
        return _insert(tx, self._invocations(plan, source, tick, now))

    def _invocations(
        self, plan: Plan, source: TimerSource, tick: datetime, now: datetime
    ) -> list[Invocation]:
        made = []
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
            made.append(invocation)
        return made


def _insert(tx: Transaction, invocations: Sequence[Invocation]) -> int:
    """Returns how many there are more now; an occurrence that was there stays as it is."""
    made = insert_invocations(tx, [(each, each.scheduled_at) for each in invocations])
    for each in invocations:
        if each.id not in made:
            log.info(
                "tick fired before", trigger_id=each.origin, tick=each.scheduled_at.isoformat()
            )
    return len(made)


DECISIONS = {
    MisfirePolicy.FIRE_ONCE: "ticks missed, fired once for all of them",
    MisfirePolicy.SKIP: "ticks missed, skipped",
    MisfirePolicy.FIRE_ALL: "ticks missed, fired each",
}


def _log_misfire(trigger_id: str, missed: Missed, now: datetime) -> None:
    only_recorded = missed.expired == missed.count
    log.warning(
        "ticks missed too long ago, only recorded" if only_recorded else DECISIONS[missed.policy],
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
