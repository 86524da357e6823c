"""Timers: each due tick becomes an invocation, and the next tick is armed, in one transaction."""

from collections.abc import Callable
from datetime import datetime, timedelta

import structlog

from tocsin.engine.wakeup import Wakeup
from tocsin.plans.plan import Plan, TimerSource, action_to_json
from tocsin.schedule import Clock
from tocsin.sources.timer import tick_payload
from tocsin.store.database import Database
from tocsin.store.invocations import Invocation, insert_invocation
from tocsin.store.timers import DueTimer, arm_timer, due_timers, earliest_tick
from tocsin.store.transaction import Transaction, UniqueViolation

log = structlog.get_logger(__name__)

TICKS_AT_ONCE = 256
UNREADABLE_WAITS = timedelta(minutes=1)


class Timers:
    """Turns ticks into invocations. `load_plan` reads a stored trigger; `fired` wakes delivery."""

    def __init__(
        self,
        database: Database,
        clock: Clock,
        *,
        load_plan: Callable[[bytes], Plan],
        new_id: Callable[[], str],
        fired: Callable[[], None],
        cloud_id: str,
    ) -> None:
        self._database = database
        self._clock = clock
        self._load_plan = load_plan
        self._new_id = new_id
        self._fired = fired
        self._cloud_id = cloud_id
        self._wakeup = Wakeup(clock)

    def armed(self, tick: datetime) -> None:
        self._wakeup.ring(tick)

    async def run_once(self) -> None:
        """Fires what is due, then waits for the next tick."""
        self._wakeup.listen()
        now = self._clock.now()
        tick = await self._database.read(earliest_tick)
        if tick is None or tick > now:
            await self._wakeup.wait(tick)
        elif await self._database.write(lambda tx: self._fire_due(tx, now)):
            self._fired()

    def _fire_due(self, tx: Transaction, now: datetime) -> int:
        due = due_timers(tx, now=now, limit=TICKS_AT_ONCE)
        for timer in due:
            self._fire(tx, timer, now)
        return len(due)

    def _fire(self, tx: Transaction, timer: DueTimer, now: datetime) -> None:
        try:
            plan = self._load_plan(timer.trigger)
        except ValueError:
            # One trigger that can't be read must not keep the others from firing.
            log.exception("trigger can't be read, its tick waits", trigger_id=timer.trigger_id)
            arm_timer(tx, timer.trigger_id, now + UNREADABLE_WAITS)
            return
        if not isinstance(plan.source, TimerSource):
            raise TypeError(f"trigger {plan.trigger_id} is armed and has no timer")
        next_tick = plan.source.cron.next(timer.instant)
        if next_tick is not None and next_tick <= now:
            log.warning(
                "ticks missed, firing once for all of them",
                trigger_id=plan.trigger_id,
                first_missed=timer.instant.isoformat(),
                now=now.isoformat(),
            )
            next_tick = plan.source.cron.next(now)
        self._invoke(tx, plan, plan.source, timer.instant, now)
        arm_timer(tx, plan.trigger_id, next_tick)

    def _invoke(
        self, tx: Transaction, plan: Plan, source: TimerSource, tick: datetime, now: datetime
    ) -> None:
        for index, action in enumerate(plan.actions):
            invocation_id = self._new_id()
            invocation = Invocation(
                id=invocation_id,
                parent=f"folders/{plan.folder_id}",
                origin=plan.trigger_id,
                occurrence=f"{plan.trigger_id}/{tick.isoformat()}/{index}",
                scheduled_at=tick,
                action=action_to_json(action),
                payload=tick_payload(
                    plan, source, event_id=invocation_id, tick=tick, cloud_id=self._cloud_id
                ),
                created_at=now,
            )
            try:
                insert_invocation(tx, invocation, due_at=tick)
            except UniqueViolation:
                log.info("tick fired before", trigger_id=plan.trigger_id, tick=tick.isoformat())
