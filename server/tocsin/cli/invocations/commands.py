"""Defines `tocsin invocations`, a client of InvocationService."""

import signal
from itertools import chain
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.live import Live
from rich.text import Text

from tocsin.cli.connection import (
    USUAL_SERVER,
    CaOption,
    Connection,
    LimitOption,
    ListedFolderOption,
    ServerOption,
    connected,
    is_typed,
    pages,
)
from tocsin.cli.invocations import view as invocation_view
from tocsin.cli.invocations.watching import Watch
from tocsin.cli.refusal import USAGE, refusal
from tocsin.cli.terminal.instants import read_instant
from tocsin.cli.terminal.lines import note, say
from tocsin.cli.terminal.output import (
    Output,
    OutputOption,
    people_console,
    print_details,
    print_json,
    print_json_line,
)
from tocsin.cli.triggers.names import id_of
from tocsin_protos.tocsin.v1.invocation_pb2 import Invocation
from tocsin_protos.tocsin.v1.invocation_service_pb2 import (
    CancelRequest,
    InvocationServiceGetRequest,
    InvocationServiceListRequest,
    RetryRequest,
)

app = typer.Typer(rich_markup_mode="markdown")

# Lines of the terminal that the head, the foot and the cursor need.
KEPT_FREE = 3

USUAL_LAST = 10

PREFIX = "STATE_"
STATES = [
    name.removeprefix(PREFIX).lower()
    for name, number in Invocation.State.items()
    if number != Invocation.STATE_UNSPECIFIED
]

InvocationArgument = Annotated[
    str, typer.Argument(metavar="INVOCATION", help="The invocation's ID.")
]
TriggerOption = Annotated[
    str | None,
    typer.Option(
        "--trigger",
        metavar="TRIGGER",
        help="Only of this trigger: its ID, or its name in the folder.",
    ),
]
IntegrationOption = Annotated[
    str,
    typer.Option(
        metavar="NAME",
        help="Only of this integration: its last name, such as `nightly`, or all of "
        "`projects/*/locations/*/integrations/*`.",
    ),
]


@app.command("list")
def list_invocations(
    ctx: typer.Context,
    trigger: TriggerOption = None,
    integration: IntegrationOption = "",
    state: Annotated[
        list[str] | None,
        typer.Option(metavar="STATE", help=f"Only in these states: {', '.join(STATES)}."),
    ] = None,
    start: Annotated[
        str | None,
        typer.Option(
            "--from", metavar="TIME", help="Scheduled at this time or later, in ISO 8601."
        ),
    ] = None,
    end: Annotated[
        str | None,
        typer.Option("--until", metavar="TIME", help="Scheduled before this time, in ISO 8601."),
    ] = None,
    folder: ListedFolderOption = None,
    limit: LimitOption = None,
    output: OutputOption = Output.TABLE,
    server: ServerOption = USUAL_SERVER,
    ca: CaOption = None,
) -> None:
    """List invocations, the latest scheduled first."""
    request = InvocationServiceListRequest()
    request.states.extend(_state(name) for name in state or ())
    if start:
        request.scheduled_from.FromDatetime(read_instant(start))
    if end:
        request.scheduled_before.FromDatetime(read_instant(end))
    with connected(server, ca) as api:
        _choose_origin(ctx, request, api, trigger, integration, folder)
        invocations = list(pages(api.invocations.List, request, "invocations", limit))
    if output is Output.JSON:
        print_json(invocations)
    else:
        invocation_view.print_invocations(invocations, "No invocations match.")


@app.command("get")
def get_invocation(
    invocation: InvocationArgument,
    output: OutputOption = Output.TABLE,
    server: ServerOption = USUAL_SERVER,
    ca: CaOption = None,
) -> None:
    """Show an invocation with its attempts, payload and answer."""
    with connected(server, ca) as api:
        request = InvocationServiceGetRequest(invocation_id=invocation, whole=True)
        response = api.invocations.Get(request).invocation
    if output is Output.JSON:
        print_json(response)
    else:
        print_details(invocation_view.details(response))


@app.command("watch")
def watch_invocations(
    ctx: typer.Context,
    trigger: TriggerOption = None,
    integration: IntegrationOption = "",
    last: Annotated[
        int | None,
        typer.Option(
            min=0,
            max=100,
            metavar="COUNT",
            help="Show this many existing invocations first. [default: 10, or what a terminal "
            "has room for]",
        ),
    ] = None,
    folder: ListedFolderOption = None,
    output: OutputOption = Output.TABLE,
    server: ServerOption = USUAL_SERVER,
    ca: CaOption = None,
) -> None:
    """Follow invocations as they appear and change, until Ctrl-C.

    On a terminal it keeps a table up to date; elsewhere it prints a line for each change, and with
    `-o json` an invocation a line. Changes come a quarter of a second late, of quick ones the last.
    """
    request = InvocationServiceListRequest()
    # The table must restore the terminal, however the command ends.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    console = people_console()
    try:
        with connected(server, ca) as api:
            _choose_origin(ctx, request, api, trigger, integration, folder)
            watch = Watch(api, request)
            if output is Output.TABLE and console.is_terminal:
                _keep_drawing(watch, console, last)
            else:
                _print_changes(watch, output, USUAL_LAST if last is None else last)
    except KeyboardInterrupt:
        return


@app.command("retry")
def retry_invocation(
    invocation: InvocationArgument,
    output: OutputOption = Output.TABLE,
    server: ServerOption = USUAL_SERVER,
    ca: CaOption = None,
) -> None:
    """Deliver a finished invocation again, or a waiting one now."""
    with connected(server, ca) as api:
        request = RetryRequest(invocation_id=invocation)
        _print_state(api.invocations.Retry(request).invocation, output)


@app.command("cancel")
def cancel_invocation(
    invocation: InvocationArgument,
    output: OutputOption = Output.TABLE,
    server: ServerOption = USUAL_SERVER,
    ca: CaOption = None,
) -> None:
    """Cancel an invocation that waits for an attempt."""
    with connected(server, ca) as api:
        request = CancelRequest(invocation_id=invocation)
        _print_state(api.invocations.Cancel(request).invocation, output)


def _choose_origin(
    ctx: typer.Context,
    request: InvocationServiceListRequest,
    api: Connection,
    trigger: str | None,
    integration: str,
    folder: str | None,
) -> None:
    """Sets whose invocations are wanted: one trigger's, an integration's, or a folder's.

    An integration is in no folder: TOCSIN_FOLDER does not count for it, and --folder is refused.
    """
    if trigger and integration:
        raise refusal("give only one of --trigger and --integration", status=USAGE)
    if integration and folder and is_typed(ctx, "folder"):
        raise refusal(
            "give only one of --integration and --folder: an integration is in no folder",
            status=USAGE,
        )
    if trigger:
        request.trigger_id = id_of(api, trigger, folder)
    elif integration.startswith("projects/"):
        request.integration = integration
    elif integration:
        request.integration_id = integration.removeprefix("integrations/")
    else:
        request.folder_id = folder or ""


def _state(text: str) -> Any:
    name = text.lower().replace("-", "_").removeprefix(PREFIX.lower())
    if name not in STATES:
        raise refusal(
            f"--state: {text} is not a state: use one of {', '.join(STATES)}", status=USAGE
        )
    return Invocation.State.Value(PREFIX + name.upper())


def _print_changes(watch: Watch, output: Output, last: int) -> None:
    changes = watch.follow(note)
    first = next(changes)
    if output is Output.TABLE:
        say(invocation_view.line(invocation_view.HEAD))
    for changed in chain([first[len(first) - min(last, len(first)) :]], changes):
        for invocation in changed:
            if output is Output.JSON:
                print_json_line(invocation)
            else:
                say(invocation_view.line(invocation_view.row(invocation)))


def _keep_drawing(watch: Watch, console: Console, last: int | None) -> None:
    """Draws the latest invocations; of those that were there before, the `last` ones."""
    waiting = Text("Looking …", style="dim")
    hidden: set[str] | None = None
    with Live(waiting, console=console, auto_refresh=False) as live:
        for changed in watch.follow(live.console.print):
            ids = [invocation.id for invocation in changed]
            if hidden is None:
                hidden = set() if last is None else set(ids[: max(len(ids) - last, 0)])
            else:
                hidden.difference_update(ids)
            latest = watch.latest(max(console.height - KEPT_FREE, 1), hidden)
            live.update(_view(latest, console.width, console.height), refresh=True)


def _view(latest: list[Invocation], width: int, height: int) -> Text:
    """Draws the rows that fit the height; a row may have a note below it."""
    text = Text("No invocations yet.", style="dim")
    if latest:
        lines = invocation_view.table(latest, width).split("\n")
        text = Text("\n", no_wrap=True, overflow="ellipsis").join(lines[: height - KEPT_FREE])
    return text.append("\nCtrl-C ends it.", style="dim")


def _print_state(invocation: Invocation, output: Output) -> None:
    if output is Output.JSON:
        print_json(invocation)
    else:
        say(f"{invocation.id} {invocation_view.state(invocation)}")
