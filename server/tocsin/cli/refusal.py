"""How a command ends that can't do what it was asked."""

import typer

PROGRAM = "tocsin"

USAGE = 2
"""The exit status of a command that was asked for what can't be: an option, a file, a name."""


def refusal(*messages: str, status: int = 1) -> typer.Exit:
    """Tells on stderr why, in a line for each message; returns what is to be raised."""
    for message in messages:
        typer.echo(f"{PROGRAM}: {message}", err=True)
    return typer.Exit(status)
