"""Prints the output of commands: tables for people, the API's own JSON for machines.

All of it is made printable: names, payloads and errors are strangers' text. No markup in them is
read.

On a terminal a table has colours, and columns that don't fit go below the row. Elsewhere a table is
plain: one line for each row, columns two blanks apart.
"""

import json
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC
from enum import StrEnum
from typing import Annotated, Any

import typer
from google.protobuf import empty_pb2, json_format
from google.protobuf.message import Message
from google.protobuf.timestamp_pb2 import Timestamp
from rich.cells import cell_len
from rich.console import Console
from rich.table import Table
from rich.text import Text

from tocsin.cli.terminal.instants import for_people
from tocsin.cli.terminal.lines import echo, one_line, say, say_json, say_lines
from tocsin.printable import printable


class Output(StrEnum):
    """Names the forms of output."""

    TABLE = "table"
    JSON = "json"


OutputOption = Annotated[
    Output,
    typer.Option(
        "-o",
        "--output",
        help="`table` is for people, with instants in UTC; `json` prints the API's messages as "
        "proto JSON.",
    ),
]


class TableOutput(StrEnum):
    """Names the forms of output of a table that also has a wide form."""

    TABLE = "table"
    WIDE = "wide"
    JSON = "json"


TableOutputOption = Annotated[
    TableOutput,
    typer.Option(
        "-o",
        "--output",
        help="`table` is for people, with instants in UTC, `wide` has more columns; `json` prints "
        "the API's messages as proto JSON.",
    ),
]

# To print an Any, its message type must be loaded; no stub imports this one.
EMPTY = empty_pb2.Empty

STYLES = {
    "ACTIVE": "green",
    "PAUSED": "yellow",
    "PENDING": "cyan",
    "RUNNING": "bold cyan",
    "RETRYING": "yellow",
    "DEAD_LETTERING": "magenta",
    "SUCCEEDED": "green",
    "FAILED": "red",
    "DEAD_LETTERED": "magenta",
    "CANCELLED": "dim",
}

GAP = 2

Row = Sequence[str]

Note = Callable[[Row, int], str]
"""Returns the line below a row of which the given number of columns fit; empty for no line."""


def _rest(row: Row, fitting: int) -> str:
    return "  ".join(filter(None, row[fitting:]))


def to_json(message: Message, defaults: bool = True) -> Any:
    """Returns a message as the values of its proto JSON, the same as over REST.

    Args:
        message: the message.
        defaults: whether to include fields with the default of their type.
    """
    return json_format.MessageToDict(message, always_print_fields_with_no_presence=defaults)


def people_console() -> Console:
    """Returns the console on stdout; it reads no markup in what it prints."""
    return Console(highlight=False, markup=False, emoji=False)


def print_json(value: Message | Iterable[Message]) -> None:
    """Prints one message as an object, or several as one array."""
    plain = to_json(value) if isinstance(value, Message) else [to_json(item) for item in value]
    say_json(json.dumps(plain, indent=2, ensure_ascii=False))


def print_json_line(message: Message) -> None:
    """Prints a message as one line of JSON."""
    say_json(json.dumps(to_json(message), ensure_ascii=False))


def print_document(text: str) -> None:
    """Prints documents that other programs read; their writers leave nothing to be escaped."""
    echo(printable(text, newlines=True), nl=False)


def instant_text(timestamp: Timestamp) -> str:
    """Formats an instant for people; returns an empty string if it is not set."""
    return for_people(timestamp.ToDatetime(UTC)) if timestamp != Timestamp() else ""


def print_table(head: Row, rows: Sequence[Row], nothing: str, note: Note = _rest) -> None:
    """Prints a table.

    On a terminal, columns that don't fit are left out, and `note` makes a line below the row of
    them. Without rows it prints `nothing`. Elsewhere each row is a line, whatever its length, and
    without rows only the head is printed.
    """
    console = people_console()
    if not console.is_terminal:
        for line in plain_lines([head, *rows]):
            say(line)
    elif rows:
        console.print(drawn(head, rows, note, console.width), soft_wrap=True)
    else:
        console.print(Text(printable(nothing), style="dim"))


def drawn(head: Row, rows: Sequence[Row], note: Note, width: int) -> Text:
    """Returns a table for a terminal of that width, in characters."""
    rows = [[one_line(cell) for cell in row] for row in rows]
    widths = [max(map(cell_len, column)) for column in zip(head, *rows, strict=True)]
    fitting = 1
    while fitting < len(head) and sum(widths[: fitting + 1]) + GAP * fitting <= width:
        fitting += 1
    text = Text(no_wrap=True)
    text.append_text(_aligned(head, widths[:fitting], "bold"))
    for row in rows:
        text.append("\n").append_text(_aligned(row, widths[:fitting]))
        if below := note(row, fitting):
            text.append("\n").append(" " * GAP + below, style="dim")
    return text


def _aligned(row: Row, widths: Sequence[int], style: str = "") -> Text:
    line = Text()
    for cell, width in zip(row, widths, strict=False):
        line.append(cell, style=style or STYLES.get(cell, ""))
        line.append(" " * (width - cell_len(cell) + GAP))
    line.rstrip()
    return line


def plain_lines(rows: Sequence[Row]) -> Iterable[str]:
    """Yields the rows as lines of aligned columns."""
    cells = [[one_line(cell) or "-" for cell in row] for row in rows]
    widths = [max(map(cell_len, column)) for column in zip(*cells, strict=True)]
    for row in cells:
        yield "".join(
            cell + " " * (width - cell_len(cell) + GAP)
            for cell, width in zip(row, widths, strict=True)
        ).rstrip()


def print_details(details: Iterable[tuple[str, str]]) -> None:
    """Prints names and values, except empty values; a value may have several lines."""
    console = people_console()
    given = [(name, printable(value, newlines=True)) for name, value in details if value]
    width = max(len(name) for name, _ in given) + GAP
    if not console.is_terminal:
        for name, value in given:
            say_lines(f"{name:<{width}}" + value.replace("\n", "\n" + " " * width))
        return
    grid = Table.grid()
    grid.add_column(style="bold", width=width)
    grid.add_column(overflow="fold")
    for name, value in given:
        grid.add_row(name, Text(value, style=STYLES.get(value, "")))
    console.print(grid)
