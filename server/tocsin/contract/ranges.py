"""Parses ranges as proto options write them: `<=50`, `>0`, `3-63`, `8`, `1s-1m`."""

import math
import re
from collections.abc import Callable
from decimal import Decimal
from typing import NamedTuple

from tocsin.contract import ContractError

NANOS = 1_000_000_000


class Range(NamedTuple):
    """Holds a range of whole numbers, both ends included; a duration's are nanoseconds."""

    low: float
    high: float
    text: str


def parse_range(text: str, number: Callable[[str], int], where: str, option: str) -> Range:
    """Parses one range.

    Args:
        text: the range as the option writes it.
        number: parses one of its bounds, and raises ValueError if it can't.
        where: full name of the field that has the option, for the error.
        option: name of the option, for the error.

    Raises:
        ContractError: the text is not a range, or the range is empty.
    """
    parts = re.fullmatch(
        r"(?P<sign><=|>=|<|>)?(?P<one>[^-<>=]+)|(?P<low>[^-]+)-(?P<high>[^-]+)", text
    )
    try:
        if parts is None:
            raise ValueError("that is not a range")
        if parts["one"] is None:
            low, high = parts["low"], parts["high"]
            limits = Range(number(low), number(high), f"from {low} to {high}")
        else:
            limits = _one_sided(parts["sign"], number(parts["one"]), parts["one"])
        if limits.low > limits.high:
            raise ValueError("that range is empty")
    except ValueError as error:
        raise ContractError(f"{where}: option {option} says {text!r}, but {error}") from error
    return limits


def _one_sided(sign: str | None, bound: int, text: str) -> Range:
    match sign:
        case "<=":
            return Range(-math.inf, bound, f"at most {text}")
        case "<":
            return Range(-math.inf, bound - 1, f"less than {text}")
        case ">=":
            return Range(bound, math.inf, f"at least {text}")
        case ">":
            return Range(bound + 1, math.inf, f"more than {text}")
        case _:
            return Range(bound, bound, f"exactly {text}")


def whole_number(text: str) -> int:
    if not re.fullmatch(r"[0-9]+", text):
        raise ValueError(f"{text!r} is not a whole number")
    return int(text)


_UNITS = {
    "h": 3600 * NANOS,
    "m": 60 * NANOS,
    "s": NANOS,
    "ms": 1_000_000,
    "us": 1_000,
    "ns": 1,
}
_TERM = r"([0-9]+(?:\.[0-9]+)?)(ms|us|ns|h|m|s)"


def duration_nanos(text: str) -> int:
    """Parses a duration as Go prints it (`12h`, `1h30m`, `1.5s`); a bare `0` needs no unit."""
    if text == "0":
        return 0
    if not re.fullmatch(f"(?:{_TERM})+", text):
        raise ValueError(f"{text!r} is not a duration")
    return int(sum(Decimal(count) * _UNITS[unit] for count, unit in re.findall(_TERM, text)))


def shown_duration(nanos: int) -> str:
    """Formats a duration as proto3 JSON does, without trailing zeros: `5s`, `0.25s`."""
    seconds, rest = divmod(abs(nanos), NANOS)
    fraction = f".{rest:09}".rstrip("0") if rest else ""
    return f"{'-' if nanos < 0 else ''}{seconds}{fraction}s"
