"""Ends a command with an error."""

import typer

from tocsin.printable import printable

PROGRAM = "tocsin"

USAGE = 2
"""The exit status for a wrong option, file or name."""


def refusal(*messages: str, status: int = 1) -> typer.Exit:
    """Prints the messages to stderr, a line each; returns the exception that ends the program.

    A message of our own may have several lines; a server's must be made `printable` before.
    """
    for message in messages:
        typer.echo(f"{PROGRAM}: {printable(message, newlines=True)}", err=True)
    return typer.Exit(status)
