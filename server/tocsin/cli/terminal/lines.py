"""Prints lines, with what strangers wrote in them made printable. It imports nothing slow.

All that a command prints goes through here or through `output`.
"""

import typer

from tocsin.cli.refusal import refusal
from tocsin.printable import printable, printable_json


def echo(text: str, *, nl: bool = True) -> None:
    """Writes text to stdout; ends the program if it can't be written, such as to a full disk."""
    try:
        typer.echo(text, nl=nl)
    except BrokenPipeError:
        raise
    except OSError as error:
        raise refusal(f"can't write the output: {error.strerror}") from error


def say(text: str) -> None:
    """Prints a line to stdout; a line break in it is shown as an escape."""
    echo(printable(text))


def say_lines(text: str) -> None:
    """Prints text that has lines of its own."""
    echo(printable(text, newlines=True))


def say_json(text: str) -> None:
    """Prints JSON, with the same value."""
    echo(printable_json(text))


def note(text: str) -> None:
    """Prints a line to stderr, for people, that is not part of the output."""
    typer.echo(printable(text), err=True)


def one_line(text: str) -> str:
    """Returns a printable text with a blank for each run of white space, as a cell of a table."""
    return printable(" ".join(text.split()))


def counted(count: int, noun: str) -> str:
    """Returns a number with its noun: `1 trigger`, `2 triggers`."""
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"
