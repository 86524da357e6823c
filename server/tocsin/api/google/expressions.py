"""Parses filters by AIP-160: comparisons of fields, joined by AND, OR, NOT and parentheses.

OR binds closer than AND, as AIP-160 has it, and two conditions without a word between them must
both hold.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TypeAlias, TypeVar

T = TypeVar("T")

DEEPEST = 20
OPERATORS = ("=", "!=", "<", "<=", ">", ">=", ":")
# The discovery document of executions writes this word for `:`.
HAS = "HAS"

_TOKEN = re.compile(
    r"""\s*(?: (?P<quoted>"[^"]*"|'[^']*')
             | (?P<instant>\d{4}-\d\d-\d\d[Tt][\d:.]+(?:[Zz]|[+-]\d\d:\d\d))
             | (?P<symbol><=|>=|!=|[=:<>(),])
             | (?P<word>[^\s"'=:<>!(),]+) )""",
    re.VERBOSE,
)


@dataclass(frozen=True, slots=True)
class Comparison:
    """Compares a field with a value, both as they were sent, without quotes."""

    field: str
    operator: str
    value: str


@dataclass(frozen=True, slots=True)
class Not:
    inner: "Expression"


@dataclass(frozen=True, slots=True)
class AllOf:
    parts: tuple["Expression", ...]


@dataclass(frozen=True, slots=True)
class AnyOf:
    parts: tuple["Expression", ...]


Expression: TypeAlias = Comparison | Not | AllOf | AnyOf
Test: TypeAlias = Callable[[T], bool]


def parse_expression(text: str) -> AllOf:
    """Parses a filter; an empty one holds no conditions.

    Raises:
        ValueError: the text is no filter; it says where and why.
    """
    tokens = tokens_of(text)
    if not tokens:
        return AllOf(())
    parsed = _all_of(tokens, 0)
    if tokens:
        raise ValueError("an opening parenthesis is missing")
    return parsed


def comparisons(expression: Expression) -> Iterator[Comparison]:
    """Yields the comparisons that must all hold, whatever else must."""
    match expression:
        case Comparison():
            yield expression
        case AllOf(parts):
            for part in parts:
                yield from comparisons(part)
        case AnyOf((only,)):
            yield from comparisons(only)


def compiled(expression: Expression, test_of: Callable[[Comparison], Test[T]]) -> Test[T]:
    """Returns the test of a whole expression; `test_of` returns that of a comparison."""
    match expression:
        case Comparison():
            return test_of(expression)
        case Not(inner):
            negated = compiled(inner, test_of)
            return lambda value: not negated(value)
        case AllOf(parts):
            needed = [compiled(part, test_of) for part in parts]
            return lambda value: all(test(value) for test in needed)
        case AnyOf(parts):
            either = [compiled(part, test_of) for part in parts]
            return lambda value: any(test(value) for test in either)


def tokens_of(text: str) -> list[str]:
    """Splits a filter into words, quoted texts (with their quotes) and symbols.

    Raises:
        ValueError: a quote has no end, or a symbol is unknown.
    """
    tokens, position, text = [], 0, text.rstrip()
    while position < len(text):
        match = _TOKEN.match(text, position)
        if match is None:
            raise ValueError(f"can't be parsed at character {position + 1}")
        tokens.append(match.group(match.lastgroup or 0))
        position = match.end()
    return tokens


def _all_of(tokens: list[str], depth: int) -> AllOf:
    parts: list[Expression] = [_any_of(tokens, depth)]
    # Between two conditions the AND may be left out.
    while _took(tokens, "AND") or (tokens and tokens[0] != ")"):
        parts.append(_any_of(tokens, depth))
    return AllOf(tuple(parts))


def _any_of(tokens: list[str], depth: int) -> AnyOf:
    parts = [_term(tokens, depth)]
    while _took(tokens, "OR"):
        parts.append(_term(tokens, depth))
    return AnyOf(tuple(parts))


def _term(tokens: list[str], depth: int) -> Expression:
    if depth > DEEPEST:
        raise ValueError(f"must not be nested more than {DEEPEST} levels deep")
    if _took(tokens, "NOT"):
        return Not(_term(tokens, depth + 1))
    if tokens and tokens[0].startswith("-") and tokens[0] != "-":
        tokens[0] = tokens[0][1:]
        return Not(_term(tokens, depth + 1))
    if _took(tokens, "("):
        inner = _all_of(tokens, depth + 1)
        if not _took(tokens, ")"):
            raise ValueError("a closing parenthesis is missing")
        return inner
    return _comparison(tokens)


def _comparison(tokens: list[str]) -> Comparison:
    """Takes a field, an operator and a value."""
    if len(tokens) < 3 or tokens[0] in "(),":
        raise ValueError(f"expected a field, an operator and a value at {' '.join(tokens)[:64]!r}")
    field, operator, value = tokens[:3]
    del tokens[:3]
    if operator == HAS:
        operator = ":"
    if operator not in OPERATORS:
        raise ValueError(
            f"the operator {operator[:64]!r} is not supported; expected {' '.join(OPERATORS)}"
        )
    if value in OPERATORS or value in "(),":
        raise ValueError(f"a value is missing before {value!r}")
    return Comparison(_unquoted(field), operator, _unquoted(value))


def _took(tokens: list[str], word: str) -> bool:
    """Takes a word if it comes next; returns whether it did."""
    if tokens and tokens[0] == word:
        del tokens[0]
        return True
    return False


def _unquoted(token: str) -> str:
    return token[1:-1] if token[0] in "\"'" else token
