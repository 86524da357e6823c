"""Ends a command with an error."""

import typer

PROGRAM = "tocsin"

USAGE = 2
"""The exit status for a wrong option, file or name."""


def refusal(*messages: str, status: int = 1) -> typer.Exit:
    """Prints the messages to stderr, a line each; returns the exception that ends the program."""
    for message in messages:
        typer.echo(f"{PROGRAM}: {message}", err=True)
    return typer.Exit(status)
