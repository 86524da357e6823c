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


def conformance(
    target: Annotated[
        str | None, typer.Option(metavar="HOST:PORT", help="The gRPC address of the server.")
    ] = None,
    rest: Annotated[
        str | None,
        typer.Option(metavar="URL", help="Where it serves REST; what stands before the paths."),
    ] = None,
    ca: Annotated[
        File, _file("--ca", "Use TLS, and trust the certificate authorities in this PEM file.")
    ] = None,
    token_file: Annotated[
        File, _file("--token-file", "Call with the IAM token in this file, as `Bearer`.")
    ] = None,
    key: Annotated[
        File, _file("--key", "Call with the API key or the authorised key (JSON) in this file.")
    ] = None,
    folder: Annotated[
        str | None, typer.Option(metavar="ID", help="Create triggers here. [default: a new folder]")
    ] = None,
    location: Annotated[
        str, typer.Option(metavar="projects/P/locations/L", help="Schedule integrations here.")
    ] = "projects/conformance/locations/local",
    integration: Annotated[
        str | None, typer.Option(metavar="NAME", help="An integration that may be scheduled.")
    ] = None,
    trigger_id: Annotated[
        str | None, typer.Option(metavar="ID", help="Its trigger, such as `api_trigger/name`.")
    ] = None,
    target_listen: Annotated[
        str | None,
        typer.Option(
            metavar="HOST:PORT", help="Listen here for the calls of functions (profile firing)."
        ),
    ] = None,
    profile: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME",
            help="Run this profile, or several. [default: all that the other options allow]",
        ),
    ] = None,
    features: Annotated[
        File, _file("--features", "What the server lacks, declared in YAML.")
    ] = None,
    known_failing: Annotated[
        File, _file("--known-failing", "Checks that are known to fail, each with its reason.")
    ] = None,
    update_known_failing: Annotated[
        bool, typer.Option("--update-known-failing", help="Rewrite that file by what was found.")
    ] = False,
    report: Annotated[
        File,
        typer.Option(
            metavar="DIR", help="Write report.html, report.yaml, junit.xml and badge.svg here."
        ),
    ] = None,
    expression: Annotated[
        str | None,
        typer.Option(
            "-k", metavar="EXPR", help="Run the checks whose id fits, as `mask and not leaf`."
        ),
    ] = None,
    stop_at_first: Annotated[bool, typer.Option("-x", help="Stop at the first failure.")] = False,
    workers: Annotated[
        int, typer.Option("-n", min=0, metavar="COUNT", help="Run in so many processes.")
    ] = 0,
    list_only: Annotated[
        bool, typer.Option("--list", help="List the checks and run none.")
    ] = False,
) -> None:
    """Check whether a server keeps the contracts of triggers and schedules.

    Any server will do. Each check has an id, a sentence, a source and a level: a MUST or SHOULD
    that fails, and is not declared, makes the exit status 1.
    """
    if find_spec("pytest") is None:
        raise refusal("the checks need pytest: pip install 'tocsin[conformance]'", status=USAGE)
    from tocsin.conformance.command import Asked
    from tocsin.conformance.options import Options

    def text(file: File) -> str | None:
        return None if file is None else str(file)

    options = Options(
        target=target or "",
        rest=rest,
        ca=text(ca),
        token_file=text(token_file),
        key_file=text(key),
        folder=folder or "",
        location=location,
        integration=integration,
        trigger_id=trigger_id,
        target_listen=target_listen,
        profiles=tuple(profile or ()),
        features=text(features),
        known_failing=text(known_failing),
    )
    _execute(
        options,
        Asked(expression, stop_at_first, workers, list_only, update_known_failing, report),
    )


def _execute(options: Any, asked: Any) -> None:
    from tocsin.conformance.command import execute
    from tocsin.conformance.options import OptionError

    try:
        status = execute(options, asked, say)
    except OptionError as error:
        raise refusal(str(error), status=USAGE) from error
    if status:
        raise typer.Exit(status)
