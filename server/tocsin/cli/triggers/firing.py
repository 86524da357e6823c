"""Defines `tocsin triggers fire`, `next`, `preview` and `explain`, clients of FiringService."""

import sys
from datetime import UTC, timedelta
from pathlib import Path
from typing import Annotated, Any

import typer
from google.protobuf import json_format, struct_pb2

from tocsin.cli.connection import (
    USUAL_SERVER,
    CaOption,
    Connection,
    FolderOption,
    LimitOption,
    OfFolderOption,
    ServerOption,
    connected,
    folder_named,
    pages,
)
from tocsin.cli.invocations import view as invocation_view
from tocsin.cli.invocations.watching import UNFINISHED, wait_until_final
from tocsin.cli.refusal import USAGE, refusal
from tocsin.cli.terminal.instants import read_instant
from tocsin.cli.terminal.lines import note, one_line, say
from tocsin.cli.terminal.output import (
    Output,
    OutputOption,
    instant_text,
    print_details,
    print_json,
    print_table,
)
from tocsin.cli.triggers.names import TriggerArgument, id_of
from tocsin.documents.reading import STDIN
from tocsin.schedule.instants import iso
from tocsin.wire.json_text import parse_json
from tocsin_protos.tocsin.v1.firing_service_pb2 import (
    ExplainRequest,
    FireTriggerRequest,
    NextFireTimesRequest,
    PreviewedFiring,
    PreviewRequest,
)
from tocsin_protos.tocsin.v1.invocation_pb2 import Attempt, Invocation

PREVIEWED = timedelta(days=1)
# As shells say of a command that SIGINT ended.
INTERRUPTED = 130


def fire(
    trigger: TriggerArgument,
    payload: Annotated[
        str | None,
        typer.Option(metavar="TEXT", help="Of a timer: send this instead of the rule's payload."),
    ] = None,
    json_text: Annotated[
        str | None, typer.Option("--json", metavar="JSON", help="Send this JSON as the whole body.")
    ] = None,
    body: Annotated[
        str | None,
        typer.Option(
            metavar="FILE", help="Send this file as the whole body; `-` reads standard input."
        ),
    ] = None,
    request_id: Annotated[
        str, typer.Option(metavar="ID", help="Calls with the same ID within 24 hours fire once.")
    ] = "",
    wait: Annotated[
        bool, typer.Option("--wait", help="Wait for the delivery; exit with status 1 if it fails.")
    ] = False,
    folder: OfFolderOption = None,
    output: OutputOption = Output.TABLE,
    server: ServerOption = USUAL_SERVER,
    ca: CaOption = None,
) -> None:
    """Fire a trigger now, even a paused one, and show its invocations.

    By default a timer sends what it sends at a tick. Other triggers need --json or --body.
    """
    request = _fire_request(payload, json_text, body)
    request.request_id = request_id
    with connected(server, ca) as api:
        request.trigger_id = id_of(api, trigger, folder)
        fired = list(api.firings.FireTrigger(request).invocations)
        if wait:
            fired = _wait(api, fired)
    if output is Output.JSON:
        print_json(fired)
    else:
        invocation_view.print_invocations(fired, "")
    if wait and any(invocation.state != Invocation.STATE_SUCCEEDED for invocation in fired):
        raise typer.Exit(1)


def _wait(api: Connection, fired: list[Invocation]) -> list[Invocation]:
    """Waits until the deliveries have ended, and tells of each attempt that another one follows."""

    def ended(invocation: Invocation, attempt: Attempt) -> None:
        if invocation.state not in UNFINISHED and attempt == invocation.attempts[-1]:
            return  # it is in the table
        what = "dead letter" if attempt.kind == Attempt.KIND_DEAD_LETTER else "attempt"
        outcome = f"failed: {one_line(attempt.error)}" if attempt.error else "succeeded"
        due = invocation.due_at
        later = f"; the next one is due at {instant_text(due)}" if due.seconds else ""
        note(f"{invocation.id} {what} {attempt.number} {outcome}{later if attempt.error else ''}")

    try:
        return wait_until_final(api, fired, note, ended)
    except KeyboardInterrupt:
        for invocation in fired:
            note(f"{invocation.id} goes on; see it with: tocsin invocations get {invocation.id}")
        raise typer.Exit(INTERRUPTED) from None


def next_ticks(
    trigger: TriggerArgument,
    after: Annotated[
        str | None,
        typer.Option(
            metavar="TIME", help="An ISO 8601 time, in UTC unless it has an offset. [default: now]"
        ),
    ] = None,
    count: Annotated[
        int, typer.Option("-n", min=1, max=1000, metavar="COUNT", help="How many to show.")
    ] = 5,
    folder: OfFolderOption = None,
    output: OutputOption = Output.TABLE,
    server: ServerOption = USUAL_SERVER,
    ca: CaOption = None,
) -> None:
    """Show when a timer fires next, in UTC."""
    request = NextFireTimesRequest(count=count)
    if after is not None:
        request.after.FromDatetime(read_instant(after))
    with connected(server, ca) as api:
        request.trigger_id = id_of(api, trigger, folder)
        response = api.firings.NextFireTimes(request)
    if output is Output.JSON:
        print_json(response)
        return
    for fire_time in response.fire_times:
        say(iso(fire_time.ToDatetime(UTC)))
    if not response.fire_times:
        note("the timer never fires after that time")
    elif response.paused:
        note("the timer is paused: it would fire at these times if you resumed it")


PreviewedArgument = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="[TRIGGER]...", help="IDs, or names in the folder. [default: all in the folder]"
    ),
]
StartOption = Annotated[
    str | None,
    typer.Option(
        "--from", metavar="TIME", help="Ticks at this ISO 8601 time or later. [default: now]"
    ),
]
EndOption = Annotated[
    str | None,
    typer.Option(
        "--until", metavar="TIME", help="Ticks before this ISO 8601 time. [default: a day later]"
    ),
]
IncludePausedOption = Annotated[
    bool, typer.Option("--include-paused", help="Show paused timers too, as if you resumed them.")
]


def preview(
    triggers: PreviewedArgument = None,
    start: StartOption = None,
    end: EndOption = None,
    include_paused: IncludePausedOption = False,
    folder: FolderOption = None,
    limit: LimitOption = None,
    output: OutputOption = Output.TABLE,
    server: ServerOption = USUAL_SERVER,
    ca: CaOption = None,
) -> None:
    """Show which timers fire between two times."""
    request = PreviewRequest(include_paused=include_paused)
    with connected(server, ca) as api:
        if triggers:
            request.trigger_ids.extend(id_of(api, trigger, folder) for trigger in triggers)
        else:
            request.folder_id = folder_named(folder)
        begin = read_instant(start) if start else api.now()
        request.start.FromDatetime(begin)
        request.end.FromDatetime(read_instant(end) if end else begin + PREVIEWED)
        firings = list(pages(api.firings.Preview, request, "firings", limit, _warn))
    if output is Output.JSON:
        print_json(firings)
    else:
        head = ("FIRE TIME", "TRIGGER ID", "NAME", "STATUS")
        print_table(head, [_row(each) for each in firings], "No timer fires between these times.")


def _row(firing: PreviewedFiring) -> tuple[str, ...]:
    status = "PAUSED" if firing.paused else ""
    return instant_text(firing.fire_time), firing.trigger_id, firing.trigger_name, status


def explain(
    trigger: TriggerArgument,
    instant: Annotated[
        str,
        typer.Argument(metavar="TIME", help="An ISO 8601 time, in UTC unless it has an offset."),
    ],
    folder: OfFolderOption = None,
    output: OutputOption = Output.TABLE,
    server: ServerOption = USUAL_SERVER,
    ca: CaOption = None,
) -> None:
    """Explain why a trigger fired at a time, or why it did not or will not."""
    request = ExplainRequest()
    request.instant.FromDatetime(read_instant(instant))
    with connected(server, ca) as api:
        request.trigger_id = id_of(api, trigger, folder)
        response = api.firings.Explain(request)
    if output is Output.JSON:
        print_json(response)
    else:
        print_details(invocation_view.explanation(response))


def _fire_request(
    payload: str | None, json_text: str | None, body: str | None
) -> FireTriggerRequest:
    if sum(option is not None for option in (payload, json_text, body)) > 1:
        raise refusal("give only one of --payload, --json and --body", status=USAGE)
    request = FireTriggerRequest()
    if payload is not None:
        request.payload = payload
    if json_text is not None:
        request.json.CopyFrom(_json(json_text))
    if body is not None:
        try:
            request.body = sys.stdin.buffer.read() if body == STDIN else Path(body).read_bytes()
        except OSError as error:
            raise refusal(f"{body}: {error.strerror}", status=USAGE) from error
    return request


def _json(text: str) -> struct_pb2.Value:
    try:
        value: Any = parse_json(text)
        return json_format.ParseDict(value, struct_pb2.Value())
    except ValueError as error:
        raise refusal(f"--json: must be JSON: {error}", status=USAGE) from error


def _warn(response: object) -> None:
    """Prints warnings about ticks that a page of a preview leaves out."""
    if getattr(response, "truncated", False):
        note("the folder has more timers than a preview reads: some ticks are missing")
    for trigger_id in getattr(response, "unreadable_trigger_ids", ()):
        note(f"trigger {trigger_id} can't be read and does not fire")
