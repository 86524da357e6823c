"""How a command ends that can't do what it was asked."""

import typer

PROGRAM = "tocsin"


def refusal(message: str) -> typer.Exit:
    """Tells on stderr why; returns what is to be raised, which ends the program with status 1."""
    typer.echo(f"{PROGRAM}: {message}", err=True)
    return typer.Exit(1)
