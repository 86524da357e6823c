"""What the commands print: tables for people, the API's own JSON for machines.

On a terminal a table has colours, and what does not fit beside stands below. Elsewhere it is plain:
one line for each row, columns two blanks apart.
"""

import json
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC
from enum import StrEnum
from typing import Annotated, Any

import typer
import yaml
from google.protobuf import empty_pb2, json_format
from google.protobuf.message import Message
from google.protobuf.timestamp_pb2 import Timestamp
from rich.cells import cell_len
from rich.console import Console
from rich.table import Table
from rich.text import Text

from tocsin.cli.terminal.instants import for_people


class Output(StrEnum):
    """The forms of output."""

    TABLE = "table"
    JSON = "json"


OutputOption = Annotated[
    Output,
    typer.Option(
        "-o",
        "--output",
        help="table: for people, instants in UTC. json: the API's messages as proto JSON.",
    ),
]

# JSON of an Any needs the message types that it may hold to be loaded: this one no stub imports.
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
"""What stands below a row, of which the first so many columns fit. Empty: nothing."""


def _rest(row: Row, fitting: int) -> str:
    return "  ".join(filter(None, row[fitting:]))


def to_json(message: Message, defaults: bool = True) -> Any:
    """Returns a message as the values of its proto JSON, which the REST API speaks too.

    Args:
        message: the message.
        defaults: whether fields are there too that hold the default of their type.
    """
    return json_format.MessageToDict(message, always_print_fields_with_no_presence=defaults)


def print_json(value: Message | Iterable[Message]) -> None:
    """Prints one message as an object, or several as one array."""
    plain = to_json(value) if isinstance(value, Message) else [to_json(each) for each in value]
    typer.echo(json.dumps(plain, indent=2, ensure_ascii=False))


def print_json_line(message: Message) -> None:
    """Prints a message as one line, at once."""
    typer.echo(json.dumps(to_json(message), ensure_ascii=False))


def as_yaml(value: Any) -> str:
    """Returns values of JSON in the form that `-f` reads."""
    return yaml.safe_dump(value, sort_keys=False, allow_unicode=True, width=1000).rstrip()


def shown(timestamp: Timestamp) -> str:
    """Returns an instant for people; one that is not set is empty."""
    return for_people(timestamp.ToDatetime(UTC)) if timestamp != Timestamp() else ""


def note(text: str) -> None:
    """Tells on stderr what is not part of the output."""
    typer.echo(text, err=True)


def print_table(head: Row, rows: Sequence[Row], nothing: str, note: Note = _rest) -> None:
    """Prints a table.

    On a terminal the last columns are left out if they don't fit; what `note` makes of them stands
    below the row. If there are no rows, `nothing` says so. Elsewhere a row is a line, whatever its
    length, and no rows are no lines but the head.
    """
    console = Console(highlight=False)
    if not console.is_terminal:
        for line in plain_lines([head, *rows]):
            typer.echo(line)
    elif rows:
        console.print(drawn(head, rows, note, console.width), soft_wrap=True)
    else:
        console.print(Text(nothing, style="dim"))


def drawn(head: Row, rows: Sequence[Row], note: Note, width: int) -> Text:
    """Returns a table for a terminal of that width."""
    widths = [max(map(cell_len, column)) for column in zip(head, *rows, strict=True)]
    fitting = 1
    while fitting < len(head) and sum(widths[: fitting + 1]) + GAP * fitting <= width:
        fitting += 1
    text = Text(no_wrap=True)
    text.append_text(_aligned(head, widths[:fitting], "bold"))
    for row in rows:
        text.append("\n").append_text(_aligned(row, widths[:fitting]))
        if told := note(row, fitting):
            text.append("\n").append(" " * GAP + told, style="dim")
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
    cells = [[" ".join(cell.split()) or "-" for cell in row] for row in rows]
    widths = [max(map(cell_len, column)) for column in zip(*cells, strict=True)]
    for row in cells:
        yield "".join(
            cell + " " * (width - cell_len(cell) + GAP)
            for cell, width in zip(row, widths, strict=True)
        ).rstrip()


def print_details(details: Iterable[tuple[str, str]]) -> None:
    """Prints names and values; what has no value is left out. A value may be of many lines."""
    console = Console(highlight=False)
    given = [(name, value) for name, value in details if value]
    width = max(len(name) for name, _ in given) + GAP
    if not console.is_terminal:
        for name, value in given:
            typer.echo(f"{name:<{width}}" + value.replace("\n", "\n" + " " * width))
        return
    grid = Table.grid()
    grid.add_column(style="bold", width=width)
    grid.add_column(overflow="fold")
    for name, value in given:
        grid.add_row(name, Text(value, style=STYLES.get(value, "")))
    console.print(grid)
