"""Changes many invocations: counts them, asks, begins the job, and shows how far it is."""

import asyncio
from collections.abc import Callable
from typing import Any

from tocsin.cli.connection import Connection
from tocsin.cli.terminal.lines import note, say
from tocsin.cli.terminal.output import Output, people_console, print_json
from tocsin.cli.triggers.several import confirm
from tocsin.schedule import SystemClock
from tocsin_protos.tocsin.v1.invocation_pb2 import InvocationFilter
from tocsin_protos.tocsin.v1.job_service_pb2 import (
    InvocationChanges,
    InvocationCount,
    InvocationSelection,
    Job,
    JobServiceGetRequest,
)

POLL_SECONDS = 0.5


def change_many(
    api: Connection,
    change: Callable[[InvocationSelection], InvocationChanges],
    wanted: InvocationFilter,
    *,
    verb: str,
    yes: bool,
    output: Output,
) -> None:
    """Changes the invocations that a filter finds, and waits for the end of the job.

    Args:
        api: the server.
        change: sends a selection.
        wanted: the filter.
        verb: what becomes of them, such as `Retry`.
        yes: whether not to ask.
        output: as what the job is printed.
    """
    counted = change(InvocationSelection(filter=wanted, validate_only=True)).selected
    if not counted.count:
        if output is Output.JSON:
            print_json(InvocationChanges(selected=counted))
        else:
            say("No invocations match.")
        return
    confirm(f"{verb} {count_text(counted)} invocations?", yes=yes)
    selection = InvocationSelection(filter=wanted, expected_count=counted.count)
    job = _followed(api, change(selection).job)
    if output is Output.JSON:
        print_json(job)
        return
    state = Job.State.Name(job.state).removeprefix("STATE_").lower()
    skipped = f", {job.skipped} left as they were" if job.skipped else ""
    say(f"{job.id} {state}: {job.changed} of {count_text(job.selected)} changed{skipped}")


def count_text(count: InvocationCount) -> str:
    """Returns a number for people; one that is a lower bound has a plus."""
    return f"{count.count:,}" + ("+" if count.at_least else "")


def _followed(api: Connection, job: Any) -> Any:
    """Returns a job at its end; on a terminal, shows how far it is meanwhile."""
    console = people_console()
    request = JobServiceGetRequest(job_id=job.id)
    try:
        with console.status("") as status:
            while job.state == Job.STATE_RUNNING:
                status.update(f"{job.changed:,} of {count_text(job.selected)}")
                asyncio.run(SystemClock().sleep(POLL_SECONDS))
                job = api.jobs.Get(request).job
    except KeyboardInterrupt:
        note(f"job {job.id} goes on; `tocsin invocations jobs cancel {job.id}` stops it")
        raise
    return job
