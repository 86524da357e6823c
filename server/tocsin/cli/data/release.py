"""Defines `tocsin release`."""

from typing import Annotated

import typer

from tocsin.cli.config import ConfigOption
from tocsin.cli.data.options import CLOCK, DatabaseOption, database_of, done
from tocsin.cli.data.view import say_overdue, span
from tocsin.cli.refusal import refusal
from tocsin.cli.terminal.instants import for_people
from tocsin.cli.terminal.lines import say
from tocsin.store.copying.releasing import end_hold, look_at_hold
from tocsin.store.driver.opening import safe_url

app = typer.Typer(rich_markup_mode="markdown")

RELEASE = (
    "The store is on hold: servers answer calls, and nothing fires. What is listed may have been "
    "delivered after the backup. Cancel or pause what must not come again, then run "
    "`tocsin release`."
)


@app.command()
def release(
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only list what is overdue, and stay on hold.")
    ] = False,
    database: DatabaseOption = None,
    config: ConfigOption = None,
) -> None:
    """End the hold of a restored database: what is overdue fires.

    Servers that use the database notice it within a second.
    """
    url = database_of(database, config)
    now = CLOCK.now()
    hold, work = done(look_at_hold(url, now=now))
    if hold is None:
        raise refusal(f"{safe_url(url)} is not on hold")
    say(f"The backup was taken {for_people(hold.backup_at)} UTC, {span(now - hold.backup_at)} ago.")
    say_overdue(work)
    if dry_run:
        say(RELEASE)
    else:
        done(end_hold(url))
        say("Released: servers fire from now on.")
