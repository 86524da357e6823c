"""Stores accepted messages that their queue keeps until they are delivered."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import bindparam, delete, func, or_, select, update
from sqlalchemy.dialects.postgresql import insert

from tocsin.store.driver.records import Record
from tocsin.store.driver.transaction import Transaction, Value
from tocsin.store.invocations.rows import State
from tocsin.store.schema import accepted_events as accepted
from tocsin.store.schema import held_messages as table
from tocsin.store.schema import invocations


@dataclass(frozen=True, slots=True)
class Held:
    """A message that its queue keeps; it waits in a batch, or has an invocation."""

    trigger_id: str
    key: str
    receipt: str
    event_id: str | None = None
    invocation_id: str | None = None


@dataclass(frozen=True, slots=True)
class MessageEnding:
    """How the delivery of a message ended; `state` is None if its invocation was deleted."""

    key: str
    receipt: str
    state: State | None

    @property
    def done(self) -> bool:
        """Whether the queue may delete the message: its delivery succeeded or was cancelled."""
        return self.state in (State.SUCCEEDED, State.CANCELLED)


HELD = Record(Held, table)
_held = insert(table)
HOLD = _held.on_conflict_do_update(
    index_elements=[table.c.trigger_id, table.c.key],
    set_={name: _held.excluded[name] for name in ("receipt", "event_id", "invocation_id")},
).returning(table.c.key)
AGAIN = (
    update(table)
    .where(table.c.trigger_id == bindparam("of_trigger"), table.c.key == bindparam("of_key"))
    .values(receipt=bindparam("by_receipt"))
)
SENT = (
    update(table)
    .where(table.c.trigger_id == bindparam("of_trigger"), table.c.event_id == bindparam("of_event"))
    .values(invocation_id=bindparam("by_invocation"))
    .returning(table.c.key)
)
MESSAGE_ENDING = Record(MessageEnding, table, state=invocations.c.state)
ENDED = (
    select(*MESSAGE_ENDING.columns)
    .outerjoin(invocations, invocations.c.id == table.c.invocation_id)
    .where(
        table.c.trigger_id == bindparam("trigger_id"),
        table.c.invocation_id.is_not(None),
        # A deleted invocation had ended, in whichever state.
        or_(invocations.c.finished_at.is_not(None), invocations.c.id.is_(None)),
    )
    .limit(bindparam("limit"))
)
_some = select(table.c.key).where(table.c.trigger_id == bindparam("trigger_id"))
COUNT = select(func.count()).select_from(_some.limit(bindparam("limit")).subquery())
RELEASE = (
    delete(table)
    .where(table.c.trigger_id == bindparam("trigger_id"), table.c.key == bindparam("key"))
    .returning(table.c.key)
)
FORGET = (
    delete(accepted)
    .where(accepted.c.trigger_id == bindparam("trigger_id"), accepted.c.key == bindparam("key"))
    .returning(accepted.c.key)
)
DROP_ALL = delete(table).where(table.c.trigger_id == bindparam("of_trigger"))


def hold(tx: Transaction, held: Sequence[Held]) -> None:
    """Adds messages, or replaces them."""
    in_order = sorted(held, key=lambda message: message.key)
    tx.each(HOLD, [HELD.values(message) for message in in_order])


def received_again(tx: Transaction, trigger_id: str, key: str, receipt: str) -> bool:
    """Writes the newer receipt of a message; returns False if the message is not held any more."""
    return tx.run(AGAIN, of_trigger=trigger_id, of_key=key, by_receipt=receipt) > 0


def sent(tx: Transaction, trigger_id: str, event_ids: Sequence[str], invocation_id: str) -> None:
    """Writes which invocation delivers the events of messages."""
    rows: list[dict[str, Value]] = [
        {"of_trigger": trigger_id, "of_event": event_id, "by_invocation": invocation_id}
        for event_id in event_ids
    ]
    tx.each(SENT, rows)


def ended(tx: Transaction, trigger_id: str, *, limit: int) -> list[MessageEnding]:
    """Returns up to `limit` messages of a trigger whose delivery has ended."""
    return MESSAGE_ENDING.all(tx, ENDED, trigger_id=trigger_id, limit=limit)


def count_held(tx: Transaction, trigger_id: str, *, limit: int) -> int:
    """Counts the held messages of a trigger, up to `limit`."""
    return int(tx.value(COUNT, trigger_id=trigger_id, limit=limit))


def release(tx: Transaction, trigger_id: str, keys: Sequence[str], *, again: bool) -> None:
    """Deletes messages; with `again`, they count as new when their queue gives them again."""
    rows: list[dict[str, Value]] = [{"trigger_id": trigger_id, "key": key} for key in sorted(keys)]
    tx.each(RELEASE, rows)
    if again:
        tx.each(FORGET, rows)


def release_all(tx: Transaction, trigger_id: str) -> None:
    """Deletes the held messages of a deleted trigger."""
    tx.run(DROP_ALL, of_trigger=trigger_id)
