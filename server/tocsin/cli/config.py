"""Defines `tocsin config`, and the option that names the settings file."""

from pathlib import Path
from typing import Annotated

import typer

from tocsin.cli.contexts.chosen import choose_for
from tocsin.cli.deferred import defer_command
from tocsin.cli.refusal import refusal
from tocsin.cli.terminal.lines import say_json

app = typer.Typer(no_args_is_help=True, help="Check the settings, and put new ones in force.")

ConfigOption = Annotated[
    Path | None,
    typer.Option(
        "--config",
        envvar="TOCSIN_CONFIG",
        metavar="FILE",
        help="Read settings, including targets and integrations, from this TOML file.",
    ),
]


@app.callback()
def options(ctx: typer.Context) -> None:
    """Chooses the server for the only command of the group that calls one."""
    if ctx.invoked_subcommand == "reload":
        choose_for(ctx.find_root())


defer_command(
    app,
    "reload",
    "tocsin.cli.standing.reload",
    "Let the server read its settings again, and show what changed.",
)


@app.command("check")
def config_check(config: ConfigOption = None) -> None:
    """Read the settings as `serve` would, and print the result as JSON."""
    from tocsin.settings import SettingsError, load_settings

    try:
        settings = load_settings(config)
    except SettingsError as error:
        raise refusal(str(error)) from error
    say_json(settings.model_dump_json(indent=2))
