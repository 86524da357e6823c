"""Lists the triggers of a folder in several orders, and reads what tables show beside them."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple, TypeAlias

from sqlalchemy import BindParameter, Select, bindparam, exists, literal_column, select, tuple_

from tocsin.store.driver.fixed_list import FixedList
from tocsin.store.driver.instants import from_micros
from tocsin.store.driver.metadata import InDatabaseOrder
from tocsin.store.driver.records import Record
from tocsin.store.driver.transaction import Transaction
from tocsin.store.invocations.rows import State
from tocsin.store.schema import armed_timers, batches, invocations
from tocsin.store.schema import triggers as table
from tocsin.store.triggers.rows import TRIGGER, StoredTrigger

# Before and after all instants.
BEGINNING, END = -(2**62), 2**62


class Position(NamedTuple):
    """A position in a list: its part, and the id and, if the part is sorted by another key, the
    key after which it goes on."""

    part: int
    id: str = ""
    key: str = ""


class Listed(NamedTuple):
    """A trigger in a list; None stands for one of another folder."""

    position: Position
    trigger: StoredTrigger | None


class PlacedTrigger(NamedTuple):
    """A trigger and its folder."""

    folder_id: str
    trigger: StoredTrigger


@dataclass(frozen=True, slots=True)
class Facts:
    """What changes while a trigger stays the same: its next tick and its waiting events."""

    tick_at: datetime | None = None
    batch_due_at: datetime | None = None
    waiting_events: int = 0


@dataclass(frozen=True, slots=True)
class LatestInvocation:
    """The invocation of a trigger with the latest instant, without what can be large."""

    id: str
    origin: str
    state: State
    scheduled_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    attempts: int
    last_error: str | None


# Reads up to a number of triggers of a folder after a position, None for the beginning.
Part: TypeAlias = Callable[[Transaction, str, Position | None, int], list[Listed]]

IN_FOLDER = table.c.folder_id == bindparam("folder_id")
IS_NAMED = table.c.name != literal_column("''")
IS_ARMED = exists().where(armed_timers.c.trigger_id == table.c.id)


def _following(column: Any, *conditions: Any, descending: bool) -> Select[Any]:
    """Selects the triggers of a folder after one of them, in the order of a column."""
    after: BindParameter[Any] = bindparam("after")
    return (
        select(*TRIGGER.columns)
        .where(IN_FOLDER, column < after if descending else column > after, *conditions)
        .order_by(column.desc() if descending else column)
        .limit(bindparam("limit"))
    )


def _ticking(*, descending: bool) -> Select[Any]:
    """Selects armed timers of all folders after one of them.

    Their triggers are read by another statement: PostgreSQL does not know how few rows are wanted
    when it plans a join, and would read all triggers.
    """
    order = armed_timers.c.next_at, armed_timers.c.trigger_id
    at, after = tuple_(*order), tuple_(bindparam("after_at"), bindparam("after"))
    return (
        select(*order)
        .where(at < after if descending else at > after)
        .order_by(*(column.desc() if descending else column for column in order))
        .limit(bindparam("limit"))
    )


BY_ID = {way: _following(table.c.id, descending=way) for way in (False, True)}
BY_NAME = {way: _following(table.c.name, IS_NAMED, descending=way) for way in (False, True)}
UNNAMED = {
    way: _following(table.c.id, table.c.name == literal_column("''"), descending=way)
    for way in (False, True)
}
UNARMED = {way: _following(table.c.id, ~IS_ARMED, descending=way) for way in (False, True)}
TICKING = {way: _ticking(descending=way) for way in (False, True)}
# After all ids, which have digits and lower-case letters, and after all names, in every locale.
LAST_ID, LAST_NAME = "~", "z" * 64

IDS = FixedList("id", 100)
FACTS = (
    select(table.c.id, armed_timers.c.next_at, batches.c.due_at, batches.c.events)
    .outerjoin(armed_timers, armed_timers.c.trigger_id == table.c.id)
    .outerjoin(batches, batches.c.trigger_id == table.c.id)
    .where(table.c.id.in_(IDS.parameters))
)
PLACED = Record(PlacedTrigger, table, trigger=TRIGGER)
PLACED_TRIGGERS = select(*PLACED.columns).where(table.c.id.in_(IDS.parameters))
LATEST_ID = (
    select(invocations.c.id)
    .where(
        invocations.c.origin == InDatabaseOrder(table.c.id), invocations.c.forgotten_at.is_(None)
    )
    .order_by(invocations.c.scheduled_at.desc(), invocations.c.id.desc())
    .limit(1)
    .correlate(table)
    .scalar_subquery()
)
LATEST_IDS = select(LATEST_ID).where(table.c.id.in_(IDS.parameters))
LATEST = Record(LatestInvocation, invocations)
LATEST_OF = select(*LATEST.columns).where(invocations.c.id.in_(IDS.parameters))

FOLDERS_OF = select(table.c.id, table.c.folder_id).where(table.c.id.in_(IDS.parameters))


def parts_by_id(*, descending: bool) -> tuple[Part, ...]:
    """Returns the parts of a list in the order of ids."""
    return (_by_id(0, BY_ID[descending], descending=descending),)


def parts_by_name(*, descending: bool) -> tuple[Part, ...]:
    """Returns the parts of a list in the order of names; unnamed triggers come last."""
    statement, start = BY_NAME[descending], LAST_NAME if descending else ""

    def named(tx: Transaction, folder_id: str, after: Position | None, limit: int) -> list[Listed]:
        key = start if after is None else after.key
        rows = TRIGGER.all(tx, statement, folder_id=folder_id, after=key, limit=limit)
        return [Listed(Position(0, key=row.name), row) for row in rows]

    return named, _by_id(1, UNNAMED[descending], descending=descending)


def parts_by_tick(*, descending: bool) -> tuple[Part, ...]:
    """Returns the parts of a list in the order of next ticks; triggers without one come last."""
    statement = TICKING[descending]
    start = Position(0, "", str(END if descending else BEGINNING))

    def ticking(
        tx: Transaction, folder_id: str, after: Position | None, limit: int
    ) -> list[Listed]:
        last = after or start
        ticks = tx.all(statement, after_at=int(last.key), after=last.id, limit=limit)
        there = placed_triggers(tx, [trigger_id for _, trigger_id in ticks])
        return [
            Listed(Position(0, trigger_id, str(next_at)), _in_folder(there, trigger_id, folder_id))
            for next_at, trigger_id in ticks
        ]

    return ticking, _by_id(1, UNARMED[descending], descending=descending)


def facts_of(tx: Transaction, trigger_ids: Sequence[str]) -> Mapping[str, Facts]:
    """Returns the facts of triggers by their ids."""
    return {
        trigger_id: Facts(
            None if tick is None else from_micros(tick),
            None if due is None else from_micros(due),
            events or 0,
        )
        for part in IDS.slices(trigger_ids)
        for trigger_id, tick, due, events in tx.all(FACTS, **part)
    }


def latest_invocations(
    tx: Transaction, trigger_ids: Sequence[str]
) -> Mapping[str, LatestInvocation]:
    """Returns the invocations with the latest instants, by their triggers' ids."""
    ids = [
        invocation_id
        for part in IDS.slices(trigger_ids)
        for invocation_id in tx.column(LATEST_IDS, **part)
        if invocation_id is not None
    ]
    return {
        latest.origin: latest
        for part in IDS.slices(ids)
        for latest in LATEST.all(tx, LATEST_OF, **part)
    }


def placed_triggers(tx: Transaction, trigger_ids: Sequence[str]) -> Mapping[str, PlacedTrigger]:
    """Returns those of the triggers that exist, by their ids."""
    return {
        placed.trigger.id: placed
        for part in IDS.slices(trigger_ids)
        for placed in PLACED.all(tx, PLACED_TRIGGERS, **part)
    }


def folders_of_triggers(tx: Transaction, trigger_ids: Sequence[str]) -> Mapping[str, str]:
    """Returns the folders of those of the triggers that exist, by the triggers' ids."""
    return {
        trigger_id: folder_id
        for part in IDS.slices(trigger_ids)
        for trigger_id, folder_id in tx.all(FOLDERS_OF, **part)
    }


def _by_id(number: int, statement: Select[Any], *, descending: bool) -> Part:
    start = LAST_ID if descending else ""

    def part(tx: Transaction, folder_id: str, after: Position | None, limit: int) -> list[Listed]:
        last = start if after is None else after.id
        rows = TRIGGER.all(tx, statement, folder_id=folder_id, after=last, limit=limit)
        return [Listed(Position(number, row.id), row) for row in rows]

    return part


def _in_folder(
    there: Mapping[str, PlacedTrigger], trigger_id: str, folder_id: str
) -> StoredTrigger | None:
    placed = there.get(trigger_id)
    return placed.trigger if placed is not None and placed.folder_id == folder_id else None
