"""`tocsin invocations`: a client of InvocationService."""

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
    FolderOption,
    LimitOption,
    ServerOption,
    connected,
    pages,
)
from tocsin.cli.invocations import view as invocation_view
from tocsin.cli.invocations.watching import Watch
from tocsin.cli.refusal import USAGE, refusal
from tocsin.cli.terminal.instants import read_instant
from tocsin.cli.terminal.output import (
    Output,
    OutputOption,
    note,
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

# Lines of the terminal that the list leaves to its head, its foot and the cursor.
KEPT_FREE = 3

PREFIX = "STATE_"
STATES = [
    name.removeprefix(PREFIX).lower()
    for name, number in Invocation.State.items()
    if number != Invocation.STATE_UNSPECIFIED
]

InvocationArgument = Annotated[
    str, typer.Argument(metavar="INVOCATION", help="The invocation's id.")
]
TriggerOption = Annotated[
    str | None,
    typer.Option(
        "--trigger", metavar="TRIGGER", help="Only of this trigger: its id, or name in the folder."
    ),
]
IntegrationOption = Annotated[
    str,
    typer.Option(metavar="NAME", help="Only of this one: `projects/*/locations/*/integrations/*`."),
]


@app.command("list")
def list_invocations(
    trigger: TriggerOption = None,
    integration: IntegrationOption = "",
    state: Annotated[
        list[str] | None,
        typer.Option(metavar="STATE", help=f"Only in these states: {', '.join(STATES)}."),
    ] = None,
    start: Annotated[
        str | None,
        typer.Option("--from", metavar="TIME", help="Scheduled then or later, in ISO 8601."),
    ] = None,
    end: Annotated[
        str | None, typer.Option("--until", metavar="TIME", help="Scheduled before, in ISO 8601.")
    ] = None,
    folder: FolderOption = None,
    limit: LimitOption = None,
    output: OutputOption = Output.TABLE,
    server: ServerOption = USUAL_SERVER,
    ca: CaOption = None,
) -> None:
    """List invocations, those scheduled for the latest instant first."""
    request = InvocationServiceListRequest(integration=integration)
    request.states.extend(_state(each) for each in state or ())
    if start:
        request.scheduled_from.FromDatetime(read_instant(start))
    if end:
        request.scheduled_before.FromDatetime(read_instant(end))
    with connected(server, ca) as api:
        if trigger:
            request.trigger_id = id_of(api, trigger, folder)
        found = list(pages(api.invocations.List, request, "invocations", limit))
    if output is Output.JSON:
        print_json(found)
    else:
        invocation_view.print_invocations(found, "There are no such invocations.")


@app.command("get")
def get_invocation(
    invocation: InvocationArgument,
    output: OutputOption = Output.TABLE,
    server: ServerOption = USUAL_SERVER,
    ca: CaOption = None,
) -> None:
    """Show an invocation, with its attempts, its payload and its answer."""
    with connected(server, ca) as api:
        request = InvocationServiceGetRequest(invocation_id=invocation)
        found = api.invocations.Get(request).invocation
    if output is Output.JSON:
        print_json(found)
    else:
        print_details(invocation_view.details(found))


@app.command("watch")
def watch_invocations(
    trigger: TriggerOption = None,
    integration: IntegrationOption = "",
    last: Annotated[
        int,
        typer.Option(
            min=0, max=100, metavar="COUNT", help="So many of those that there are come first."
        ),
    ] = 10,
    folder: FolderOption = None,
    output: OutputOption = Output.TABLE,
    server: ServerOption = USUAL_SERVER,
    ca: CaOption = None,
) -> None:
    """Follow invocations as they appear and change, until Ctrl-C.

    On a terminal it is a table that is kept up to date, else a line for each change; with -o json
    each line is an invocation. It looks twice a second, so of quick changes it tells the last.
    """
    request = InvocationServiceListRequest(integration=integration)
    # A table that is kept up to date must give the terminal back, however it ends.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    console = Console(highlight=False)
    try:
        with connected(server, ca) as api:
            if trigger:
                request.trigger_id = id_of(api, trigger, folder)
            watch = Watch(api, request)
            if output is Output.TABLE and console.is_terminal:
                _keep_drawing(watch, console)
            else:
                _print_changes(watch, output, last)
    except KeyboardInterrupt:
        return


@app.command("retry")
def retry_invocation(
    invocation: InvocationArgument,
    output: OutputOption = Output.TABLE,
    server: ServerOption = USUAL_SERVER,
    ca: CaOption = None,
) -> None:
    """Deliver an invocation again, now: one that is over, or that waits for its next attempt."""
    with connected(server, ca) as api:
        request = RetryRequest(invocation_id=invocation)
        _tell(api.invocations.Retry(request).invocation, output)


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
        _tell(api.invocations.Cancel(request).invocation, output)


def _state(text: str) -> Any:
    name = text.lower().replace("-", "_").removeprefix(PREFIX.lower())
    if name not in STATES:
        raise refusal(f"--state: {text} is none of {', '.join(STATES)}", status=USAGE)
    return Invocation.State.Value(PREFIX + name.upper())


def _print_changes(watch: Watch, output: Output, last: int) -> None:
    changes = watch.follow(note)
    first = next(changes)
    if output is Output.TABLE:
        typer.echo(invocation_view.line(invocation_view.HEAD))
    for changed in chain([first[len(first) - min(last, len(first)) :]], changes):
        for each in changed:
            if output is Output.JSON:
                print_json_line(each)
            else:
                typer.echo(invocation_view.line(invocation_view.row(each)))


def _keep_drawing(watch: Watch, console: Console) -> None:
    shown = Text("Looking …", style="dim")
    with Live(shown, console=console, auto_refresh=False) as live:
        for _ in watch.follow(live.console.print):
            latest = watch.latest(max(console.height - KEPT_FREE, 1))
            live.update(_view(latest, console.width, console.height), refresh=True)


def _view(latest: list[Invocation], width: int, height: int) -> Text:
    """Draws what fits: a row may have a note below it."""
    text = Text("No invocations yet.", style="dim")
    if latest:
        lines = invocation_view.table(latest, width).split("\n")
        text = Text("\n", no_wrap=True, overflow="ellipsis").join(lines[: height - KEPT_FREE])
    return text.append("\nCtrl-C ends it.", style="dim")


def _tell(invocation: Invocation, output: Output) -> None:
    if output is Output.JSON:
        print_json(invocation)
    else:
        typer.echo(f"{invocation.id} {invocation_view.state(invocation)}")
