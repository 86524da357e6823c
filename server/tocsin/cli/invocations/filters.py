"""Defines the options that say which invocations a command is about, and reads them."""

from typing import Annotated, Any

import typer

from tocsin.cli.connection import Connection, is_typed
from tocsin.cli.refusal import USAGE, refusal
from tocsin.cli.terminal.instants import read_moment
from tocsin.cli.triggers.names import id_of
from tocsin_protos.tocsin.v1.invocation_pb2 import Invocation

PREFIX = "STATE_"
STATES = [
    name.removeprefix(PREFIX).lower()
    for name, number in Invocation.State.items()
    if number != Invocation.STATE_UNSPECIFIED
]
MOMENTS = "in ISO 8601, as `1h` (ago), or `today` or `yesterday` (in UTC)"

TriggerOption = Annotated[
    str | None,
    typer.Option(
        "--trigger",
        metavar="TRIGGER",
        help="Only of this trigger: its ID, or its name in the folder.",
    ),
]
IntegrationOption = Annotated[
    str,
    typer.Option(
        metavar="NAME",
        help="Only of this integration: its last name, such as `nightly`, or all of "
        "`projects/*/locations/*/integrations/*`.",
    ),
]
StateOption = Annotated[
    list[str] | None,
    typer.Option(metavar="STATE", help=f"Only in these states: {', '.join(STATES)}."),
]
FromOption = Annotated[
    str | None,
    typer.Option(
        "--from", metavar="TIME", help=f"Only scheduled at this time or later: {MOMENTS}."
    ),
]
UntilOption = Annotated[
    str | None,
    typer.Option("--until", "--to", metavar="TIME", help="Only scheduled before this time."),
]
ErrorOption = Annotated[
    str,
    typer.Option("--error", metavar="TEXT", help="Only if the last error has this text."),
]


def fill(
    wanted: Any,
    api: Connection,
    *,
    state: list[str] | None,
    start: str | None,
    end: str | None,
    error: str,
) -> None:
    """Writes which invocations are wanted into a filter, or a request to list."""
    wanted.states.extend(state_named(name) for name in state or ())
    if start:
        wanted.scheduled_from.FromDatetime(read_moment(start, api.now))
    if end:
        wanted.scheduled_before.FromDatetime(read_moment(end, api.now))
    wanted.error_text = error


def choose_origin(
    ctx: typer.Context,
    wanted: Any,
    api: Connection,
    trigger: str | None,
    integration: str,
    folder: str | None,
) -> None:
    """Sets whose invocations are wanted: one trigger's, an integration's, or a folder's.

    An integration is in no folder: TOCSIN_FOLDER does not count for it, and --folder is refused.
    """
    if trigger and integration:
        raise refusal("give only one of --trigger and --integration", status=USAGE)
    if integration and folder and is_typed(ctx, "folder"):
        raise refusal(
            "give only one of --integration and --folder: an integration is in no folder",
            status=USAGE,
        )
    if trigger:
        wanted.trigger_id = id_of(api, trigger, folder)
    elif integration.startswith("projects/"):
        wanted.integration = integration
    elif integration:
        wanted.integration_id = integration.removeprefix("integrations/")
    else:
        wanted.folder_id = folder or ""


def state_named(text: str) -> Any:
    """Returns the state of a name; ends the program if there is none."""
    name = text.lower().replace("-", "_").removeprefix(PREFIX.lower())
    if name not in STATES:
        raise refusal(
            f"--state: {text} is not a state: use one of {', '.join(STATES)}", status=USAGE
        )
    return Invocation.State.Value(PREFIX + name.upper())
