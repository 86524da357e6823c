"""How invocations look to people, in the words of their contract."""

import contextlib
import json
from collections.abc import Iterable, Sequence

from rich.text import Text

from tocsin.cli.terminal.output import as_yaml, drawn, plain_lines, print_table, shown, to_json
from tocsin_protos.tocsin.v1.firing_service_pb2 import Delivery, ExplainResponse
from tocsin_protos.tocsin.v1.invocation_pb2 import Attempt, Invocation

HEAD = ("ID", "STATE", "SCHEDULED AT", "ORIGIN", "ATTEMPTS", "TARGET", "LAST ERROR")
ORIGIN, LAST_ERROR = HEAD.index("ORIGIN"), HEAD.index("LAST ERROR")
# In lines that come one by one, columns are as wide as what usually stands in them.
USUAL_WIDTHS = (20, 14, 19, 20, 8, 30, 0)

# So much of a payload or an answer is shown to people.
SHOWN_BYTES = 4096


def print_invocations(invocations: Sequence[Invocation], nothing: str) -> None:
    """Prints a list; on a terminal, `nothing` if there are none."""
    print_table(HEAD, [row(each) for each in invocations], nothing, _note)


def table(invocations: Sequence[Invocation], width: int) -> Text:
    """Returns the list for a terminal of that width."""
    return drawn(HEAD, [row(each) for each in invocations], _note, width)


def line(cells: Sequence[str]) -> str:
    """Returns a row as a line that stands by itself."""
    padded = (
        f"{' '.join(cell.split()) or '-':<{width}}"
        for cell, width in zip(cells, USUAL_WIDTHS, strict=True)
    )
    return "  ".join(padded).rstrip()


def row(invocation: Invocation) -> tuple[str, ...]:
    """Returns the invocation's row, under HEAD."""
    return (
        invocation.id,
        state(invocation),
        shown(invocation.scheduled_at),
        origin(invocation),
        str(invocation.attempt_count),
        invocation.target,
        invocation.last_error,
    )


def state(invocation: Invocation) -> str:
    """Returns the state's name without its prefix."""
    return Invocation.State.Name(invocation.state).removeprefix("STATE_")


def origin(invocation: Invocation) -> str:
    """Returns what fired: the trigger's id, or the integration's name."""
    return invocation.trigger_id or "/".join(invocation.integration.split("/")[-2:])


def details(invocation: Invocation) -> list[tuple[str, str]]:
    """Returns all there is to tell."""
    lateness = invocation.lateness.ToTimedelta() if invocation.HasField("lateness") else None
    return [
        ("id", invocation.id),
        ("state", state(invocation)),
        ("triggerId", invocation.trigger_id),
        ("integration", invocation.integration),
        ("parent", invocation.parent),
        ("target", invocation.target),
        ("cause", Invocation.Cause.Name(invocation.cause).removeprefix("CAUSE_")),
        ("scheduledAt", shown(invocation.scheduled_at)),
        ("createdAt", shown(invocation.created_at)),
        ("startedAt", shown(invocation.started_at)),
        ("finishedAt", shown(invocation.finished_at)),
        ("dueAt", shown(invocation.due_at)),
        ("lateness", f"{lateness.total_seconds():.3f} s" if lateness is not None else ""),
        ("node", invocation.node),
        ("leaseUntil", shown(invocation.lease_until)),
        ("attemptCount", str(invocation.attempt_count)),
        ("retriesLeft", str(invocation.retries_left)),
        ("lastError", invocation.last_error),
        ("deadLetterQueue", invocation.dead_letter_queue),
        ("attempts", _attempts(invocation.attempts)),
        ("payload", _content(invocation.payload)),
        ("answer", _content(invocation.answer)),
    ]


def explanation(response: ExplainResponse) -> list[tuple[str, str]]:
    """Returns a decision with all that it was made by."""
    return [
        ("reason", ExplainResponse.Reason.Name(response.reason).removeprefix("REASON_")),
        ("explanation", response.explanation),
        ("tick", shown(response.tick)),
        ("triggerId", response.trigger_id),
        ("decidedAt", shown(response.decided_at)),
        ("cronExpression", response.cron_expression),
        ("previousTick", shown(response.previous_tick)),
        ("nextTick", shown(response.next_tick)),
        ("pause", _part(response, "pause")),
        ("misfire", _part(response, "misfire")),
        ("ruleChange", _part(response, "rule_change")),
        ("triggerCreatedAt", shown(response.trigger_created_at)),
        ("triggerDeletedAt", shown(response.trigger_deleted_at)),
        ("deliveries", "\n".join(map(_delivery, response.deliveries))),
    ]


def _note(row: Sequence[str], fitting: int) -> str:
    """Where an invocation comes from and why it failed, if that did not fit; the rest can wait."""
    told = (row[index] for index in (ORIGIN, LAST_ERROR) if index >= fitting)
    return "  ".join(filter(None, told))


def _delivery(delivery: Delivery) -> str:
    reason = Delivery.Reason.Name(delivery.reason).removeprefix("REASON_")
    return f"{delivery.invocation.id}  {reason}  {delivery.explanation}".rstrip()


def _part(response: ExplainResponse, name: str) -> str:
    if not response.HasField(name):
        return ""
    return as_yaml(to_json(getattr(response, name), defaults=False))


def _attempts(attempts: Iterable[Attempt]) -> str:
    rows = [
        (
            str(each.number),
            Attempt.Kind.Name(each.kind).removeprefix("KIND_"),
            shown(each.started_at),
            _took(each),
            str(each.http_status or ""),
            each.error or ("" if each.HasField("finished_at") else "under way"),
        )
        for each in attempts
    ]
    return "\n".join(plain_lines(rows)) if rows else ""


def _took(attempt: Attempt) -> str:
    if not attempt.HasField("finished_at"):
        return ""
    took = attempt.finished_at.ToDatetime() - attempt.started_at.ToDatetime()
    return f"{took.total_seconds():.3f} s"


def _content(content: bytes) -> str:
    """Returns JSON laid out, text as it is, and of anything else how long it is."""
    try:
        text = content.decode()
    except UnicodeDecodeError:
        return f"{len(content)} bytes"
    with contextlib.suppress(ValueError):
        text = json.dumps(json.loads(text), indent=2, ensure_ascii=False)
    if len(text) > SHOWN_BYTES:
        return f"{text[:SHOWN_BYTES]}\n… {len(content)} bytes; -o json has them all"
    return text
