"""An invocation of the store as `tocsin.v1.Invocation` shows it."""

import json
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from tocsin.plans.plan import action_from_json
from tocsin.store.invocations.listing import Contents, Shown
from tocsin.store.invocations.rows import State
from tocsin.wire.timestamps import to_duration, to_timestamp
from tocsin_protos.tocsin.v1.invocation_pb2 import Attempt, Invocation

# Between a trigger's id and the invocation's, in the occurrence of what was fired by hand.
BY_HAND = "/by-hand/"


def by_hand(trigger_id: str, invocation_id: str, index: int) -> str:
    """Returns the occurrence of what is fired by hand."""
    return f"{trigger_id}{BY_HAND}{invocation_id}/{index}"


def is_integration(origin: str) -> bool:
    """Triggers have plain ids; integrations have full names."""
    return "/" in origin


def cause_of(shown: Shown) -> Invocation.Cause:
    """Returns why there is an invocation, as its occurrence tells."""
    if is_integration(shown.origin):
        return Invocation.CAUSE_SCHEDULED
    occurrence = shown.occurrence or ""
    if occurrence.startswith(f"{shown.origin}{BY_HAND}"):
        return Invocation.CAUSE_FIRED_BY_HAND
    if occurrence.startswith(f"{shown.origin}/{shown.scheduled_at.isoformat()}/"):
        return Invocation.CAUSE_TICK
    return Invocation.CAUSE_EVENTS


def to_message(shown: Shown) -> Invocation:
    """Returns the message without what only Get tells."""
    calls = [each for each in _history(shown) if "status" in each]
    action = action_from_json(shown.action)
    held = shown.node is not None
    message = Invocation(
        id=shown.id,
        parent=shown.parent,
        target=shown.target,
        state=f"STATE_{shown.state.name}",
        cause=cause_of(shown),
        scheduled_at=to_timestamp(shown.scheduled_at),
        created_at=to_timestamp(shown.created_at),
        node=shown.node or "",
        attempt_count=shown.attempts,
        retries_left=_retries_left(shown, 0 if action.retry is None else action.retry.attempts),
        last_error=shown.last_error or "",
        dead_letter_queue="" if action.dead_letter is None else action.dead_letter.queue_id,
    )
    if is_integration(shown.origin):
        message.integration = shown.origin
    else:
        message.trigger_id = shown.origin
    _set(message, "started_at", _latest_call(shown, calls))
    _set(message, "finished_at", shown.finished_at)
    _set(message, "lease_until" if held else "due_at", shown.next_at)
    began = _first_call(shown, calls)
    if began is not None:
        late = max(began - shown.scheduled_at, timedelta())
        message.lateness.CopyFrom(to_duration(late))
    return message


def to_full_message(shown: Shown, contents: Contents) -> Invocation:
    """Returns the message with all that is known."""
    message = to_message(shown)
    message.attempts.extend(_attempts(shown))
    message.payload = contents.payload
    message.answer = contents.answer or b""
    return message


def with_success(shown: Shown) -> str | None:
    """Returns the history with the call that succeeded, which is to be followed by others."""
    if shown.state is not State.SUCCEEDED:
        return shown.history
    call = {
        "attempt": shown.attempts,
        "startedAt": shown.started_at and shown.started_at.isoformat(),
        "finishedAt": shown.finished_at and shown.finished_at.isoformat(),
        "error": None,
        "status": None,
    }
    return json.dumps([*_history(shown), call])


def _retries_left(shown: Shown, allowed: int) -> int:
    if shown.state.final or shown.state is State.DEAD_LETTERING:
        return 0
    return max(0, allowed - shown.failures)


def _history(shown: Shown) -> list[dict[str, Any]]:
    history: list[dict[str, Any]] = json.loads(shown.history or "[]")
    return history


def _is_about_queue(shown: Shown) -> bool:
    """Whether what began last is a try to reach the queue, and no call."""
    return shown.state in (State.DEAD_LETTERING, State.DEAD_LETTERED)


def _latest_call(shown: Shown, calls: list[dict[str, Any]]) -> datetime | None:
    if _is_about_queue(shown):
        return _instant(calls[-1]["startedAt"]) if calls else None
    return shown.started_at


def _first_call(shown: Shown, calls: list[dict[str, Any]]) -> datetime | None:
    return _instant(calls[0]["startedAt"]) if calls else _latest_call(shown, calls)


def _attempts(shown: Shown) -> Iterable[Attempt]:
    told = [_attempt(each) for each in _history(shown)]
    ended_well = shown.state in (State.SUCCEEDED, State.DEAD_LETTERED)
    if shown.started_at is not None and (ended_well or shown.node is not None):
        kind = Attempt.KIND_DEAD_LETTER if _is_about_queue(shown) else Attempt.KIND_CALL
        latest = Attempt(kind=kind, number=shown.attempts)
        latest.started_at.CopyFrom(to_timestamp(shown.started_at))
        if shown.finished_at is not None:
            latest.finished_at.CopyFrom(to_timestamp(shown.finished_at))
        told.append(latest)
    return sorted(told, key=lambda each: (each.started_at.ToNanoseconds(), each.number))


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
