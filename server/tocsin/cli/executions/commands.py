"""Defines `tocsin executions`, a client of the API of executions."""

from collections.abc import Iterator
from typing import Annotated

import grpc
import typer

from tocsin.cli.connection import (
    USUAL_SERVER,
    CaOption,
    Connection,
    LimitOption,
    ServerOption,
    connected,
    pages,
)
from tocsin.cli.executions import view
from tocsin.cli.executions.inputs import InputOption, values_of
from tocsin.cli.executions.names import (
    USUAL_LOCATION,
    ExecutionArgument,
    IntegrationOption,
    LocationOption,
    execution_named,
    integration_named,
)
from tocsin.cli.invocations.filters import MOMENTS
from tocsin.cli.invocations.following import follow, is_reset
from tocsin.cli.refusal import USAGE, refusal
from tocsin.cli.terminal.instants import read_moment
from tocsin.cli.terminal.lines import note, one_line, say
from tocsin.cli.terminal.output import (
    Output,
    OutputOption,
    print_details,
    print_json,
    print_json_line,
)
from tocsin_protos.google.cloud.integrations.v1alpha.execution_pb2 import (
    Execution,
    ExecutionDetails,
)
from tocsin_protos.google.cloud.integrations.v1alpha.executions_pb2 import (
    CancelExecutionRequest,
    GetExecutionRequest,
    ListExecutionsRequest,
    ReplayExecutionRequest,
)
from tocsin_protos.tocsin.v1.watch_service_pb2 import WatchRequest, WatchResponse

# The most executions that are remembered.
MOST_KNOWN = 10_000

app = typer.Typer(rich_markup_mode="markdown")

STATES = [
    name.lower()
    for name, number in ExecutionDetails.State.items()
    if number not in (ExecutionDetails.STATE_UNSPECIFIED, ExecutionDetails.SUSPENDED)
]
FOLLOWED = 200
USUAL_LAST = 10


@app.command("list")
def list_executions(
    integration: IntegrationOption = "",
    trigger: Annotated[
        str, typer.Option(metavar="ID", help="Only of this trigger, such as `api_trigger/orders`.")
    ] = "",
    state: Annotated[
        list[str] | None,
        typer.Option(metavar="STATE", help=f"Only in these states: {', '.join(STATES)}."),
    ] = None,
    start: Annotated[
        str | None,
        typer.Option("--from", metavar="TIME", help=f"Stored at this time or later: {MOMENTS}."),
    ] = None,
    end: Annotated[
        str | None,
        typer.Option("--until", "--to", metavar="TIME", help="Stored at this time or before."),
    ] = None,
    text: Annotated[
        str,
        typer.Option(
            "--filter", metavar="FILTER", help="Only what this filter of the API finds, too."
        ),
    ] = "",
    location: LocationOption = USUAL_LOCATION,
    limit: LimitOption = None,
    output: OutputOption = Output.TABLE,
    server: ServerOption = USUAL_SERVER,
    ca: CaOption = None,
) -> None:
    """List executions, the latest stored first."""
    request = ListExecutionsRequest(parent=integration_named(integration, location), filter=text)
    params = request.filter_params
    params.event_statuses.extend(_state(name) for name in state or ())
    if trigger:
        quoted = trigger.replace('"', "")
        params.custom_filter = f'trigger_id = "{quoted}"'
    with connected(server, ca) as api:
        if start:
            params.start_time = _millis(start, api)
        if end:
            params.end_time = _millis(end, api)
        found = list(pages(api.executions.ListExecutions, request, "executions", limit))
    if output is Output.JSON:
        print_json(found)
    else:
        view.print_executions(found, f"No executions of {request.parent} match.")


@app.command("get")
def get_execution(
    execution: ExecutionArgument,
    location: LocationOption = USUAL_LOCATION,
    output: OutputOption = Output.TABLE,
    server: ServerOption = USUAL_SERVER,
    ca: CaOption = None,
) -> None:
    """Show an execution with its attempts, its input and its output."""
    with connected(server, ca) as api:
        found = _get(api, execution_named(execution, location))
    if output is Output.JSON:
        print_json(found)
    else:
        print_details(view.details(found))


@app.command("watch")
def watch_executions(
    integration: IntegrationOption = "",
    last: Annotated[
        int, typer.Option(min=0, max=FOLLOWED, metavar="COUNT", help="Show this many first.")
    ] = USUAL_LAST,
    location: LocationOption = USUAL_LOCATION,
    output: OutputOption = Output.TABLE,
    server: ServerOption = USUAL_SERVER,
    ca: CaOption = None,
) -> None:
    """Follow executions as they appear and change, until Ctrl-C: a line for each change.

    Changes come a quarter of a second late, of quick ones the last.
    """
    parent = integration_named(integration, location)
    note(f"following {parent}; --location or TOCSIN_LOCATION names another location")
    try:
        with connected(server, ca) as api:
            if output is Output.TABLE:
                say(_line(view.HEAD))
            for changed in _changes(api, parent, last):
                if output is Output.JSON:
                    print_json_line(changed)
                else:
                    say(_line(view.row(changed)))
    except KeyboardInterrupt:
        return


@app.command("replay")
def replay_execution(
    execution: ExecutionArgument,
    reason: Annotated[
        str, typer.Option(metavar="TEXT", help="Why; it is shown with the new execution.")
    ],
    inputs: InputOption = None,
    location: LocationOption = USUAL_LOCATION,
    output: OutputOption = Output.TABLE,
    server: ServerOption = USUAL_SERVER,
    ca: CaOption = None,
) -> None:
    """Run an execution that has ended again, as a new one.

    It is handed the same parameters; those of --input replace the ones of their names.
    """
    name, values = execution_named(execution, location), values_of(inputs or ())
    request = ReplayExecutionRequest(
        name=name, replay_reason=reason, modified_parameters=values, update_mask={"paths": values}
    )
    with connected(server, ca) as api:
        again = api.executions.ReplayExecution(request).execution_id
        found = _get(api, f"{name.rpartition('/')[0]}/{again}")
    if output is Output.JSON:
        print_json(found)
    else:
        say(f"{again} {view.state(found)}")


@app.command("cancel")
def cancel_execution(
    execution: ExecutionArgument,
    reason: Annotated[
        str, typer.Option(metavar="TEXT", help="Why; it is shown with the execution.")
    ] = "",
    location: LocationOption = USUAL_LOCATION,
    output: OutputOption = Output.TABLE,
    server: ServerOption = USUAL_SERVER,
    ca: CaOption = None,
) -> None:
    """Cancel an execution that waits for its start or its next attempt."""
    name = execution_named(execution, location)
    with connected(server, ca) as api:
        request = CancelExecutionRequest(name=name, cancel_reason=reason)
        cancelled = api.executions.CancelExecution(request).is_canceled
        found = _get(api, name)
    if output is Output.JSON:
        print_json(found)
    else:
        say(f"{execution} {view.state(found)}")
    if not cancelled:
        raise refusal(f"it can't be cancelled any more: it is {view.state(found)}")


def _changes(api: Connection, parent: str, last: int) -> Iterator[Execution]:
    """Yields the executions that appeared or changed; of those that were there, the `last` ones."""
    known: dict[str, bytes] = {}
    shown = last
    request = WatchRequest(topics=[WatchRequest.TOPIC_INVOCATIONS], integration=parent)
    for response in follow(api, request, note):
        found = _latest(api, parent) if is_reset(response) else _changed(api, response)
        news = [one for one in found if known.get(one.name) != _progress(one)]
        yield from news[max(0, len(news) - shown) :]
        for one in news:
            known.pop(one.name, None)
            known[one.name] = _progress(one)
        while len(known) > MOST_KNOWN:
            del known[next(iter(known))]
        shown = FOLLOWED


def _latest(api: Connection, parent: str) -> list[Execution]:
    """Returns the latest executions, the oldest of them first."""
    request = ListExecutionsRequest(parent=parent)
    return list(pages(api.executions.ListExecutions, request, "executions", FOLLOWED))[::-1]


def _changed(api: Connection, response: WatchResponse) -> Iterator[Execution]:
    """Yields the executions that a stream names, without those deleted since."""
    for row in response.invocations:
        try:
            yield _get(api, f"{row.integration}/executions/{row.execution_id or row.id}")
        except grpc.RpcError as error:
            if error.code() is not grpc.StatusCode.NOT_FOUND:
                raise


def _progress(execution: Execution) -> bytes:
    return execution.execution_details.SerializeToString(deterministic=True)


def _get(api: Connection, name: str) -> Execution:
    found: Execution = api.executions.GetExecution(GetExecutionRequest(name=name))
    return found


def _line(cells: tuple[str, ...]) -> str:
    """Returns a row as a line with columns of usual widths."""
    padded = (
        f"{one_line(cell) or '-':<{width}}"
        for cell, width in zip(cells, view.USUAL_WIDTHS, strict=True)
    )
    return "  ".join(padded).rstrip()


def _state(text: str) -> str:
    name = text.lower().replace("-", "_")
    if name not in STATES:
        raise refusal(
            f"--state: {text} is not a state: use one of {', '.join(STATES)}", status=USAGE
        )
    return name.upper()


def _millis(text: str, api: Connection) -> int:
    return int(read_moment(text, api.now).timestamp() * 1000)
