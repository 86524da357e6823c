"""Parses the JSON that clients and targets send."""

import json
import math
from collections.abc import Callable
from typing import Any, TypeAlias

Json: TypeAlias = bool | int | float | str | list["Json"] | dict[str, "Json"] | None

TOO_LONG = "a number has more than 4,300 digits"
"""Says what is wrong with a number that Python can't read."""

# Python parses deeper JSON, but could fail to parse it again from deeper in the stack.
DEEPEST = 100


def parse_json(text: str) -> Json:
    """Parses JSON strictly (RFC 8259), so that the value can be written as JSON again.

    Raises:
        ValueError: the text is not JSON, is nested too deeply, or has a value that can't be
            written: NaN, 1e999, half of a surrogate pair.
    """
    return _parsed(text)


def parse_body(body: bytes) -> Json:
    """Parses the JSON of a request as strictly, in which each object may name a member once.

    Raises:
        ValueError: the body is not such JSON in UTF-8.
    """
    return _parsed(body.decode("utf-8-sig"), members=_once, integer=_integer)


def repeated(name: str) -> str:
    """Returns what is wrong with an object that has a member twice."""
    return f"an object has {name[:64]!r} twice"


def _parsed(
    text: str,
    *,
    members: Callable[[list[tuple[str, Any]]], Any] | None = None,
    integer: Callable[[str], int] | None = None,
) -> Json:
    try:
        value: Json = json.loads(
            text,
            object_pairs_hook=members,
            parse_constant=_refused,
            parse_float=_finite,
            parse_int=integer,
        )
        if "\\u" in text:
            json.dumps(value, ensure_ascii=False).encode()
    except RecursionError:
        raise ValueError(f"it is nested more than {DEEPEST} levels deep") from None
    except UnicodeEncodeError:
        raise ValueError("it escapes half of a surrogate pair") from None
    if _is_deep(value):
        raise ValueError(f"it is nested more than {DEEPEST} levels deep")
    return value


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members: dict[str, Any] = {}
    for name, value in pairs:
        if name in members:
            raise ValueError(repeated(name))
        members[name] = value
    return members


def _is_deep(value: Json) -> bool:
    level = [value]
    for _ in range(DEEPEST):
        level = [
            inner
            for outer in level
            if isinstance(outer, dict | list)
            for inner in (outer.values() if isinstance(outer, dict) else outer)
        ]
        if not level:
            return False
    return any(isinstance(value, dict | list) for value in level)


def _refused(constant: str) -> None:
    raise ValueError(f"{constant} is not JSON")


def _integer(digits: str) -> int:
    try:
        return int(digits)
    except ValueError:
        raise ValueError(TOO_LONG) from None


def _finite(text: str) -> float:
    value = float(text)
    if math.isinf(value):
        raise ValueError(f"{text[:64]} is too large")
    return value
