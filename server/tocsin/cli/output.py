"""What the commands print: tables for people, the API's own JSON for machines.

On a terminal a table has colours and fits its width, by folding and never by leaving out. Elsewhere
it is plain: one line for each row, columns two blanks apart.
"""

import json
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from enum import StrEnum
from typing import Annotated, Any

import typer
import yaml
from google.protobuf import empty_pb2, json_format
from google.protobuf.message import Message
from google.protobuf.timestamp_pb2 import Timestamp
from rich.cells import cell_len
from rich.console import Console, RenderableType
from rich.table import Table
from rich.text import Text


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
}

GAP = 2

Row = Sequence[str]


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


def shown_instant(timestamp: Timestamp) -> str:
    """Returns an instant for people: UTC, to the second, or finer where it is."""
    instant = timestamp.ToDatetime(UTC)
    shown = f"{instant:%Y-%m-%d %H:%M:%S}"
    return f"{shown}.{instant.microsecond // 1000:03}" if instant.microsecond else shown


def iso(instant: datetime) -> str:
    """Returns an instant as the API's JSON has it."""
    return instant.astimezone(UTC).isoformat().replace("+00:00", "Z")


def print_table(head: Row, rows: Sequence[Row], nothing: str) -> None:
    """Prints a table; on a terminal, one of no rows says so instead."""
    console = Console(highlight=False)
    if not console.is_terminal:
        for line in plain_lines([head, *rows]):
            typer.echo(line)
    elif rows:
        console.print(table(head, rows))
    else:
        console.print(Text(nothing, style="dim"))


def table(head: Row, rows: Iterable[Row]) -> RenderableType:
    """Returns a table for a terminal."""
    drawn = Table(box=None, pad_edge=False, padding=(0, GAP, 0, 0), header_style="bold")
    for name in head:
        drawn.add_column(name, overflow="fold")
    for row in rows:
        drawn.add_row(*(Text(cell, style=STYLES.get(cell, "")) for cell in row))
    return drawn


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
