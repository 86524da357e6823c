"""Invocations: what is to be delivered, what was, and how it went."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import BindParameter, bindparam, insert, null, or_, select, update
from sqlalchemy.dialects.postgresql import insert as insert_or_not

from tocsin.store.driver.instants import from_micros, to_micros
from tocsin.store.driver.transaction import Row, Transaction, Value
from tocsin.store.schema import invocations as table


class State(StrEnum):
    PENDING = "pending"
    RUNNING = "running"
    RETRYING = "retrying"
    """A call failed; the next one is made at its time."""
    DEAD_LETTERING = "dead_lettering"
    """No call is left; it is to be put into its dead letter queue."""
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    DEAD_LETTERED = "dead_lettered"
    CANCELLED = "cancelled"

    @property
    def final(self) -> bool:
        return self in FINAL_STATES


FINAL_STATES = frozenset({State.SUCCEEDED, State.FAILED, State.DEAD_LETTERED, State.CANCELLED})


@dataclass(frozen=True, slots=True)
class Invocation:
    """One delivery to a target.

    `action` is the plan's action as JSON, `message` what the contract's API shows of it,
    `traceparent` that of the call that asked for it. The payload is read only to be delivered.
    """

    id: str
    parent: str
    origin: str
    scheduled_at: datetime
    action: str
    created_at: datetime
    payload: bytes = b""
    occurrence: str | None = None
    message: bytes | None = None
    target: str = ""
    state: State = State.PENDING
    attempts: int = 0
    failures: int = 0
    history: str | None = None
    started_at: datetime | None = None
    finished_at: datetime | None = None
    answer: bytes | None = None
    last_error: str | None = None
    traceparent: str | None = None


COLUMNS = (
    table.c.id,
    table.c.parent,
    table.c.origin,
    table.c.scheduled_at,
    table.c.action,
    table.c.created_at,
    table.c.occurrence,
    table.c.message,
    table.c.state,
    table.c.attempts,
    table.c.started_at,
    table.c.finished_at,
    table.c.answer,
    table.c.last_error,
    table.c.target,
    table.c.failures,
    table.c.history,
    table.c.traceparent,
)

WRITTEN: dict[str, BindParameter[Any]] = {
    each.name: bindparam(each.name) for each in (*COLUMNS, table.c.payload, table.c.next_at)
}
INSERT = insert(table).values(WRITTEN)
INSERT_NEW = insert_or_not(table).values(WRITTEN).on_conflict_do_nothing().returning(table.c.id)
SELECT = select(*COLUMNS).where(table.c.id == bindparam("id"), table.c.forgotten_at.is_(None))
STATE = select(table.c.state).where(table.c.id == bindparam("id"))
PAGE = (
    select(table.c.id)
    .where(
        table.c.parent == bindparam("parent"),
        # What their index is about.
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
    .values(state=State.CANCELLED.value, next_at=null(), finished_at=bindparam("finished"))
)
FORGET = update(table).where(table.c.id == bindparam("of_id")).values(forgotten_at=bindparam("now"))


def insert_invocation(tx: Transaction, invocation: Invocation, *, due_at: datetime) -> None:
    """Adds an invocation that is to be delivered at `due_at`.

    Raises:
        UniqueViolation: there is one with this id, or one for this occurrence.
    """
    tx.run(INSERT, **_written(invocation, due_at))


def insert_invocations(
    tx: Transaction, invocations: Sequence[tuple[Invocation, datetime]]
) -> set[str]:
    """Adds those, each due at its instant, whose occurrence is new; returns their ids."""
    rows = tx.each(INSERT_NEW, [_written(each, due_at) for each, due_at in invocations])
    return {row[0] for row in rows}


def _written(invocation: Invocation, due_at: datetime) -> dict[str, Value]:
    return {
        "id": invocation.id,
        "parent": invocation.parent,
        "origin": invocation.origin,
        "scheduled_at": to_micros(invocation.scheduled_at),
        "action": invocation.action,
        "payload": invocation.payload,
        "created_at": to_micros(invocation.created_at),
        "occurrence": invocation.occurrence,
        "message": invocation.message,
        "state": invocation.state.value,
        "attempts": invocation.attempts,
        "started_at": None,
        "finished_at": None,
        "answer": None,
        "last_error": None,
        "target": invocation.target,
        "failures": invocation.failures,
        "history": invocation.history,
        "traceparent": invocation.traceparent,
        "next_at": to_micros(due_at),
    }


def find_invocation(tx: Transaction, invocation_id: str) -> Invocation | None:
    row = tx.one(SELECT, id=invocation_id)
    return None if row is None else invocation_of(row)


def state_of(tx: Transaction, invocation_id: str) -> State | None:
    row = tx.one(STATE, id=invocation_id)
    return None if row is None else State(row[0])


def page_of_executions(
    tx: Transaction, *, parent: str, after: str, limit: int, final: bool | None = None
) -> Iterator[Invocation]:
    """Gives up to `limit` executions that were not forgotten, by id, beyond the id `after`.

    `final` asks for those in a final state, or for all others. Each is read when it is asked for:
    a thousand of them may hold more than a node has memory for.
    """
    statement = PAGE if final is None else PAGE_OF_FINAL if final else PAGE_OF_OPEN
    for row in tx.all(statement, parent=parent, after=after, limit=limit):
        if (invocation := find_invocation(tx, row[0])) is not None:
            yield invocation


def cancel_invocation(tx: Transaction, invocation_id: str, *, now: datetime) -> bool:
    """Cancels what waits for a call; returns whether it did."""
    return tx.run(CANCEL, of_id=invocation_id, finished=to_micros(now)) > 0


def forget_invocation(tx: Transaction, invocation_id: str, *, now: datetime) -> None:
    """Hides it from its API; what is still to be delivered is."""
    tx.run(FORGET, of_id=invocation_id, now=to_micros(now))


def invocation_of(row: Row, payload: bytes = b"") -> Invocation:
    return Invocation(
        id=row[0],
        parent=row[1],
        origin=row[2],
        scheduled_at=from_micros(row[3]),
        action=row[4],
        created_at=from_micros(row[5]),
        payload=payload,
        occurrence=row[6],
        message=row[7],
        state=State(row[8]),
        attempts=row[9],
        started_at=_instant(row[10]),
        finished_at=_instant(row[11]),
        answer=row[12],
        last_error=row[13],
        target=row[14],
        failures=row[15],
        history=row[16],
        traceparent=row[17],
    )


def _instant(micros: int | None) -> datetime | None:
    return None if micros is None else from_micros(micros)
