"""`tocsin demo`."""

from typing import Annotated

import typer

from tocsin.cli.refusal import refusal


def demo(
    listen: Annotated[
        str | None,
        typer.Option(
            metavar="HOST:PORT",
            help="Where gRPC is served. [default: the usual port, or a free one]",
        ),
    ] = None,
    http: Annotated[
        str | None,
        typer.Option(metavar="HOST:PORT|off", help="Where REST is served. [default: as for gRPC]"),
    ] = None,
) -> None:
    """Show it at work: a timer that ticks, an integration that runs. Ctrl-C ends it.

    Starts a server with its data in a temporary directory and a target that shows what it is
    sent, and leaves nothing behind.
    """
    # Slow to import, and of no use to the other commands.
    import asyncio

    from rich.console import Console

    from tocsin.demo.run import DemoFailed, run_demo
    from tocsin.schedule import SystemClock

    try:
        asyncio.run(run_demo(SystemClock(), Console(highlight=False), listen=listen, http=http))
    except DemoFailed as error:
        raise refusal(str(error)) from error
