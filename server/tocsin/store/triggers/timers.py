"""Armed timers: for each active timer trigger, the instant of its next tick."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import bindparam, delete, func, select
from sqlalchemy.dialects.postgresql import insert

from tocsin.store.driver.instants import from_micros, to_micros
from tocsin.store.driver.transaction import Transaction, Value
from tocsin.store.schema import armed_timers as table
from tocsin.store.schema import triggers

INSERT = insert(table)
# In place: whoever waits for the row to disarm it must find it again, not another in its stead.
ARM = INSERT.on_conflict_do_update(
    index_elements=[table.c.trigger_id], set_={"next_at": INSERT.excluded.next_at}
)
DELETE = delete(table).where(table.c.trigger_id == bindparam("id"))
ARMED_AT = select(table.c.next_at).where(table.c.trigger_id == bindparam("id"))
EARLIEST = select(func.min(table.c.next_at))
DUE = (
    select(table.c.trigger_id, table.c.next_at, triggers.c.contract, triggers.c.message)
    .join(triggers, triggers.c.id == table.c.trigger_id)
    .where(table.c.next_at <= bindparam("now"))
    .order_by(table.c.next_at)
    .limit(bindparam("limit"))
    # The trigger too: what is changed this moment on another node fires as it is after that.
    .with_for_update(skip_locked=True)
)


@dataclass(frozen=True, slots=True)
class DueTimer:
    """A tick whose instant has come, and the trigger that it belongs to, as that is stored."""

    trigger_id: str
    instant: datetime
    contract: str
    message: bytes


def arm_timer(tx: Transaction, trigger_id: str, instant: datetime | None) -> None:
    """Sets a trigger's next tick; None: it has no more."""
    if instant is None:
        disarm_timer(tx, trigger_id)
    else:
        tx.run(ARM, trigger_id=trigger_id, next_at=to_micros(instant))


def arm_timers(tx: Transaction, ticks: Iterable[tuple[str, datetime | None]]) -> None:
    """Does the same for many."""
    armed: list[dict[str, Value]] = []
    for trigger_id, instant in ticks:
        if instant is None:
            disarm_timer(tx, trigger_id)
        else:
            armed.append({"trigger_id": trigger_id, "next_at": to_micros(instant)})
    tx.each(ARM, armed)


def disarm_timer(tx: Transaction, trigger_id: str) -> None:
    tx.run(DELETE, id=trigger_id)


def earliest_tick(tx: Transaction) -> datetime | None:
    row = tx.one(EARLIEST)
    return None if row is None or row[0] is None else from_micros(row[0])


def due_timers(tx: Transaction, *, now: datetime, limit: int) -> list[DueTimer]:
    rows = tx.all(DUE, now=to_micros(now), limit=limit)
    return [DueTimer(trigger_id, from_micros(at), *stored) for trigger_id, at, *stored in rows]


def armed_at(tx: Transaction, trigger_id: str) -> datetime | None:
    """Returns a trigger's next tick; None: it has none."""
    row = tx.one(ARMED_AT, id=trigger_id)
    return None if row is None else from_micros(row[0])
