"""Reads what will fire until an instant, the earliest first and up to a number of rows."""

from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import BindParameter, ColumnElement, bindparam, func, literal_column, select, tuple_

from tocsin.store.driver.instants import to_micros
from tocsin.store.driver.records import Record
from tocsin.store.driver.transaction import Transaction
from tocsin.store.integrations.schema import integration_schedules, integration_versions
from tocsin.store.overview.resources import RESOURCE
from tocsin.store.schedules.schema import schedules
from tocsin.store.schema import armed_timers, invocations, triggers

MICROS_OF_MINUTE: ColumnElement[int] = literal_column("60000000")
BEGINNING = -(2**62)


class ArmedTimer(NamedTuple):
    """A timer with a next tick, in microseconds, and its trigger as its contract sent it."""

    next_at: int
    trigger_id: str
    folder_id: str
    contract: str
    message: bytes


@dataclass(frozen=True, slots=True)
class ArmedSchedule:
    """A schedule that will run."""

    name: str
    integration: str
    message: bytes


@dataclass(frozen=True, slots=True)
class ArmedTriggerConfig:
    """A trigger of an integration's published version that has a schedule."""

    trigger_id: str
    location: str
    integration: str
    message: bytes


class DueMinute(NamedTuple):
    """How many invocations of a resource are due in a minute, counted since the epoch."""

    minute: int
    resource: str
    due: int


TIMER = Record(
    ArmedTimer,
    next_at=armed_timers.c.next_at,
    trigger_id=armed_timers.c.trigger_id,
    folder_id=triggers.c.folder_id,
    contract=triggers.c.contract,
    message=triggers.c.message,
)
UNTIL: BindParameter[int] = bindparam("until")
IN_ORDER = armed_timers.c.next_at, armed_timers.c.trigger_id
TIMERS = (
    select(*TIMER.columns)
    .select_from(armed_timers)
    .join(triggers, triggers.c.id == armed_timers.c.trigger_id)
    .where(
        tuple_(*IN_ORDER) > tuple_(bindparam("after_at"), bindparam("after")),
        armed_timers.c.next_at < UNTIL,
    )
    .order_by(*IN_ORDER)
    .limit(bindparam("limit"))
)
TIMERS_OF_FOLDER = (
    select(*TIMER.columns)
    .select_from(triggers)
    .join(armed_timers, armed_timers.c.trigger_id == triggers.c.id)
    .where(
        triggers.c.folder_id == bindparam("folder_id"),
        triggers.c.id > bindparam("after"),
        armed_timers.c.next_at < UNTIL,
    )
    .order_by(triggers.c.id)
    .limit(bindparam("limit"))
)
SCHEDULE = Record(ArmedSchedule, schedules)
SCHEDULES = (
    select(*SCHEDULE.columns)
    .where(schedules.c.due_at < UNTIL)
    .order_by(schedules.c.due_at)
    .limit(bindparam("limit"))
)
CONFIG = Record(
    ArmedTriggerConfig,
    integration_versions,
    trigger_id=integration_schedules.c.trigger_id,
)
CONFIGS = (
    select(*CONFIG.columns)
    .select_from(integration_schedules)
    .join(integration_versions, integration_versions.c.id == integration_schedules.c.version_id)
    .where(integration_schedules.c.next_at < UNTIL)
    .order_by(integration_schedules.c.next_at)
    .limit(bindparam("limit"))
)
_due = (
    select((invocations.c.next_at // MICROS_OF_MINUTE).label("minute"), RESOURCE.label("resource"))
    .where(
        invocations.c.next_at.is_not(None),
        invocations.c.next_at > bindparam("since"),
        invocations.c.next_at < UNTIL,
        invocations.c.node.is_(None),
    )
    .order_by(invocations.c.next_at, invocations.c.id)
    .limit(bindparam("limit"))
    .subquery()
)
DUE = select(_due.c.minute, _due.c.resource, func.count()).group_by(_due.c.minute, _due.c.resource)


def armed_timers_until(
    tx: Transaction, until: datetime, *, after: ArmedTimer | None, limit: int
) -> list[ArmedTimer]:
    """Returns timers in the order of their next ticks."""
    after_at, last = (BEGINNING, "") if after is None else (after.next_at, after.trigger_id)
    return TIMER.all(tx, TIMERS, after_at=after_at, after=last, until=to_micros(until), limit=limit)


def armed_timers_of_folder(
    tx: Transaction, folder_id: str, until: datetime, *, after: ArmedTimer | None, limit: int
) -> list[ArmedTimer]:
    """Returns timers of a folder in the order of their ids."""
    return TIMER.all(
        tx,
        TIMERS_OF_FOLDER,
        folder_id=folder_id,
        after="" if after is None else after.trigger_id,
        until=to_micros(until),
        limit=limit,
    )


def armed_schedules_until(tx: Transaction, until: datetime, *, limit: int) -> list[ArmedSchedule]:
    return SCHEDULE.all(tx, SCHEDULES, until=to_micros(until), limit=limit)


def armed_configs_until(
    tx: Transaction, until: datetime, *, limit: int
) -> list[ArmedTriggerConfig]:
    return CONFIG.all(tx, CONFIGS, until=to_micros(until), limit=limit)


def due_minutes(
    tx: Transaction, since: datetime, until: datetime, *, limit: int
) -> list[DueMinute]:
    """Counts the invocations that wait for an instant between two, up to `limit` of them."""
    values = {"since": to_micros(since), "until": to_micros(until), "limit": limit}
    return [DueMinute(*row) for row in tx.all(DUE, **values)]
