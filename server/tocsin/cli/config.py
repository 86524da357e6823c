"""`tocsin config`, and the option that names the file."""

from pathlib import Path
from typing import Annotated

import typer

from tocsin.cli.refusal import refusal

app = typer.Typer(no_args_is_help=True, help="Look at the settings.")

ConfigOption = Annotated[
    Path | None,
    typer.Option(
        "--config",
        envvar="TOCSIN_CONFIG",
        metavar="FILE",
        help="A TOML file with settings, among them targets and integrations.",
    ),
]


@app.command("check")
def config_check(config: ConfigOption = None) -> None:
    """Read the settings as `serve` would, and show what they come to."""
    from tocsin.settings import SettingsError, load_settings

    try:
        settings = load_settings(config)
    except SettingsError as error:
        raise refusal(str(error)) from error
    typer.echo(settings.model_dump_json(indent=2))
