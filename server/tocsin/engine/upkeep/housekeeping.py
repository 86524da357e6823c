"""Builds the chores of the engine: retention, expiry, the reconciler and the clock watch."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from tocsin.engine.delivering.heartbeat import LEASE
from tocsin.engine.observer import UNOBSERVED, Observer
from tocsin.engine.settings import ReconcilerSettings, RetentionSettings
from tocsin.engine.store_clock import ADJUST_EVERY_SECONDS
from tocsin.engine.upkeep.clock_watch import ClockWatch
from tocsin.engine.upkeep.duty import Duty
from tocsin.engine.upkeep.event_checks import BatchCheck, SubscriptionCheck, WaitingEventsCheck
from tocsin.engine.upkeep.expiry_sweep import ExpirySweep
from tocsin.engine.upkeep.invocation_checks import (
    LostCheck,
    OverdueCheck,
    ParkedCheck,
    WaitingCheck,
)
from tocsin.engine.upkeep.reconciler import Check, Reconciler
from tocsin.engine.upkeep.retention import RetentionSweep
from tocsin.engine.upkeep.schedule_checks import (
    ArmedScheduleCheck,
    PublishedCheck,
    ScheduleCheck,
)
from tocsin.engine.upkeep.timer_checks import ArmedCheck, TimerCheck
from tocsin.schedule import Clock
from tocsin.store.driver.database import Database
from tocsin.store.expiry import REMEMBERED

# 0.1.0 calls its duty "reconciler". A node of it that has the duty makes fewer checks, and none of
# those that put right what it leaves behind in newer rows, so newer nodes have a duty of their own.
RECONCILING = "reconciler-2"
# Time in which all nodes follow a clock that was set, and renew their leases by it.
SETTLED_SECONDS = ADJUST_EVERY_SECONDS + LEASE.total_seconds()


class Loop(Protocol):
    """Sleeps until an instant; `look` makes it look for work earlier."""

    def look(self) -> None: ...


@dataclass(frozen=True, slots=True)
class Housekeeping:
    """Holds the chores, so that tests can run them one by one."""

    retention: RetentionSweep
    expiry: ExpirySweep
    reconciler: Reconciler
    watch: ClockWatch

    def steps(self) -> tuple[Callable[[], Awaitable[None]], ...]:
        parts = (self.retention, self.expiry, self.reconciler, self.watch)
        return tuple(part.run_once for part in parts)


def housekeeping(
    database: Database,
    clock: Clock,
    *,
    loops: Sequence[Loop],
    node: str,
    machine_clock: Clock,
    retention: RetentionSettings,
    reconciling: ReconcilerSettings,
    first_id_at: Callable[[datetime], str],
    observer: Observer = UNOBSERVED,
) -> Housekeeping:
    """Builds the housekeeping of one node.

    `loops` look for work when the clock was set; `machine_clock` times the pauses.
    """
    reconciler = Reconciler(
        _checks(database, clock),
        Duty(RECONCILING, database, clock, node=node),
        machine_clock=machine_clock,
        interval_seconds=reconciling.interval,
        settle_seconds=0.0 if database.exclusive else SETTLED_SECONDS,
        observer=observer,
    )

    # The clock may have been set while no node ran.
    reconciler.hurry()

    def jumped(by: timedelta) -> None:
        for loop in loops:
            loop.look()
        if by < timedelta():
            reconciler.hurry()

    return Housekeeping(
        RetentionSweep(
            database,
            clock,
            retention,
            Duty("retention", database, clock, node=node),
            machine_clock=machine_clock,
            first_id_at=first_id_at,
            observer=observer,
        ),
        ExpirySweep(
            database,
            clock,
            REMEMBERED,
            Duty("expiry", database, clock, node=node),
            machine_clock=machine_clock,
            observer=observer,
        ),
        reconciler,
        ClockWatch(clock, jumped, machine_clock=machine_clock),
    )


def _checks(database: Database, clock: Clock) -> Sequence[Check]:
    return (
        TimerCheck(database, clock),
        ArmedCheck(database),
        ScheduleCheck(database, clock),
        PublishedCheck(database, clock),
        ArmedScheduleCheck(database),
        LostCheck(database, clock),
        OverdueCheck(database, clock),
        WaitingCheck(database, clock),
        ParkedCheck(database, clock),
        SubscriptionCheck(database),
        BatchCheck(database, clock),
        WaitingEventsCheck(database, clock),
    )
