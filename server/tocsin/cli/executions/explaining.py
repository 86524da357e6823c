"""Defines `explain` and `next` of schedules, and `explain` of integrations' own schedules."""

from datetime import UTC
from typing import Annotated

import typer

from tocsin.cli.connection import USUAL_SERVER, CaOption, ServerOption, connected
from tocsin.cli.executions.names import (
    USUAL_LOCATION,
    LocationOption,
    checked_location,
    complete_integrations,
    complete_schedules,
    integration_named,
)
from tocsin.cli.invocations import view
from tocsin.cli.terminal.instants import read_instant
from tocsin.cli.terminal.lines import note, say
from tocsin.cli.terminal.output import Output, OutputOption, print_details, print_json
from tocsin.schedule.instants import iso
from tocsin_protos.tocsin.v1 import schedule_service_pb2 as contract
from tocsin_protos.tocsin.v1.firing_service_pb2 import ExplainResponse

ScheduleArgument = Annotated[
    str,
    typer.Argument(
        metavar="SCHEDULE",
        help="The last part of the schedule's name, or all of the name.",
        autocompletion=complete_schedules,
    ),
]
TimeArgument = Annotated[
    str,
    typer.Argument(metavar="TIME", help="An ISO 8601 time, in UTC unless it has an offset."),
]


def explain_schedule(
    schedule: ScheduleArgument,
    instant: TimeArgument,
    location: LocationOption = USUAL_LOCATION,
    output: OutputOption = Output.TABLE,
    server: ServerOption = USUAL_SERVER,
    ca: CaOption = None,
) -> None:
    """Explain why a schedule ran at a time, or why it did not or will not."""
    request = contract.ExplainScheduleRequest(name=schedule_named(schedule, location))
    request.instant.FromDatetime(read_instant(instant))
    with connected(server, ca) as api:
        _print(api.schedules.ExplainSchedule(request), output)


def explain_integration(
    integration: Annotated[
        str,
        typer.Argument(
            metavar="INTEGRATION",
            autocompletion=complete_integrations,
            help="The integration: its last name, or all of "
            "`projects/*/locations/*/integrations/*`.",
        ),
    ],
    instant: TimeArgument,
    trigger: Annotated[
        str,
        typer.Option(
            metavar="ID",
            help="The trigger whose schedule it is. [default: the only one with a schedule]",
        ),
    ] = "",
    location: LocationOption = USUAL_LOCATION,
    output: OutputOption = Output.TABLE,
    server: ServerOption = USUAL_SERVER,
    ca: CaOption = None,
) -> None:
    """Explain why an integration's own schedule ran at a time, or why it did not or will not."""
    request = contract.ExplainIntegrationRequest(
        name=integration_named(integration, location), trigger_id=trigger
    )
    request.instant.FromDatetime(read_instant(instant))
    with connected(server, ca) as api:
        _print(api.schedules.ExplainIntegration(request), output)


def next_runs(
    schedule: ScheduleArgument,
    after: Annotated[
        str | None,
        typer.Option(
            metavar="TIME", help="An ISO 8601 time, in UTC unless it has an offset. [default: now]"
        ),
    ] = None,
    count: Annotated[
        int, typer.Option("-n", min=1, max=1000, metavar="COUNT", help="How many to show.")
    ] = 5,
    location: LocationOption = USUAL_LOCATION,
    output: OutputOption = Output.TABLE,
    server: ServerOption = USUAL_SERVER,
    ca: CaOption = None,
) -> None:
    """Show when a schedule runs next, in UTC."""
    name = schedule_named(schedule, location)
    request = contract.ListNextRunsRequest(name=name, count=count)
    if after is not None:
        request.after.FromDatetime(read_instant(after))
    with connected(server, ca) as api:
        answer = api.schedules.ListNextRuns(request)
        found = api.schedules.GetSchedule(contract.GetScheduleRequest(name=name))
    if output is Output.JSON:
        print_json(answer)
        return
    for run in answer.runs:
        say(iso(run.start_time.ToDatetime(UTC)))
    if not answer.runs:
        note("the schedule never runs after that time")
    elif found.HasField("pause"):
        note("the schedule is paused: it would run at these times if you resumed it")


def schedule_named(schedule: str, location: str) -> str:
    """Returns the full name of a schedule."""
    if schedule.startswith("projects/"):
        return schedule
    return f"{checked_location(location)}/schedules/{schedule.removeprefix('schedules/')}"


def _print(response: ExplainResponse, output: Output) -> None:
    if output is Output.JSON:
        print_json(response)
    else:
        print_details(view.explanation(response))
