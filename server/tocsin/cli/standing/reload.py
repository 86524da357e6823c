"""Defines `tocsin config reload`."""

import typer

from tocsin.cli.connection import USUAL_SERVER, CaOption, ServerOption, connected
from tocsin.cli.terminal.lines import note
from tocsin.cli.terminal.output import Output, OutputOption, print_details, print_json
from tocsin_protos.tocsin.v1.settings_service_pb2 import (
    ReloadSettingsRequest,
    ReloadSettingsResponse,
)

app = typer.Typer(rich_markup_mode="markdown")


@app.command()
def reload(
    output: OutputOption = Output.TABLE,
    server: ServerOption = USUAL_SERVER,
    ca: CaOption = None,
) -> None:
    """Let the server read its settings again, and show what changed.

    It puts `[targets]` and `[integrations]` in force at once; what else changed waits for a
    restart. The server reads its own file, on its own host. With several nodes, call each of them:
    the answer names the node. A file that is wrong changes nothing.
    """
    with connected(server, ca) as api:
        answer = api.settings.ReloadSettings(ReloadSettingsRequest())
    if output is Output.JSON:
        print_json(answer)
        return
    print_details(_details(answer))
    if not (answer.added or answer.removed or answer.changed):
        note("Nothing changed that can be put in force now.")
    if answer.need_restart:
        note("Restart the node to put the last lines in force.")


def _details(answer: ReloadSettingsResponse) -> list[tuple[str, str]]:
    details = [("node", f"{answer.node} on {answer.host}"), ("file", answer.file)]
    for kind in ("added", "removed", "changed"):
        details += [(kind, name) for name in getattr(answer, kind)]
    return details + [("needs a restart", name) for name in answer.need_restart]
