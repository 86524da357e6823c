"""Defines `tocsin triggers list`."""

from collections.abc import Sequence
from typing import Annotated, Any

import typer

from tocsin.cli.connection import (
    USUAL_SERVER,
    CaOption,
    Connection,
    FolderOption,
    LimitOption,
    ServerOption,
    connected,
    folder_named,
    pages,
)
from tocsin.cli.terminal.output import Output, OutputOption, print_json, print_table
from tocsin.cli.triggers import intake_view, rows_view
from tocsin_protos.tocsin.v1 import event_service_pb2, folder_service_pb2
from tocsin_protos.yandex.cloud.serverless.triggers.v1 import trigger_service_pb2


def list_triggers(
    folder: FolderOption = None,
    filter_: Annotated[
        str,
        typer.Option(
            "--filter", metavar="FILTER", help="""List only these, such as 'name IN ("a", "b")'."""
        ),
    ] = "",
    limit: LimitOption = None,
    output: OutputOption = Output.TABLE,
    server: ServerOption = USUAL_SERVER,
    ca: CaOption = None,
) -> None:
    """List the triggers of a folder, with the latest delivery and the next fire of each."""
    folder_id = folder_named(folder)
    request = trigger_service_pb2.ListTriggersRequest(folder_id=folder_id, filter=filter_)
    with connected(server, ca) as api:
        if output is Output.JSON:
            print_json(list(pages(api.triggers.List, request, "triggers", limit)))
            return
        if filter_:
            listed = pages(api.triggers.List, request, "triggers", limit)
            rows = _rows_of(api, folder_id, {trigger.id for trigger in listed})
        else:
            asked = folder_service_pb2.ListTriggersRequest(folder_id=folder_id)
            rows = list(pages(api.folders.ListTriggers, asked, "triggers", limit))
        sources = _sources(api, folder_id, rows)
    cells = [(*rows_view.row(row), sources.get(row.id, "")) for row in rows]
    head = (*rows_view.HEAD, intake_view.HEAD)
    # Columns in which no trigger has anything are left out.
    shown = [
        index
        for index in range(len(head))
        if index < rows_view.ALWAYS or any(each[index] for each in cells)
    ]
    print_table(
        [head[index] for index in shown],
        [[each[index] for index in shown] for each in cells],
        f"There are no triggers in folder {folder}.",
    )


def _rows_of(api: Connection, folder_id: str, trigger_ids: set[str]) -> list[Any]:
    """Returns the rows of some triggers of a folder."""
    asked = folder_service_pb2.ListTriggersRequest(folder_id=folder_id)
    rows: list[Any] = []
    for row in pages(api.folders.ListTriggers, asked, "triggers"):
        if len(rows) == len(trigger_ids):
            break
        if row.id in trigger_ids:
            rows.append(row)
    return rows


def _sources(api: Connection, folder_id: str, listed: Sequence[Any]) -> dict[str, str]:
    """Returns a few words about the source of each trigger, by trigger ID."""
    if all(row.kind == "timer" for row in listed):
        return {}
    request = event_service_pb2.EventServiceListIntakesRequest(folder_id=folder_id)
    intakes = pages(api.events.ListIntakes, request, "intakes")
    return {intake.trigger_id: intake_view.cell(intake) for intake in intakes}
