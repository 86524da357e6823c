"""Defines `tocsin triggers`, a client of TriggerService."""

from enum import StrEnum
from typing import Annotated

import typer

from tocsin.cli.connection import (
    USUAL_SERVER,
    CaOption,
    OfFolderOption,
    ServerOption,
    connected,
)
from tocsin.cli.deferred import defer_command
from tocsin.cli.terminal.output import Output, print_document, print_json
from tocsin.cli.triggers import creating, firing, intake_view, listing, several, updating
from tocsin.cli.triggers.names import TriggerArgument, find_trigger
from tocsin.cli.triggers.written import show
from tocsin.documents.triggers import yaml_of

app = typer.Typer(rich_markup_mode="markdown")


class Shape(StrEnum):
    """Names the forms of one trigger."""

    TABLE = "table"
    JSON = "json"
    YAML = "yaml"


app.command("list")(listing.list_triggers)


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
                print_document(yaml_of(found))
            case Shape.JSON:
                print_json(found)
            case Shape.TABLE:
                show(found, Output.TABLE, intake_view.of_trigger(api.events, found))


app.command("create")(creating.create_trigger)
app.command("update")(updating.update_trigger)
defer_command(
    app,
    "edit",
    "tocsin.cli.triggers.editing",
    "Change a trigger in your editor: $VISUAL, or else $EDITOR.",
)
app.command("pause")(several.pause_triggers)
app.command("resume")(several.resume_triggers)
app.command("delete")(several.delete_triggers)
app.command("fire")(firing.fire)
app.command("next")(firing.next_ticks)
app.command("preview")(firing.preview)
app.command("explain")(firing.explain)
