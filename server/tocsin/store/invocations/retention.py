"""Deletes old finished invocations and operations, a few rows at a time.

No statement counts a whole table: the caller counts the finished invocations of a state page by
page along an index, and remembers where the pages end.
"""

from datetime import datetime

from sqlalchemy import bindparam, delete, func, select
from sqlalchemy.dialects.postgresql import insert

from tocsin.store.driver.fixed_list import FixedList
from tocsin.store.driver.instants import from_micros, instant_or_none, to_micros
from tocsin.store.driver.transaction import Transaction
from tocsin.store.invocations import large_values
from tocsin.store.invocations.rows import State
from tocsin.store.schema import invocations as table
from tocsin.store.schema import operations, swept_ticks, triggers

SWEPT_AT_ONCE = 200

OF_STATE = table.c.state == bindparam("state")
AFTER = table.c.finished_at > bindparam("after")
UNTIL = table.c.finished_at <= bindparam("until")
END_OF_PAGE = (
    select(table.c.finished_at)
    .where(OF_STATE, AFTER, UNTIL)
    .order_by(table.c.finished_at)
    .offset(bindparam("before_end"))
    .limit(1)
)
ROWS_OF_PAGE = select(func.count()).select_from(table).where(OF_STATE, AFTER, UNTIL)
FINISHED = (
    select(table.c.id)
    .where(OF_STATE, UNTIL)
    .order_by(table.c.finished_at)
    .limit(SWEPT_AT_ONCE)
    .with_for_update(skip_locked=True)
)
SWEPT = FixedList("swept", SWEPT_AT_ONCE)
IN_SLICE = table.c.id.in_(SWEPT.parameters)
DELETE = delete(table).where(IN_SLICE)
MARK = insert(swept_ticks).from_select(
    ["trigger_id", "until"],
    select(table.c.origin, func.max(table.c.scheduled_at))
    # A deleted trigger needs no mark.
    .join(triggers, triggers.c.id == table.c.origin)
    .where(IN_SLICE, table.c.occurrence.is_not(None))
    .group_by(table.c.origin),
)
MARK_SWEPT = MARK.on_conflict_do_update(
    index_elements=[swept_ticks.c.trigger_id],
    set_={"until": MARK.excluded.until},
    where=MARK.excluded.until > swept_ticks.c.until,
)
SWEPT_UNTIL = select(swept_ticks.c.until).where(swept_ticks.c.trigger_id == bindparam("id"))
FORGET_MARK = delete(swept_ticks).where(swept_ticks.c.trigger_id == bindparam("id"))

OLD_OPERATIONS = (
    select(operations.c.id)
    .where(operations.c.id < bindparam("before"))
    .order_by(operations.c.id)
    .limit(SWEPT_AT_ONCE)
    .with_for_update(skip_locked=True)
)
DELETE_OPERATIONS = delete(operations).where(operations.c.id.in_(SWEPT.parameters))


def page_of_finished(
    tx: Transaction, state: State, *, after: datetime, until: datetime, size: int
) -> tuple[datetime, int] | None:
    """Returns the end of the next page after `after`, and its number of rows.

    These are more than `size` if several finished in the last microsecond. Returns None if fewer
    than `size` rows are left.
    """
    bounds = {"state": state.value, "after": to_micros(after)}
    end = tx.value(END_OF_PAGE, **bounds, until=to_micros(until), before_end=size - 1)
    if end is None:
        return None
    return from_micros(end), tx.value(ROWS_OF_PAGE, **bounds, until=end)


def sweep_finished(tx: Transaction, state: State, *, until: datetime) -> int:
    """Deletes some invocations that finished by `until`, the oldest first; returns how many.

    The store still knows that their ticks fired. Returns 0 when no more are left. Other nodes may
    sweep at the same time.
    """
    found = tx.column(FINISHED, state=state.value, until=to_micros(until))
    ids, have_large_values = large_values.deletable_at_once(tx, found)
    if have_large_values:
        large_values.delete_large(tx, ids)
    if ids:
        parameters = SWEPT.filled(ids)
        tx.run(MARK_SWEPT, **parameters)
        tx.run(DELETE, **parameters)
    return len(ids)


def swept_until(tx: Transaction, trigger_id: str) -> datetime | None:
    """Returns the latest tick of a trigger whose invocation was deleted."""
    return instant_or_none(tx.value(SWEPT_UNTIL, id=trigger_id))


def forget_swept(tx: Transaction, trigger_id: str) -> None:
    tx.run(FORGET_MARK, id=trigger_id)


def sweep_operations(tx: Transaction, *, before: str) -> int:
    """Deletes some operations whose ids sort before `before`; returns how many, at the end 0."""
    ids = tx.column(OLD_OPERATIONS, before=before)
    return tx.run(DELETE_OPERATIONS, **SWEPT.filled(ids)) if ids else 0
