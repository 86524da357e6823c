"""Defines `tocsin folders`, a client of FolderService."""

from typing import Annotated

import typer

from tocsin.cli.connection import (
    USUAL_SERVER,
    CaOption,
    LimitOption,
    ServerOption,
    connected,
    pages,
)
from tocsin.cli.terminal.output import Output, OutputOption, print_json, print_table
from tocsin_protos.tocsin.v1.folder_service_pb2 import ListFoldersRequest, TriggerCount

app = typer.Typer(rich_markup_mode="markdown")

HEAD = ("FOLDER", "TRIGGERS", "ACTIVE", "PAUSED")


@app.callback()
def folders() -> None:
    """Makes `list` a command of a group, as in the other groups."""


@app.command("list")
def list_folders(
    prefix: Annotated[
        str, typer.Option(metavar="TEXT", help="List only folders whose IDs begin with this.")
    ] = "",
    limit: LimitOption = None,
    output: OutputOption = Output.TABLE,
    server: ServerOption = USUAL_SERVER,
    ca: CaOption = None,
) -> None:
    """List the folders that have triggers, and how many."""
    with connected(server, ca) as api:
        found = list(
            pages(api.folders.ListFolders, ListFoldersRequest(prefix=prefix), "folders", limit)
        )
    if output is Output.JSON:
        print_json(found)
        return
    rows = [
        (
            each.id,
            _count(each.triggers),
            _count(each.active_triggers),
            _count(each.paused_triggers),
        )
        for each in found
    ]
    print_table(HEAD, rows, "There are no triggers, so there are no folders.")


def _count(count: TriggerCount) -> str:
    return f"{count.count}+" if count.at_least else str(count.count)
