"""Defines `tocsin dead-letters`, a client of DeadLetterService."""

from collections.abc import Callable
from typing import Annotated

import typer

from tocsin.cli.connection import (
    LARGEST_PAGE,
    USUAL_SERVER,
    CaOption,
    Connection,
    LimitOption,
    ListedFolderOption,
    OfFolderOption,
    ServerOption,
    connected,
    is_typed,
    pages,
)
from tocsin.cli.invocations import view as invocation_view
from tocsin.cli.invocations.filters import TriggerOption
from tocsin.cli.invocations.many import change_many, count_text
from tocsin.cli.invocations.steering import YesOption
from tocsin.cli.refusal import USAGE, refusal
from tocsin.cli.terminal.lines import note, say
from tocsin.cli.terminal.output import (
    Output,
    OutputOption,
    TableOutput,
    TableOutputOption,
    instant_text,
    print_json,
    print_table,
)
from tocsin.cli.triggers.names import id_of
from tocsin_protos.tocsin.v1.dead_letter_service_pb2 import (
    DeadLetterCause,
    DeadLetterServiceListRequest,
    ListCausesRequest,
    RedriveManyRequest,
    RedriveRequest,
    RedriveResponse,
)
from tocsin_protos.tocsin.v1.invocation_pb2 import InvocationFilter
from tocsin_protos.tocsin.v1.job_service_pb2 import InvocationChanges, InvocationSelection

app = typer.Typer(rich_markup_mode="markdown")

CAUSES_HEAD = ("CAUSE", "LETTERS", "OLDEST", "LATEST", "TARGET", "TRIGGERS", "ERROR")

CauseOption = Annotated[
    str,
    typer.Option(
        "--cause", metavar="CAUSE", help="Only of this cause, as `dead-letters causes` shows it."
    ),
]


@app.command("list")
def list_dead_letters(
    trigger: TriggerOption = None,
    cause: CauseOption = "",
    folder: ListedFolderOption = None,
    limit: LimitOption = None,
    output: TableOutputOption = TableOutput.TABLE,
    server: ServerOption = USUAL_SERVER,
    ca: CaOption = None,
) -> None:
    """List invocations that are dead-lettered, or about to be."""
    request = DeadLetterServiceListRequest(cause_id=cause)
    with connected(server, ca) as api:
        if trigger:
            request.trigger_id = id_of(api, trigger, folder)
        else:
            request.folder_id = folder or ""
        dead_letters = list(pages(api.dead_letters.List, request, "dead_letters", limit))
    if output is TableOutput.JSON:
        print_json(dead_letters)
    else:
        invocation_view.print_invocations(
            dead_letters, "There are no dead letters.", wide=output is TableOutput.WIDE
        )


@app.command("causes")
def list_causes(
    trigger: TriggerOption = None,
    folder: ListedFolderOption = None,
    output: OutputOption = Output.TABLE,
    server: ServerOption = USUAL_SERVER,
    ca: CaOption = None,
) -> None:
    """Group dead letters by why they failed, the most frequent cause first."""
    request = ListCausesRequest()
    with connected(server, ca) as api:
        if trigger:
            request.trigger_id = id_of(api, trigger, folder)
        else:
            request.folder_id = folder or ""
        response = api.dead_letters.ListCauses(request)
    if output is Output.JSON:
        print_json(response)
        return
    print_table(
        CAUSES_HEAD, [_cause_row(each) for each in response.causes], "There are no dead letters."
    )
    if response.HasField("searched_until"):
        note(
            f"Only dead letters since {instant_text(response.searched_until)} were counted: there "
            "are more."
        )


def _cause_row(cause: DeadLetterCause) -> tuple[str, ...]:
    return (
        cause.cause_id,
        count_text(cause.letters),
        instant_text(cause.oldest_at),
        instant_text(cause.newest_at),
        cause.target,
        ", ".join(each.name or each.trigger_id for each in cause.triggers),
        cause.error,
    )


@app.command("redrive")
def redrive_dead_letters(
    ctx: typer.Context,
    invocation: Annotated[
        str | None, typer.Argument(metavar="[INVOCATION]", help="The invocation's ID.")
    ] = None,
    trigger: TriggerOption = None,
    cause: CauseOption = "",
    folder: OfFolderOption = None,
    limit: Annotated[
        int | None,
        typer.Option(
            min=1,
            metavar="COUNT",
            help="Redrive at most this many of a trigger's, oldest first. [default: all]",
        ),
    ] = None,
    yes: YesOption = False,
    output: OutputOption = Output.TABLE,
    server: ServerOption = USUAL_SERVER,
    ca: CaOption = None,
) -> None:
    """Deliver dead letters again: one by its ID, those of a trigger, of a cause, or of a folder.

    Those of a cause or a folder are counted first, and a job of the server redrives them. Messages
    that are already in the dead letter queue stay there.
    """
    by_job = bool(cause) or (trigger is None and is_typed(ctx, "folder"))
    if (invocation is None) == (trigger is None and not by_job):
        raise refusal(
            "give either an INVOCATION or one of --trigger, --cause and --folder", status=USAGE
        )
    if limit is not None and (invocation is not None or by_job):
        raise refusal("--limit counts a trigger's dead letters: leave it out", status=USAGE)
    with connected(server, ca) as api:
        if by_job:
            _redrive_many(api, trigger, cause, folder, yes=yes, output=output)
            return
        if invocation is not None:
            response = api.dead_letters.Redrive(RedriveRequest(invocation_id=invocation))
        else:
            assert trigger is not None
            request = RedriveRequest(trigger_id=id_of(api, trigger, folder))
            response = _all_of(api.dead_letters.Redrive, request, limit)
    if output is Output.JSON:
        print_json(response)
    else:
        for invocation_id in response.invocation_ids:
            say(f"{invocation_id} due again")
        if response.left:
            say(f"{response.left} left")


def _redrive_many(
    api: Connection,
    trigger: str | None,
    cause: str,
    folder: str | None,
    *,
    yes: bool,
    output: Output,
) -> None:
    wanted = InvocationFilter()
    if trigger:
        wanted.trigger_id = id_of(api, trigger, folder)
    else:
        wanted.folder_id = folder or ""

    def redrive(selection: InvocationSelection) -> InvocationChanges:
        request = RedriveManyRequest(selection=selection, cause_id=cause)
        changes: InvocationChanges = api.dead_letters.RedriveMany(request).changes
        return changes

    change_many(api, redrive, wanted, verb="Redrive", yes=yes, output=output)


def _all_of(
    redrive: Callable[[RedriveRequest], RedriveResponse], request: RedriveRequest, limit: int | None
) -> RedriveResponse:
    """Redrives the dead letters that exist now, in as many calls as that takes.

    The first response fixes their number: letters that die again meanwhile are not repeated.
    """
    every = RedriveResponse()
    wanted = limit
    while wanted is None or len(every.invocation_ids) < wanted:
        left = LARGEST_PAGE if wanted is None else wanted - len(every.invocation_ids)
        request.limit = min(left, LARGEST_PAGE)
        response = redrive(request)
        every.invocation_ids.extend(response.invocation_ids)
        every.left = response.left
        if wanted is None:
            wanted = len(response.invocation_ids) + response.left
        if not response.invocation_ids:
            break
    return every
