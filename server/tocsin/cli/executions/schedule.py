"""Defines `tocsin schedule`, which runs an integration once, at a time or now."""

from typing import Annotated

import typer

from tocsin.cli.connection import USUAL_SERVER, CaOption, Connection, ServerOption, connected
from tocsin.cli.executions import view
from tocsin.cli.executions.inputs import InputOption, instant_at, values_of
from tocsin.cli.executions.names import (
    USUAL_LOCATION,
    LocationOption,
    complete_integrations,
    integration_named,
)
from tocsin.cli.executions.operations import wait_until_done
from tocsin.cli.terminal.lines import say
from tocsin.cli.terminal.output import Output, OutputOption, print_details, print_json
from tocsin_protos.google.cloud.integrations.v1alpha.execution_pb2 import (
    Execution,
    ExecutionDetails,
)
from tocsin_protos.google.cloud.integrations.v1alpha.executions_pb2 import (
    GetExecutionRequest,
    ScheduleIntegrationsRequest,
)

app = typer.Typer(rich_markup_mode="markdown")


IntegrationArgument = Annotated[
    str,
    typer.Argument(
        metavar="INTEGRATION",
        autocompletion=complete_integrations,
        help="The integration: its last name, or all of `projects/*/locations/*/integrations/*`.",
    ),
]
TriggerOption = Annotated[
    str,
    typer.Option(metavar="ID", help="Its trigger. [default: `api_trigger/` and its last name]"),
]
AtOption = Annotated[
    str,
    typer.Option(
        metavar="TIME",
        help="When: an ISO 8601 time, in UTC unless it has an offset, or a time from now such "
        "as `+10m`. [default: now]",
    ),
]
RequestIdOption = Annotated[
    str, typer.Option(metavar="ID", help="Calls with the same ID run once.")
]
WaitOption = Annotated[
    bool, typer.Option("--wait", help="Wait for its end; exit with status 1 if it fails.")
]


@app.command("schedule")
def schedule(
    integration: IntegrationArgument,
    trigger: TriggerOption = "",
    at: AtOption = "",
    inputs: InputOption = None,
    request_id: RequestIdOption = "",
    wait: WaitOption = False,
    location: LocationOption = USUAL_LOCATION,
    output: OutputOption = Output.TABLE,
    server: ServerOption = USUAL_SERVER,
    ca: CaOption = None,
) -> None:
    """Run an integration once, at a time or now, and show the execution."""
    name = integration_named(integration, location)
    request = ScheduleIntegrationsRequest(
        name=name,
        trigger_id=trigger or f"api_trigger/{name.rpartition('/')[2]}",
        input_parameters=values_of(inputs or ()),
        request_id=request_id,
    )
    with connected(server, ca) as api:
        if at:
            request.schedule_time.FromDatetime(instant_at(at, api.now()))
        ids = api.executions.ScheduleIntegrations(request).execution_info_ids
        if wait:
            for execution_id in ids:
                wait_until_done(api, name.rpartition("/integrations/")[0], execution_id)
        found = [_get(api, f"{name}/executions/{execution_id}") for execution_id in ids]
    if output is Output.JSON:
        print_json(found)
    elif wait:
        for execution in found:
            print_details(view.details(execution))
    else:
        for execution in found:
            say(f"{execution.name} {view.state(execution)}")
    if wait and not all(map(_succeeded, found)):
        raise typer.Exit(1)


def _get(api: Connection, name: str) -> Execution:
    found: Execution = api.executions.GetExecution(GetExecutionRequest(name=name))
    return found


def _succeeded(execution: Execution) -> bool:
    return execution.execution_details.state == ExecutionDetails.SUCCEEDED
