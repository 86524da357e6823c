"""Defines `tocsin triggers`, a client of TriggerService."""

from collections.abc import Sequence
from enum import StrEnum
from typing import Annotated, Any

import typer

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
from tocsin.cli.terminal.output import Output, OutputOption, print_json, print_table
from tocsin.cli.triggers import creating, editing, firing, intake_view, several
from tocsin.cli.triggers import view as trigger_view
from tocsin.cli.triggers.names import TriggerArgument, find_trigger
from tocsin.cli.triggers.written import show
from tocsin.documents.triggers import yaml_of
from tocsin_protos.tocsin.v1 import event_service_pb2
from tocsin_protos.yandex.cloud.serverless.triggers.v1 import trigger_service_pb2

app = typer.Typer(rich_markup_mode="markdown")


class Shape(StrEnum):
    """Names the forms of one trigger."""

    TABLE = "table"
    JSON = "json"
    YAML = "yaml"


@app.command("list")
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
    """List the triggers of a folder."""
    request = trigger_service_pb2.ListTriggersRequest(
        folder_id=folder_named(folder), filter=filter_
    )
    with connected(server, ca) as api:
        triggers = list(pages(api.triggers.List, request, "triggers", limit))
        if output is Output.JSON:
            print_json(triggers)
            return
        sources = _sources(api, request.folder_id, triggers)
        ticks = _ticks(api, triggers)
    # Columns in which no trigger has anything are left out.
    more = [
        (head, cells)
        for head, cells in ((trigger_view.NEXT_HEAD, ticks), (intake_view.HEAD, sources))
        if any(cells.values())
    ]
    print_table(
        (*trigger_view.HEAD, *(head for head, _ in more)),
        [
            (*trigger_view.row(trigger), *(cells.get(trigger.id, "") for _, cells in more))
            for trigger in triggers
        ],
        f"There are no triggers in folder {folder}.",
    )


@app.command("get")
def get_trigger(
    trigger: TriggerArgument,
    folder: OfFolderOption = None,
    output: Annotated[
        Shape,
        typer.Option(
            "-o",
            "--output",
            help="`yaml` prints what `create -f` and `apply` read, `json` the API's message.",
        ),
    ] = Shape.TABLE,
    server: ServerOption = USUAL_SERVER,
    ca: CaOption = None,
) -> None:
    """Show a trigger; with `-o yaml`, in the form that `create -f` and `apply` read."""
    with connected(server, ca) as api:
        found = find_trigger(api, trigger, folder)
        match output:
            case Shape.YAML:
                typer.echo(yaml_of(found), nl=False)
            case Shape.JSON:
                print_json(found)
            case Shape.TABLE:
                show(found, Output.TABLE, intake_view.of_trigger(api.events, found))


app.command("create")(creating.create_trigger)
app.command("update")(editing.update_trigger)
app.command("edit")(editing.edit_trigger)
app.command("pause")(several.pause_triggers)
app.command("resume")(several.resume_triggers)
app.command("delete")(several.delete_triggers)
app.command("fire")(firing.fire)
app.command("next")(firing.next_ticks)
app.command("preview")(firing.preview)
app.command("explain")(firing.explain)


def _sources(api: Connection, folder_id: str, listed: Sequence[Any]) -> dict[str, str]:
    """Returns a few words about the source of each trigger, by trigger ID."""
    if all(trigger.rule.WhichOneof("rule") == "timer" for trigger in listed):
        return {}
    request = event_service_pb2.EventServiceListIntakesRequest(folder_id=folder_id)
    intakes = pages(api.events.ListIntakes, request, "intakes")
    return {intake.trigger_id: intake_view.cell(intake) for intake in intakes}


def _ticks(api: Connection, listed: Sequence[Any]) -> dict[str, str]:
    """Returns when each timer fires next, by trigger ID."""
    if all(trigger.rule.WhichOneof("rule") != "timer" for trigger in listed):
        return {}
    now = api.now()
    return {trigger.id: trigger_view.next_tick(trigger, now) for trigger in listed}
