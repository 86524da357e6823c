"""Defines `tocsin backup`."""

from pathlib import Path
from typing import Annotated

import typer

from tocsin.cli.config import ConfigOption
from tocsin.cli.data.options import CLOCK, DatabaseOption, database_of, done, maker
from tocsin.cli.data.view import Notes, say_contents
from tocsin.cli.terminal.lines import say
from tocsin.store.copying.backups import back_up

app = typer.Typer(rich_markup_mode="markdown")


@app.command()
def backup(
    to: Annotated[
        Path,
        typer.Option(
            metavar="FILE|DIR",
            help="The new file, or a directory, where the file is named by the time.",
        ),
    ],
    database: DatabaseOption = None,
    config: ConfigOption = None,
) -> None:
    """Copy the database into one file, while servers go on using it.

    The copy has everything as it was at one moment, and is checked: its structure, its rows, their
    checksums. It is a SQLite file, also of a PostgreSQL database. `tocsin restore` reads it.
    """
    url = database_of(database, config)
    named = maker("bkp")
    file = to / f"tocsin-{named.now:%Y%m%dT%H%M%SZ}.db" if to.is_dir() else to
    contents = done(back_up(url, file, named, Notes()))
    say(f"file     {file}")
    say_contents(contents, CLOCK.now())
