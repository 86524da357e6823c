"""The commands of `tocsin triggers` that are about firing: clients of FiringService."""

import json
import sys
from datetime import UTC, timedelta
from pathlib import Path
from typing import Annotated

import typer
from google.protobuf import json_format, struct_pb2

from tocsin.cli.connection import (
    USUAL_SERVER,
    CaOption,
    FolderOption,
    LimitOption,
    ServerOption,
    connected,
    folder_named,
    pages,
)
from tocsin.cli.documents.reading import STDIN
from tocsin.cli.invocations import view as invocation_view
from tocsin.cli.invocations.watching import wait_until_final
from tocsin.cli.refusal import USAGE, refusal
from tocsin.cli.terminal.instants import iso, read_instant
from tocsin.cli.terminal.output import (
    Output,
    OutputOption,
    note,
    print_details,
    print_json,
    print_table,
    shown,
)
from tocsin.cli.triggers.names import TriggerArgument, id_of
from tocsin_protos.tocsin.v1.firing_service_pb2 import (
    ExplainRequest,
    FireTriggerRequest,
    NextFireTimesRequest,
    PreviewRequest,
)
from tocsin_protos.tocsin.v1.invocation_pb2 import Invocation

PREVIEWED = timedelta(days=1)


def fire(
    trigger: TriggerArgument,
    payload: Annotated[
        str | None, typer.Option(metavar="TEXT", help="Of a timer: in place of its rule's payload.")
    ] = None,
    json_text: Annotated[
        str | None, typer.Option("--json", metavar="JSON", help="The whole body.")
    ] = None,
    body: Annotated[
        str | None,
        typer.Option(metavar="FILE", help="The whole body, as it is; - is the standard input."),
    ] = None,
    request_id: Annotated[
        str, typer.Option(metavar="ID", help="The same one, within 24 hours, fires once.")
    ] = "",
    wait: Annotated[
        bool, typer.Option("--wait", help="Until it is delivered; status 1 if it is not.")
    ] = False,
    folder: FolderOption = None,
    output: OutputOption = Output.TABLE,
    server: ServerOption = USUAL_SERVER,
    ca: CaOption = None,
) -> None:
    """Fire a trigger now, a paused one too, and show its invocations.

    A timer sends what it would at a tick, if nothing else is given. Other triggers have nothing to
    send by themselves: give them --json or --body.
    """
    request = _fire_request(payload, json_text, body)
    request.request_id = request_id
    with connected(server, ca) as api:
        request.trigger_id = id_of(api, trigger, folder)
        fired = list(api.firings.FireTrigger(request).invocations)
        if wait:
            fired = [wait_until_final(api, each) for each in fired]
    if output is Output.JSON:
        print_json(fired)
    else:
        invocation_view.print_invocations(fired, "")
    if wait and any(each.state != Invocation.STATE_SUCCEEDED for each in fired):
        raise typer.Exit(1)


def next_ticks(
    trigger: TriggerArgument,
    after: Annotated[
        str | None,
        typer.Option(metavar="TIME", help="An ISO 8601 time, UTC unless it says. [default: now]"),
    ] = None,
    count: Annotated[
        int, typer.Option("-n", min=1, max=1000, metavar="COUNT", help="How many to tell.")
    ] = 5,
    folder: FolderOption = None,
    output: OutputOption = Output.TABLE,
    server: ServerOption = USUAL_SERVER,
    ca: CaOption = None,
) -> None:
    """Tell when a timer fires next (always UTC)."""
    request = NextFireTimesRequest(count=count)
    if after is not None:
        request.after.FromDatetime(read_instant(after))
    with connected(server, ca) as api:
        request.trigger_id = id_of(api, trigger, folder)
        response = api.firings.NextFireTimes(request)
    if output is Output.JSON:
        print_json(response)
        return
    for each in response.fire_times:
        typer.echo(iso(each.ToDatetime(UTC)))
    if not response.fire_times:
        note("it never fires then")
    elif response.paused:
        note("it is paused: so it would fire if it were resumed")


def preview(
    triggers: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[TRIGGER]...", help="Ids, or names in the folder. [default: all of the folder]"
        ),
    ] = None,
    start: Annotated[
        str | None,
        typer.Option("--from", metavar="TIME", help="An ISO 8601 time. [default: now]"),
    ] = None,
    end: Annotated[
        str | None,
        typer.Option("--until", metavar="TIME", help="Before this time. [default: a day later]"),
    ] = None,
    include_paused: Annotated[
        bool, typer.Option("--include-paused", help="Paused timers too, as if they were resumed.")
    ] = False,
    folder: FolderOption = None,
    limit: LimitOption = None,
    output: OutputOption = Output.TABLE,
    server: ServerOption = USUAL_SERVER,
    ca: CaOption = None,
) -> None:
    """Tell which timers will fire between two instants."""
    request = PreviewRequest(include_paused=include_paused)
    with connected(server, ca) as api:
        if triggers:
            request.trigger_ids.extend(id_of(api, each, folder) for each in triggers)
        else:
            request.folder_id = folder_named(folder)
        begin = read_instant(start) if start else api.now()
        request.start.FromDatetime(begin)
        request.end.FromDatetime(read_instant(end) if end else begin + PREVIEWED)
        found = list(pages(api.firings.Preview, request, "firings", limit, _warn))
    if output is Output.JSON:
        print_json(found)
        return
    rows = [
        (shown(each.fire_time), each.trigger_id, each.trigger_name, "PAUSED" if each.paused else "")
        for each in found
    ]
    print_table(("FIRE TIME", "TRIGGER ID", "NAME", "STATUS"), rows, "Nothing fires then.")


def explain(
    trigger: TriggerArgument,
    instant: Annotated[
        str, typer.Argument(metavar="TIME", help="An ISO 8601 time, UTC unless it says.")
    ],
    folder: FolderOption = None,
    output: OutputOption = Output.TABLE,
    server: ServerOption = USUAL_SERVER,
    ca: CaOption = None,
) -> None:
    """Tell why a trigger fired at an instant, or why it did not, or will not."""
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
    if sum(each is not None for each in (payload, json_text, body)) > 1:
        raise refusal("one of --payload, --json and --body is enough", status=USAGE)
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
        return json_format.ParseDict(json.loads(text), struct_pb2.Value())
    except ValueError as error:
        raise refusal(f"--json: is no JSON: {error}", status=USAGE) from error


def _warn(response: object) -> None:
    """Tells what a page of a preview says besides its ticks."""
    if getattr(response, "truncated", False):
        note("the folder has more timers than a preview looks at: ticks are missing")
    for each in getattr(response, "unreadable_trigger_ids", ()):
        note(f"{each} can't be read, and would not fire")
