"""Defines `tocsin operations`, a client of `google.longrunning.Operations` over executions."""

from typing import Annotated

import typer
from google.longrunning import operations_pb2 as contract

from tocsin.cli.connection import (
    USUAL_SERVER,
    CaOption,
    Connection,
    LimitOption,
    ServerOption,
    connected,
    pages,
)
from tocsin.cli.executions.names import USUAL_LOCATION, LocationOption, checked_location
from tocsin.cli.terminal.lines import say
from tocsin.cli.terminal.output import Output, OutputOption, print_json, print_table
from tocsin_protos.google.cloud.integrations.v1alpha.log_entries_pb2 import (
    ExecutionInfo,
    IntegrationExecutionDetails,
)

app = typer.Typer(rich_markup_mode="markdown")

HEAD = ("ID", "DONE", "STATE", "INTEGRATION", "TRIGGER", "ERROR")
# Shorter than a call may take.
WAIT_SECONDS = 20

OperationArgument = Annotated[
    str, typer.Argument(metavar="OPERATION", help="The execution's ID, or the full name.")
]


@app.command("list")
def list_operations(
    text: Annotated[
        str,
        typer.Option(
            "--filter", metavar="FILTER", help="Only what this filter finds, such as `done=false`."
        ),
    ] = "",
    location: LocationOption = USUAL_LOCATION,
    limit: LimitOption = None,
    output: OutputOption = Output.TABLE,
    server: ServerOption = USUAL_SERVER,
    ca: CaOption = None,
) -> None:
    """List the operations of a location."""
    request = contract.ListOperationsRequest(name=checked_location(location), filter=text)
    with connected(server, ca) as api:
        found = list(pages(api.long_running.ListOperations, request, "operations", limit))
    if output is Output.JSON:
        print_json(found)
    else:
        print_table(HEAD, [_row(operation) for operation in found], "No operations match.")


@app.command("get")
def get_operation(
    operation: OperationArgument,
    location: LocationOption = USUAL_LOCATION,
    output: OutputOption = Output.TABLE,
    server: ServerOption = USUAL_SERVER,
    ca: CaOption = None,
) -> None:
    """Show an operation."""
    with connected(server, ca) as api:
        request = contract.GetOperationRequest(name=_named(operation, location))
        _print(api.long_running.GetOperation(request), output)


@app.command("wait")
def wait_operation(
    operation: OperationArgument,
    location: LocationOption = USUAL_LOCATION,
    output: OutputOption = Output.TABLE,
    server: ServerOption = USUAL_SERVER,
    ca: CaOption = None,
) -> None:
    """Wait until an operation is done; exit with status 1 if it failed."""
    with connected(server, ca) as api:
        done = _wait(api, _named(operation, location))
    _print(done, output)
    if done.HasField("error"):
        raise typer.Exit(1)


@app.command("cancel")
def cancel_operation(
    operation: OperationArgument,
    location: LocationOption = USUAL_LOCATION,
    output: OutputOption = Output.TABLE,
    server: ServerOption = USUAL_SERVER,
    ca: CaOption = None,
) -> None:
    """Cancel an operation that has not begun; one that has goes on."""
    name = _named(operation, location)
    with connected(server, ca) as api:
        api.long_running.CancelOperation(contract.CancelOperationRequest(name=name))
        _print(api.long_running.GetOperation(contract.GetOperationRequest(name=name)), output)


def wait_until_done(api: Connection, location: str, execution_id: str) -> None:
    """Waits until an execution has ended."""
    _wait(api, f"{location}/operations/{execution_id}")


def _wait(api: Connection, name: str) -> contract.Operation:
    request = contract.WaitOperationRequest(name=name)
    request.timeout.seconds = WAIT_SECONDS
    while True:
        operation: contract.Operation = api.long_running.WaitOperation(request)
        if operation.done:
            return operation


def _named(operation: str, location: str) -> str:
    if operation.startswith("projects/"):
        return operation
    return f"{checked_location(location)}/operations/{operation}"


def _print(operation: contract.Operation, output: Output) -> None:
    if output is Output.JSON:
        print_json(operation)
    else:
        say("  ".join(filter(None, _row(operation))))


def _row(operation: contract.Operation) -> tuple[str, ...]:
    info = ExecutionInfo()
    operation.metadata.Unpack(info)
    state = info.integration_execution_details.integration_execution_state
    return (
        operation.name.rpartition("/")[2],
        "yes" if operation.done else "no",
        IntegrationExecutionDetails.IntegrationExecutionState.Name(state),
        info.integration,
        info.trigger_id,
        operation.error.message,
    )
