"""Parses the JSON that clients and targets send."""

import json
import math
from typing import TypeAlias

Json: TypeAlias = bool | int | float | str | list["Json"] | dict[str, "Json"] | None

# Python parses deeper JSON, but could fail to parse it again from deeper in the stack.
DEEPEST = 100


def parse_json(text: str) -> Json:
    """Parses JSON strictly (RFC 8259), so that the value can be written as JSON again.

    Raises:
        ValueError: the text is not JSON, is nested too deeply, or has a value that can't be
            written: NaN, 1e999, half of a surrogate pair.
    """
    try:
        value: Json = json.loads(text, parse_constant=_refused, parse_float=_finite)
        if "\\u" in text:
            json.dumps(value, ensure_ascii=False).encode()
    except RecursionError:
        raise ValueError(f"it is nested more than {DEEPEST} levels deep") from None
    except UnicodeEncodeError:
        raise ValueError("it escapes half of a surrogate pair") from None
    if _is_deep(value):
        raise ValueError(f"it is nested more than {DEEPEST} levels deep")
    return value


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


def _finite(text: str) -> float:
    value = float(text)
    if math.isinf(value):
        raise ValueError(f"{text[:64]} is too large")
    return value
