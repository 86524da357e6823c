"""Steers one invocation on request, or refuses and says why."""

from datetime import datetime

from tocsin.plans.plan import target_of_action
from tocsin.store.driver.transaction import Transaction
from tocsin.store.invocations import rows
from tocsin.store.invocations.listing import find_summary
from tocsin.store.invocations.parking import withheld_by
from tocsin.store.invocations.rows import State
from tocsin.store.invocations.steering import Steer, steer, takes
from tocsin.store.triggers.decisions import DecisionKind
from tocsin.wire import errors


def steer_or_refuse(
    tx: Transaction, invocation: rows.Invocation, what: Steer, now: datetime
) -> None:
    """Retries, cancels or redrives a locked invocation; one that is cancelled may be so again.

    Raises:
        ApiError: its trigger was deleted, or its state does not allow it.
    """
    if what is Steer.CANCEL and invocation.state is State.CANCELLED:
        return
    if what is Steer.REDRIVE and not takes(invocation, what):
        raise errors.not_a_dead_letter(invocation.id, invocation.state.value)
    if what is not Steer.CANCEL:
        refuse_deleted(tx, invocation)
    if steer(tx, invocation, what, now=now, target_of=target_of_action):
        return
    match what:
        case Steer.RETRY:
            raise errors.not_retriable(invocation.id, _state_text(invocation))
        case Steer.CANCEL:
            raise errors.not_cancellable(invocation.id, _state_text(invocation))
        case Steer.REDRIVE:
            raise errors.dead_letter_held(invocation.id)


def refuse_deleted(tx: Transaction, invocation: rows.Invocation) -> None:
    """Refuses to deliver what a deleted trigger left.

    Raises:
        ApiError: its trigger was deleted.
    """
    if withheld_by(tx, invocation.origin) is DecisionKind.DELETED:
        raise errors.trigger_deleted(invocation.origin)


def find(tx: Transaction, invocation_id: str, *, lock: bool = False) -> rows.Invocation:
    """Returns an invocation without its payload and answer; `lock` locks it until the commit.

    Raises:
        ApiError: no invocation has this id.
    """
    invocation = find_summary(tx, invocation_id, lock=lock)
    if invocation is None:
        raise errors.invocation_not_found(invocation_id)
    return invocation


def _state_text(invocation: rows.Invocation) -> str:
    """Describes the invocation's state for an error message."""
    match invocation.state:
        case State.PENDING:
            due_at = invocation.next_at
            return f"waits for its call, due at {due_at and due_at.isoformat()}"
        case State.RUNNING:
            return f"is being delivered by node {invocation.node}"
        case State.DEAD_LETTERING:
            what = "is being put" if invocation.node else "waits to be put"
            return f"used up its calls and {what} into its dead letter queue"
        case _:
            return f"is already {invocation.state.value.replace('_', ' ')}"
