"""Finds what is recorded about ticks that did not fire, over all triggers and schedules."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import and_, bindparam, literal_column, or_, select

from tocsin.store.driver.instants import to_micros
from tocsin.store.driver.records import Record
from tocsin.store.driver.transaction import Transaction
from tocsin.store.integrations.schema import integration_schedules, integration_versions
from tocsin.store.schedules.schema import schedules
from tocsin.store.schema import WITHHOLDING, armed_timers, decisions
from tocsin.store.triggers.decisions import RECORD, Decision, DecisionKind

# Changes of a rule and deletions count only if they withdrew a tick.
MISSED_KINDS = (
    DecisionKind.MISFIRE,
    DecisionKind.UNREADABLE,
    DecisionKind.OVERLAP,
    DecisionKind.FAILED,
    DecisionKind.PAUSE,
)
WITHDRAWING = DecisionKind.RULE, DecisionKind.DELETED


@dataclass(frozen=True, slots=True)
class LateTimer:
    """A timer whose next tick was due and has not been decided yet."""

    trigger_id: str
    next_at: datetime


@dataclass(frozen=True, slots=True)
class LateSchedule:
    """A schedule whose next instant was due, or waits for the run before it."""

    name: str
    integration: str
    tick_at: datetime
    waits_for: str | None


@dataclass(frozen=True, slots=True)
class LateConfig:
    """A schedule of an integration's trigger whose next instant was due."""

    trigger_id: str
    location: str
    integration: str
    next_at: datetime


COUNTS = or_(
    decisions.c.kind.in_([literal_column(f"'{kind.value}'") for kind in MISSED_KINDS]),
    and_(
        decisions.c.kind.in_([literal_column(f"'{kind.value}'") for kind in WITHDRAWING]),
        decisions.c.detail.contains('"overdue"'),
    ),
)
ENDED = (
    select(*RECORD.columns)
    .where(
        decisions.c.last_at >= bindparam("since"), decisions.c.first_at < bindparam("until"), COUNTS
    )
    # Thousands end at one instant, after a downtime: to order these too would sort all of them.
    .order_by(decisions.c.last_at.desc())
    .limit(bindparam("limit"))
)
GOING_ON = (
    select(*RECORD.columns)
    .where(
        WITHHOLDING,
        decisions.c.last_at.is_(None),
        decisions.c.first_at < bindparam("until"),
        COUNTS,
    )
    .limit(bindparam("limit"))
)
TIMER = Record(LateTimer, armed_timers)
LATE_TIMERS = (
    select(*TIMER.columns)
    .where(
        armed_timers.c.next_at >= bindparam("since"), armed_timers.c.next_at < bindparam("until")
    )
    .order_by(armed_timers.c.next_at, armed_timers.c.trigger_id)
    .limit(bindparam("limit"))
)
SCHEDULE = Record(LateSchedule, schedules)
LATE_SCHEDULES = (
    select(*SCHEDULE.columns)
    .where(
        or_(schedules.c.due_at < bindparam("until"), schedules.c.waits_for.is_not(None)),
        schedules.c.tick_at >= bindparam("since"),
        schedules.c.tick_at < bindparam("until"),
    )
    .order_by(schedules.c.tick_at)
    .limit(bindparam("limit"))
)
CONFIG = Record(
    LateConfig,
    trigger_id=integration_schedules.c.trigger_id,
    location=integration_versions.c.location,
    integration=integration_versions.c.integration,
    next_at=integration_schedules.c.next_at,
)
LATE_CONFIGS = (
    select(*CONFIG.columns)
    .select_from(integration_schedules)
    .join(integration_versions, integration_versions.c.id == integration_schedules.c.version_id)
    .where(
        integration_schedules.c.next_at >= bindparam("since"),
        integration_schedules.c.next_at < bindparam("until"),
    )
    .order_by(integration_schedules.c.next_at)
    .limit(bindparam("limit"))
)


def decisions_between(
    tx: Transaction, since: datetime, until: datetime, *, limit: int
) -> list[Decision]:
    """Returns decisions by which ticks did not fire: first those that go on, in any order,
    then the latest.
    """
    values = {"until": to_micros(until), "limit": limit}
    return [
        *RECORD.all(tx, GOING_ON, **values),
        *RECORD.all(tx, ENDED, since=to_micros(since), **values),
    ]


def late_timers(
    tx: Transaction, since: datetime, until: datetime, *, limit: int
) -> list[LateTimer]:
    """Returns timers whose next tick lies between two instants, the earliest first."""
    return TIMER.all(tx, LATE_TIMERS, **_between(since, until, limit))


def late_schedules(
    tx: Transaction, since: datetime, until: datetime, *, limit: int
) -> list[LateSchedule]:
    """Returns schedules whose next instant was due between two instants, the earliest first."""
    return SCHEDULE.all(tx, LATE_SCHEDULES, **_between(since, until, limit))


def late_configs(
    tx: Transaction, since: datetime, until: datetime, *, limit: int
) -> list[LateConfig]:
    """Returns the same for schedules of integrations' triggers."""
    return CONFIG.all(tx, LATE_CONFIGS, **_between(since, until, limit))


def _between(since: datetime, until: datetime, limit: int) -> dict[str, Any]:
    return {"since": to_micros(since), "until": to_micros(until), "limit": limit}
