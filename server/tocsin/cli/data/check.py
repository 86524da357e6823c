"""Defines `tocsin check`."""

import typer

from tocsin.cli.config import ConfigOption
from tocsin.cli.data.options import CLOCK, DatabaseOption, database_of, done
from tocsin.cli.data.release import RELEASE
from tocsin.cli.data.view import Notes, say_overdue, summary
from tocsin.cli.refusal import refusal
from tocsin.cli.terminal.lines import say
from tocsin.store.copying.checking import check_store

app = typer.Typer(rich_markup_mode="markdown")


@app.command()
def check(database: DatabaseOption = None, config: ConfigOption = None) -> None:
    """Read the whole database and say what is wrong with it; change nothing.

    It works beside servers, and on backups. The exit status is 1 if something is wrong. Overdue
    work is listed, and is not wrong.
    """
    url = database_of(database, config)
    checked = done(check_store(url, now=CLOCK.now(), report=Notes()))
    say(f"database {checked.url}")
    newer = "" if checked.schema == checked.newest else f"; this version's is {checked.newest}"
    say(f"schema   {checked.schema}{newer}")
    say(f"holds    {summary(checked.tables)}")
    if checked.work is not None:
        say_overdue(checked.work)
    if checked.hold is not None:
        say(RELEASE)
    if checked.problems:
        raise refusal(*checked.problems)
    say("Nothing is wrong.")
