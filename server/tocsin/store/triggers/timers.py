"""Stores armed timers: the next tick of each active timer trigger."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import bindparam, delete, func, select
from sqlalchemy.dialects.postgresql import insert

from tocsin.store.driver.bells import Bell
from tocsin.store.driver.changes import Watched
from tocsin.store.driver.instants import instant_or_none, to_micros
from tocsin.store.driver.records import Record
from tocsin.store.driver.transaction import Transaction, Value
from tocsin.store.schema import armed_timers as table
from tocsin.store.schema import triggers


@dataclass(frozen=True, slots=True)
class DueTimer:
    """A due tick and its stored trigger."""

    trigger_id: str
    instant: datetime
    contract: str
    message: bytes


INSERT = insert(table)
# Updates the row: a transaction that waits to disarm it must find this row, not a new one.
ARM = INSERT.on_conflict_do_update(
    index_elements=[table.c.trigger_id], set_={"next_at": INSERT.excluded.next_at}
)
DELETE = delete(table).where(table.c.trigger_id == bindparam("id"))
ARMED_AT = select(table.c.next_at).where(table.c.trigger_id == bindparam("id"))
EARLIEST = select(func.min(table.c.next_at))
DUE_TIMER = Record(
    DueTimer,
    trigger_id=table.c.trigger_id,
    instant=table.c.next_at,
    contract=triggers.c.contract,
    message=triggers.c.message,
)
DUE = (
    select(*DUE_TIMER.columns)
    .join(triggers, triggers.c.id == table.c.trigger_id)
    .where(table.c.next_at <= bindparam("now"))
    .order_by(table.c.next_at)
    .limit(bindparam("limit"))
    # Locks the trigger too: a trigger that another node is changing fires as changed.
    .with_for_update(skip_locked=True)
)


def arm_timer(tx: Transaction, trigger_id: str, instant: datetime | None) -> None:
    """Sets a trigger's next tick and rings for it; None means that no tick follows."""
    if instant is None:
        disarm_timer(tx, trigger_id)
    else:
        tx.run(ARM, trigger_id=trigger_id, next_at=to_micros(instant))
        tx.ring(Bell.TICKS, instant)
        tx.changed(Watched.TRIGGERS, (trigger_id,))


def arm_timers(tx: Transaction, ticks: Iterable[tuple[str, datetime | None]]) -> None:
    """Does the same for timers that just fired, without a bell: all nodes look for ticks then."""
    armed: list[dict[str, Value]] = []
    for trigger_id, instant in ticks:
        if instant is None:
            disarm_timer(tx, trigger_id)
        else:
            armed.append({"trigger_id": trigger_id, "next_at": to_micros(instant)})
    tx.each(ARM, armed)
    tx.changed(Watched.TRIGGERS, [str(timer["trigger_id"]) for timer in armed])


def disarm_timer(tx: Transaction, trigger_id: str) -> None:
    tx.run(DELETE, id=trigger_id)
    tx.changed(Watched.TRIGGERS, (trigger_id,))


def earliest_tick(tx: Transaction) -> datetime | None:
    return instant_or_none(tx.value(EARLIEST))


def due_timers(tx: Transaction, *, now: datetime, limit: int) -> list[DueTimer]:
    return DUE_TIMER.all(tx, DUE, now=to_micros(now), limit=limit)


def armed_at(tx: Transaction, trigger_id: str) -> datetime | None:
    """Returns a trigger's next tick, or None."""
    return instant_or_none(tx.value(ARMED_AT, id=trigger_id))
