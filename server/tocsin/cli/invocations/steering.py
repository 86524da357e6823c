"""Defines `tocsin invocations retry`, `cancel`, `resend`, and those of jobs."""

import json
from pathlib import Path
from typing import Annotated, Any

import typer
from google.protobuf import json_format

from tocsin.cli.connection import (
    USUAL_SERVER,
    CaOption,
    LimitOption,
    ListedFolderOption,
    ServerOption,
    connected,
    is_typed,
    pages,
)
from tocsin.cli.invocations import view
from tocsin.cli.invocations.filters import (
    ErrorOption,
    FromOption,
    IntegrationOption,
    StateOption,
    TriggerOption,
    UntilOption,
    choose_origin,
    fill,
)
from tocsin.cli.invocations.many import change_many, count_text
from tocsin.cli.refusal import USAGE, refusal
from tocsin.cli.terminal.lines import say
from tocsin.cli.terminal.output import (
    Output,
    OutputOption,
    instant_text,
    print_json,
    print_table,
)
from tocsin.wire.json_text import parse_json
from tocsin_protos.tocsin.v1.invocation_pb2 import Invocation, InvocationFilter
from tocsin_protos.tocsin.v1.invocation_service_pb2 import (
    CancelManyRequest,
    CancelRequest,
    InvocationServiceGetRequest,
    ResendRequest,
    RetryManyRequest,
    RetryRequest,
)
from tocsin_protos.tocsin.v1.job_service_pb2 import (
    Job,
    JobServiceCancelRequest,
    JobServiceListRequest,
)

# The options that say which invocations are meant; an environment variable is not enough.
NARROWING = ("trigger", "integration", "state", "start", "end", "error", "folder")
JOBS_HEAD = ("ID", "KIND", "STATE", "CREATED AT", "SELECTED", "CHANGED", "SKIPPED", "RESOURCE")

jobs = typer.Typer(rich_markup_mode="markdown", help="List and stop jobs on many invocations.")

OneArgument = Annotated[
    str | None, typer.Argument(metavar="[INVOCATION]", help="The invocation's ID.")
]
YesOption = Annotated[
    bool, typer.Option("--yes", "-y", help="Do not ask before several are changed.")
]


def retry_invocations(
    ctx: typer.Context,
    invocation: OneArgument = None,
    trigger: TriggerOption = None,
    integration: IntegrationOption = "",
    state: StateOption = None,
    start: FromOption = None,
    end: UntilOption = None,
    error: ErrorOption = "",
    folder: ListedFolderOption = None,
    yes: YesOption = False,
    output: OutputOption = Output.TABLE,
    server: ServerOption = USUAL_SERVER,
    ca: CaOption = None,
) -> None:
    """Deliver a finished invocation again, or a waiting one now; or, with options, many.

    Without --state, those that failed are meant.
    """
    many = _is_about_many(ctx, invocation)
    with connected(server, ca) as api:
        if not many:
            request = RetryRequest(invocation_id=invocation)
            print_state(api.invocations.Retry(request).invocation, output)
            return
        wanted = InvocationFilter()
        choose_origin(ctx, wanted, api, trigger, integration, folder)
        fill(wanted, api, state=state or ["failed"], start=start, end=end, error=error)
        change_many(
            api,
            lambda chosen: api.invocations.RetryMany(RetryManyRequest(selection=chosen)).changes,
            wanted,
            verb="Retry",
            yes=yes,
            output=output,
        )


def cancel_invocations(
    ctx: typer.Context,
    invocation: OneArgument = None,
    trigger: TriggerOption = None,
    integration: IntegrationOption = "",
    state: StateOption = None,
    start: FromOption = None,
    end: UntilOption = None,
    error: ErrorOption = "",
    folder: ListedFolderOption = None,
    yes: YesOption = False,
    output: OutputOption = Output.TABLE,
    server: ServerOption = USUAL_SERVER,
    ca: CaOption = None,
) -> None:
    """Cancel an invocation that waits for an attempt; or, with options, many."""
    many = _is_about_many(ctx, invocation)
    with connected(server, ca) as api:
        if not many:
            request = CancelRequest(invocation_id=invocation)
            print_state(api.invocations.Cancel(request).invocation, output)
            return
        wanted = InvocationFilter()
        choose_origin(ctx, wanted, api, trigger, integration, folder)
        fill(wanted, api, state=state, start=start, end=end, error=error)
        change_many(
            api,
            lambda chosen: api.invocations.CancelMany(CancelManyRequest(selection=chosen)).changes,
            wanted,
            verb="Cancel",
            yes=yes,
            output=output,
        )


def resend_invocation(
    invocation: Annotated[
        str, typer.Argument(metavar="INVOCATION", help="The invocation whose payload is sent.")
    ],
    payload: Annotated[
        Path | None,
        typer.Option("--payload", metavar="FILE", help="Send the bytes of this file instead."),
    ] = None,
    changes: Annotated[
        list[str] | None,
        typer.Option(
            "--set",
            metavar="NAME=VALUE",
            help="Change this field of a JSON payload, such as `order.id=7`, or this parameter of "
            "an execution; can be repeated. A value that is JSON is sent as such.",
        ),
    ] = None,
    output: OutputOption = Output.TABLE,
    server: ServerOption = USUAL_SERVER,
    ca: CaOption = None,
) -> None:
    """Send the payload of an invocation again, as it was or changed, as a new invocation."""
    if payload is not None and changes:
        raise refusal("give only one of --payload and --set", status=USAGE)
    request = ResendRequest(invocation_id=invocation)
    if payload is not None:
        try:
            request.body = payload.read_bytes()
        except OSError as error:
            raise refusal(f"--payload {payload}: {error.strerror}", status=USAGE) from error
    values = dict(_assignment(text) for text in changes or ())
    with connected(server, ca) as api:
        if values:
            get = InvocationServiceGetRequest(invocation_id=invocation, whole=True)
            _change(request, api.invocations.Get(get).invocation, values)
        print_state(api.invocations.Resend(request).invocation, output)


@jobs.command("list")
def list_jobs(
    folder: ListedFolderOption = None,
    limit: LimitOption = None,
    output: OutputOption = Output.TABLE,
    server: ServerOption = USUAL_SERVER,
    ca: CaOption = None,
) -> None:
    """List jobs, the latest first."""
    request = JobServiceListRequest(folder_id=folder or "")
    with connected(server, ca) as api:
        found = list(pages(api.jobs.List, request, "jobs", limit))
    if output is Output.JSON:
        print_json(found)
    else:
        print_table(JOBS_HEAD, [_job_row(job) for job in found], "There are no jobs.")


@jobs.command("cancel")
def cancel_job(
    job: Annotated[str, typer.Argument(metavar="JOB", help="The job's ID.")],
    output: OutputOption = Output.TABLE,
    server: ServerOption = USUAL_SERVER,
    ca: CaOption = None,
) -> None:
    """Stop a job; what it has changed stays changed."""
    with connected(server, ca) as api:
        stopped = api.jobs.Cancel(JobServiceCancelRequest(job_id=job)).job
    if output is Output.JSON:
        print_json(stopped)
    else:
        say(f"{stopped.id} {Job.State.Name(stopped.state).removeprefix('STATE_')}")


def print_state(invocation: Invocation, output: Output) -> None:
    """Prints how an invocation stands."""
    if output is Output.JSON:
        print_json(invocation)
    else:
        say(f"{invocation.id} {view.state(invocation)}")


def _is_about_many(ctx: typer.Context, invocation: str | None) -> bool:
    typed = [name for name in NARROWING if is_typed(ctx, name)]
    if bool(typed) == (invocation is not None):
        raise refusal(
            "give either an INVOCATION, or options that say which, such as --trigger",
            status=USAGE,
        )
    return bool(typed)


def _assignment(text: str) -> tuple[str, Any]:
    name, equals, value = text.partition("=")
    if not name or not equals:
        raise refusal(f"--set: {text!r} is not NAME=VALUE", status=USAGE)
    try:
        return name, parse_json(value)
    except ValueError:
        return name, value


def _change(request: ResendRequest, first: Invocation, values: dict[str, Any]) -> None:
    """Writes changed fields of the first payload, or changed parameters, into a request."""
    if first.integration:
        for name, value in values.items():
            json_format.ParseDict(value, request.parameters[name])
        return
    try:
        payload = parse_json(first.payload.decode())
    except ValueError as error:
        raise refusal("--set: its payload is not JSON: use --payload") from error
    for name, value in values.items():
        _set(payload, name, value)
    request.body = json.dumps(payload, ensure_ascii=False).encode()


def _set(payload: Any, path: str, value: Any) -> None:
    """Sets a field by its path; numbers in it are places in lists."""
    *above, last = path.split(".")
    inside = payload
    try:
        for name in above:
            inside = inside[int(name)] if isinstance(inside, list) else inside[name]
        if isinstance(inside, list):
            inside[int(last)] = value
        else:
            inside[last] = value
    except (LookupError, TypeError, ValueError) as error:
        raise refusal(f"--set: the payload has no {path}") from error


def _job_row(job: Job) -> tuple[str, ...]:
    return (
        job.id,
        Job.Kind.Name(job.kind).removeprefix("KIND_"),
        Job.State.Name(job.state).removeprefix("STATE_"),
        instant_text(job.created_at),
        count_text(job.selected),
        str(job.changed),
        str(job.skipped),
        job.resource,
    )
