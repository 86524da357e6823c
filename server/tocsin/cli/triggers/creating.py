"""Defines `tocsin triggers create`."""

from typing import Annotated

import typer

from tocsin.cli.connection import (
    USUAL_SERVER,
    Blame,
    CaOption,
    FolderOption,
    ServerOption,
    connected,
    folder_named,
    is_typed,
)
from tocsin.cli.refusal import USAGE, refusal
from tocsin.cli.terminal.output import Output, OutputOption
from tocsin.cli.triggers import intake_view
from tocsin.cli.triggers.files import read_file, trigger_of
from tocsin.cli.triggers.written import finished, result, show, tell_surprises
from tocsin_protos.yandex.cloud.serverless.triggers.v1.trigger_pb2 import Trigger

NameArgument = Annotated[
    str, typer.Argument(metavar="[NAME]", help="The name of a timer.", show_default=False)
]
FileOption = Annotated[
    str,
    typer.Option(
        "-f", "--file", metavar="FILE", help="A YAML or JSON file; `-` reads standard input."
    ),
]
CronOption = Annotated[
    str, typer.Option(metavar="EXPR", help="Without a file: when a timer fires, in UTC.")
]
FunctionOption = Annotated[
    str, typer.Option(metavar="ID", help="The function that the timer calls.")
]
ContainerOption = Annotated[
    str, typer.Option(metavar="ID", help="The container that the timer calls.")
]
PayloadOption = Annotated[
    str, typer.Option(metavar="TEXT", help="What the timer's target is sent.")
]
PausedOption = Annotated[
    bool, typer.Option("--paused", help="It does not fire before you resume it.")
]


def create_trigger(
    ctx: typer.Context,
    name: NameArgument = "",
    file: FileOption = "",
    cron: CronOption = "",
    function: FunctionOption = "",
    container: ContainerOption = "",
    payload: PayloadOption = "",
    paused: PausedOption = False,
    folder: FolderOption = None,
    output: OutputOption = Output.TABLE,
    server: ServerOption = USUAL_SERVER,
    ca: CaOption = None,
) -> None:
    """Create a trigger from a file, or a timer from options, and show it.

    `tocsin triggers create nightly --cron "0 3 ? * * *" --function d4e00000000000000001` makes a
    timer. All kinds of triggers can be in FILE, in proto JSON form as YAML or as JSON:

        name: nightly
        rule:
          timer:
            cronExpression: 0 3 ? * * *
            invokeFunctionWithRetry:
              functionId: d4e00000000000000001

    `status: PAUSED` makes it paused. If FILE names no folder, --folder or TOCSIN_FOLDER does.
    """
    blame: Blame = _nowhere
    if file:
        if any((name, cron, function, container, payload)):
            problem = "a file says everything: leave out NAME, --cron, --function, --container"
            raise refusal(f"{problem} and --payload", status=USAGE)
        typed = folder if is_typed(ctx, "folder") else None
        trigger, blame = _from_file(file, typed)
    else:
        trigger = _timer(name, cron, function, container, payload)
    trigger.folder_id = trigger.folder_id or folder_named(folder)
    if paused:
        trigger.status = Trigger.PAUSED
    with connected(server, ca, blame) as api:
        # Slow to import, as it also checks files before they are applied.
        from tocsin.cli.apply.triggers import create

        created = result(finished(api, create(api, trigger), blame))
        is_shown = output is not Output.JSON
        source = intake_view.of_new_trigger(api.events, created) if is_shown else ()
        show(created, output, source)
        tell_surprises(api, created)


def _from_file(file: str, folder: str | None) -> tuple[Trigger, Blame]:
    """Returns the trigger of a file, and where its fields stand there."""
    document = read_file(file)
    trigger = trigger_of(document)
    if folder is not None and trigger.folder_id not in ("", folder):
        problem = f"{document.where('folder_id')}folder_id: {trigger.folder_id}, but --folder is"
        raise refusal(f"{problem} {folder}: give one of them", status=USAGE)
    return trigger, lambda field: document.where(field.removeprefix("trigger."))


def _nowhere(_field: str) -> str:
    return ""


def _timer(name: str, cron: str, function: str, container: str, payload: str) -> Trigger:
    if not cron:
        raise refusal("give --file, or --cron for a timer", status=USAGE)
    if bool(function) == bool(container):
        raise refusal("--cron needs one of --function and --container", status=USAGE)
    timer = Trigger.Timer(cron_expression=cron, payload=payload)
    if function:
        timer.invoke_function_with_retry.function_id = function
    else:
        timer.invoke_container_with_retry.container_id = container
    return Trigger(name=name, rule=Trigger.Rule(timer=timer))
