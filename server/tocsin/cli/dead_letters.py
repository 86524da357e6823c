"""Defines `tocsin dead-letters`, a client of DeadLetterService."""

from collections.abc import Callable
from typing import Annotated

import typer

from tocsin.cli.connection import (
    LARGEST_PAGE,
    USUAL_SERVER,
    CaOption,
    LimitOption,
    ListedFolderOption,
    OfFolderOption,
    ServerOption,
    connected,
    pages,
)
from tocsin.cli.invocations import view as invocation_view
from tocsin.cli.invocations.commands import TriggerOption
from tocsin.cli.refusal import USAGE, refusal
from tocsin.cli.terminal.lines import say
from tocsin.cli.terminal.output import Output, OutputOption, print_json
from tocsin.cli.triggers.names import id_of
from tocsin_protos.tocsin.v1.dead_letter_service_pb2 import (
    DeadLetterServiceListRequest,
    RedriveRequest,
    RedriveResponse,
)

app = typer.Typer(rich_markup_mode="markdown")


@app.command("list")
def list_dead_letters(
    trigger: TriggerOption = None,
    folder: ListedFolderOption = None,
    limit: LimitOption = None,
    output: OutputOption = Output.TABLE,
    server: ServerOption = USUAL_SERVER,
    ca: CaOption = None,
) -> None:
    """List invocations that are dead-lettered, or about to be."""
    request = DeadLetterServiceListRequest()
    with connected(server, ca) as api:
        if trigger:
            request.trigger_id = id_of(api, trigger, folder)
        else:
            request.folder_id = folder or ""
        dead_letters = list(pages(api.dead_letters.List, request, "dead_letters", limit))
    if output is Output.JSON:
        print_json(dead_letters)
    else:
        invocation_view.print_invocations(dead_letters, "There are no dead letters.")


@app.command("redrive")
def redrive_dead_letters(
    invocation: Annotated[
        str | None, typer.Argument(metavar="[INVOCATION]", help="The invocation's ID.")
    ] = None,
    trigger: TriggerOption = None,
    folder: OfFolderOption = None,
    limit: Annotated[
        int | None,
        typer.Option(
            min=1,
            metavar="COUNT",
            help="Redrive at most this many of a trigger's, oldest first. [default: all]",
        ),
    ] = None,
    output: OutputOption = Output.TABLE,
    server: ServerOption = USUAL_SERVER,
    ca: CaOption = None,
) -> None:
    """Deliver dead letters again: one by its ID, or those of a trigger.

    Messages that are already in the dead letter queue stay there.
    """
    if (invocation is None) == (trigger is None):
        raise refusal("give either an INVOCATION or a --trigger", status=USAGE)
    if invocation is not None and limit is not None:
        raise refusal("--limit counts a trigger's dead letters: leave it out", status=USAGE)
    with connected(server, ca) as api:
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
