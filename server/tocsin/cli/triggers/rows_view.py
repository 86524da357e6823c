"""Formats rows of triggers for people."""

from datetime import UTC, timedelta

from google.protobuf.timestamp_pb2 import Timestamp

from tocsin_protos.tocsin.v1.folder_service_pb2 import LastInvocation, TriggerRow
from tocsin_protos.tocsin.v1.invocation_pb2 import Invocation

HEAD = ("NAME", "KIND", "STATE", "LAST", "NEXT", "ID", "RULE", "TARGET", "DURATION")
# Columns that are shown though they may be empty.
ALWAYS = HEAD.index("RULE")
NEVER = "never"


def row(trigger: TriggerRow) -> tuple[str, ...]:
    """Returns the trigger's row, under HEAD."""
    return (
        trigger.name,
        trigger.kind,
        TriggerRow.State.Name(trigger.state).removeprefix("STATE_"),
        _last(trigger.last) if trigger.HasField("last") else "",
        _next(trigger),
        trigger.id,
        trigger.problem or trigger.cron_expression,
        ", ".join(trigger.targets),
        _duration(trigger.last),
    )


def _last(last: LastInvocation) -> str:
    state = Invocation.State.Name(last.state).removeprefix("STATE_")
    return f"{state} {_minute(last.scheduled_at)}"


def _next(trigger: TriggerRow) -> str:
    """Returns when a trigger fires next, in UTC; `never` for an active timer without a tick."""
    if trigger.HasField("next_fire"):
        return _minute(trigger.next_fire)
    ends = trigger.kind == "timer" and trigger.state == TriggerRow.STATE_ACTIVE
    return NEVER if ends else ""


def _minute(timestamp: Timestamp) -> str:
    return f"{timestamp.ToDatetime(UTC):%Y-%m-%d %H:%M}"


def _duration(last: LastInvocation) -> str:
    """Returns how long the latest call took; empty if it has not ended."""
    if not (last.HasField("started_at") and last.HasField("finished_at")):
        return ""
    took = last.finished_at.ToDatetime() - last.started_at.ToDatetime()
    seconds = max(took, timedelta()).total_seconds()
    return f"{seconds:.1f} s" if seconds >= 1 else f"{seconds * 1000:.0f} ms"
