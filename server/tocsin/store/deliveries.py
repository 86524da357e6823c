"""Invocations on their way: which are due, which node holds them, and how a delivery ended."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import bindparam, case, null, select, update

from tocsin.store.instants import from_micros, to_micros
from tocsin.store.invocations import COLUMNS, Invocation, State, invocation_of
from tocsin.store.schema import invocations as table
from tocsin.store.transaction import Row, Transaction

# Statements are compiled once, so their lists have as many places as they will ever have.
MOST_BUSY_TARGETS = 64
TAKEN_AT_ONCE = 64
# Neither a target nor an id.
NOBODY = "-"

BUSY = [f"busy{place}" for place in range(MOST_BUSY_TARGETS)]
TAKEN = [f"taken{place}" for place in range(TAKEN_AT_ONCE)]

WAITING = table.c.next_at.is_not(None), table.c.target.not_in([bindparam(each) for each in BUSY])
NEXT_DUE = select(table.c.next_at).where(*WAITING).order_by(table.c.next_at).limit(1)
CANDIDATES = (
    select(table.c.id, table.c.target)
    .where(*WAITING, table.c.next_at <= bindparam("now"))
    .order_by(table.c.next_at)
    .limit(bindparam("limit"))
    .with_for_update(skip_locked=True)
)
# Putting a dead letter into its queue is no call of the target.
IS_CALL = table.c.state != State.DEAD_LETTERING.value
TAKE = (
    update(table)
    .where(table.c.id.in_([bindparam(each) for each in TAKEN]))
    .values(
        state=case((IS_CALL, State.RUNNING.value), else_=table.c.state),
        attempts=table.c.attempts + case((IS_CALL, 1), else_=0),
        started_at=bindparam("started"),
        node=bindparam("by_node"),
        next_at=bindparam("lease_until"),
    )
    .returning(*COLUMNS, table.c.payload)
)
EXTEND = (
    update(table)
    .where(
        table.c.id.in_([bindparam(each) for each in TAKEN]), table.c.node == bindparam("of_node")
    )
    .values(next_at=bindparam("lease_until"))
)
FINISH = (
    update(table)
    .where(table.c.id == bindparam("of_id"), table.c.node == bindparam("of_node"))
    .values(
        state=bindparam("outcome"),
        node=null(),
        next_at=bindparam("again_at"),
        finished_at=bindparam("finished"),
        answer=bindparam("answered"),
        last_error=bindparam("error"),
        failures=bindparam("failed"),
        history=bindparam("told"),
    )
)
HAND_BACK = (
    update(table)
    .where(table.c.node.is_not(None))
    .values(
        state=case((IS_CALL, State.PENDING.value), else_=table.c.state),
        node=null(),
        next_at=bindparam("now"),
    )
)
HAND_BACK_OF_NODE = HAND_BACK.where(table.c.node == bindparam("of_node"))


@dataclass(frozen=True, slots=True)
class Ending:
    """What becomes of an invocation: a final state, or another try at `again_at`."""

    state: State
    again_at: datetime | None = None
    answer: bytes | None = None
    error: str | None = None
    failures: int = 0
    history: str | None = None


def next_due(tx: Transaction, *, busy: Sequence[str]) -> datetime | None:
    """Returns when the next invocation, not of these targets, needs a node."""
    row = tx.one(NEXT_DUE, **_places(BUSY, busy))
    return None if row is None else from_micros(row[0])


def due_candidates(tx: Transaction, *, now: datetime, busy: Sequence[str], limit: int) -> list[Row]:
    """Returns (id, target) of what is due, or was left by a node whose lease ran out."""
    return tx.all(CANDIDATES, now=to_micros(now), limit=limit, **_places(BUSY, busy))


def take(
    tx: Transaction, ids: Sequence[str], *, node: str, now: datetime, lease_until: datetime
) -> list[Invocation]:
    """Takes these invocations for a node, until its lease runs out."""
    taken: list[Invocation] = []
    for start in range(0, len(ids), TAKEN_AT_ONCE):
        rows = tx.all(
            TAKE,
            started=to_micros(now),
            by_node=node,
            lease_until=to_micros(lease_until),
            **_places(TAKEN, ids[start : start + TAKEN_AT_ONCE]),
        )
        taken.extend(invocation_of(row, payload=row[-1]) for row in rows)
    return sorted(taken, key=lambda each: each.scheduled_at)


def extend_leases(tx: Transaction, ids: Sequence[str], *, node: str, lease_until: datetime) -> None:
    """Keeps what a node holds and still works at."""
    for start in range(0, len(ids), TAKEN_AT_ONCE):
        tx.run(
            EXTEND,
            of_node=node,
            lease_until=to_micros(lease_until),
            **_places(TAKEN, ids[start : start + TAKEN_AT_ONCE]),
        )


def finish(
    tx: Transaction, invocation_id: str, ending: Ending, *, node: str, now: datetime
) -> bool:
    """Writes how a delivery ended. Returns False where the node's lease was lost meanwhile."""
    finished = to_micros(now) if ending.state.final else None
    return (
        tx.run(
            FINISH,
            of_id=invocation_id,
            of_node=node,
            outcome=ending.state.value,
            again_at=None if ending.again_at is None else to_micros(ending.again_at),
            finished=finished,
            answered=ending.answer,
            error=ending.error,
            failed=ending.failures,
            told=ending.history,
        )
        > 0
    )


def hand_back(tx: Transaction, *, now: datetime, node: str | None = None) -> int:
    """Makes due again what a node holds; None: what any holds, for a node alone with the store."""
    if node is None:
        return tx.run(HAND_BACK, now=to_micros(now))
    return tx.run(HAND_BACK_OF_NODE, now=to_micros(now), of_node=node)


def _places(names: Sequence[str], values: Collection[str]) -> dict[str, str]:
    """Fills a fixed list of places; what is left over matches nothing."""
    if len(values) > len(names):
        raise ValueError(f"{len(values)} values for {len(names)} places")
    filled = dict.fromkeys(names, NOBODY)
    filled.update(zip(names, values, strict=False))
    return filled
