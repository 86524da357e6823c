"""What an engine does beside firing: it forgets what is done, and looks for what went wrong."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from tocsin.engine.delivering.heartbeat import LEASE
from tocsin.engine.store_clock import ADJUST_EVERY_SECONDS
from tocsin.engine.upkeep.clock_watch import ClockWatch
from tocsin.engine.upkeep.duty import Duty
from tocsin.engine.upkeep.event_checks import BatchCheck, SubscriptionCheck, WaitingEventsCheck
from tocsin.engine.upkeep.invocation_checks import LostCheck, OverdueCheck, WaitingCheck
from tocsin.engine.upkeep.reconciler import Reconciler
from tocsin.engine.upkeep.retention import Retention, RetentionRules
from tocsin.engine.upkeep.timer_checks import ArmedCheck, TimerCheck
from tocsin.schedule import Clock
from tocsin.store.driver.database import Database

# Until all nodes go by a clock that was set, and have said so of what they hold.
SETTLED_SECONDS = ADJUST_EVERY_SECONDS + LEASE.total_seconds()


@dataclass(frozen=True, slots=True)
class Housekeeping:
    """The parts, for whoever shows what they counted."""

    retention: Retention
    reconciler: Reconciler
    watch: ClockWatch

    def steps(self) -> tuple[Callable[[], Awaitable[None]], ...]:
        return self.retention.run_once, self.reconciler.run_once, self.watch.run_once


@dataclass(frozen=True, slots=True)
class Bells:
    """Whom to tell: of a new tick or batch, of a new delivery, that it is time to look at all."""

    armed: Callable[[datetime], None]
    due: Callable[[datetime], None]
    look: Callable[[], None]


def housekeeping(
    database: Database,
    clock: Clock,
    bells: Bells,
    *,
    node: str,
    pace: Clock,
    rules: RetentionRules,
    interval_seconds: float,
    first_id_at: Callable[[datetime], str],
) -> Housekeeping:
    """Builds it for one node; `pace` is the clock by which it rests."""
    reconciler = Reconciler(
        (
            TimerCheck(database, clock, armed=bells.armed),
            ArmedCheck(database),
            LostCheck(database, clock, bells.due),
            OverdueCheck(database, clock, bells.due),
            WaitingCheck(database, clock, bells.due),
            SubscriptionCheck(database),
            BatchCheck(database, clock, due=bells.armed),
            WaitingEventsCheck(database, clock, bells.armed),
        ),
        Duty("reconciler", database, clock, node=node),
        pace=pace,
        interval_seconds=interval_seconds,
        settle_seconds=0.0 if database.exclusive else SETTLED_SECONDS,
    )

    def jumped(by: timedelta) -> None:
        bells.look()
        if by < timedelta():
            reconciler.hurry()

    return Housekeeping(
        Retention(
            database,
            clock,
            rules,
            Duty("retention", database, clock, node=node),
            pace=pace,
            first_id_at=first_id_at,
        ),
        reconciler,
        ClockWatch(clock, jumped, pace=pace),
    )
