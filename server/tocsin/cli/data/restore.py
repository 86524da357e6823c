"""Defines `tocsin restore`."""

from pathlib import Path
from typing import Annotated

import typer

from tocsin.cli.config import ConfigOption
from tocsin.cli.data.options import CLOCK, DatabaseOption, database_of, done, maker
from tocsin.cli.data.release import RELEASE
from tocsin.cli.data.view import Notes, say_contents, say_overdue
from tocsin.cli.terminal.lines import say
from tocsin.store.copying.releasing import look_at_hold
from tocsin.store.copying.restoring import restore as restore_store

app = typer.Typer(rich_markup_mode="markdown")


@app.command()
def restore(
    backup: Annotated[
        Path, typer.Argument(metavar="FROM", help="The file that `tocsin backup` made.")
    ],
    database: DatabaseOption = None,
    config: ConfigOption = None,
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Replace the data of the database, which is lost.")
    ] = False,
) -> None:
    """Make a database of a backup, and put it on hold: nothing fires until `tocsin release`.

    The backup is checked before anything is written. No server may be using the database.
    """
    url = database_of(database, config)
    contents = done(restore_store(backup, url, maker("rst"), Notes(), overwrite=overwrite))
    now = CLOCK.now()
    say_contents(contents, now)
    say("")
    hold, work = done(look_at_hold(url, now=now))
    say_overdue(work)
    if hold is not None:
        say(RELEASE)
