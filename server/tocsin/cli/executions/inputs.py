"""Reads what people hand to integrations: `NAME=VALUE`, and when: an instant or a time from now."""

import re
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Annotated

import typer

from tocsin.cli.refusal import USAGE, refusal
from tocsin.cli.terminal.instants import UNITS, read_instant
from tocsin.compilers.parameters import from_json
from tocsin.wire.json_text import parse_json
from tocsin_protos.google.cloud.integrations.v1alpha.value_type_pb2 import ValueType

_FROM_NOW = re.compile(r"\+(\d{1,9})([smhd])")

InputOption = Annotated[
    list[str] | None,
    typer.Option(
        "--input",
        metavar="NAME=VALUE",
        help="Hand over this parameter; can be repeated. A value that is JSON is handed over as "
        "such: `n=3` is a number, `n='\"3\"'` and `n=three` are texts.",
    ),
]


def values_of(inputs: Sequence[str]) -> dict[str, ValueType]:
    """Returns the typed values of `NAME=VALUE` texts; a wrong one ends the program."""
    values: dict[str, ValueType] = {}
    for text in inputs:
        name, equals, value = text.partition("=")
        if not name or not equals:
            raise refusal(f"--input: {text!r} is not NAME=VALUE", status=USAGE)
        if name in values:
            raise refusal(f"--input: {name!r} is given twice", status=USAGE)
        try:
            values[name] = from_json(parse_json(value))
        except ValueError:
            values[name] = ValueType(string_value=value)
    return values


def instant_at(text: str, now: datetime) -> datetime:
    """Returns the instant of an ISO 8601 time, or of a time from now such as `+10m`."""
    match = _FROM_NOW.fullmatch(text)
    if match is None:
        if text.startswith("+"):
            raise refusal(
                f"--at: {text!r} is not a time from now, such as +30s, +10m, +2h or +1d",
                status=USAGE,
            )
        return read_instant(text)
    try:
        return now + timedelta(**{UNITS[match[2]]: int(match[1])})
    except OverflowError:
        raise refusal(f"--at: {text} from now is after the year 9999", status=USAGE) from None
