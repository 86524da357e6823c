"""Claims due invocations for a node, and writes how their deliveries ended."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Select, Text, bindparam, case, func, literal_column, null, select, update

from tocsin.store.driver.bells import Bell
from tocsin.store.driver.changes import Watched
from tocsin.store.driver.fixed_list import FixedList
from tocsin.store.driver.instants import (
    EPOCH,
    from_micros,
    instant_or_none,
    micros_or_none,
    to_micros,
)
from tocsin.store.driver.transaction import KeyedWrite, Row, Transaction, Value
from tocsin.store.invocations import large_values
from tocsin.store.invocations.large_values import APART, PAYLOAD_BYTES, find_large, is_large
from tocsin.store.invocations.parking import DELIVERABLE, PARKED_UNTIL
from tocsin.store.invocations.rows import CLAIMED, Invocation, State
from tocsin.store.schema import invocations as table

# Statements are compiled once, so their lists have a fixed length.
TARGETS_AT_ONCE = 64
REPLACEMENT = "\N{REPLACEMENT CHARACTER}"

TAKEN = FixedList("taken", 64)

WAITS = table.c.next_at.is_not(None)
IN_DUE_ORDER = table.c.next_at, table.c.id
# While a transaction elsewhere keeps PostgreSQL from removing dead rows, those of finished
# invocations stay at the front of the index, and a look from there reads all of them.
FROM_SINCE = table.c.next_at >= bindparam("since")
NEXT_DUE = select(table.c.next_at).where(WAITS, FROM_SINCE).order_by(*IN_DUE_ORDER).limit(1)
# It does not lock, so that a read can run it.
FIRST = (
    select(table.c.target, table.c.next_at)
    .where(WAITS, FROM_SINCE)
    .order_by(*IN_DUE_ORDER)
    .limit(bindparam("limit"))
)
CANDIDATES = (
    select(table.c.id, table.c.target, PAYLOAD_BYTES)
    .where(WAITS, FROM_SINCE, table.c.next_at <= bindparam("now"))
    .order_by(*IN_DUE_ORDER)
    .limit(bindparam("limit"))
    .with_for_update(skip_locked=True)
)
CANDIDATES_OF_TARGET = CANDIDATES.where(table.c.target == bindparam("of_target"))


def _waiting_targets() -> Select[tuple[str, int]]:
    """Steps through the index from one target to the next: the cost does not grow with the number
    of invocations that wait for each."""
    first = select(func.min(table.c.target)).where(WAITS, table.c.target > bindparam("after"))
    step = select(first.scalar_subquery().label("target"), literal_column("1").label("number")).cte(
        "waiting", recursive=True
    )
    following = select(func.min(table.c.target)).where(WAITS, table.c.target > step.c.target)
    waiting = step.union_all(
        select(following.scalar_subquery(), step.c.number + literal_column("1")).where(
            step.c.target.is_not(None), step.c.number < literal_column(str(TARGETS_AT_ONCE))
        )
    )
    earliest = select(func.min(table.c.next_at)).where(WAITS, table.c.target == waiting.c.target)
    return select(waiting.c.target, earliest.scalar_subquery()).where(waiting.c.target.is_not(None))


WAITING_TARGETS = _waiting_targets()
# To put a dead letter into its queue is not a delivery to the target.
IS_CALL = table.c.state != State.DEAD_LETTERING.value
TAKE = (
    update(table)
    .where(table.c.id.in_(TAKEN.parameters), DELIVERABLE)
    .values(
        state=case((IS_CALL, State.RUNNING.value), else_=table.c.state),
        attempts=table.c.attempts + case((IS_CALL, 1), else_=0),
        started_at=bindparam("started"),
        node=bindparam("by_node"),
        next_at=bindparam("lease_until"),
    )
    .returning(*CLAIMED.columns)
)
EXTEND = (
    update(table)
    .where(table.c.id.in_(TAKEN.parameters), table.c.node == bindparam("of_node"))
    .values(next_at=bindparam("lease_until"))
)
FINISH = KeyedWrite(
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
        history=bindparam("failure_history"),
        target=func.coalesce(bindparam("goes_to", type_=Text), table.c.target),
    ),
    table.c.id,
    "of_id",
)
BEFORE_CALL = case((table.c.failures > 0, State.RETRYING.value), else_=State.PENDING.value)
PUT_BACK = (
    update(table)
    .where(table.c.id == bindparam("of_id"), table.c.node == bindparam("of_node"))
    .values(
        state=case((IS_CALL, BEFORE_CALL), else_=table.c.state),
        attempts=table.c.attempts - case((IS_CALL, 1), else_=0),
        node=null(),
        next_at=bindparam("again_at"),
        last_error=bindparam("error"),
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
    .returning(table.c.id)
)
HAND_BACK_OF_NODE = HAND_BACK.where(table.c.node == bindparam("of_node"))


@dataclass(frozen=True, slots=True)
class Ending:
    """The result of a delivery: a final state, or another delivery at `again_at`.

    `target` is the new destination if it changes, to a dead letter queue or from it.
    """

    state: State
    again_at: datetime | None = None
    answer: bytes | None = None
    error: str | None = None
    failures: int = 0
    history: str | None = None
    target: str | None = None


@dataclass(frozen=True, slots=True)
class Ended:
    """The end of a delivery, with its instant, and whether it was one of an execution."""

    invocation_id: str
    ending: Ending
    at: datetime
    of_execution: bool = False

    @property
    def failed_for_good(self) -> bool:
        """Whether no call follows, and none has succeeded."""
        return self.ending.state in (State.FAILED, State.DEAD_LETTERING)

    @property
    def may_be_awaited(self) -> bool:
        return self.of_execution and self.ending.state.final


def next_due(tx: Transaction, *, since: datetime = EPOCH) -> datetime | None:
    """Returns the earliest due instant from `since` on of what is not parked, or None."""
    due = instant_or_none(tx.value(NEXT_DUE, since=to_micros(since)))
    return None if due == PARKED_UNTIL else due


def first_waiting(
    tx: Transaction, *, since: datetime = EPOCH, limit: int
) -> list[tuple[str, datetime]]:
    """Returns (target, due instant) of the first waiting invocations from `since` on, in order."""
    rows = tx.all(FIRST, since=to_micros(since), limit=limit)
    return [(target, from_micros(due_us)) for target, due_us in rows]


def waiting_targets(tx: Transaction, *, but: Collection[str]) -> list[tuple[str, datetime]]:
    """Returns (target, earliest due instant) of waiting invocations, the earliest first.

    The targets `but` are left out.
    """
    waiting: list[tuple[str, datetime]] = []
    after, rows = "", [("", 0)] * TARGETS_AT_ONCE
    while len(rows) == TARGETS_AT_ONCE:
        rows = tx.all(WAITING_TARGETS, after=after)
        waiting.extend(
            (target, from_micros(due_us)) for target, due_us in rows if target not in but
        )
        after = rows[-1][0] if rows else ""
    return sorted(waiting, key=lambda row: row[1])


def due_candidates(
    tx: Transaction, *, since: datetime = EPOCH, now: datetime, limit: int
) -> list[Row]:
    """Returns (id, target, bytes of the payload) of what is due from `since` on, in order.

    Of some of these, leases have run out.
    """
    return tx.all(CANDIDATES, since=to_micros(since), now=to_micros(now), limit=limit)


def due_of_target(
    tx: Transaction, target: str, *, since: datetime = EPOCH, now: datetime, limit: int
) -> list[Row]:
    """Returns the same for one target."""
    return tx.all(
        CANDIDATES_OF_TARGET,
        since=to_micros(since),
        now=to_micros(now),
        limit=limit,
        of_target=target,
    )


def take(
    tx: Transaction, ids: Sequence[str], *, node: str, now: datetime, lease_until: datetime
) -> list[Invocation]:
    """Claims invocations for a node until `lease_until`; returns those, in the order of `ids`.

    It leaves out invocations whose trigger is paused or deleted. Neither message nor answer is
    read, nor a payload that `large_payload` finds.
    """
    taken: dict[str, Invocation] = {}
    for parameters in TAKEN.slices(ids):
        claimed = CLAIMED.all(
            tx,
            TAKE,
            started=to_micros(now),
            by_node=node,
            lease_until=to_micros(lease_until),
            **parameters,
        )
        taken.update((invocation.id, invocation) for invocation in claimed)
    tx.changed(Watched.INVOCATIONS, taken)
    return [taken[id_] for id_ in ids if id_ in taken]


def large_payload(tx: Transaction, invocation_id: str) -> bytes | None:
    """Returns a payload that is not in the row of its invocation, or None."""
    return find_large(tx, invocation_id, "payload")


def extend_leases(tx: Transaction, ids: Sequence[str], *, node: str, lease_until: datetime) -> None:
    """Extends a node's leases.

    Transactions write invocations that they have not locked in the order of their ids: in
    different orders two of them would wait for each other.
    """
    for parameters in TAKEN.slices(sorted(ids)):
        tx.run(EXTEND, of_node=node, lease_until=to_micros(lease_until), **parameters)


def finish(tx: Transaction, ended: Sequence[Ended], *, node: str) -> set[str]:
    """Writes how deliveries ended, except where the node has lost its lease.

    Returns the ids of the invocations that were written.
    """
    in_order = sorted(ended, key=lambda delivery: delivery.invocation_id)
    rows = [_finished(tx, delivery, node) for delivery in in_order]
    written = tx.keys_written(FINISH, rows)
    for delivery in in_order:
        answer = delivery.ending.answer
        if answer is not None and is_large(tx, answer) and delivery.invocation_id in written:
            large_values.keep(tx, delivery.invocation_id, {"answer": answer})
    if any(one.may_be_awaited and one.invocation_id in written for one in in_order):
        tx.ring(Bell.ENDINGS)
    ids = {str(key) for key in written}
    tx.changed(Watched.INVOCATIONS, ids)
    return ids


def put_back(tx: Transaction, invocation_id: str, *, node: str, at: datetime, why: str) -> None:
    """Makes an invocation due again that its node could not deliver, and uncounts the attempt."""
    if tx.run(
        PUT_BACK, of_id=invocation_id, of_node=node, again_at=to_micros(at), error=_storable(why)
    ):
        tx.ring(Bell.DELIVERIES, at)
        tx.changed(Watched.INVOCATIONS, (invocation_id,))


def _storable(text: str) -> str:
    """Replaces NUL, which a target may answer and PostgreSQL does not store in texts."""
    return text.replace("\0", REPLACEMENT)


def _finished(tx: Transaction, ended: Ended, node: str) -> dict[str, Value]:
    ending = ended.ending
    return {
        "of_id": ended.invocation_id,
        "of_node": node,
        "outcome": ending.state.value,
        "again_at": micros_or_none(ending.again_at),
        "finished": to_micros(ended.at) if ending.state.final else None,
        "answered": APART if ending.answer and is_large(tx, ending.answer) else ending.answer,
        "error": ending.error and _storable(ending.error),
        "failed": ending.failures,
        "failure_history": ending.history,
        "goes_to": ending.target,
    }


def hand_back(tx: Transaction, *, now: datetime, node: str | None = None) -> int:
    """Makes the invocations of a node due now, or those of all nodes; returns how many."""
    if node is None:
        returned = tx.column(HAND_BACK, now=to_micros(now))
    else:
        returned = tx.column(HAND_BACK_OF_NODE, now=to_micros(now), of_node=node)
    if returned:
        tx.ring(Bell.DELIVERIES, now)
        tx.changed(Watched.INVOCATIONS, returned)
    return len(returned)
