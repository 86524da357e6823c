"""Defines `tocsin invocations`, a client of InvocationService."""

import signal
from itertools import chain
from typing import Annotated

import typer
from rich.console import Console
from rich.live import Live
from rich.text import Text

from tocsin.cli.connection import (
    USUAL_SERVER,
    CaOption,
    ListedFolderOption,
    ServerOption,
    connected,
    pages,
)
from tocsin.cli.invocations import steering
from tocsin.cli.invocations import view as invocation_view
from tocsin.cli.invocations.filters import (
    ErrorOption,
    FromOption,
    IntegrationOption,
    StateOption,
    TriggerOption,
    UntilOption,
    choose_origin,
    fill,
)
from tocsin.cli.invocations.watching import Watch
from tocsin.cli.terminal.lines import note, say
from tocsin.cli.terminal.output import (
    Output,
    OutputOption,
    TableOutput,
    TableOutputOption,
    people_console,
    print_details,
    print_json,
    print_json_line,
)
from tocsin_protos.tocsin.v1.invocation_pb2 import Invocation
from tocsin_protos.tocsin.v1.invocation_service_pb2 import (
    InvocationServiceGetRequest,
    InvocationServiceListRequest,
)

app = typer.Typer(rich_markup_mode="markdown")

# Lines of the terminal that the head, the foot and the cursor need.
KEPT_FREE = 3

USUAL_LAST = 10

InvocationArgument = Annotated[
    str, typer.Argument(metavar="INVOCATION", help="The invocation's ID.")
]
SHOWN = 100
ShownOption = Annotated[
    int | None,
    typer.Option(
        "--limit",
        min=0,
        metavar="COUNT",
        help=f"List at most this many, with 0 all. [default: {SHOWN}; with -o json all]",
    ),
]

app.command("retry")(steering.retry_invocations)
app.command("cancel")(steering.cancel_invocations)
app.command("resend")(steering.resend_invocation)
app.add_typer(steering.jobs, name="jobs")


@app.command("list")
def list_invocations(
    ctx: typer.Context,
    trigger: TriggerOption = None,
    integration: IntegrationOption = "",
    state: StateOption = None,
    start: FromOption = None,
    end: UntilOption = None,
    error: ErrorOption = "",
    oldest_first: Annotated[
        bool, typer.Option("--oldest-first", help="List the earliest scheduled first.")
    ] = False,
    folder: ListedFolderOption = None,
    limit: ShownOption = None,
    output: TableOutputOption = TableOutput.TABLE,
    server: ServerOption = USUAL_SERVER,
    ca: CaOption = None,
) -> None:
    """List invocations, the latest scheduled first."""
    request = InvocationServiceListRequest(oldest_first=oldest_first)
    as_json = output is TableOutput.JSON
    most = (None if as_json else SHOWN) if limit is None else limit or None
    with connected(server, ca) as api:
        choose_origin(ctx, request, api, trigger, integration, folder)
        fill(request, api, state=state, start=start, end=end, error=error)
        invocations = list(pages(api.invocations.List, request, "invocations", most))
    if as_json:
        print_json(invocations)
        return
    wide = output is TableOutput.WIDE
    invocation_view.print_invocations(invocations, "No invocations match.", wide=wide)
    if request.page_token and limit is None:
        note(f"There are more than these {SHOWN}: --limit 0 lists all, --from 1h the latest.")


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
            choose_origin(ctx, request, api, trigger, integration, folder)
            watch = Watch(api, request)
            if output is Output.TABLE and console.is_terminal:
                _keep_drawing(watch, console, last)
            else:
                _print_changes(watch, output, USUAL_LAST if last is None else last)
    except KeyboardInterrupt:
        return


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
