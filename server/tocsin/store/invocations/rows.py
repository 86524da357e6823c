"""Stores invocations."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from enum import StrEnum
from typing import Any, NamedTuple

from sqlalchemy import and_, bindparam, func, insert, null, or_, select, update
from sqlalchemy.dialects.postgresql import insert as insert_or_not

from tocsin.store.driver.bells import Bell
from tocsin.store.driver.changes import Watched
from tocsin.store.driver.fixed_list import FixedList
from tocsin.store.driver.instants import to_micros
from tocsin.store.driver.records import Record
from tocsin.store.driver.transaction import KeyedWrite, Transaction, Value
from tocsin.store.invocations import large_values
from tocsin.store.invocations.large_values import APART, find_large
from tocsin.store.schema import invocations as table


class State(StrEnum):
    PENDING = "pending"
    RUNNING = "running"
    RETRYING = "retrying"
    """A delivery failed, and another one is due later."""
    DEAD_LETTERING = "dead_lettering"
    """All deliveries failed, and its payload is to be put into the dead letter queue."""
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    DEAD_LETTERED = "dead_lettered"
    CANCELLED = "cancelled"

    @property
    def final(self) -> bool:
        return self in FINAL_STATES


class CancelReason(StrEnum):
    """Why an invocation was cancelled that nobody asked to cancel."""

    TRIGGER_DELETED = "trigger_deleted"


# A notice's origin is this, followed by the id of the trigger that it tells of. So it is not one of
# the trigger's own invocations, and neither a pause nor a deletion keeps it back.
NOTICE_ORIGIN = "notice-"

FINAL_STATES = frozenset({State.SUCCEEDED, State.FAILED, State.DEAD_LETTERED, State.CANCELLED})


class Invocation(NamedTuple):
    """A payload for a target, and the deliveries made of it.

    `execution_id` is the id that a client chose for an execution, or None. `action` is the
    plan's action as JSON, `traceparent` comes from the RPC that asked for it. At `next_at` the
    invocation is due, or the lease of `node` ends. While the invocation is to be put into a
    dead letter queue, `target` is that queue. `by_hand` means that it is delivered though its
    trigger is paused. While it is parked until its trigger is resumed, `parked_due_at` is when
    it was due. `integration_trigger` is the trigger of an execution's integration, `cancel_note`
    what its caller said who cancelled it, `replay_of` the invocation that it replays. `message`
    is what the contract's API shows of an execution. The last four fields can be large, and are
    not always read.
    """

    id: str
    parent: str
    origin: str
    scheduled_at: datetime
    action: str
    created_at: datetime
    occurrence: str | None = None
    target: str = ""
    state: State = State.PENDING
    node: str | None = None
    attempts: int = 0
    failures: int = 0
    history: str | None = None
    last_error: str | None = None
    next_at: datetime | None = None
    started_at: datetime | None = None
    finished_at: datetime | None = None
    execution_id: str | None = None
    by_hand: bool | None = None
    parked_due_at: datetime | None = None
    cancel_reason: CancelReason | None = None
    integration_trigger: str | None = None
    cancel_note: str | None = None
    replay_of: str | None = None
    traceparent: str | None = None
    message: bytes | None = None
    answer: bytes | None = None
    payload: bytes = b""

    @property
    def is_execution(self) -> bool:
        """Whether its origin is an integration's full name, not a trigger's id."""
        return "/" in self.origin

    @property
    def is_notice(self) -> bool:
        """Whether it tells somebody of a trigger."""
        return self.origin.startswith(NOTICE_ORIGIN)

    @property
    def shown_id(self) -> str:
        """The id by which the API of executions shows it."""
        return self.execution_id or self.id


INVOCATION = Record(Invocation, table)
WITHOUT_PAYLOAD = Record(Invocation, table, without=("payload",))
# What a delivery needs.
CLAIMED = Record(
    Invocation,
    table,
    integration_trigger=null(),
    cancel_note=null(),
    replay_of=null(),
    message=null(),
    answer=null(),
)
SUMMARY = Record(Invocation, table, without=("traceparent", "message", "answer", "payload"))

INSERT = insert(table).values(INVOCATION.bound)
INSERT_NEW = KeyedWrite(
    insert_or_not(table).values(INVOCATION.bound).on_conflict_do_nothing(), table.c.id, "id"
)
SELECT = select(*WITHOUT_PAYLOAD.columns).where(
    table.c.id == bindparam("id"), table.c.forgotten_at.is_(None)
)
BY_EXECUTION_ID = (
    select(table.c.id)
    .where(
        table.c.parent == bindparam("parent"),
        table.c.execution_id == bindparam("execution_id"),
        # What their index is about.
        table.c.execution_id.is_not(None),
    )
    .scalar_subquery()
)
# The id that a client chose goes before one that was made here; both are looked up by an index.
IS_EXECUTION = and_(
    table.c.id == func.coalesce(BY_EXECUTION_ID, bindparam("execution_id")),
    table.c.parent == bindparam("parent"),
)
SELECT_EXECUTION = select(*WITHOUT_PAYLOAD.columns).where(
    IS_EXECUTION, table.c.forgotten_at.is_(None)
)
ORIGIN_OF_EXECUTION = select(table.c.origin).where(IS_EXECUTION)
ID_TAKEN = select(table.c.id).where(IS_EXECUTION)
STATE = select(table.c.state).where(table.c.id == bindparam("id"))
ASKED = FixedList("asked", 64)
OPEN = select(table.c.id).where(table.c.id.in_(ASKED.parameters), table.c.finished_at.is_(None))
PAGE = (
    select(table.c.id)
    .where(
        table.c.parent == bindparam("parent"),
        # The condition of the index.
        table.c.message.is_not(None),
        table.c.id > bindparam("after"),
        table.c.forgotten_at.is_(None),
    )
    .order_by(table.c.id)
    .limit(bindparam("limit"))
)
PAGE_OF_FINAL = PAGE.where(table.c.finished_at.is_not(None))
PAGE_OF_OPEN = PAGE.where(table.c.finished_at.is_(None))
CANCEL = (
    update(table)
    .where(
        table.c.id == bindparam("of_id"),
        or_(table.c.state == State.PENDING.value, table.c.state == State.RETRYING.value),
    )
    .values(
        state=State.CANCELLED.value,
        next_at=null(),
        parked_due_at=null(),
        finished_at=bindparam("finished"),
        cancel_note=bindparam("note"),
    )
)
FORGET = update(table).where(table.c.id == bindparam("of_id")).values(forgotten_at=bindparam("now"))


def insert_invocation(tx: Transaction, invocation: Invocation, *, due_at: datetime) -> None:
    """Adds an invocation that is to be delivered at `due_at`.

    Raises:
        UniqueViolation: one for this occurrence exists, or one of its parent with this id.
    """
    row = _written(invocation, due_at)
    large = large_values.take_out(tx, row)
    tx.run(INSERT, **row)
    if large:
        large_values.keep(tx, invocation.id, large)
    tx.ring(Bell.DELIVERIES, due_at)
    tx.changed(Watched.INVOCATIONS, (invocation.id,))


def insert_invocations(
    tx: Transaction, invocations: Sequence[tuple[Invocation, datetime]]
) -> set[str]:
    """Adds invocations, each due at its instant, unless their occurrence exists.

    Returns the ids of the added ones.
    """
    values = [_written(invocation, due_at) for invocation, due_at in invocations]
    large = [large_values.take_out(tx, row) for row in values]
    added = {str(key) for key in tx.keys_written(INSERT_NEW, values)}
    for (invocation, _), apart in zip(invocations, large, strict=True):
        if apart and invocation.id in added:
            large_values.keep(tx, invocation.id, apart)
    if added:
        tx.ring(Bell.DELIVERIES, min(due_at for _, due_at in invocations))
        tx.changed(Watched.INVOCATIONS, added)
    return added


def _written(invocation: Invocation, due_at: datetime) -> dict[str, Value]:
    written = INVOCATION.values(invocation)
    written["next_at"] = to_micros(due_at)
    return written


def find_invocation(tx: Transaction, invocation_id: str) -> Invocation | None:
    """Finds an invocation that no client has deleted, without its payload."""
    return filled(tx, WITHOUT_PAYLOAD.one(tx, SELECT, id=invocation_id), "message", "answer")


def filled(tx: Transaction, invocation: Invocation | None, *fields: str) -> Invocation | None:
    """Returns an invocation with the values of some fields that its row does not hold."""
    if invocation is None:
        return None
    apart: dict[str, Any] = {
        field: value
        for field in fields
        if getattr(invocation, field) == APART
        and (value := find_large(tx, invocation.id, field)) is not None
    }
    return invocation._replace(**apart) if apart else invocation


def find_execution(tx: Transaction, parent: str, execution_id: str) -> Invocation | None:
    """Finds an execution of a location by the id that its API shows, without its payload.

    The invocation's own id leads there too: a node of 0.1.0 shows that in its lists.
    """
    found = WITHOUT_PAYLOAD.one(tx, SELECT_EXECUTION, parent=parent, execution_id=execution_id)
    return filled(tx, found, "message", "answer")


def origin_of_execution(tx: Transaction, parent: str, execution_id: str) -> str | None:
    """Returns the integration of an execution, also of one that its client deleted."""
    origin: str | None = tx.value(ORIGIN_OF_EXECUTION, parent=parent, execution_id=execution_id)
    return origin


def execution_id_taken(tx: Transaction, parent: str, execution_id: str) -> bool:
    """Tells whether an execution of the location has the id, as its own or as the client's."""
    return tx.value(ID_TAKEN, parent=parent, execution_id=execution_id) is not None


def state_of(tx: Transaction, invocation_id: str) -> State | None:
    state = tx.value(STATE, id=invocation_id)
    return None if state is None else State(state)


def open_among(tx: Transaction, ids: Sequence[str]) -> set[str]:
    """Returns which of these invocations are there and have not ended."""
    return {found for values in ASKED.slices(ids) for found in tx.column(OPEN, **values)}


def page_of_executions(
    tx: Transaction, *, parent: str, after: str, limit: int, final: bool | None = None
) -> Iterator[Invocation]:
    """Yields up to `limit` executions after an id, sorted by id.

    They have no payloads and no large answers. `final` chooses those in a final state, or the
    others. Each is read when it is needed: a thousand of them may not fit into memory.
    """
    statement = PAGE if final is None else PAGE_OF_FINAL if final else PAGE_OF_OPEN
    for invocation_id in tx.column(statement, parent=parent, after=after, limit=limit):
        found = filled(tx, WITHOUT_PAYLOAD.one(tx, SELECT, id=invocation_id), "message")
        if found is not None:
            yield found


def cancel_invocation(
    tx: Transaction, invocation_id: str, *, now: datetime, note: str | None = None
) -> bool:
    """Cancels an invocation that waits for a delivery; returns False if it does not.

    Args:
        tx: the transaction.
        invocation_id: the invocation.
        now: when it is cancelled.
        note: why, as the caller said.
    """
    cancelled = tx.run(CANCEL, of_id=invocation_id, finished=to_micros(now), note=note) > 0
    if cancelled:
        tx.ring(Bell.ENDINGS)
        tx.changed(Watched.INVOCATIONS, (invocation_id,))
    return cancelled


def forget_invocation(tx: Transaction, invocation_id: str, *, now: datetime) -> None:
    """Hides an invocation from lists; it is still delivered."""
    tx.run(FORGET, of_id=invocation_id, now=to_micros(now))
