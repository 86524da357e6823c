"""Defines `tocsin backup`."""

from pathlib import Path
from typing import Annotated

import typer

from tocsin.cli.config import ConfigOption
from tocsin.cli.data.options import CLOCK, DatabaseOption, database_of, done, maker
from tocsin.cli.data.view import Notes, say_contents
from tocsin.cli.refusal import USAGE, refusal
from tocsin.cli.terminal.lines import say
from tocsin.store.copying.backups import Maker, back_up

app = typer.Typer(rich_markup_mode="markdown")


@app.command()
def backup(
    to: Annotated[
        str,
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
    file = _file(to, named)
    contents = done(back_up(url, file, named, Notes()))
    say(f"file     {file}")
    say_contents(contents, CLOCK.now())


def _file(to: str, named: Maker) -> Path:
    """Returns the new file; a name that ends as a directory's must be one that exists."""
    path = Path(to)
    if not to or (to.endswith("/") and not path.is_dir()):
        raise refusal(f"--to {to}: is not a directory: make it, or name a file", status=USAGE)
    return path / f"tocsin-{named.now:%Y%m%dT%H%M%SZ}.db" if path.is_dir() else path
