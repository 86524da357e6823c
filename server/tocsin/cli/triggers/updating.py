"""Defines `tocsin triggers update`."""

from typing import Annotated

import typer

from tocsin.cli.connection import (
    USUAL_SERVER,
    CaOption,
    OfFolderOption,
    ServerOption,
    connected,
)
from tocsin.cli.terminal.output import Output, OutputOption
from tocsin.cli.triggers.files import read_file, update_request
from tocsin.cli.triggers.names import TriggerArgument, id_of
from tocsin.cli.triggers.written import finished, result, show, tell_surprises


def update_trigger(
    trigger: TriggerArgument,
    file: Annotated[
        str,
        typer.Option(
            "-f", "--file", metavar="FILE", help="A YAML or JSON file; `-` reads standard input."
        ),
    ],
    folder: OfFolderOption = None,
    output: OutputOption = Output.TABLE,
    server: ServerOption = USUAL_SERVER,
    ca: CaOption = None,
) -> None:
    """Change a trigger by a file, and show it.

    FILE holds the new name, description, labels or rule; fields that it leaves out stay unchanged.
    You can also edit the output of `get -o json` and pass it as FILE.
    """
    document = read_file(file)
    with connected(server, ca, document.where) as api:
        trigger_id = id_of(api, trigger, folder)
        request = update_request(document, trigger_id)
        updated = result(finished(api, api.triggers.Update(request), document.where))
        show(updated, output)
        tell_surprises(api, updated)
