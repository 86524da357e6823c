"""Defines `tocsin whoami`."""

from datetime import UTC

import typer

from tocsin.cli.connection import USUAL_SERVER, CaOption, ServerOption, connected
from tocsin.cli.terminal.instants import for_people
from tocsin.cli.terminal.lines import note
from tocsin.cli.terminal.output import Output, OutputOption, print_details, print_json
from tocsin_protos.tocsin.v1 import access_service_pb2 as contract

app = typer.Typer()


@app.command()
def whoami(
    output: OutputOption = Output.TABLE,
    server: ServerOption = USUAL_SERVER,
    ca: CaOption = None,
) -> None:
    """Show whom the server takes you for, and which roles you have on what.

    `-o json` has each permission, too.
    """
    with connected(server, ca) as api:
        answer = api.access.WhoAmI(contract.WhoAmIRequest())
    if output is Output.JSON:
        print_json(answer)
        return
    if not answer.access_control:
        note(f"{server} has no access control: everybody who reaches it may do everything")
    print_details(_details(answer))


def _details(answer: contract.WhoAmIResponse) -> list[tuple[str, str]]:
    details = [("server", "with access control" if answer.access_control else "open to all")]
    details += [("subject", answer.subject)] if answer.subject else []
    details += [("name", answer.name)] if answer.name else []
    if answer.HasField("expires_at"):
        details.append(("credential until", for_people(answer.expires_at.ToDatetime(UTC))))
    details += [("role", f"{each.role} on {each.resource}") for each in answer.bindings]
    return details
