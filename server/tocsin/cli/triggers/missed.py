"""Defines `tocsin missed`, a client of FiringService."""

from typing import Annotated

import typer

from tocsin.cli.connection import (
    USUAL_SERVER,
    CaOption,
    LimitOption,
    ServerOption,
    connected,
)
from tocsin.cli.terminal.instants import read_moment
from tocsin.cli.terminal.lines import note, one_line
from tocsin.cli.terminal.output import (
    Output,
    OutputOption,
    instant_text,
    print_json,
    print_table,
)
from tocsin_protos.tocsin.v1.firing_service_pb2 import (
    ExplainResponse,
    ListMissedRequest,
    MissedTicks,
)

app = typer.Typer()

HEAD = ("FIRST", "LAST", "COUNT", "WHAT", "REASON", "WHY")
MOST = 1000


@app.command()
def missed(
    start: Annotated[
        str,
        typer.Option(
            "--from", metavar="TIME", help="Ticks at this time or later, such as 24h ago."
        ),
    ] = "24h",
    end: Annotated[
        str | None,
        typer.Option("--to", metavar="TIME", help="Ticks before this time. [default: now]"),
    ] = None,
    folder: Annotated[
        str,
        typer.Option(metavar="FOLDER_ID", help="Only timers of this folder. [default: everything]"),
    ] = "",
    limit: LimitOption = None,
    output: OutputOption = Output.TABLE,
    server: ServerOption = USUAL_SERVER,
    ca: CaOption = None,
) -> None:
    """Show what should have fired and did not, over all timers and schedules, and why.

    `explain` tells more of a single tick.
    """
    request = ListMissedRequest(folder_id=folder, limit=min(limit or MOST, MOST))
    with connected(server, ca) as api:
        request.start.FromDatetime(read_moment(start, api.now))
        if end is not None:
            request.end.FromDatetime(read_moment(end, api.now))
        answer = api.firings.ListMissed(request)
    if output is Output.JSON:
        print_json(list(answer.missed))
    else:
        print_table(HEAD, [_row(each) for each in answer.missed], "Nothing was missed.")
    if answer.truncated:
        note("there is more: give a shorter span, or --folder")


def _row(ticks: MissedTicks) -> tuple[str, ...]:
    return (
        instant_text(ticks.first_tick),
        instant_text(ticks.last_tick),
        str(ticks.count) if ticks.count else "?",
        ticks.name or ticks.trigger_id,
        ExplainResponse.Reason.Name(ticks.reason).removeprefix("REASON_"),
        one_line(ticks.explanation),
    )
