"""Defines the command line: one module for each command or group of commands."""

import sys
from io import TextIOWrapper
from typing import Annotated

import typer

from tocsin.cli import config, conformance, demo, dev_certs, serve
from tocsin.cli.contexts.chosen import choose_for
from tocsin.cli.contexts.commands import app as context_app
from tocsin.cli.deferred import defer_command, deferred
from tocsin.cli.refusal import PROGRAM
from tocsin.cli.repeats import refuse_empty, refuse_repeats
from tocsin.cli.terminal.lines import say
from tocsin.cli.terminal.streams import open_standard_streams
from tocsin.release import commit, tocsin_version
from tocsin.store.migrations.steps import newest_schema

app = typer.Typer(
    name=PROGRAM,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="markdown",
    context_settings={"help_option_names": ["-h", "--help"]},
    help="""
A trigger and schedule service that really fires.

It speaks Yandex Cloud Functions *triggers* (gRPC and REST) and Google Application Integration
*schedules*, so the clients that you have work with it unchanged.

**First steps**

`tocsin demo` shows it at work: a timer ticks, an integration runs.

`tocsin serve` serves gRPC on 127.0.0.1:50051 and REST on 127.0.0.1:8080, with its data in
./tocsin-data.

`tocsin cron next "0 9 ? * MON-FRI *"` shows when a timer would fire.
""",
)
app.command(cls=serve.ServeCommand, help=serve.HELP)(serve.serve)
app.command()(demo.demo)
app.command("dev-certs")(dev_certs.dev_certs)
app.command()(conformance.conformance)


def main() -> None:
    """Runs the command line."""
    open_standard_streams()
    if isinstance(sys.stdout, TextIOWrapper):
        # A terminal that can't show a character of a name or an error still shows the rest.
        sys.stdout.reconfigure(errors="backslashreplace")
    if isinstance(sys.stdin, TextIOWrapper):
        # As files are, whatever the locale says.
        sys.stdin.reconfigure(encoding="utf-8", errors="strict")
    app(prog_name=PROGRAM)


@app.command()
def version() -> None:
    """Print the version of Tocsin, its commit, and the schema that it writes."""
    say(f"{PROGRAM} {tocsin_version()} (commit {commit() or 'unknown'}, schema {newest_schema()})")


def _print_version(wanted: bool) -> None:
    if wanted:
        version()
        raise typer.Exit


CONTEXT = "TOCSIN_CONTEXT"
# These call no server that a context could name; `config reload` chooses one itself.
LOCAL = {"serve", "demo", "dev-certs", "conformance", "version", "cron", "config", "context"} | {
    *("backup", "restore", "release", "check", "migrate", "move", "reset", "keys")
}


@app.callback()
def options(
    ctx: typer.Context,
    context: Annotated[  # noqa: ARG001 (commands choose it)
        str | None,
        typer.Option(
            "--context",
            envvar=CONTEXT,
            metavar="NAME",
            help="The server that `tocsin context add` gave this name. [default: the one in use]",
        ),
    ] = None,
    version: Annotated[  # noqa: ARG001 (its callback has ended the program)
        bool,
        typer.Option(
            "--version", is_eager=True, callback=_print_version, help="Do what `version` does."
        ),
    ] = False,
) -> None:
    """Takes the options that stand before a command; the help of `app` is shown for it."""
    refuse_empty(ctx, ctx.command.params, ctx.params)
    if ctx.invoked_subcommand not in LOCAL:
        choose_for(ctx)


defer_command(
    app,
    "schedule",
    "tocsin.cli.executions.schedule",
    "Run an integration once, at a time or now, and show the execution.",
)
defer_command(
    app,
    "apply",
    "tocsin.cli.apply.commands",
    "Make triggers, and other things, be what files say.",
)
defer_command(
    app,
    "export",
    "tocsin.cli.export",
    "Write the triggers of a folder as files that `apply` reads.",
)
defer_command(
    app,
    "top",
    "tocsin.cli.invocations.top",
    "Show what waits, what is under way, what ends and what fails, until Ctrl-C.",
)
defer_command(
    app,
    "missed",
    "tocsin.cli.triggers.missed",
    "Show what should have fired and did not, over all timers and schedules, and why.",
)
app.add_typer(
    deferred("tocsin.cli.triggers.commands", "List, change and fire triggers."), name="triggers"
)
app.add_typer(
    deferred("tocsin.cli.folders", "List folders and how many triggers they have."), name="folders"
)
app.add_typer(
    deferred(
        "tocsin.cli.invocations.commands", "List, follow, retry and cancel deliveries to targets."
    ),
    name="invocations",
)
app.add_typer(
    deferred("tocsin.cli.executions.commands", "List, follow and cancel runs of integrations."),
    name="executions",
)
app.add_typer(
    deferred("tocsin.cli.executions.schedules", "Run integrations again and again."),
    name="schedules",
)
app.add_typer(
    deferred("tocsin.cli.executions.operations", "List, wait for and cancel operations."),
    name="operations",
)
app.add_typer(
    deferred("tocsin.cli.integrations.commands", "Register, publish and list integrations."),
    name="integrations",
)
app.add_typer(
    deferred("tocsin.cli.dead_letters", "List failed deliveries, and deliver them again."),
    name="dead-letters",
)
app.add_typer(
    deferred(
        "tocsin.cli.access.commands", "Manage accounts, their keys and tokens, and their roles."
    ),
    name="access",
)
for name, summary in (
    ("backup", "Copy the database into one file, while servers go on using it."),
    ("restore", "Make a database of a backup, on hold."),
    ("release", "Let a restored database fire."),
    ("check", "Read the whole database and say what is wrong with it."),
    ("migrate", "Bring the schema of a database up to this version."),
    ("move", "Move everything from one database to another."),
    ("reset", "Delete all of a folder, for development."),
):
    defer_command(app, name, f"tocsin.cli.data.{name}", summary)
app.add_typer(
    deferred(
        "tocsin.cli.data.keys", "Encrypt the secret keys in the database, and change the key."
    ),
    name="keys",
)
defer_command(app, "health", "tocsin.cli.standing.health", "Ask the server whether it serves.")
defer_command(
    app,
    "whoami",
    "tocsin.cli.standing.whoami",
    "Show whom the server takes you for.",
)
app.add_typer(context_app, name="context")
app.add_typer(deferred("tocsin.cli.cron", "Try cron expressions."), name="cron")
app.add_typer(config.app, name="config")
refuse_repeats(app)
