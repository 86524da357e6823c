"""Formats JSON for people: on one line if it fits, and cut if it is long."""

import json
from collections.abc import Iterator
from typing import Any

from tocsin.printable import printable_json

LONGEST_TEXT = 80
MOST_LINES = 24


def laid_out(value: Any, width: int) -> list[str]:
    """Returns the lines of a JSON value; `…` marks cut strings and omitted lines."""
    try:
        lines = [printable_json(line) for line in _lines(_shortened(value), width)]
    except RecursionError:
        return ["… nested too deep to be shown"]
    if len(lines) <= MOST_LINES:
        return lines
    return [*lines[: MOST_LINES - 1], f"… and {len(lines) - MOST_LINES + 1} more lines"]


def _lines(value: Any, width: int, before: str = "", after: str = "") -> Iterator[str]:
    on_one_line = before + json.dumps(value, ensure_ascii=False) + after
    indent = " " * (len(before) - len(before.lstrip()) + 2)
    if len(on_one_line) <= width or not isinstance(value, dict | list) or not value:
        yield on_one_line
    elif isinstance(value, dict):
        yield before + "{"
        for key, comma in _with_commas(value):
            yield from _lines(value[key], width, f"{indent}{json.dumps(key)}: ", comma)
        yield indent[2:] + "}" + after
    else:
        yield before + "["
        for item, comma in _with_commas(value):
            yield from _lines(item, width, indent, comma)
        yield indent[2:] + "]" + after


def _with_commas(items: Any) -> Iterator[tuple[Any, str]]:
    last = len(items) - 1
    for index, item in enumerate(items):
        yield item, "" if index == last else ","


def _shortened(value: Any) -> Any:
    match value:
        case dict():
            return {_shortened(key): _shortened(item) for key, item in value.items()}
        case list():
            return [_shortened(item) for item in value]
        case str() if len(value) > LONGEST_TEXT:
            return value[: LONGEST_TEXT - 1] + "…"
    return value
