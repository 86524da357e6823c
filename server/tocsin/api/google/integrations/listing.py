"""Filters, sorts and pages lists of integrations and versions, which are short."""

import json
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, TypeAlias, TypeVar

from tocsin.api.google.expressions import Comparison, compiled, parse_expression
from tocsin.store.driver.instants import to_micros
from tocsin.wire.errors import invalid_field
from tocsin.wire.paging import LARGEST_PAGE, ListTokens

T = TypeVar("T")

Plain: TypeAlias = str | int | bool | datetime | None
Fields: TypeAlias = Mapping[str, Callable[[T], Plain]]
"""Returns a field of a row, by the names that filters and orders use."""


def filter_of(text: str, fields: Fields[T]) -> Callable[[T], bool]:
    """Returns the test of a filter (AIP-160); an empty one takes all.

    Raises:
        ApiError: the filter can't be parsed, or names a field that can't be filtered.
    """
    try:
        return compiled(parse_expression(text), lambda compared: _test(compared, fields))
    except ValueError as error:
        raise invalid_field("filter", str(error)) from None


def _test(compared: Comparison, fields: Fields[T]) -> Callable[[T], bool]:
    """Returns the test of one comparison.

    Raises:
        ValueError: the field does not exist, or can't be compared so.
    """
    field = fields.get(compared.field)
    if field is None:
        known = ", ".join(fields)
        raise ValueError(f"the field {compared.field[:64]!r} is not supported; expected {known}")
    operator, value = compared.operator, compared.value
    if operator == ":":
        return lambda row: value.casefold() in _text(field(row)).casefold()
    if operator in ("=", "!="):
        wanted = operator == "="
        return lambda row: (_text(field(row)) == _as_text(value, field(row))) is wanted
    return lambda row: _ordered(field(row), operator, value)


def _text(value: Plain) -> str:
    match value:
        case None:
            return ""
        case bool():
            return "true" if value else "false"
        case datetime():
            return value.isoformat()
        case _:
            return str(value)


def _as_text(value: str, like: Plain) -> str:
    if isinstance(like, datetime):
        try:
            return datetime.fromisoformat(value).astimezone(like.tzinfo).isoformat()
        except ValueError:
            return value
    return value


def _ordered(found: Plain, operator: str, value: str) -> bool:
    """Compares instants and numbers by their order; other values by that of their characters."""
    try:
        match found:
            case None:
                return False
            case datetime():
                compared = datetime.fromisoformat(value).astimezone(found.tzinfo)
                sign = (found > compared) - (found < compared)
            case bool() | str():
                sign = (_text(found) > value) - (_text(found) < value)
            case _:
                sign = (found > float(value)) - (found < float(value))
    except (ValueError, OverflowError):
        return False
    return {"<": sign < 0, "<=": sign <= 0, ">": sign > 0, ">=": sign >= 0}[operator]


def order_of(text: str, fields: Sequence[str], usual: str) -> tuple[str, bool]:
    """Returns the field to sort by, and whether in reverse.

    Raises:
        ApiError: it is not one of the fields, each with ` desc` or without.
    """
    words = (text or usual).split()
    if not 1 <= len(words) <= 2 or words[0] not in fields or words[1:] not in ([], ["desc"]):
        raise invalid_field(
            "order_by", f"must be one of {', '.join(fields)}, with or without ` desc` after it"
        )
    return words[0], len(words) == 2


def page_in_order(
    rows: list[T],
    key: Callable[[T], tuple[Plain, str]],
    *,
    reverse: bool,
    size: int,
    tokens: ListTokens,
    token: str,
) -> tuple[list[T], str]:
    """Returns a page of sorted rows, and the token of the page that follows; empty if none does.

    Raises:
        ApiError: the token is not one of this list.
    """
    keyed = sorted(((_plain_key(key(row)), row) for row in rows), key=lambda pair: pair[0])
    if reverse:
        keyed.reverse()
    position = tokens.position(token)
    if position is not None:
        after = _plain_key(tuple(json.loads(position)))
        keyed = [pair for pair in keyed if (pair[0] < after if reverse else pair[0] > after)]
    page = keyed[:size]
    if len(keyed) <= size:
        return [row for _, row in page], ""
    return [row for _, row in page], tokens.token(json.dumps(page[-1][0]))


def position_of(key: tuple[Plain, str]) -> str:
    """Returns the position of a row in a sorted list, by its key, for a token."""
    return json.dumps(_plain_key(key))


def _plain_key(key: tuple[Any, ...]) -> tuple[Any, ...]:
    return tuple(to_micros(part) if isinstance(part, datetime) else part for part in key)


def size_of(asked: int, usual: int, most: int = LARGEST_PAGE) -> int:
    """Returns the size of a page; more than the most is the most (AIP-158).

    Raises:
        ApiError: it is negative.
    """
    if asked < 0:
        raise invalid_field("page_size", f"Value must be from 0 to {most}, but was {asked}")
    return min(asked or usual, most)
