"""Defines `tocsin triggers`, a client of TriggerService."""

import asyncio
from collections.abc import Sequence
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
    is_typed,
    pages,
    refused_with,
)
from tocsin.cli.refusal import USAGE, refusal
from tocsin.cli.terminal.lines import note, say
from tocsin.cli.terminal.output import Output, OutputOption, print_details, print_json, print_table
from tocsin.cli.triggers import firing, intake_view
from tocsin.cli.triggers import view as trigger_view
from tocsin.cli.triggers.files import create_request, read_file, update_request
from tocsin.cli.triggers.names import TriggerArgument, find_trigger, id_of
from tocsin.documents.reading import Document
from tocsin.schedule import SystemClock
from tocsin_protos.tocsin.v1 import event_service_pb2
from tocsin_protos.yandex.cloud.operation import operation_service_pb2
from tocsin_protos.yandex.cloud.serverless.triggers.v1 import trigger_service_pb2
from tocsin_protos.yandex.cloud.serverless.triggers.v1.trigger_pb2 import Trigger

app = typer.Typer(rich_markup_mode="markdown")

FileOption = Annotated[
    str,
    typer.Option(
        "-f", "--file", metavar="FILE", help="A YAML or JSON file; `-` reads standard input."
    ),
]

POLL_SECONDS = 0.2


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
    output: OutputOption = Output.TABLE,
    server: ServerOption = USUAL_SERVER,
    ca: CaOption = None,
) -> None:
    """Show a trigger, with its rule in the form that `create -f` reads."""
    with connected(server, ca) as api:
        found = find_trigger(api, trigger, folder)
        source = () if output is Output.JSON else intake_view.of_trigger(api.events, found)
        _show(found, output, source)


@app.command("create")
def create_trigger(
    ctx: typer.Context,
    file: FileOption,
    folder: FolderOption = None,
    output: OutputOption = Output.TABLE,
    server: ServerOption = USUAL_SERVER,
    ca: CaOption = None,
) -> None:
    """Create a trigger from a file, and show it.

    FILE holds a CreateTriggerRequest in proto JSON form, as YAML or as JSON:

        name: nightly
        rule:
          timer:
            cronExpression: 0 3 ? * * *
            invokeFunctionWithRetry:
              functionId: d4e00000000000000001

    If FILE names no folder, --folder or TOCSIN_FOLDER does.
    """
    document = read_file(file)
    request = create_request(document)
    if is_typed(ctx, "folder") and request.folder_id not in ("", folder):
        problem = f"{document.where('folder_id')}folder_id: {request.folder_id}, but --folder is"
        raise refusal(f"{problem} {folder}: give one of them", status=USAGE)
    request.folder_id = request.folder_id or folder_named(folder)
    with connected(server, ca, document.where) as api:
        created = _result(_finished(api, api.triggers.Create(request), document))
        source = () if output is Output.JSON else intake_view.of_new_trigger(api.events, created)
        silence = _silence(api, created)
    _show(created, output, source)
    if silence is not None:
        note(silence)


@app.command("update")
def update_trigger(
    trigger: TriggerArgument,
    file: FileOption,
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
        updated = _result(_finished(api, api.triggers.Update(request), document))
        silence = _silence(api, updated)
    _show(updated, output)
    if silence is not None:
        note(silence)


@app.command("pause")
def pause_trigger(
    trigger: TriggerArgument,
    folder: OfFolderOption = None,
    output: OutputOption = Output.TABLE,
    server: ServerOption = USUAL_SERVER,
    ca: CaOption = None,
) -> None:
    """Pause a trigger: it does not fire until you resume it."""
    with connected(server, ca) as api:
        request = trigger_service_pb2.PauseTriggerRequest(trigger_id=id_of(api, trigger, folder))
        _print_status(_result(_finished(api, api.triggers.Pause(request))), output)


@app.command("resume")
def resume_trigger(
    trigger: TriggerArgument,
    folder: OfFolderOption = None,
    output: OutputOption = Output.TABLE,
    server: ServerOption = USUAL_SERVER,
    ca: CaOption = None,
) -> None:
    """Resume a paused trigger. A timer does not make up for the ticks that it missed."""
    with connected(server, ca) as api:
        request = trigger_service_pb2.ResumeTriggerRequest(trigger_id=id_of(api, trigger, folder))
        _print_status(_result(_finished(api, api.triggers.Resume(request))), output)


@app.command("delete")
def delete_trigger(
    trigger: TriggerArgument,
    folder: OfFolderOption = None,
    output: OutputOption = Output.TABLE,
    server: ServerOption = USUAL_SERVER,
    ca: CaOption = None,
) -> None:
    """Delete a trigger. With `-o json`, print the operation."""
    with connected(server, ca) as api:
        trigger_id = id_of(api, trigger, folder)
        request = trigger_service_pb2.DeleteTriggerRequest(trigger_id=trigger_id)
        operation = _finished(api, api.triggers.Delete(request))
    if output is Output.JSON:
        print_json(operation)
    else:
        say(f"{trigger_id} deleted")


app.command("fire")(firing.fire)
app.command("next")(firing.next_ticks)
app.command("preview")(firing.preview)
app.command("explain")(firing.explain)


def _finished(api: Connection, operation: Any, document: Document | None = None) -> Any:
    """Waits until an operation is done; if it failed, ends the program with its error."""
    while not operation.done:
        asyncio.run(SystemClock().sleep(POLL_SECONDS))
        request = operation_service_pb2.GetOperationRequest(operation_id=operation.id)
        operation = api.operations.Get(request)
    if operation.HasField("error"):
        raise refused_with(operation.error, document.where if document else lambda _: "")
    return operation


def _result(operation: Any) -> Any:
    trigger = Trigger()
    operation.response.Unpack(trigger)
    return trigger


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


def _silence(api: Connection, written: Any) -> str | None:
    """Returns why a trigger that was just written never fires, if it is such a timer."""
    if written.rule.WhichOneof("rule") != "timer":
        return None
    return trigger_view.silence(written, api.now())


def _show(trigger: Any, output: Output, source: Sequence[tuple[str, str]] = ()) -> None:
    """Prints a trigger; `source` holds names and values about its source."""
    if output is Output.JSON:
        print_json(trigger)
    else:
        *head, rule = trigger_view.details(trigger)
        print_details([*head, *source, rule])


def _print_status(trigger: Any, output: Output) -> None:
    if output is Output.JSON:
        print_json(trigger)
    else:
        say(f"{trigger.id} {Trigger.Status.Name(trigger.status)}")
