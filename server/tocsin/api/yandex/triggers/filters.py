"""Parses the filter of lists: `name = "x"`, `!=`, `IN (…)`, `NOT IN (…)`, joined by AND."""

import re
from collections.abc import Callable

from tocsin.store.triggers.rows import NameFilter
from tocsin.wire.errors import invalid_field

LONGEST_FILTER = 1000

_TOKEN = re.compile(
    r"""\s*(?: (?P<quoted>"[^"]*"|'[^']*')
             | (?P<symbol>!=|=|\(|\)|,)
             | (?P<word>[^\s"'!=(),]+) )""",
    re.VERBOSE,
)


def name_filter(text: str, is_name: Callable[[str], bool]) -> NameFilter:
    """Parses a filter by name (Yandex Cloud API, Trigger.list).

    Args:
        text: the filter; empty matches every name.
        is_name: returns whether a value can be a name.

    Raises:
        ApiError: the filter can't be parsed, uses another field, or has a value that can't be a
            name.
    """
    if len(text) > LONGEST_FILTER:
        raise _refused(f"must have at most {LONGEST_FILTER} characters")
    tokens = _tokens(text)
    included: frozenset[str] | None = None
    excluded: frozenset[str] = frozenset()
    while tokens:
        names, negated = _condition(tokens)
        for name in names:
            if not is_name(name):
                raise _refused(f"{name[:64]!r} can't be the name of a trigger")
        if negated:
            excluded |= names
        else:
            included = names if included is None else included & names
        if tokens and (tokens.pop(0).upper() != "AND" or not tokens):
            raise _refused("conditions must be joined by AND")
    return NameFilter(included, excluded)


def _condition(tokens: list[str]) -> tuple[frozenset[str], bool]:
    field = tokens.pop(0)
    if field != "name":
        raise _refused(f"the field must be name, not {field[:64]!r}")
    operator = _next(tokens).upper()
    if operator == "NOT":
        operator += " " + _next(tokens).upper()
    match operator:
        case "=" | "!=":
            return frozenset([_value(tokens)]), operator == "!="
        case "IN" | "NOT IN":
            return _values(tokens), operator == "NOT IN"
    raise _refused("the operator must be =, !=, IN or NOT IN")


def _values(tokens: list[str]) -> frozenset[str]:
    _expect(tokens, "(")
    values = [_value(tokens)]
    while (symbol := _next(tokens)) == ",":
        values.append(_value(tokens))
    if symbol != ")":
        raise _refused("a list of values must end with )")
    return frozenset(values)


def _value(tokens: list[str]) -> str:
    token = _next(tokens)
    if token in ("=", "!=", "(", ")", ","):
        raise _refused(f"a value is missing before {token!r}")
    return token[1:-1] if token[0] in "\"'" else token


def _expect(tokens: list[str], symbol: str) -> None:
    if _next(tokens) != symbol:
        raise _refused(f"expected {symbol}")


def _next(tokens: list[str]) -> str:
    if not tokens:
        raise _refused("ends too early")
    return tokens.pop(0)


def _tokens(text: str) -> list[str]:
    tokens, position, text = [], 0, text.rstrip()
    while position < len(text):
        match = _TOKEN.match(text, position)
        if match is None:
            raise _refused(f"can't be parsed at character {position + 1}")
        tokens.append(match.group(match.lastgroup or 0))
        position = match.end()
    return tokens


def _refused(reason: str) -> Exception:
    return invalid_field("filter", f'{reason}; expected a filter such as name = "my-trigger"')
