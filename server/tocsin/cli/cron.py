"""`tocsin cron`."""

from typing import Annotated

import typer

from tocsin.cli.refusal import refusal
from tocsin.cli.terminal.instants import iso, read_instant
from tocsin.schedule import Cron, CronError, SystemClock

app = typer.Typer(no_args_is_help=True, help="Look at cron expressions.")


@app.command("next")
def cron_next(
    expression: Annotated[
        str,
        typer.Argument(
            metavar="EXPR",
            help="Minutes Hours Day-of-month Month Day-of-week [Year], such as '0 9 ? * 2-6 *'.",
        ),
    ],
    after: Annotated[
        str | None,
        typer.Option(metavar="TIME", help="An ISO 8601 time, UTC unless it says. [default: now]"),
    ] = None,
    count: Annotated[int, typer.Option("-n", min=1, max=10_000, help="How many to tell.")] = 5,
) -> None:
    """Tell when a timer with this cron expression fires next (always UTC)."""
    try:
        cron = Cron(expression)
    except CronError as error:
        raise refusal(str(error)) from error
    instant = read_instant(after) if after else SystemClock().now()
    for told in range(count):
        found = cron.next(instant)
        if found is None:
            if not told:
                raise refusal("it never fires")
            return
        typer.echo(iso(found))
        instant = found
