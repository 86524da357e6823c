"""Explains the state of a delivery, as `tocsin.v1.Delivery` shows it."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Protocol

from tocsin.api.tocsin.invocations.message import to_message
from tocsin.schedule.instants import rfc3339
from tocsin.store.invocations import rows
from tocsin.store.invocations.rows import CancelReason, State
from tocsin.store.triggers.decisions import Decision
from tocsin_protos.tocsin.v1.firing_service_pb2 import Delivery
from tocsin_protos.tocsin.v1.invocation_pb2 import Invocation


class Circumstances(Protocol):
    """What a delivery may wait for: a pause that has not ended, and the calls under way by node."""

    @property
    def now(self) -> datetime: ...

    @property
    def paused_now(self) -> Decision | None: ...

    @property
    def under_way(self) -> Mapping[str, list[int]]: ...


def explained_delivery(
    invocation: rows.Invocation, evidence: Circumstances, limit_of: Callable[[str], int]
) -> Delivery:
    """Returns an invocation with the reason for its state.

    `limit_of` returns how many calls of a target a node makes at once.
    """
    message = to_message(invocation)
    if (withheld := _withheld(invocation, evidence)) is not None:
        reason, text = withheld
    elif invocation.state is State.PENDING:
        reason, text = _waiting(invocation, evidence, limit_of)
    else:
        reason, text = REASONS[invocation.state], _text(invocation, message)
    return Delivery(invocation=message, reason=reason, explanation=f"{text}.")


# Which of the two it lacks, each node knows by itself.
CLAIMED_WHEN = (
    "a node claims it as soon as it has a free slot and room for its payload "
    "([targets] concurrency and payload_bytes)"
)

REASONS = {
    State.RUNNING: Delivery.REASON_DELIVERING,
    State.RETRYING: Delivery.REASON_RETRYING,
    State.DEAD_LETTERING: Delivery.REASON_DEAD_LETTERING,
    State.SUCCEEDED: Delivery.REASON_SUCCEEDED,
    State.FAILED: Delivery.REASON_FAILED,
    State.DEAD_LETTERED: Delivery.REASON_DEAD_LETTERED,
    State.CANCELLED: Delivery.REASON_CANCELLED,
}


def _withheld(
    invocation: rows.Invocation, evidence: Circumstances
) -> tuple[Delivery.Reason, str] | None:
    """Says that a paused or deleted trigger keeps it from being delivered; None: none does."""
    if invocation.cancel_reason is CancelReason.TRIGGER_DELETED:
        at = _finished(invocation)
        return (
            Delivery.REASON_TRIGGER_DELETED,
            f"It was cancelled at {at}: its trigger was deleted",
        )
    waits = invocation.state in (State.PENDING, State.RETRYING)
    pause = evidence.paused_now
    if not waits or pause is None or (invocation.by_hand and invocation.parked_due_at is None):
        return None
    since = rfc3339(pause.first_at)
    text = f"Its trigger is paused since {since}: it waits until the trigger is resumed"
    return Delivery.REASON_TRIGGER_PAUSED, text


def _waiting(
    invocation: rows.Invocation, evidence: Circumstances, limit_of: Callable[[str], int]
) -> tuple[Delivery.Reason, str]:
    due = invocation.next_at or invocation.scheduled_at
    if due > evidence.now:
        return Delivery.REASON_WAITING, f"It is not due yet; it is due at {rfc3339(due)}"
    counts = evidence.under_way.get(invocation.target, [])
    since = f"It has been due since {rfc3339(due)}"
    # Each node applies the limit to its own calls.
    if counts and min(counts) >= limit_of(invocation.target):
        calls = f"already has {sum(counts)} calls under way, the most that it may"
        return Delivery.REASON_TARGET_BUSY, f"{since}, but its target {invocation.target} {calls}"
    return Delivery.REASON_DUE, f"{since}; {CLAIMED_WHEN}"


def _text(invocation: rows.Invocation, message: Invocation) -> str:
    calls = "1 call" if invocation.attempts == 1 else f"{invocation.attempts} calls"
    error = invocation.last_error
    match invocation.state:
        case State.RUNNING:
            since = f" since {rfc3339(invocation.started_at)}" if invocation.started_at else ""
            return f"Node {invocation.node} is delivering it{since}; {calls} so far, with this one"
        case State.RETRYING:
            again = rfc3339(invocation.next_at or invocation.scheduled_at)
            return f"{calls} failed; the next one is due at {again}. {error}"
        case State.DEAD_LETTERING:
            when = (
                "now"
                if invocation.node
                else f"at {rfc3339(invocation.next_at or invocation.scheduled_at)}"
            )
            queue = f"queue {message.dead_letter_queue}"
            return f"It used up {calls} and will be put into {queue} {when}. {error}"
        case State.SUCCEEDED:
            return f"Its target answered with success at {_finished(invocation)}, after {calls}"
        case State.DEAD_LETTERED:
            queue = f"queue {message.dead_letter_queue}"
            return (
                f"It used up {calls} and was put into {queue} at {_finished(invocation)}. {error}"
            )
        case State.CANCELLED:
            return f"It was cancelled at {_finished(invocation)}"
        case _:
            ended = (
                f"It failed at {_finished(invocation)} after {calls}, and has no dead letter queue"
            )
            return f"{ended}. {error}"


def _finished(invocation: rows.Invocation) -> str:
    return rfc3339(invocation.finished_at or invocation.scheduled_at)
