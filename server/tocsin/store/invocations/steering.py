"""Makes finished and waiting invocations due again, on request."""

import json
from collections import defaultdict
from collections.abc import Callable, Sequence
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import bindparam, func, null, or_, select, update

from tocsin.store.driver.bells import Bell
from tocsin.store.driver.changes import Watched
from tocsin.store.driver.fixed_list import FixedList
from tocsin.store.driver.instants import to_micros
from tocsin.store.driver.transaction import Transaction
from tocsin.store.invocations.rows import SUMMARY, Invocation, State, cancel_invocation
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
# Past calls that an invocation keeps; a person may have it called again and again.
KEPT_CALLS = 100

ASKED = FixedList("asked", 64)
LOCK_ALL = (
    select(*SUMMARY.columns)
    .where(table.c.id.in_(ASKED.parameters), table.c.forgotten_at.is_(None))
    .order_by(table.c.id)
    .with_for_update()
)


class Steer(StrEnum):
    """What can be asked for an invocation."""

    RETRY = "retry"
    CANCEL = "cancel"
    REDRIVE = "redrive"


# The states in which an invocation takes it. One that is parked takes a retry, too.
STEERABLE = {
    Steer.RETRY: frozenset(State) - {State.PENDING, State.RUNNING},
    Steer.CANCEL: frozenset({State.PENDING, State.RETRYING}),
    Steer.REDRIVE: frozenset(DEAD_LETTER_STATES),
}


def lock_summaries(tx: Transaction, ids: Sequence[str]) -> dict[str, Invocation]:
    """Locks invocations until the commit; returns those that exist, by id.

    In the order of their ids: otherwise two transactions could wait for each other.
    """
    found = (
        row
        for asked in ASKED.slices(sorted(set(ids)))
        for row in SUMMARY.all(tx, LOCK_ALL, **asked)
    )
    return {row.id: row for row in found}


def takes(invocation: Invocation, what: Steer) -> bool:
    """Returns whether an invocation is in a state in which it can be steered so."""
    parked = what is Steer.RETRY and invocation.parked_due_at is not None
    return parked or invocation.state in STEERABLE[what]


def steer(
    tx: Transaction,
    invocation: Invocation,
    what: Steer,
    *,
    now: datetime,
    target_of: Callable[[str], str],
) -> bool:
    """Retries, cancels or redrives a locked invocation; returns False if it can't be, now.

    `target_of` returns the target of an action. The caller has made sure that the trigger of what
    is delivered was not deleted.
    """
    if not takes(invocation, what):
        return False
    if what is Steer.CANCEL:
        return cancel_invocation(tx, invocation.id, now=now)
    return deliver_again(
        tx,
        invocation.id,
        target=target_of(invocation.action),
        now=now,
        history=with_success(invocation),
    )


def with_success(invocation: Invocation) -> str | None:
    """Returns the history of an invocation that is delivered again, with a successful call."""
    history: list[dict[str, Any]] = json.loads(invocation.history or "[]")
    if invocation.state is State.SUCCEEDED:
        history.append(
            {
                "attempt": invocation.attempts,
                "startedAt": invocation.started_at and invocation.started_at.isoformat(),
                "finishedAt": invocation.finished_at and invocation.finished_at.isoformat(),
                "error": None,
                "status": None,
            }
        )
    return json.dumps(history[-KEPT_CALLS:]) if history else invocation.history


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
