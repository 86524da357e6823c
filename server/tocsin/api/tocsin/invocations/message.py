"""Converts stored invocations into `tocsin.v1.Invocation`."""

import json
from datetime import datetime, timedelta
from typing import Any

from tocsin.plans.plan import action_from_json, target_key
from tocsin.plans.trace_context import invocation_context
from tocsin.schedule.instants import iso
from tocsin.store.invocations import rows
from tocsin.store.invocations.rows import CancelReason, State
from tocsin.targets.calling import CONTENT_TYPE
from tocsin.wire.timestamps import to_duration, to_timestamp
from tocsin_protos.tocsin.v1.invocation_pb2 import Attempt, Header, Invocation

# Separates the ids of trigger and invocation in the occurrence of an invocation fired by hand.
BY_HAND = "/by-hand/"


def by_hand(trigger_id: str, invocation_id: str, index: int) -> str:
    """Returns the occurrence of an invocation that is fired by hand."""
    return f"{trigger_id}{BY_HAND}{invocation_id}/{index}"


def is_integration(origin: str) -> bool:
    """Returns whether an origin is an integration's full name, not a trigger's id."""
    return "/" in origin


def cause_of(invocation: rows.Invocation) -> Invocation.Cause:
    """Returns the cause of an invocation, which follows from its origin and its occurrence."""
    if invocation.is_notice:
        return Invocation.CAUSE_NOTICE
    if is_integration(invocation.origin):
        # Its occurrence begins with a schedule, or with the integration whose trigger has one.
        recurs = invocation.occurrence is not None
        return Invocation.CAUSE_SCHEDULE if recurs else Invocation.CAUSE_SCHEDULED
    occurrence = invocation.occurrence or ""
    if occurrence.startswith(f"{invocation.origin}{BY_HAND}"):
        return Invocation.CAUSE_FIRED_BY_HAND
    if occurrence.startswith(f"{invocation.origin}/{invocation.scheduled_at.isoformat()}/"):
        return Invocation.CAUSE_TICK
    return Invocation.CAUSE_EVENTS


def schedule_of(invocation: rows.Invocation) -> str:
    """Returns the schedule of an execution, whose name its occurrence begins with, or nothing."""
    occurrence = invocation.occurrence or ""
    if not occurrence.startswith(f"{invocation.parent}/schedules/"):
        return ""
    # `projects/*/locations/*/schedules/*`, and the instant after it.
    return "/".join(occurrence.split("/")[:6])


def to_message(invocation: rows.Invocation) -> Invocation:
    """Returns the message without the fields that only Get returns."""
    calls = [entry for entry in _history(invocation) if "status" in entry]
    action = action_from_json(invocation.action)
    claimed = invocation.node is not None
    message = Invocation(
        id=invocation.id,
        parent=invocation.parent,
        target=target_key(action.target),
        state=f"STATE_{invocation.state.name}",
        cause=cause_of(invocation),
        scheduled_at=to_timestamp(invocation.scheduled_at),
        created_at=to_timestamp(invocation.created_at),
        node=invocation.node or "",
        parked=invocation.parked_due_at is not None,
        cancel_reason=_cancel_reason(invocation),
        attempt_count=invocation.attempts,
        retries_left=_retries_left(
            invocation, 0 if action.retry is None else action.retry.attempts
        ),
        last_error=invocation.last_error or "",
        execution_id=invocation.execution_id or "",
        schedule=schedule_of(invocation),
        dead_letter_queue="" if action.dead_letter is None else action.dead_letter.queue_id,
        resent_from=invocation.replay_of or "",
    )
    if is_integration(invocation.origin):
        message.integration = invocation.origin
    else:
        message.trigger_id = invocation.origin
    _set(message, "started_at", _latest_call(invocation, calls))
    _set(message, "finished_at", invocation.finished_at)
    _set(message, "lease_until" if claimed else "due_at", due_at(invocation))
    if (took := _duration(invocation, calls)) is not None:
        message.duration.CopyFrom(to_duration(took))
    began = _first_call(invocation, calls)
    if began is not None:
        late = max(began - invocation.scheduled_at, timedelta())
        message.lateness.CopyFrom(to_duration(late))
    return message


def to_full_message(invocation: rows.Invocation, most_bytes: int | None = None) -> Invocation:
    """Returns the message with all fields.

    Args:
        invocation: the invocation with its payload and its answer.
        most_bytes: leaves out the payload, the answer or both if they have more bytes together, and
            says so in `left_out`; None: they may have any size.
    """
    message = to_message(invocation)
    message.attempts.extend(attempts_of(invocation))
    message.trace_id = invocation_context(invocation.id, invocation.traceparent).trace_id
    message.headers.extend(
        Header(name=name, value=value) for name, value in _headers_of(invocation).items()
    )
    contents = {"payload": invocation.payload, "answer": invocation.answer or b""}
    room = most_bytes
    for name, content in sorted(contents.items(), key=lambda content: len(content[1])):
        if room is not None and len(content) > room:
            message.left_out.append(name)
            continue
        setattr(message, name, content)
        room = None if room is None else room - len(content)
    return message


def _headers_of(invocation: rows.Invocation) -> dict[str, str]:
    """Returns the headers of the latest call that are known; none before the first one."""
    if not invocation.attempts:
        return {}
    return {
        "Content-Type": CONTENT_TYPE,
        "X-Request-Id": invocation.id,
        "X-Attempt": str(invocation.attempts),
        "X-Scheduled-At": iso(invocation.scheduled_at),
    }


def due_at(invocation: rows.Invocation) -> datetime | None:
    """Returns when it is due, or was when it was parked; held by a node, when the lease ends."""
    return invocation.parked_due_at or invocation.next_at


def _cancel_reason(invocation: rows.Invocation) -> Invocation.CancelReason:
    if invocation.state is not State.CANCELLED:
        return Invocation.CANCEL_REASON_UNSPECIFIED
    if invocation.cancel_reason is CancelReason.TRIGGER_DELETED:
        return Invocation.CANCEL_REASON_TRIGGER_DELETED
    return Invocation.CANCEL_REASON_REQUESTED


def _retries_left(invocation: rows.Invocation, allowed: int) -> int:
    if invocation.state.final or invocation.state is State.DEAD_LETTERING:
        return 0
    return max(0, allowed - invocation.failures)


def _history(invocation: rows.Invocation) -> list[dict[str, Any]]:
    history: list[dict[str, Any]] = json.loads(invocation.history or "[]")
    return history


def _is_about_queue(invocation: rows.Invocation) -> bool:
    """Returns whether the latest attempt was a try to reach the dead letter queue."""
    return invocation.state in (State.DEAD_LETTERING, State.DEAD_LETTERED)


def _latest_call(invocation: rows.Invocation, calls: list[dict[str, Any]]) -> datetime | None:
    if _is_about_queue(invocation):
        return _instant(calls[-1]["startedAt"]) if calls else None
    return invocation.started_at


def _duration(invocation: rows.Invocation, calls: list[dict[str, Any]]) -> timedelta | None:
    """Returns how long the latest call took that has ended, or None."""
    if invocation.state is State.SUCCEEDED:
        began, ended = invocation.started_at, invocation.finished_at
    elif calls:
        began, ended = _instant(calls[-1]["startedAt"]), _instant(calls[-1]["finishedAt"])
    else:
        return None
    return None if began is None or ended is None else max(ended - began, timedelta())


def _first_call(invocation: rows.Invocation, calls: list[dict[str, Any]]) -> datetime | None:
    return _instant(calls[0]["startedAt"]) if calls else _latest_call(invocation, calls)


def attempts_of(invocation: rows.Invocation) -> list[Attempt]:
    """Returns the attempts that began, the first one first."""
    attempts = [_attempt(entry) for entry in _history(invocation)]
    ended_well = invocation.state in (State.SUCCEEDED, State.DEAD_LETTERED)
    if invocation.started_at is not None and (ended_well or invocation.node is not None):
        kind = Attempt.KIND_DEAD_LETTER if _is_about_queue(invocation) else Attempt.KIND_CALL
        latest = Attempt(kind=kind, number=invocation.attempts)
        latest.started_at.CopyFrom(to_timestamp(invocation.started_at))
        if invocation.finished_at is not None:
            latest.finished_at.CopyFrom(to_timestamp(invocation.finished_at))
        attempts.append(latest)
    return sorted(attempts, key=lambda one: (one.started_at.ToNanoseconds(), one.number))


def _attempt(entry: dict[str, Any]) -> Attempt:
    attempt = Attempt(
        kind=Attempt.KIND_CALL if "status" in entry else Attempt.KIND_DEAD_LETTER,
        number=entry["attempt"],
        http_status=entry.get("status") or 0,
        error=entry["error"] or "",
    )
    for field, name in (("started_at", "startedAt"), ("finished_at", "finishedAt")):
        if (instant := _instant(entry[name])) is not None:
            getattr(attempt, field).CopyFrom(to_timestamp(instant))
    return attempt


def _instant(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)


def _set(message: Invocation, field: str, instant: datetime | None) -> None:
    if instant is not None:
        getattr(message, field).CopyFrom(to_timestamp(instant))
