"""Defines `tocsin cron`."""

from typing import Annotated

import typer

from tocsin.cli.refusal import refusal
from tocsin.cli.terminal.instants import read_instant
from tocsin.cli.terminal.lines import note, say
from tocsin.schedule import Cron, CronError, SystemClock
from tocsin.schedule.day_numbers import unix_lint
from tocsin.schedule.instants import iso

app = typer.Typer(no_args_is_help=True, help="Try cron expressions.")


@app.command("next")
def cron_next(
    expression: Annotated[
        str,
        typer.Argument(
            metavar="EXPR",
            help="Minutes Hours Day-of-month Month Day-of-week [Year]: '0 9 ? * MON-FRI *'.",
        ),
    ],
    after: Annotated[
        str | None,
        typer.Option(
            metavar="TIME", help="An ISO 8601 time, in UTC unless it has an offset. [default: now]"
        ),
    ] = None,
    count: Annotated[int, typer.Option("-n", min=1, max=10_000, help="How many to show.")] = 5,
) -> None:
    """Show when a timer with this cron expression fires next, in UTC."""
    try:
        cron = Cron(expression)
    except CronError as error:
        raise refusal(str(error)) from error
    if days := unix_lint(expression):
        note(days)
    instant = read_instant(after) if after else SystemClock().now()
    for index in range(count):
        tick = cron.next(instant)
        if tick is None:
            if index == 0:
                raise refusal(f"a timer with this expression never fires after {iso(instant)}")
            return
        say(iso(tick))
        instant = tick
