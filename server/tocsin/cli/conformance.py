"""Defines `tocsin conformance`."""

from importlib.util import find_spec
from pathlib import Path
from typing import Annotated, Any

import typer

from tocsin.cli.refusal import USAGE, refusal
from tocsin.cli.terminal.lines import say

File = Path | None


def _file(name: str, summary: str) -> Any:
    return typer.Option(name, metavar="FILE", help=summary)


TargetOption = Annotated[
    str | None, typer.Option(metavar="HOST:PORT", help="The gRPC address of the server.")
]
RestOption = Annotated[
    str | None,
    typer.Option(metavar="URL", help="Where it serves REST; what stands before the paths."),
]
CaOption = Annotated[
    File, _file("--ca", "Use TLS, and trust the certificate authorities in this PEM file.")
]
TokenFileOption = Annotated[
    File, _file("--token-file", "Call with the IAM token in this file, as `Bearer`.")
]
KeyOption = Annotated[
    File, _file("--key", "Call with the API key or the authorised key (JSON) in this file.")
]
FolderOption = Annotated[
    str | None, typer.Option(metavar="ID", help="Create triggers here. [default: a new folder]")
]
LocationOption = Annotated[
    str, typer.Option(metavar="projects/P/locations/L", help="Schedule integrations here.")
]
IntegrationOption = Annotated[
    str | None, typer.Option(metavar="NAME", help="An integration that may be scheduled.")
]
TriggerIdOption = Annotated[
    str | None, typer.Option(metavar="ID", help="Its trigger, such as `api_trigger/name`.")
]
TargetListenOption = Annotated[
    str | None,
    typer.Option(
        metavar="HOST:PORT", help="Listen here for the calls of functions (profile firing)."
    ),
]
ProfileOption = Annotated[
    list[str] | None,
    typer.Option(
        metavar="NAME",
        help="Run this profile, or several. [default: all that the other options allow]",
    ),
]
FeaturesOption = Annotated[File, _file("--features", "What the server lacks, declared in YAML.")]
KnownFailingOption = Annotated[
    File, _file("--known-failing", "Checks that are known to fail, each with its reason.")
]
UpdateKnownFailingOption = Annotated[
    bool, typer.Option("--update-known-failing", help="Rewrite that file by what was found.")
]
ReportOption = Annotated[
    File,
    typer.Option(
        metavar="DIR", help="Write report.html, report.yaml, junit.xml and badge.svg here."
    ),
]
ExpressionOption = Annotated[
    str | None,
    typer.Option(
        "-k", metavar="EXPR", help="Run the checks whose id fits, as `mask and not leaf`."
    ),
]
StopAtFirstOption = Annotated[bool, typer.Option("-x", help="Stop at the first failure.")]
WorkersOption = Annotated[
    int, typer.Option("-n", min=0, metavar="COUNT", help="Run in so many processes.")
]
ListOption = Annotated[bool, typer.Option("--list", help="List the checks and run none.")]


def conformance(
    target: TargetOption = None,
    rest: RestOption = None,
    ca: CaOption = None,
    token_file: TokenFileOption = None,
    key: KeyOption = None,
    folder: FolderOption = None,
    location: LocationOption = "projects/conformance/locations/local",
    integration: IntegrationOption = None,
    trigger_id: TriggerIdOption = None,
    target_listen: TargetListenOption = None,
    profile: ProfileOption = None,
    features: FeaturesOption = None,
    known_failing: KnownFailingOption = None,
    update_known_failing: UpdateKnownFailingOption = False,
    report: ReportOption = None,
    expression: ExpressionOption = None,
    stop_at_first: StopAtFirstOption = False,
    workers: WorkersOption = 0,
    list_only: ListOption = False,
) -> None:
    """Check whether a server keeps the contracts of triggers and schedules.

    Any server will do. Each check has an id, a sentence, a source and a level: a MUST or SHOULD
    that fails, and is not declared, makes the exit status 1.
    """
    if find_spec("pytest") is None:
        raise refusal("the checks need pytest: pip install 'tocsin[conformance]'", status=USAGE)
    from tocsin.conformance.command import Asked
    from tocsin.conformance.options import Options

    options = Options(
        target=target or "",
        rest=rest,
        ca=_text(ca),
        token_file=_text(token_file),
        key_file=_text(key),
        folder=folder or "",
        location=location,
        integration=integration,
        trigger_id=trigger_id,
        target_listen=target_listen,
        profiles=tuple(profile or ()),
        features=_text(features),
        known_failing=_text(known_failing),
    )
    _execute(
        options,
        Asked(expression, stop_at_first, workers, list_only, update_known_failing, report),
    )


def _text(file: File) -> str | None:
    return None if file is None else str(file)


def _execute(options: Any, asked: Any) -> None:
    from tocsin.conformance.command import execute
    from tocsin.conformance.options import OptionError

    try:
        status = execute(options, asked, say)
    except OptionError as error:
        raise refusal(str(error), status=USAGE) from error
    if status:
        raise typer.Exit(status)
