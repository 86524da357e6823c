"""Invocations: what is to be delivered, what was, and how it went."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import bindparam, func, insert, null, select, update

from tocsin.store.instants import from_micros, to_micros
from tocsin.store.schema import invocations as table
from tocsin.store.transaction import Row, Transaction


class State(StrEnum):
    PENDING = "pending"
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELLED = "cancelled"

    @property
    def final(self) -> bool:
        return self not in (State.PENDING, State.RUNNING)


@dataclass(frozen=True, slots=True)
class Invocation:
    """One delivery to a target.

    `action` is the plan's action as JSON, `message` what the contract's API shows of it. The
    payload is read only to be delivered.
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
    state: State = State.PENDING
    attempts: int = 0
    started_at: datetime | None = None
    finished_at: datetime | None = None
    answer: bytes | None = None
    last_error: str | None = None


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
)

INSERT = insert(table).values(
    {column.name: bindparam(column.name) for column in (*COLUMNS, table.c.payload, table.c.next_at)}
)
SELECT = select(*COLUMNS).where(table.c.id == bindparam("id"), table.c.forgotten_at.is_(None))
PAGE = (
    select(*COLUMNS)
    .where(
        table.c.parent == bindparam("parent"),
        table.c.id > bindparam("after"),
        table.c.forgotten_at.is_(None),
    )
    .order_by(table.c.id)
    .limit(bindparam("limit"))
)
PAGE_OF_FINAL = PAGE.where(table.c.finished_at.is_not(None))
PAGE_OF_OPEN = PAGE.where(table.c.finished_at.is_(None))
EARLIEST = select(func.min(table.c.next_at)).where(table.c.next_at.is_not(None))
CLAIM = (
    update(table)
    .where(
        table.c.id.in_(
            select(table.c.id)
            .where(table.c.next_at <= bindparam("now"))
            .order_by(table.c.next_at)
            .limit(bindparam("limit"))
            .with_for_update(skip_locked=True)
        )
    )
    .values(
        state=State.RUNNING.value,
        attempts=table.c.attempts + 1,
        started_at=bindparam("started"),
        next_at=bindparam("lease_until"),
    )
    .returning(*COLUMNS, table.c.payload)
)
FINISH = (
    update(table)
    .where(table.c.id == bindparam("of_id"), table.c.state == State.RUNNING.value)
    .values(
        state=bindparam("outcome"),
        next_at=null(),
        finished_at=bindparam("finished"),
        answer=bindparam("answered"),
        last_error=bindparam("error"),
    )
)
CANCEL = (
    update(table)
    .where(table.c.id == bindparam("of_id"), table.c.state == State.PENDING.value)
    .values(state=State.CANCELLED.value, next_at=null(), finished_at=bindparam("finished"))
)
FORGET = update(table).where(table.c.id == bindparam("of_id")).values(forgotten_at=bindparam("now"))
HAND_BACK = (
    update(table)
    .where(table.c.next_at.is_not(None), table.c.state == State.RUNNING.value)
    .values(state=State.PENDING.value, next_at=bindparam("now"))
)


def insert_invocation(tx: Transaction, invocation: Invocation, *, due_at: datetime) -> None:
    """Adds an invocation that is to be delivered at `due_at`.

    Raises:
        UniqueViolation: there is one with this id, or one for this occurrence.
    """
    tx.run(
        INSERT,
        id=invocation.id,
        parent=invocation.parent,
        origin=invocation.origin,
        scheduled_at=to_micros(invocation.scheduled_at),
        action=invocation.action,
        payload=invocation.payload,
        created_at=to_micros(invocation.created_at),
        occurrence=invocation.occurrence,
        message=invocation.message,
        state=invocation.state.value,
        attempts=invocation.attempts,
        started_at=None,
        finished_at=None,
        answer=None,
        last_error=None,
        next_at=to_micros(due_at),
    )


def find_invocation(tx: Transaction, invocation_id: str) -> Invocation | None:
    row = tx.one(SELECT, id=invocation_id)
    return None if row is None else _invocation(row)


def page_of_invocations(
    tx: Transaction, *, parent: str, after: str, limit: int, final: bool | None = None
) -> list[Invocation]:
    """Returns up to `limit` of what was not forgotten, by id, beyond the id `after`.

    `final` asks for those in a final state, or for all others.
    """
    statement = PAGE if final is None else PAGE_OF_FINAL if final else PAGE_OF_OPEN
    rows = tx.all(statement, parent=parent, after=after, limit=limit)
    return [_invocation(row) for row in rows]


def earliest_due(tx: Transaction) -> datetime | None:
    row = tx.one(EARLIEST)
    return None if row is None or row[0] is None else from_micros(row[0])


def claim_due(
    tx: Transaction, *, now: datetime, lease_until: datetime, limit: int
) -> list[Invocation]:
    """Takes what is due, or was left by a node whose lease ran out, for this node."""
    micros = to_micros(now)
    rows = tx.all(
        CLAIM, now=micros, started=micros, lease_until=to_micros(lease_until), limit=limit
    )
    claimed = [_invocation(row, payload=row[-1]) for row in rows]
    return sorted(claimed, key=lambda each: each.scheduled_at)


def finish_invocation(
    tx: Transaction,
    invocation_id: str,
    *,
    state: State,
    now: datetime,
    answer: bytes | None,
    error: str | None,
) -> None:
    tx.run(
        FINISH,
        of_id=invocation_id,
        outcome=state.value,
        finished=to_micros(now),
        answered=answer,
        error=error,
    )


def cancel_invocation(tx: Transaction, invocation_id: str, *, now: datetime) -> bool:
    """Cancels what has not begun; returns whether it did."""
    return tx.run(CANCEL, of_id=invocation_id, finished=to_micros(now)) > 0


def forget_invocation(tx: Transaction, invocation_id: str, *, now: datetime) -> None:
    """Hides it from its API; what is still to be delivered is."""
    tx.run(FORGET, of_id=invocation_id, now=to_micros(now))


def hand_back_running(tx: Transaction, *, now: datetime) -> int:
    """Makes all that was running due again; only for a node that has the store to itself."""
    return tx.run(HAND_BACK, now=to_micros(now))


def _invocation(row: Row, payload: bytes = b"") -> Invocation:
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
    )


def _instant(micros: int | None) -> datetime | None:
    return None if micros is None else from_micros(micros)
