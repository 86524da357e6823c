"""Finds what is overdue, and sources that are not connected."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import BindParameter, bindparam, func, literal_column, select

from tocsin.store.driver.instants import from_micros, to_micros
from tocsin.store.driver.records import Record
from tocsin.store.driver.transaction import Transaction
from tocsin.store.events.sources import SOURCE_STATE, SourceState
from tocsin.store.overview.resources import RESOURCE
from tocsin.store.schema import armed_timers, batches, invocations, triggers
from tocsin.store.schema import source_states as states
from tocsin.store.triggers.counting import IS_PAUSED
from tocsin.store.triggers.rows import TRIGGER, StoredTrigger


class Late(NamedTuple):
    """How much is overdue of a resource, or in a folder, and since when."""

    place: str
    late: int
    oldest: datetime


@dataclass(frozen=True, slots=True)
class SilentSource:
    """A trigger whose source is not connected."""

    folder_id: str
    trigger: StoredTrigger
    state: SourceState


BEFORE: BindParameter[int] = bindparam("before")


def _late(rows: Any) -> Any:
    """Counts rows, which have a place and an instant, by their places."""
    late = rows.limit(bindparam("limit")).subquery()
    return select(late.c.place, func.count(), func.min(late.c.due)).group_by(late.c.place)


INVOCATIONS = _late(
    select(RESOURCE.label("place"), invocations.c.next_at.label("due"))
    .where(
        invocations.c.next_at.is_not(None),
        invocations.c.next_at < BEFORE,
        invocations.c.node.is_(None),
    )
    .order_by(invocations.c.next_at, invocations.c.id)
)
TICKS = _late(
    select(triggers.c.folder_id.label("place"), armed_timers.c.next_at.label("due"))
    .select_from(armed_timers)
    .join(triggers, triggers.c.id == armed_timers.c.trigger_id)
    .where(armed_timers.c.next_at < BEFORE)
    .order_by(armed_timers.c.next_at, armed_timers.c.trigger_id)
)
BATCHES = _late(
    select(triggers.c.folder_id.label("place"), batches.c.due_at.label("due"))
    .select_from(batches)
    .join(triggers, triggers.c.id == batches.c.trigger_id)
    .where(batches.c.due_at.is_not(None), batches.c.due_at < BEFORE)
    .order_by(batches.c.due_at)
)
SILENT = Record(SilentSource, folder_id=triggers.c.folder_id, trigger=TRIGGER, state=SOURCE_STATE)
SILENT_SOURCES = (
    select(*SILENT.columns)
    .select_from(states)
    .join(triggers, triggers.c.id == states.c.trigger_id)
    # The index of those that are not connected is used only in its own words.
    .where(states.c.connected == literal_column("0"), ~IS_PAUSED)
    .order_by(states.c.trigger_id)
    .limit(bindparam("limit"))
)


def late_invocations(tx: Transaction, before: datetime, *, limit: int) -> list[Late]:
    """Counts invocations that no node has claimed, by their resources."""
    return _read(tx, INVOCATIONS, before, limit)


def late_ticks(tx: Transaction, before: datetime, *, limit: int) -> list[Late]:
    """Counts ticks that have not fired, by folders."""
    return _read(tx, TICKS, before, limit)


def late_batches(tx: Transaction, before: datetime, *, limit: int) -> list[Late]:
    """Counts batches that have not been sent, by folders."""
    return _read(tx, BATCHES, before, limit)


def silent_sources(tx: Transaction, *, limit: int) -> list[SilentSource]:
    """Returns triggers that are not paused and whose source is not connected."""
    return SILENT.all(tx, SILENT_SOURCES, limit=limit)


def _read(tx: Transaction, statement: Any, before: datetime, limit: int) -> list[Late]:
    rows = tx.all(statement, before=to_micros(before), limit=limit)
    return [Late(place, count, from_micros(oldest)) for place, count, oldest in rows]
