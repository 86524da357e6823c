"""The filter of lists: `name = "x"`, `!=`, `IN (…)`, `NOT IN (…)`, joined by AND."""

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
    """Returns what a filter asks of the name (Yandex Cloud API, Trigger.list).

    Args:
        text: the filter; empty asks for nothing.
        is_name: tells whether a value can be a name at all.

    Raises:
        ApiError: the filter can't be read, is about another field, or names what can't be a name.
    """
    if len(text) > LONGEST_FILTER:
        raise _refused(f"is longer than {LONGEST_FILTER} characters")
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
            raise _refused("conditions are joined by AND")
    return NameFilter(included, excluded)


def _condition(tokens: list[str]) -> tuple[frozenset[str], bool]:
    field = tokens.pop(0)
    if field != "name":
        raise _refused(f"only the field name can be filtered by, not {field[:64]!r}")
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
        raise _refused("a list of values ends with )")
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
    tokens, at, text = [], 0, text.rstrip()
    while at < len(text):
        found = _TOKEN.match(text, at)
        if found is None:
            raise _refused(f"can't be read at character {at + 1}")
        tokens.append(found.group(found.lastgroup or 0))
        at = found.end()
    return tokens


def _refused(reason: str) -> Exception:
    return invalid_field("filter", f'{reason}; expected a filter such as name = "my-trigger"')
