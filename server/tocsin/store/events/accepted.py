"""Stores accepted events until they are sent, and remembers their ids.

A transaction adds events to several triggers in the order of the triggers' ids: two nodes that
lock the same rows in different orders would wait for each other.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import bindparam, case, delete, func, null, or_, select, update
from sqlalchemy.dialects.postgresql import insert

from tocsin.store.driver.bells import Bell
from tocsin.store.driver.changes import Watched
from tocsin.store.driver.instants import from_micros, instant_or_none, to_micros
from tocsin.store.driver.records import Record
from tocsin.store.driver.transaction import Transaction, Value
from tocsin.store.schema import accepted_events as accepted
from tocsin.store.schema import batches, lost_events
from tocsin.store.schema import events as table


@dataclass(frozen=True, slots=True)
class WaitingEvent:
    """An accepted event; `body` is one element of a delivery's `messages`, as JSON."""

    id: str
    received_at: datetime
    body: str

    @property
    def size(self) -> int:
        return size_of(self.body)


@dataclass(frozen=True, slots=True)
class DueBatch:
    """A batch that is due: its trigger, the number of its events and their size in bytes."""

    trigger_id: str
    events: int
    bytes: int


_remembered = insert(accepted)
# An expired row that was not swept yet does not count.
REMEMBER = _remembered.on_conflict_do_update(
    index_elements=[accepted.c.trigger_id, accepted.c.key],
    set_={"expires_at": _remembered.excluded.expires_at},
    where=accepted.c.expires_at <= bindparam("now"),
).returning(accepted.c.trigger_id, accepted.c.key)

INSERT = insert(table).on_conflict_do_nothing().returning(table.c.id)
WAITING_EVENT = Record(WaitingEvent, table)
WAITING = (
    select(*WAITING_EVENT.columns)
    .where(table.c.trigger_id == bindparam("trigger_id"))
    .order_by(table.c.id)
    .limit(bindparam("limit"))
)
TAKE = delete(table).where(
    table.c.trigger_id == bindparam("of_trigger"), table.c.id <= bindparam("last")
)
DROP = delete(table).where(table.c.trigger_id == bindparam("of_trigger"))

_opened = insert(batches)
_grown = batches.c.events + _opened.excluded.events
_grown_bytes = batches.c.bytes + _opened.excluded.bytes
GROW = _opened.on_conflict_do_update(
    index_elements=[batches.c.trigger_id],
    set_={
        "events": _grown,
        "bytes": _grown_bytes,
        # A full batch is due at once.
        "due_at": case(
            (
                or_(_grown >= bindparam("most_events"), _grown_bytes >= bindparam("most_bytes")),
                bindparam("full_at"),
            ),
            else_=func.coalesce(batches.c.due_at, _opened.excluded.due_at),
        ),
    },
).returning(batches.c.due_at)
SHRINK = (
    update(batches)
    .where(batches.c.trigger_id == bindparam("of_trigger"))
    .values(
        events=batches.c.events - bindparam("taken"),
        bytes=batches.c.bytes - bindparam("taken_bytes"),
        due_at=bindparam("again_at"),
    )
)
CLOSE = delete(batches).where(batches.c.trigger_id == bindparam("of_trigger"))
PARK = update(batches).where(batches.c.trigger_id == bindparam("of_trigger")).values(due_at=null())
# The row is read once it is locked, because another node may be parking the batch.
UNPARK = (
    update(batches)
    .where(batches.c.trigger_id == bindparam("of_trigger"))
    .values(due_at=func.coalesce(batches.c.due_at, bindparam("now")))
)
EARLIEST = select(func.min(batches.c.due_at)).where(batches.c.due_at.is_not(None))
DUE_BATCH = Record(DueBatch, batches)
DUE = (
    select(*DUE_BATCH.columns)
    .where(batches.c.due_at <= bindparam("now"))
    .order_by(batches.c.due_at)
    .limit(bindparam("limit"))
    .with_for_update(skip_locked=True)
)

_losing = insert(lost_events)
LOSE = _losing.on_conflict_do_update(
    index_elements=[lost_events.c.trigger_id],
    set_={"lost": lost_events.c.lost + _losing.excluded.lost, "last_at": _losing.excluded.last_at},
)
DROP_LOST = delete(lost_events).where(lost_events.c.trigger_id == bindparam("of_trigger"))

NO_LIMIT = 2**31 - 1


def size_of(body: str) -> int:
    return len(body) if body.isascii() else len(body.encode())


def remember_new(
    tx: Transaction, keys: Sequence[tuple[str, str]], *, now: datetime, expires_at: datetime
) -> set[tuple[str, str]]:
    """Remembers accepted events, as (trigger id, key); returns those that are new."""
    times: dict[str, Value] = {"now": to_micros(now), "expires_at": to_micros(expires_at)}
    rows = [{"trigger_id": trigger_id, "key": key, **times} for trigger_id, key in keys]
    return {(row[0], row[1]) for row in tx.each(REMEMBER, rows)}


def add_events(
    tx: Transaction,
    *,
    trigger_id: str,
    added: Sequence[WaitingEvent],
    due_at: datetime,
    most_events: int | None,
    most_bytes: int | None,
    now: datetime,
) -> None:
    """Adds events to a trigger's batch, and rings for it on this node.

    Args:
        tx: the transaction.
        trigger_id: the trigger.
        added: the events.
        due_at: when a new batch is due.
        most_events: a batch with so many events is full, and due now.
        most_bytes: the same, by the size of the events.
        now: the current instant.
    """
    count, size = len(added), sum(event.size for event in added)
    events_limit = NO_LIMIT if most_events is None else most_events
    bytes_limit = NO_LIMIT if most_bytes is None else most_bytes
    opened = now if count >= events_limit or size >= bytes_limit else due_at
    due = tx.value(
        GROW,
        trigger_id=trigger_id,
        due_at=to_micros(opened),
        events=count,
        bytes=size,
        most_events=events_limit,
        most_bytes=bytes_limit,
        full_at=to_micros(now),
    )
    rows: list[dict[str, Value]] = [
        {"trigger_id": trigger_id, **WAITING_EVENT.values(event)} for event in added
    ]
    tx.each(INSERT, rows)
    tx.ring_here(Bell.BATCHES, from_micros(due))
    tx.changed(Watched.INTAKES, (trigger_id,))


def earliest_batch(tx: Transaction) -> datetime | None:
    return instant_or_none(tx.value(EARLIEST))


def due_batches(tx: Transaction, *, now: datetime, limit: int) -> list[DueBatch]:
    """Returns due batches, and locks them until the commit."""
    return DUE_BATCH.all(tx, DUE, now=to_micros(now), limit=limit)


def waiting_events(tx: Transaction, trigger_id: str, *, limit: int) -> list[WaitingEvent]:
    """Returns up to `limit` events of a trigger in the order in which they were accepted."""
    return WAITING_EVENT.all(tx, WAITING, trigger_id=trigger_id, limit=limit)


def take_events(
    tx: Transaction, batch: DueBatch, taken: Sequence[WaitingEvent], *, again_at: datetime | None
) -> None:
    """Removes the first events of a batch that `due_batches` returned.

    The rest is due at `again_at`; None means that no events are left.
    """
    if again_at is None:
        drop_events(tx, batch.trigger_id)
        return
    if taken:
        tx.run(TAKE, of_trigger=batch.trigger_id, last=taken[-1].id)
    tx.run(
        SHRINK,
        of_trigger=batch.trigger_id,
        taken=len(taken),
        taken_bytes=sum(event.size for event in taken),
        again_at=to_micros(again_at),
    )
    tx.changed(Watched.INTAKES, (batch.trigger_id,))


def drop_events(tx: Transaction, trigger_id: str) -> None:
    """Removes all waiting events of a trigger."""
    tx.run(CLOSE, of_trigger=trigger_id)
    tx.run(DROP, of_trigger=trigger_id)
    tx.changed(Watched.INTAKES, (trigger_id,))


def park_batch(tx: Transaction, trigger_id: str) -> None:
    """Stops the batch of a paused trigger until `unpark_batch`."""
    tx.run(PARK, of_trigger=trigger_id)
    tx.changed(Watched.INTAKES, (trigger_id,))


def unpark_batch(tx: Transaction, trigger_id: str, *, now: datetime) -> bool:
    """Makes a parked batch due; returns whether the trigger has a batch."""
    has_batch = tx.run(UNPARK, of_trigger=trigger_id, now=to_micros(now)) > 0
    if has_batch:
        tx.ring(Bell.BATCHES, now)
        tx.changed(Watched.INTAKES, (trigger_id,))
    return has_batch


def count_lost(tx: Transaction, *, trigger_id: str, lost: int, now: datetime) -> None:
    tx.run(LOSE, trigger_id=trigger_id, lost=lost, last_at=to_micros(now))
    tx.changed(Watched.INTAKES, (trigger_id,))


def forget_lost(tx: Transaction, trigger_id: str) -> None:
    tx.run(DROP_LOST, of_trigger=trigger_id)
