"""Defines `tocsin move`."""

from typing import Annotated

import typer

from tocsin.cli.data.options import CLOCK, done, maker
from tocsin.cli.data.view import Notes
from tocsin.cli.refusal import USAGE, refusal
from tocsin.cli.terminal.lines import say
from tocsin.store.copying.moving import abandon_move, plan_move
from tocsin.store.copying.moving import move as move_store

app = typer.Typer(rich_markup_mode="markdown")


@app.command()
def move(
    source: Annotated[str, typer.Option("--from", metavar="URL", help="The database to move.")],
    destination: Annotated[
        str, typer.Option("--to", metavar="URL", help="A new or empty database, of either kind.")
    ],
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only count the rows, and look whether it would work.")
    ] = False,
    abandon: Annotated[
        bool,
        typer.Option("--abandon", help="Give up a move that was interrupted; the source stays."),
    ] = False,
) -> None:
    """Move everything from one database to another: ids, mail addresses, history, keys.

    Stop all servers first. At the end the old database is marked as moved, and no server takes it.
    Run an interrupted move again, and it goes on.
    """
    if dry_run and abandon:
        raise refusal("--dry-run and --abandon exclude each other", status=USAGE)
    if dry_run:
        counts = done(plan_move(source, destination))
        for name, count in counts.items():
            if count:
                say(f"{count:>12,}  {name}")
        say(f"{sum(counts.values()):>12,}  rows in all would be moved")
        return
    if abandon:
        say(f"gave up move {done(abandon_move(source, destination))}")
        return
    began = CLOCK.monotonic()
    moved = done(move_store(source, destination, maker("mov"), Notes()))
    seconds = CLOCK.monotonic() - began
    rows = sum(table.rows for table in moved.tables.values())
    for table in moved.tables.values():
        if table.rows:
            say(f"{table.rows:>12,}  {table.checksum:032x}  {table.name}")
    say(f"{rows:>12,}  rows in {seconds:.1f} s")
    say(f"move {moved.id}: {moved.source} is marked as moved; serve {moved.destination}")
