"""Defines `tocsin demo`."""

from typing import Annotated

import typer

from tocsin.cli.refusal import refusal


def demo(
    listen: Annotated[
        str | None,
        typer.Option(
            metavar="HOST:PORT",
            help="Serve gRPC here. [default: the usual port, or a free one]",
        ),
    ] = None,
    http: Annotated[
        str | None,
        typer.Option(metavar="HOST:PORT|off", help="Serve REST here. [default: as for gRPC]"),
    ] = None,
) -> None:
    """Show Tocsin at work: a timer ticks, an integration runs. Ctrl-C ends it.

    The demo starts a server with its data in a temporary directory, and a target that shows the
    calls it gets. It leaves nothing behind.
    """
    # Slow to import, and other commands don't need them.
    import asyncio

    from tocsin.cli.terminal.output import people_console
    from tocsin.demo.run import DemoFailed, run_demo
    from tocsin.schedule import SystemClock

    try:
        asyncio.run(run_demo(SystemClock(), people_console(), listen=listen, http=http))
    except DemoFailed as error:
        raise refusal(str(error)) from error
