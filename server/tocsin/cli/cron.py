"""`tocsin cron`."""

from datetime import UTC, datetime
from typing import Annotated

import typer

from tocsin.cli.refusal import refusal
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
    instant: datetime | None = _instant(after)
    for told in range(count):
        instant = cron.next(instant) if instant is not None else None
        if instant is None:
            if not told:
                raise refusal("it never fires")
            return
        typer.echo(instant.isoformat().replace("+00:00", "Z"))


def _instant(text: str | None) -> datetime:
    if text is None:
        return SystemClock().now()
    try:
        instant = datetime.fromisoformat(text)
    except ValueError as error:
        raise refusal(f"{text!r} is no ISO 8601 time, such as 2026-01-31T09:00Z") from error
    return instant if instant.tzinfo else instant.replace(tzinfo=UTC)
