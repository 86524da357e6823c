"""Defines `tocsin config`, and the option that names the settings file."""

from pathlib import Path
from typing import Annotated

import typer

from tocsin.cli.refusal import refusal
from tocsin.cli.terminal.lines import say_json

app = typer.Typer(no_args_is_help=True, help="Check the settings.")

ConfigOption = Annotated[
    Path | None,
    typer.Option(
        "--config",
        envvar="TOCSIN_CONFIG",
        metavar="FILE",
        help="Read settings, including targets and integrations, from this TOML file.",
    ),
]


@app.command("check")
def config_check(config: ConfigOption = None) -> None:
    """Read the settings as `serve` would, and print the result as JSON."""
    from tocsin.settings import SettingsError, load_settings

    try:
        settings = load_settings(config)
    except SettingsError as error:
        raise refusal(str(error)) from error
    say_json(settings.model_dump_json(indent=2))
