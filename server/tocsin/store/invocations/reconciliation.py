"""Finds faults of timers and invocations, in small pages along indexes, and repairs them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import and_, bindparam, case, func, literal_column, null, or_, select, update

from tocsin.store.driver.bells import Bell
from tocsin.store.driver.changes import Watched
from tocsin.store.driver.instants import from_micros, instant_or_none, to_micros
from tocsin.store.driver.records import Record
from tocsin.store.driver.transaction import Transaction
from tocsin.store.invocations.parking import PARKED_UNTIL
from tocsin.store.invocations.rows import State
from tocsin.store.schema import armed_timers, triggers
from tocsin.store.schema import invocations as table
from tocsin.store.triggers.rows import TRIGGER, StoredTrigger

PARKED_UNTIL_US = to_micros(PARKED_UNTIL)
TIMERS_AT_ONCE = 500
INVOCATIONS_AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class TimerRow:
    """A trigger and its armed tick, or None."""

    trigger: StoredTrigger
    armed_at: datetime | None


@dataclass(frozen=True, slots=True)
class OddInvocation:
    """A waiting invocation in an impossible state."""

    id: str
    state: State
    node: str | None
    next_at: datetime
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None


TIMER = Record(TimerRow, trigger=TRIGGER, armed_at=armed_timers.c.next_at)
TIMERS = (
    select(*TIMER.columns)
    .select_from(triggers.outerjoin(armed_timers, armed_timers.c.trigger_id == triggers.c.id))
    .where(triggers.c.id > bindparam("after"))
    .order_by(triggers.c.id)
    .limit(TIMERS_AT_ONCE)
)
ARMED = (
    select(armed_timers.c.trigger_id, triggers.c.id)
    .select_from(armed_timers.outerjoin(triggers, triggers.c.id == armed_timers.c.trigger_id))
    .where(armed_timers.c.trigger_id > bindparam("after"))
    .order_by(armed_timers.c.trigger_id)
    .limit(TIMERS_AT_ONCE)
)
ARMED_AT = select(armed_timers.c.next_at).where(armed_timers.c.trigger_id == bindparam("id"))

LOST = and_(table.c.next_at.is_(None), table.c.finished_at.is_(None))
LOST_PAGE = select(table.c.id).where(LOST).order_by(table.c.id).limit(INVOCATIONS_AT_ONCE)
IS_CALL = table.c.state != State.DEAD_LETTERING.value
MAKE_DUE = {
    "state": case((table.c.state == State.RUNNING.value, State.PENDING.value), else_=table.c.state),
    "node": null(),
    "next_at": bindparam("at"),
}
TAKE_UP = update(table).where(table.c.id == bindparam("of_id"), LOST).values(MAKE_DUE)

# What is parked is looked at by its triggers.
WAITING = and_(
    table.c.next_at > bindparam("after"), table.c.next_at < literal_column(str(PARKED_UNTIL_US))
)
END_OF_SLICE = (
    select(table.c.next_at)
    .where(WAITING)
    .order_by(table.c.next_at)
    .offset(INVOCATIONS_AT_ONCE - 1)
    .limit(1)
)
OVER = table.c.finished_at.is_not(None)
NOBODYS = and_(table.c.state == State.RUNNING.value, table.c.node.is_(None))
LEASED_TOO_LONG = and_(table.c.node.is_not(None), table.c.next_at > bindparam("longest_lease"))
FROM_THE_FUTURE = and_(
    table.c.node.is_(None),
    table.c.next_at > bindparam("soon"),
    or_(
        and_(table.c.created_at > bindparam("soon"), table.c.next_at <= table.c.created_at),
        table.c.started_at > bindparam("soon"),
    ),
)
ODD_INVOCATION = Record(OddInvocation, table)
ODD = (
    select(*ODD_INVOCATION.columns)
    .where(
        WAITING,
        table.c.next_at <= bindparam("until"),
        or_(OVER, NOBODYS, LEASED_TOO_LONG, FROM_THE_FUTURE),
    )
    .order_by(table.c.next_at)
    .limit(INVOCATIONS_AT_ONCE)
)
OVERDUE = (
    select(table.c.id)
    .where(table.c.next_at <= bindparam("until"))
    .order_by(table.c.next_at)
    .limit(bindparam("limit"))
)
# A repair does nothing to a row that has changed since it was found.
AS_FOUND = (table.c.id == bindparam("of_id"), table.c.next_at == bindparam("found_at"))
STOP_WAITING = update(table).where(*AS_FOUND, OVER).values(next_at=null(), node=null())
DUE_AT = update(table).where(*AS_FOUND).values(MAKE_DUE)
"""The node loses its lease, and finds so when it writes how the delivery ended."""
LATEST = select(func.max(table.c.next_at)).where(
    table.c.next_at < literal_column(str(PARKED_UNTIL_US))
)


def page_of_timers(tx: Transaction, *, after: str) -> list[TimerRow]:
    """Returns a page of triggers after an id, each with its armed tick."""
    return TIMER.all(tx, TIMERS, after=after)


def armed_at(tx: Transaction, trigger_id: str) -> datetime | None:
    return instant_or_none(tx.value(ARMED_AT, id=trigger_id))


def page_of_armed(tx: Transaction, *, after: str) -> list[tuple[str, bool]]:
    """Returns a page of armed timers after an id, as (trigger id, whether the trigger exists)."""
    return [(armed_id, id_ is not None) for armed_id, id_ in tx.all(ARMED, after=after)]


def lost_invocations(tx: Transaction) -> list[str]:
    """Returns the ids of unfinished invocations without a due instant, up to a page of them."""
    return tx.column(LOST_PAGE)


def take_up(tx: Transaction, invocation_id: str, *, at: datetime) -> bool:
    """Makes a lost invocation due; returns False if it is no longer lost."""
    taken_up = tx.run(TAKE_UP, of_id=invocation_id, at=to_micros(at)) > 0
    if taken_up:
        tx.ring(Bell.DELIVERIES, at)
        tx.changed(Watched.INVOCATIONS, (invocation_id,))
    return taken_up


def end_of_slice(tx: Transaction, *, after: datetime) -> datetime | None:
    """Returns the end of a slice of waiting invocations after an instant; None after the last."""
    end = tx.value(END_OF_SLICE, after=to_micros(after))
    if end is None:
        end = tx.value(LATEST)
        if end is None or end <= to_micros(after):
            return None
    return from_micros(end)


def odd_invocations(
    tx: Transaction,
    *,
    after: datetime,
    until: datetime,
    now: datetime,
    tolerance: timedelta,
    lease: timedelta,
) -> list[OddInvocation]:
    """Returns the faulty invocations of a slice.

    These are finished and have a due instant, run on no node, have a lease longer than `lease`, or
    are due too far in the future.
    """
    return ODD_INVOCATION.all(
        tx,
        ODD,
        after=to_micros(after),
        until=to_micros(until),
        soon=to_micros(now + tolerance),
        longest_lease=to_micros(now + lease + tolerance),
    )


def overdue_invocations(tx: Transaction, *, until: datetime, limit: int) -> Sequence[str]:
    """Returns the ids of invocations that have been due since `until`, the oldest first."""
    return tx.column(OVERDUE, until=to_micros(until), limit=limit)


def stop_waiting(tx: Transaction, odd: OddInvocation) -> bool:
    """Removes the due instant of a finished invocation; returns False if it has changed."""
    stopped = tx.run(STOP_WAITING, of_id=odd.id, found_at=to_micros(odd.next_at)) > 0
    if stopped:
        tx.changed(Watched.INVOCATIONS, (odd.id,))
    return stopped


def make_due(tx: Transaction, odd: OddInvocation, *, at: datetime) -> bool:
    """Takes an invocation from its node and makes it due; returns False if it has changed."""
    moved = tx.run(DUE_AT, of_id=odd.id, found_at=to_micros(odd.next_at), at=to_micros(at)) > 0
    if moved:
        tx.ring(Bell.DELIVERIES, at)
        tx.changed(Watched.INVOCATIONS, (odd.id,))
    return moved
