"""Defines `tocsin schedules`, a client of the API of schedules."""

from enum import StrEnum
from typing import Annotated

import typer

from tocsin.cli.connection import (
    USUAL_SERVER,
    CaOption,
    LimitOption,
    ServerOption,
    connected,
    linted,
    pages,
)
from tocsin.cli.executions.explaining import (
    ScheduleArgument,
    explain_schedule,
    next_runs,
    schedule_named,
)
from tocsin.cli.executions.inputs import InputOption, values_of
from tocsin.cli.executions.names import (
    USUAL_LOCATION,
    LocationOption,
    checked_location,
    integration_named,
)
from tocsin.cli.terminal.instants import read_instant, read_length
from tocsin.cli.terminal.lines import note, say
from tocsin.cli.terminal.output import (
    Output,
    OutputOption,
    instant_text,
    print_details,
    print_json,
    print_table,
)
from tocsin_protos.tocsin.v1 import schedule_service_pb2 as contract
from tocsin_protos.tocsin.v1.schedule_service_pb2 import Schedule

app = typer.Typer(rich_markup_mode="markdown")
app.command("explain")(explain_schedule)
app.command("next")(next_runs)

HEAD = ("ID", "INTEGRATION", "CRON", "ZONE", "NEXT RUN", "LAST RUN", "STATE")


class Overlap(StrEnum):
    """What becomes of an instant while the run before has not ended."""

    SKIP = "skip"
    QUEUE = "queue"
    CANCEL = "cancel"


@app.command("list")
def list_schedules(
    location: LocationOption = USUAL_LOCATION,
    limit: LimitOption = None,
    output: OutputOption = Output.TABLE,
    server: ServerOption = USUAL_SERVER,
    ca: CaOption = None,
) -> None:
    """List the schedules of a location."""
    request = contract.ListSchedulesRequest(parent=checked_location(location))
    with connected(server, ca) as api:
        found = list(pages(api.schedules.ListSchedules, request, "schedules", limit))
    if output is Output.JSON:
        print_json(found)
    else:
        print_table(HEAD, [_row(schedule) for schedule in found], "There are no schedules.")


@app.command("get")
def get_schedule(
    schedule: ScheduleArgument,
    location: LocationOption = USUAL_LOCATION,
    output: OutputOption = Output.TABLE,
    server: ServerOption = USUAL_SERVER,
    ca: CaOption = None,
) -> None:
    """Show a schedule with its next and its last run."""
    with connected(server, ca) as api:
        request = contract.GetScheduleRequest(name=schedule_named(schedule, location))
        _print(api.schedules.GetSchedule(request), output)


IntegrationOption = Annotated[
    str, typer.Option(metavar="NAME", help="The integration: its last name, or all of it.")
]
CronOption = Annotated[
    str,
    typer.Option(
        metavar="EXPR", help="When: a cron expression, as timers have it; days 1-7 are SUN-SAT."
    ),
]
TriggerOption = Annotated[
    str,
    typer.Option(metavar="ID", help="Its trigger. [default: `api_trigger/` and its last name]"),
]
TimeZoneOption = Annotated[
    str, typer.Option(metavar="ZONE", help="The IANA time zone of the expression.")
]
StartOption = Annotated[
    str | None,
    typer.Option("--from", metavar="TIME", help="Fires at this time or later, in ISO 8601."),
]
EndOption = Annotated[
    str | None,
    typer.Option("--until", metavar="TIME", help="Fires before this time, in ISO 8601."),
]
JitterOption = Annotated[
    str | None, typer.Option(metavar="TIME", help="Runs start up to this much later: `30s`.")
]
OverlapOption = Annotated[
    Overlap, typer.Option(help="What to do while the run before has not ended.")
]
CatchUpOption = Annotated[
    str | None,
    typer.Option(metavar="TIME", help="Instants are made up for this long: `2h`. [default: 1h]"),
]


@app.command("create")
def create_schedule(
    schedule: ScheduleArgument,
    integration: IntegrationOption,
    cron: CronOption,
    trigger: TriggerOption = "",
    time_zone: TimeZoneOption = "UTC",
    start: StartOption = None,
    end: EndOption = None,
    jitter: JitterOption = None,
    overlap: OverlapOption = Overlap.SKIP,
    catch_up: CatchUpOption = None,
    inputs: InputOption = None,
    location: LocationOption = USUAL_LOCATION,
    output: OutputOption = Output.TABLE,
    server: ServerOption = USUAL_SERVER,
    ca: CaOption = None,
) -> None:
    """Run an integration again and again, at the instants of a cron expression.

    The expression is Quartz's, not Unix cron's: a day field has `?`, and `1-5` are Sunday to
    Thursday, so write `0 9 ? * MON-FRI`. A note tells what else may surprise: dates on which the
    zone's clocks skip one of its times, or show it twice.
    """
    name, target = schedule_named(schedule, location), integration_named(integration, location)
    created = Schedule(
        integration=target,
        trigger_id=trigger or f"api_trigger/{target.rpartition('/')[2]}",
        cron_expression=cron,
        time_zone=time_zone,
        overlap_policy=f"OVERLAP_POLICY_{overlap.name}",
        input_parameters=values_of(inputs or ()),
    )
    if start:
        created.start_time.FromDatetime(read_instant(start))
    if end:
        created.end_time.FromDatetime(read_instant(end))
    if jitter:
        created.jitter.FromTimedelta(read_length("--jitter", jitter))
    if catch_up:
        created.catch_up_window.FromTimedelta(read_length("--catch-up", catch_up))
    parent, _, schedule_id = name.rpartition("/schedules/")
    request = contract.CreateScheduleRequest(
        parent=parent, schedule_id=schedule_id, schedule=created
    )
    with connected(server, ca) as api:
        made, found = linted(api.schedules.CreateSchedule, request)
        _print(made, output)
    for line in found:
        note(line)


@app.command("pause")
def pause_schedule(
    schedule: ScheduleArgument,
    note: Annotated[str, typer.Option(metavar="TEXT", help="Why, for people.")] = "",
    location: LocationOption = USUAL_LOCATION,
    output: OutputOption = Output.TABLE,
    server: ServerOption = USUAL_SERVER,
    ca: CaOption = None,
) -> None:
    """Pause a schedule."""
    request = contract.PauseScheduleRequest(name=schedule_named(schedule, location), note=note)
    with connected(server, ca) as api:
        _print(api.schedules.PauseSchedule(request), output)


@app.command("resume")
def resume_schedule(
    schedule: ScheduleArgument,
    location: LocationOption = USUAL_LOCATION,
    output: OutputOption = Output.TABLE,
    server: ServerOption = USUAL_SERVER,
    ca: CaOption = None,
) -> None:
    """Resume a schedule; the instants of its pause are not made up."""
    with connected(server, ca) as api:
        request = contract.ResumeScheduleRequest(name=schedule_named(schedule, location))
        _print(api.schedules.ResumeSchedule(request), output)


@app.command("delete")
def delete_schedule(
    schedule: ScheduleArgument,
    location: LocationOption = USUAL_LOCATION,
    server: ServerOption = USUAL_SERVER,
    ca: CaOption = None,
) -> None:
    """Delete a schedule; its executions stay."""
    name = schedule_named(schedule, location)
    with connected(server, ca) as api:
        api.schedules.DeleteSchedule(contract.DeleteScheduleRequest(name=name))
    say(f"{name} deleted")


@app.command("backfill")
def backfill_schedule(
    schedule: ScheduleArgument,
    start: Annotated[
        str,
        typer.Option("--from", metavar="TIME", help="Runs instants at this time or later."),
    ],
    end: Annotated[
        str, typer.Option("--until", metavar="TIME", help="Runs instants before this time.")
    ],
    request_id: Annotated[
        str, typer.Option(metavar="ID", help="Calls with the same ID run once.")
    ] = "",
    location: LocationOption = USUAL_LOCATION,
    output: OutputOption = Output.TABLE,
    server: ServerOption = USUAL_SERVER,
    ca: CaOption = None,
) -> None:
    """Run all instants of a past range now, and show the ids of the executions."""
    request = contract.BackfillScheduleRequest(
        name=schedule_named(schedule, location), request_id=request_id
    )
    request.start_time.FromDatetime(read_instant(start))
    request.end_time.FromDatetime(read_instant(end))
    with connected(server, ca) as api:
        answer = api.schedules.BackfillSchedule(request)
    if output is Output.JSON:
        print_json(answer)
        return
    for execution_id in answer.execution_ids:
        say(execution_id)
    if not answer.execution_ids:
        say("The range has no instants.")


def _state(schedule: Schedule) -> str:
    if schedule.HasField("pause"):
        return f"paused: {schedule.pause.note}" if schedule.pause.note else "paused"
    if schedule.last_error:
        return schedule.last_error
    return "active" if schedule.HasField("next_run") else "ended"


def _row(schedule: Schedule) -> tuple[str, ...]:
    return (
        schedule.name.rpartition("/")[2],
        schedule.integration.rpartition("/")[2],
        schedule.cron_expression,
        schedule.time_zone or "UTC",
        instant_text(schedule.next_run.tick_time) if schedule.HasField("next_run") else "",
        instant_text(schedule.last_run.tick_time) if schedule.HasField("last_run") else "",
        _state(schedule),
    )


def _print(schedule: Schedule, output: Output) -> None:
    if output is Output.JSON:
        print_json(schedule)
        return
    names = ("id", "integration", "cronExpression", "timeZone", "nextRun", "lastRun", "state")
    print_details(
        [
            *zip(names, _row(schedule), strict=True),
            ("lastExecution", schedule.last_run.execution_id),
            ("skippedCount", str(schedule.skipped_count)),
            ("missedCount", str(schedule.missed_count)),
        ]
    )
