"""The command line."""

import asyncio
import os
import re
import sys
from datetime import UTC, datetime
from importlib.metadata import version as installed_version
from pathlib import Path
from typing import Annotated, Any

import typer

from tocsin.schedule import Cron, CronError, SystemClock

PROGRAM = "tocsin"

app = typer.Typer(
    name=PROGRAM,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="markdown",
    context_settings={"help_option_names": ["-h", "--help"]},
    help="""
A trigger and schedule service that really fires.

It speaks Yandex Cloud Functions *triggers* (gRPC and REST) and Google Application Integration
*schedules*, so the clients you have work with it as they are.

**First steps**

`tocsin demo` shows it at work: a timer that ticks, an integration that runs.

`tocsin serve` serves gRPC on 127.0.0.1:50051 and REST on 127.0.0.1:8080, with its data in
./tocsin-data.

`tocsin cron next "0 9 ? * 2-6 *"` tells when a timer would fire.
""",
)
cron_app = typer.Typer(no_args_is_help=True, help="Look at cron expressions.")
config_app = typer.Typer(no_args_is_help=True, help="Look at the settings.")
app.add_typer(cron_app, name="cron")
app.add_typer(config_app, name="config")

ConfigOption = Annotated[
    Path | None,
    typer.Option(
        "--config",
        envvar="TOCSIN_CONFIG",
        metavar="FILE",
        help="A TOML file with settings, among them targets and integrations.",
    ),
]


def main() -> None:
    """Runs the command line."""
    app(prog_name=PROGRAM)


@app.command()
def serve(
    listen: Annotated[
        str | None,
        typer.Option(
            metavar="HOST:PORT",
            help="Where gRPC is served; port 0 picks a free one. [default: 127.0.0.1:50051]",
        ),
    ] = None,
    http: Annotated[
        str | None,
        typer.Option(
            metavar="HOST:PORT|off",
            help="Where REST is served, by Envoy; off: not at all. [default: 127.0.0.1:8080]",
        ),
    ] = None,
    database: Annotated[
        str | None,
        typer.Option(
            metavar="URL",
            help="The store: sqlite:///relative.db, sqlite:////absolute.db or, for any number of "
            "nodes, postgresql://user:password@host/database. "
            "[default: sqlite:///tocsin-data/tocsin.db]",
        ),
    ] = None,
    config: ConfigOption = None,
    metrics: Annotated[
        str | None,
        typer.Option(
            metavar="HOST:PORT|off",
            help="Where Prometheus finds the metrics; off: nowhere. [default: off]",
        ),
    ] = None,
    smtp: Annotated[
        str | None,
        typer.Option(
            metavar="HOST:PORT|off",
            help="Where mails to triggers are taken; off: nowhere. [default: off]",
        ),
    ] = None,
    clock: Annotated[
        str | None,
        typer.Option(
            metavar="system|manual",
            help="manual: time stands still until tocsin.v1.ClockService moves it, for tests. "
            "[default: system]",
        ),
    ] = None,
    clock_start: Annotated[
        str | None,
        typer.Option(metavar="TIME", help="Where a manual clock starts, in ISO 8601."),
    ] = None,
    allow_unauthenticated: Annotated[
        bool | None,
        typer.Option(
            "--allow-unauthenticated",
            help="Listen beyond loopback although anyone who gets there may do all.",
        ),
    ] = None,
    log_format: Annotated[
        str | None, typer.Option(metavar="console|json", help="How log lines look on stderr.")
    ] = None,
    log_level: Annotated[
        str | None,
        typer.Option(
            metavar="debug|info|warning|error",
            help="The least important lines to write; debug has one for each call. [default: info]",
        ),
    ] = None,
) -> None:
    """Serve triggers and schedules until Ctrl-C or SIGTERM.

    When gRPC and REST both answer, one line says so on stdout:
    `ready grpc=HOST:PORT http=HOST:PORT`, and `metrics=HOST:PORT` and `smtp=HOST:PORT` where those
    are asked for. Logs go to stderr.

    Each option can be given as a variable too (TOCSIN_LISTEN, TOCSIN_HTTP, TOCSIN_DATABASE, …) or
    in the file that --config names.
    """
    given = {
        "listen": listen,
        "http": http,
        "database": database,
        "clock": clock,
        "clock_start": clock_start,
        "allow_unauthenticated": allow_unauthenticated,
        "log_format": log_format,
        "log_level": log_level,
        "metrics": metrics,
        "smtp": smtp,
    }
    _serve(config, {name: value for name, value in given.items() if value is not None})


@app.command()
def demo(
    listen: Annotated[
        str | None,
        typer.Option(
            metavar="HOST:PORT",
            help="Where gRPC is served. [default: the usual port, or a free one]",
        ),
    ] = None,
    http: Annotated[
        str | None,
        typer.Option(metavar="HOST:PORT|off", help="Where REST is served. [default: as for gRPC]"),
    ] = None,
) -> None:
    """Show it at work: a timer that ticks, an integration that runs. Ctrl-C ends it.

    Starts a server with its data in a temporary directory and a target that shows what it is
    sent, and leaves nothing behind.
    """
    # Slow to import, and of no use to the other commands.
    from rich.console import Console

    from tocsin.demo.demo import DemoFailed, run_demo
    from tocsin.schedule import SystemClock

    try:
        asyncio.run(run_demo(SystemClock(), Console(highlight=False), listen=listen, http=http))
    except DemoFailed as error:
        raise _refusal(str(error)) from error


@app.command()
def version() -> None:
    """Tell which version this is."""
    typer.echo(f"{PROGRAM} {installed_version(PROGRAM)}")


@cron_app.command("next")
def cron_next(
    expression: Annotated[
        str,
        typer.Argument(
            metavar="EXPR",
            help="Minutes Hours Day-of-month Month Day-of-week [Year], such as '0 9 ? * 2-6 *'.",
        ),
    ],
    after: Annotated[
        str | None,
        typer.Option(metavar="TIME", help="An ISO 8601 time, UTC unless it says. [default: now]"),
    ] = None,
    count: Annotated[int, typer.Option("-n", min=1, max=10_000, help="How many to tell.")] = 5,
) -> None:
    """Tell when a timer with this cron expression fires next (always UTC)."""
    try:
        cron = Cron(expression)
    except CronError as error:
        raise _refusal(str(error)) from error
    instant: datetime | None = _instant(after)
    for told in range(count):
        instant = cron.next(instant) if instant is not None else None
        if instant is None:
            if not told:
                raise _refusal("it never fires")
            return
        typer.echo(instant.isoformat().replace("+00:00", "Z"))


@config_app.command("check")
def config_check(config: ConfigOption = None) -> None:
    """Read the settings as `serve` would, and show what they come to."""
    from tocsin.settings import SettingsError, load_settings

    try:
        settings = load_settings(config)
    except SettingsError as error:
        raise _refusal(str(error)) from error
    shown = settings.model_dump_json(indent=2)
    # What stands between the scheme and the host of a URL is a password, or as good as one.
    typer.echo(re.sub(r"://[^/@\s\"]*@", "://…@", shown))


def _serve(config: Path | None, given: dict[str, Any]) -> None:
    # Read when gRPC is loaded. Envoy is started by fork and exec, which needs nothing of gRPC.
    os.environ.setdefault("GRPC_ENABLE_FORK_SUPPORT", "false")
    # What goes wrong there is raised here, and told in our own words.
    os.environ.setdefault("GRPC_VERBOSITY", "NONE")
    # Slow to import, and of no use to the other commands.
    import uvloop

    from tocsin.access.exposure import ExposureRefused
    from tocsin.app import StartError
    from tocsin.app import serve as serve_until_stopped
    from tocsin.gateway import GatewayError
    from tocsin.logs import configure_logs
    from tocsin.settings import SettingsError, load_settings
    from tocsin.store.database import StoreError

    try:
        settings = load_settings(config, given)
        configure_logs(settings.log_format, settings.log_level)
        uvloop.run(serve_until_stopped(settings, _announce))
    except (SettingsError, ExposureRefused, StartError, StoreError, GatewayError) as error:
        raise _refusal(str(error)) from error


def _announce(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def _instant(text: str | None) -> datetime:
    if text is None:
        return SystemClock().now()
    try:
        instant = datetime.fromisoformat(text)
    except ValueError as error:
        raise _refusal(f"{text!r} is no ISO 8601 time, such as 2026-01-31T09:00Z") from error
    return instant if instant.tzinfo else instant.replace(tzinfo=UTC)


def _refusal(message: str) -> typer.Exit:
    typer.echo(f"{PROGRAM}: {message}", err=True)
    return typer.Exit(1)
