"""Makes finished and waiting invocations due again, on request."""

from collections import defaultdict
from collections.abc import Callable
from datetime import datetime

from sqlalchemy import bindparam, func, null, or_, select, update

from tocsin.store.driver.bells import Bell
from tocsin.store.driver.changes import Watched
from tocsin.store.driver.fixed_list import FixedList
from tocsin.store.driver.instants import to_micros
from tocsin.store.driver.transaction import Transaction
from tocsin.store.invocations.rows import State
from tocsin.store.schema import TROUBLED
from tocsin.store.schema import invocations as table

REDRIVEN = FixedList("redriven", 64)

DUE_AGAIN = {
    "state": State.PENDING.value,
    "node": null(),
    "next_at": bindparam("now"),
    "failures": 0,
    "finished_at": null(),
    "answer": null(),
    "by_hand": 1,
    "parked_due_at": null(),
    "cancel_reason": null(),
    "cancel_note": null(),
}
RETRY = (
    update(table)
    .where(table.c.id == bindparam("of_id"), table.c.node.is_(None))
    .values(**DUE_AGAIN, history=bindparam("failure_history"), target=bindparam("called"))
)
DEAD_LETTERS = (
    table.c.origin == bindparam("origin"),
    table.c.state == bindparam("in_state"),
    TROUBLED,
    table.c.forgotten_at.is_(None),
)
# Dead letters that a node is putting into their queue are left out.
CANDIDATES = (
    select(table.c.id, table.c.scheduled_at, table.c.action)
    .where(*DEAD_LETTERS, table.c.node.is_(None))
    .order_by(table.c.scheduled_at, table.c.id)
    .limit(bindparam("limit"))
    .with_for_update(skip_locked=True)
)
COUNT = select(func.count()).select_from(table).where(*DEAD_LETTERS)
REDRIVE = (
    update(table)
    .where(
        table.c.id.in_(REDRIVEN.parameters),
        or_(
            table.c.state == State.DEAD_LETTERED.value, table.c.state == State.DEAD_LETTERING.value
        ),
        table.c.node.is_(None),
    )
    .values(**DUE_AGAIN, target=bindparam("called"))
)
DEAD_LETTER_STATES = (State.DEAD_LETTERED, State.DEAD_LETTERING)


def deliver_again(
    tx: Transaction, invocation_id: str, *, target: str, now: datetime, history: str | None
) -> bool:
    """Makes a delivery to `target` due now, with no failures; False if a node has claimed it."""
    values = {"now": to_micros(now), "failure_history": history, "called": target}
    again = tx.run(RETRY, of_id=invocation_id, **values) > 0
    if again:
        tx.ring(Bell.DELIVERIES, now)
        tx.changed(Watched.INVOCATIONS, (invocation_id,))
    return again


def redrive_dead_letters(
    tx: Transaction,
    origin: str,
    *,
    now: datetime,
    limit: int,
    target_of: Callable[[str], str],
) -> tuple[list[str], int]:
    """Makes up to `limit` dead letters of an origin due now, the oldest first.

    Returns their ids, and how many dead letters are left, among them those that a node is putting
    into their queue. `target_of` returns the target of an action.
    """
    candidates = [
        (scheduled_us, id_, action)
        for state in DEAD_LETTER_STATES
        for id_, scheduled_us, action in tx.all(
            CANDIDATES, origin=origin, in_state=state.value, limit=limit
        )
    ]
    redriven = sorted(candidates)[:limit]
    ids_of: defaultdict[str, list[str]] = defaultdict(list)
    for _, id_, action in redriven:
        ids_of[target_of(action)].append(id_)
    for target, ids in ids_of.items():
        for parameters in REDRIVEN.slices(ids):
            tx.run(REDRIVE, **parameters, now=to_micros(now), called=target)
            tx.ring(Bell.DELIVERIES, now)
        tx.changed(Watched.INVOCATIONS, ids)
    return [id_ for _, id_, _ in redriven], sum(
        tx.value(COUNT, origin=origin, in_state=state.value) for state in DEAD_LETTER_STATES
    )
