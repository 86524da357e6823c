"""Formats invocations for people, in the words of their contract."""

import contextlib
import json
from collections.abc import Iterable, Sequence
from datetime import timedelta

from rich.text import Text

from tocsin.cli.terminal.lines import one_line, say
from tocsin.cli.terminal.output import (
    drawn,
    instant_text,
    plain_lines,
    print_table,
    to_json,
)
from tocsin.documents.writing import as_yaml
from tocsin.printable import printable_json
from tocsin_protos.tocsin.v1.firing_service_pb2 import Delivery, ExplainResponse
from tocsin_protos.tocsin.v1.invocation_pb2 import Attempt, Invocation

HEAD = ("ID", "STATE", "SCHEDULED AT", "ORIGIN", "ATTEMPTS", "DURATION", "TARGET", "LAST ERROR")
ORIGIN, LAST_ERROR = HEAD.index("ORIGIN"), HEAD.index("LAST ERROR")
WIDE_HEAD = (
    *HEAD[:-1],
    *("ORIGIN ID", "CAUSE", "STARTED AT", "FINISHED AT", "LATENESS", "PARENT", "RESENT FROM"),
    HEAD[-1],
)
# Lines that come one by one get columns of a usual width.
USUAL_WIDTHS = (20, 14, 19, 20, 8, 8, 30, 0)

# A longer payload or answer is cut.
SHOWN_BYTES = 4096


def print_invocations(
    invocations: Sequence[Invocation], nothing: str, *, wide: bool = False
) -> None:
    """Prints a list; on a terminal, prints `nothing` if the list is empty.

    With `wide`, ids stand beside names, and each row is a line of any length.
    """
    if wide:
        for cells in plain_lines([WIDE_HEAD, *map(_wide_row, invocations)]):
            say(cells)
        return
    print_table(HEAD, [row(invocation) for invocation in invocations], nothing, _note)


def table(invocations: Sequence[Invocation], width: int) -> Text:
    """Returns the list as a table for a terminal of that width."""
    return drawn(HEAD, [row(invocation) for invocation in invocations], _note, width)


def line(cells: Sequence[str]) -> str:
    """Returns a row as a line with columns of usual widths."""
    padded = (
        f"{one_line(cell) or '-':<{width}}" for cell, width in zip(cells, USUAL_WIDTHS, strict=True)
    )
    return "  ".join(padded).rstrip()


def row(invocation: Invocation) -> tuple[str, ...]:
    """Returns the invocation's row, under HEAD."""
    return (
        invocation.id,
        state(invocation),
        instant_text(invocation.scheduled_at),
        origin(invocation),
        str(invocation.attempt_count),
        duration(invocation),
        invocation.target,
        invocation.last_error,
    )


def _wide_row(invocation: Invocation) -> tuple[str, ...]:
    *cells, last_error = row(invocation)
    late = invocation.lateness.ToTimedelta() if invocation.HasField("lateness") else None
    return (
        *cells,
        invocation.trigger_id or invocation.integration,
        Invocation.Cause.Name(invocation.cause).removeprefix("CAUSE_"),
        instant_text(invocation.started_at),
        instant_text(invocation.finished_at),
        seconds(late),
        invocation.parent,
        invocation.resent_from,
        last_error,
    )


def duration(invocation: Invocation) -> str:
    """Returns how long the latest call took that has ended; empty if none has."""
    return seconds(invocation.duration.ToTimedelta() if invocation.HasField("duration") else None)


def seconds(span: timedelta | None) -> str:
    """Returns a span of time for people."""
    return "" if span is None else f"{span.total_seconds():.3f} s"


def state(invocation: Invocation) -> str:
    """Returns the state's name without its prefix."""
    return Invocation.State.Name(invocation.state).removeprefix("STATE_")


def origin(invocation: Invocation) -> str:
    """Returns the trigger's name, its ID if it has none, or the short name of the integration."""
    if invocation.trigger_id:
        return invocation.origin_name or invocation.trigger_id
    return "/".join(invocation.integration.split("/")[-2:])


def details(invocation: Invocation) -> list[tuple[str, str]]:
    """Returns names and values of all fields."""
    lateness = invocation.lateness.ToTimedelta() if invocation.HasField("lateness") else None
    headers = [f"{header.name}: {header.value}" for header in invocation.headers]
    return [
        ("id", invocation.id),
        ("state", state(invocation)),
        ("originName", invocation.origin_name),
        ("triggerId", invocation.trigger_id),
        ("integration", invocation.integration),
        ("executionId", invocation.execution_id),
        ("parent", invocation.parent),
        ("target", invocation.target),
        ("cause", Invocation.Cause.Name(invocation.cause).removeprefix("CAUSE_")),
        ("scheduledAt", instant_text(invocation.scheduled_at)),
        ("createdAt", instant_text(invocation.created_at)),
        ("startedAt", instant_text(invocation.started_at)),
        ("finishedAt", instant_text(invocation.finished_at)),
        ("dueAt", instant_text(invocation.due_at)),
        ("lateness", seconds(lateness)),
        ("duration", duration(invocation)),
        ("schedule", invocation.schedule),
        ("resentFrom", invocation.resent_from),
        ("traceId", invocation.trace_id),
        ("node", invocation.node),
        ("parked", "until its trigger is resumed" if invocation.parked else ""),
        ("cancelReason", _cancel_reason(invocation)),
        ("leaseUntil", instant_text(invocation.lease_until)),
        ("attemptCount", str(invocation.attempt_count)),
        ("retriesLeft", str(invocation.retries_left)),
        ("lastError", invocation.last_error),
        ("deadLetterQueue", invocation.dead_letter_queue),
        ("attempts", _attempts(invocation.attempts)),
        ("headers", "\n".join(headers)),
        ("payload", _content(invocation.payload)),
        ("answer", _content(invocation.answer)),
    ]


def _cancel_reason(invocation: Invocation) -> str:
    if not invocation.cancel_reason:
        return ""
    return Invocation.CancelReason.Name(invocation.cancel_reason).removeprefix("CANCEL_REASON_")


def explanation(response: ExplainResponse) -> list[tuple[str, str]]:
    """Returns names and values of a decision and its reasons."""
    return [
        ("reason", ExplainResponse.Reason.Name(response.reason).removeprefix("REASON_")),
        ("explanation", response.explanation),
        ("tick", instant_text(response.tick)),
        ("name", response.name),
        ("triggerId", response.trigger_id),
        ("decidedAt", instant_text(response.decided_at)),
        ("cronExpression", response.cron_expression),
        ("previousTick", instant_text(response.previous_tick)),
        ("nextTick", instant_text(response.next_tick)),
        ("pause", _part(response, "pause")),
        ("misfire", _part(response, "misfire")),
        ("ruleChange", _part(response, "rule_change")),
        ("triggerCreatedAt", instant_text(response.trigger_created_at)),
        ("triggerDeletedAt", instant_text(response.trigger_deleted_at)),
        ("deliveries", "\n".join(map(_delivery, response.deliveries))),
    ]


def _note(row: Sequence[str], fitting: int) -> str:
    """Returns the origin and the last error for the line below a row, if they don't fit in it."""
    cells = (row[index] for index in (ORIGIN, LAST_ERROR) if index >= fitting)
    return "  ".join(filter(None, cells))


def _delivery(delivery: Delivery) -> str:
    reason = Delivery.Reason.Name(delivery.reason).removeprefix("REASON_")
    return f"{delivery.invocation.id}  {reason}  {delivery.explanation}".rstrip()


def _part(response: ExplainResponse, name: str) -> str:
    if not response.HasField(name):
        return ""
    return as_yaml(to_json(getattr(response, name), defaults=False)).removesuffix("\n")


def _attempts(attempts: Iterable[Attempt]) -> str:
    rows = [
        (
            str(attempt.number),
            Attempt.Kind.Name(attempt.kind).removeprefix("KIND_"),
            instant_text(attempt.started_at),
            _took(attempt),
            str(attempt.http_status or ""),
            attempt.error or ("" if attempt.HasField("finished_at") else "under way"),
        )
        for attempt in attempts
    ]
    return "\n".join(plain_lines(rows)) if rows else ""


def _took(attempt: Attempt) -> str:
    if not attempt.HasField("finished_at"):
        return ""
    took = attempt.finished_at.ToDatetime() - attempt.started_at.ToDatetime()
    return f"{took.total_seconds():.3f} s"


def _content(content: bytes) -> str:
    """Returns JSON indented, other text unchanged, and the length of anything else."""
    try:
        text = content.decode()
    except UnicodeDecodeError:
        return f"{len(content)} bytes"
    with contextlib.suppress(ValueError, RecursionError):
        text = printable_json(json.dumps(json.loads(text), indent=2, ensure_ascii=False))
    if len(text) > SHOWN_BYTES:
        return f"{text[:SHOWN_BYTES]}\n… {len(content)} bytes; use -o json for all"
    return text
