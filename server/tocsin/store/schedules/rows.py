"""Stores schedules, and finds those that are due."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import bindparam, delete, exists, func, insert, literal, null, select, update

from tocsin.store.driver.bells import Bell
from tocsin.store.driver.instants import EPOCH, instant_or_none, to_micros
from tocsin.store.driver.records import Record
from tocsin.store.driver.transaction import Transaction
from tocsin.store.schedules.schema import schedules as table
from tocsin.store.schema import invocations


@dataclass(frozen=True, slots=True)
class StoredSchedule:
    """A schedule; `schema.py` describes the columns."""

    name: str
    parent: str
    integration: str
    message: bytes
    tick_at: datetime | None = None
    due_at: datetime | None = None
    waits_for: str | None = None
    last_tick_at: datetime | None = None
    last_invocation: str | None = None
    skipped: int = 0
    missed: int = 0
    last_error: str | None = None


def armed(schedule: StoredSchedule, following: tuple[datetime, datetime] | None) -> StoredSchedule:
    """Returns a schedule with its next instant and when that is due; None: none follows."""
    tick, due = following or (None, None)
    return replace(schedule, tick_at=tick, due_at=due, waits_for=None)


RECORD = Record(StoredSchedule, table)
INSERT = insert(table).values(RECORD.bound)
SELECT = select(*RECORD.columns).where(table.c.name == bindparam("name"))
LOCK = SELECT.with_for_update()
INTEGRATION = select(table.c.integration).where(table.c.name == bindparam("name"))
PAGE = (
    select(*RECORD.columns)
    .where(table.c.parent == bindparam("parent"), table.c.name > bindparam("after"))
    .order_by(table.c.name)
    .limit(bindparam("limit"))
)
UPDATE = (
    update(table)
    .where(table.c.name == bindparam("of_name"))
    .values({name: bindparam(name) for name in RECORD.names if name not in ("name", "parent")})
)
DELETE = delete(table).where(table.c.name == bindparam("name"))
EARLIEST = select(func.min(table.c.due_at))
HAS_ENDED = ~exists().where(
    invocations.c.id == table.c.waits_for, invocations.c.finished_at.is_(None)
)
READY = select(literal(1)).where(table.c.waits_for.is_not(None), HAS_ENDED).limit(1)
WAITING = select(literal(1)).where(table.c.waits_for.is_not(None)).limit(1)
RELEASE = (
    update(table)
    .where(table.c.waits_for.is_not(None), HAS_ENDED)
    .values(due_at=bindparam("now"), waits_for=null())
)
DUE = (
    select(*RECORD.columns)
    .where(table.c.due_at <= bindparam("now"))
    .order_by(table.c.due_at)
    .limit(bindparam("limit"))
    .with_for_update(skip_locked=True)
)
PARENTS = (
    select(table.c.parent)
    .where(table.c.due_at <= bindparam("now"))
    .order_by(table.c.due_at)
    .limit(bindparam("limit"))
)


def insert_schedule(tx: Transaction, schedule: StoredSchedule) -> None:
    """Adds a schedule.

    Raises:
        UniqueViolation: one of this name exists.
    """
    tx.run(INSERT, **RECORD.values(schedule))
    _ring(tx, schedule)


def update_schedule(tx: Transaction, schedule: StoredSchedule) -> None:
    values = RECORD.values(schedule)
    del values["parent"]
    tx.run(UPDATE, of_name=values.pop("name"), **values)
    _ring(tx, schedule)


def find_schedule(tx: Transaction, name: str, *, lock: bool = False) -> StoredSchedule | None:
    """Finds a schedule; `lock` keeps others from writing it until the end of the transaction."""
    return RECORD.one(tx, LOCK if lock else SELECT, name=name)


def integration_of_schedule(tx: Transaction, name: str) -> str | None:
    """Returns the full name of a schedule's integration."""
    integration: str | None = tx.value(INTEGRATION, name=name)
    return integration


def page_of_schedules(
    tx: Transaction, *, parent: str, after: str, limit: int
) -> list[StoredSchedule]:
    """Returns up to `limit` schedules of a location after a name, ordered by name."""
    return RECORD.all(tx, PAGE, parent=parent, after=after, limit=limit)


def delete_schedule(tx: Transaction, name: str) -> bool:
    """Deletes a schedule; returns False if it does not exist."""
    return tx.run(DELETE, name=name) > 0


def earliest_run(tx: Transaction) -> datetime | None:
    """Returns when a schedule is due next; a past instant if one has waited for a run to end."""
    if tx.value(READY) is not None:
        return EPOCH
    return instant_or_none(tx.value(EARLIEST))


def any_waits(tx: Transaction) -> bool:
    """Returns whether a schedule waits for a run to end."""
    return tx.value(WAITING) is not None


def release_waiting(tx: Transaction, *, now: datetime) -> int:
    """Makes those schedules due that waited for a run that has ended; returns how many."""
    return tx.run(RELEASE, now=to_micros(now))


def parents_of_due(tx: Transaction, *, now: datetime, limit: int) -> Sequence[str]:
    return tx.column(PARENTS, now=to_micros(now), limit=limit)


def due_schedules(tx: Transaction, *, now: datetime, limit: int) -> list[StoredSchedule]:
    """Returns due schedules that no other node deals with, and keeps them from others."""
    return RECORD.all(tx, DUE, now=to_micros(now), limit=limit)


def _ring(tx: Transaction, schedule: StoredSchedule) -> None:
    if schedule.due_at is not None:
        tx.ring(Bell.TICKS, schedule.due_at)
