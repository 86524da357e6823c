"""Where a delivery stands, and why, as `tocsin.v1.Delivery` tells it."""

from collections.abc import Callable

from tocsin.api.tocsin.firing.evidence import Evidence
from tocsin.api.tocsin.invocations.message import to_message
from tocsin.schedule.instants import rfc3339
from tocsin.store.invocations.listing import Shown
from tocsin.store.invocations.rows import State
from tocsin_protos.tocsin.v1.firing_service_pb2 import Delivery
from tocsin_protos.tocsin.v1.invocation_pb2 import Invocation


def explained_delivery(
    shown: Shown, evidence: Evidence, limit_of: Callable[[str], int]
) -> Delivery:
    """Returns an invocation and where it stands; `limit_of` tells how many calls a target takes."""
    message = to_message(shown)
    if shown.state is State.PENDING:
        reason, text = _waiting(shown, evidence, limit_of)
    else:
        reason, text = REASONS[shown.state], _text(shown, message)
    return Delivery(invocation=message, reason=reason, explanation=f"{text}.")


REASONS = {
    State.RUNNING: Delivery.REASON_DELIVERING,
    State.RETRYING: Delivery.REASON_RETRYING,
    State.DEAD_LETTERING: Delivery.REASON_DEAD_LETTERING,
    State.SUCCEEDED: Delivery.REASON_SUCCEEDED,
    State.FAILED: Delivery.REASON_FAILED,
    State.DEAD_LETTERED: Delivery.REASON_DEAD_LETTERED,
    State.CANCELLED: Delivery.REASON_CANCELLED,
}


def _waiting(
    shown: Shown, evidence: Evidence, limit_of: Callable[[str], int]
) -> tuple[Delivery.Reason, str]:
    due = shown.next_at or shown.scheduled_at
    if due > evidence.now:
        return Delivery.REASON_WAITING, f"Its time has not come: it is due at {rfc3339(due)}"
    counts = evidence.under_way.get(shown.target, [])
    since = f"It is due since {rfc3339(due)}"
    # Each node has its own count of what the target takes.
    if counts and min(counts) >= limit_of(shown.target):
        calls = f"has {sum(counts)} calls under way, as many as it may"
        return Delivery.REASON_TARGET_BUSY, f"{since}; its target {shown.target} {calls}"
    return Delivery.REASON_DUE, f"{since}; a node takes it as soon as it has a free place"


def _text(shown: Shown, message: Invocation) -> str:
    calls = "1 call" if shown.attempts == 1 else f"{shown.attempts} calls"
    match shown.state:
        case State.RUNNING:
            since = f" since {rfc3339(shown.started_at)}" if shown.started_at else ""
            return f"Node {shown.node} delivers it{since}: {calls} so far, this one included"
        case State.RETRYING:
            again = rfc3339(shown.next_at or shown.scheduled_at)
            return f"{calls} failed; the next one is made at {again}. {shown.last_error}"
        case State.DEAD_LETTERING:
            when = "now" if shown.node else f"at {rfc3339(shown.next_at or shown.scheduled_at)}"
            queue = f"queue {message.dead_letter_queue}"
            return f"After {calls} it is to be put into {queue} {when}. {shown.last_error}"
        case State.SUCCEEDED:
            return f"Its target took it at {_finished(shown)}, after {calls}"
        case State.DEAD_LETTERED:
            queue = f"queue {message.dead_letter_queue}"
            return (
                f"After {calls} it was put into {queue} at {_finished(shown)}. {shown.last_error}"
            )
        case State.CANCELLED:
            return f"It was cancelled at {_finished(shown)}"
        case _:
            ended = f"It failed at {_finished(shown)} after {calls}, and has no dead letter queue"
            return f"{ended}. {shown.last_error}"


def _finished(shown: Shown) -> str:
    return rfc3339(shown.finished_at or shown.scheduled_at)
