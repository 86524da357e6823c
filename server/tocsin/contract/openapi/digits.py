"""Writes ranges of whole numbers as regular expressions, for numbers that JSON has as text."""

from collections.abc import Iterator


def range_pattern(low: int, high: int) -> str:
    """Returns a pattern for the decimal forms of the numbers from `low` to `high`.

    The forms have no leading zeros and no plus sign. The pattern is not anchored; it is one group.
    """
    choices: list[str] = []
    if low < 0:
        negative = "|".join(_alternatives(max(1, -high), -low))
        choices.append(f"-(?:{negative})")
    if high >= 0:
        choices += _alternatives(max(low, 0), high)
    return f"(?:{'|'.join(choices)})"


def _alternatives(low: int, high: int) -> Iterator[str]:
    """Yields patterns that together match the numbers from `low` to `high`, neither negative."""
    while low <= high:
        # The longest run of numbers from `low` on that differ in their last digits alone.
        free = 0
        while _last_of_run(low, free + 1) <= high and low % 10 ** (free + 1) == 0 and low:
            free += 1
        step = 10**free
        digit = low // step % 10
        runs = min((high + 1 - low) // step, 10 - digit)
        head = str(low // step)[:-1]
        last = digit + runs - 1
        yield f"{head}{_digits(digit, last)}{_any_digits(free)}"
        low += runs * step


def _last_of_run(low: int, free: int) -> int:
    return low + int(10**free) - 1


def _digits(first: int, last: int) -> str:
    return str(first) if first == last else f"[{first}-{last}]"


def _any_digits(count: int) -> str:
    if count < 2:
        return "[0-9]" * count
    return f"[0-9]{{{count}}}"
