"""Defines `tocsin triggers pause`, `resume` and `delete`, which take several triggers."""

import sys
from collections.abc import Callable, Sequence
from functools import partial
from typing import Annotated, Any

import typer

from tocsin.cli.connection import (
    USUAL_SERVER,
    CaOption,
    Connection,
    OfFolderOption,
    ServerOption,
    connected,
)
from tocsin.cli.refusal import refusal
from tocsin.cli.terminal.lines import say
from tocsin.cli.terminal.output import Output, OutputOption, print_json
from tocsin.cli.triggers.names import id_of
from tocsin.cli.triggers.written import finished, result, show_status
from tocsin_protos.yandex.cloud.serverless.triggers.v1 import trigger_service_pb2 as contract
from tocsin_protos.yandex.cloud.serverless.triggers.v1.trigger_pb2 import Trigger

TriggersArgument = Annotated[
    list[str],
    typer.Argument(metavar="TRIGGER...", help="The triggers' IDs, or their names in the folder."),
]


def pause_triggers(
    triggers: TriggersArgument,
    folder: OfFolderOption = None,
    output: OutputOption = Output.TABLE,
    server: ServerOption = USUAL_SERVER,
    ca: CaOption = None,
) -> None:
    """Pause triggers: they do not fire until you resume them."""
    with connected(server, ca) as api:
        method, request = api.triggers.Pause, contract.PauseTriggerRequest
        _change_status(_ids(api, triggers, folder), partial(_changed, api, method, request), output)


def resume_triggers(
    triggers: TriggersArgument,
    folder: OfFolderOption = None,
    output: OutputOption = Output.TABLE,
    server: ServerOption = USUAL_SERVER,
    ca: CaOption = None,
) -> None:
    """Resume paused triggers. A timer does not make up for the ticks that it missed."""
    with connected(server, ca) as api:
        method, request = api.triggers.Resume, contract.ResumeTriggerRequest
        _change_status(_ids(api, triggers, folder), partial(_changed, api, method, request), output)


def delete_triggers(
    triggers: TriggersArgument,
    folder: OfFolderOption = None,
    yes: Annotated[
        bool,
        typer.Option("--yes", "-y", help="Do not ask before several triggers are deleted."),
    ] = False,
    output: OutputOption = Output.TABLE,
    server: ServerOption = USUAL_SERVER,
    ca: CaOption = None,
) -> None:
    """Delete triggers. With `-o json`, print the operations."""
    with connected(server, ca) as api:
        ids = _ids(api, triggers, folder)
        if len(ids) > 1:
            confirm(f"Delete {len(ids)} triggers?", yes=yes)
        operations = []
        for trigger_id in ids:
            request = contract.DeleteTriggerRequest(trigger_id=trigger_id)
            operations.append(finished(api, api.triggers.Delete(request)))
            if output is not Output.JSON:
                say(f"{trigger_id} deleted")
    _print_if_json(operations, output)


def confirm(question: str, *, yes: bool) -> None:
    """Asks on a terminal, and ends the program without a yes; elsewhere --yes must be given."""
    if yes:
        return
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise refusal(f"{question} Give --yes if you are sure")
    if not typer.confirm(question):
        raise refusal("nothing was changed")


def _changed(api: Connection, method: Any, request: Any, trigger_id: str) -> Trigger:
    return result(finished(api, method(request(trigger_id=trigger_id))))


def _change_status(ids: Sequence[str], change: Callable[[str], Trigger], output: Output) -> None:
    changed = []
    for trigger_id in ids:
        changed.append(change(trigger_id))
        if output is not Output.JSON:
            show_status(changed[-1])
    _print_if_json(changed, output)


def _ids(api: Connection, triggers: Sequence[str], folder: str | None) -> list[str]:
    """Returns the ids of triggers, each once; if one does not exist, nothing is changed."""
    return list(dict.fromkeys(id_of(api, trigger, folder) for trigger in triggers))


def _print_if_json(messages: Sequence[Any], output: Output) -> None:
    """Prints one message as an object, several as a list."""
    if output is Output.JSON:
        print_json(messages[0] if len(messages) == 1 else messages)
