"""Tells those who know Unix cron when numbers of days mean other days here."""

import re

DAYS = ("SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT")
DAY_OF_WEEK = 4
# Monday to Friday, which nobody means by it who counts as Unix cron does.
_WORKDAYS = "2-6"
_NUMBERS = re.compile(r"[1-7](-[1-7])?(,[1-7](-[1-7])?)*")


def unix_lint(expression: str) -> str | None:
    """Returns a note if the weekdays of a valid expression are others than Unix cron's.

    Only numbers, ranges and lists of them are looked at: who writes `2#1` or `6L` knows Quartz.
    """
    fields = expression.split()
    text = fields[DAY_OF_WEEK]
    if text == _WORKDAYS or not _NUMBERS.fullmatch(text):
        return None
    if _days(text, first=1) == _days(text, first=0):
        return None
    return (
        f"day-of-week {text} is {_named(text, first=1)}, as SUN is 1: for Unix cron's {text} "
        f"write {_named(text, first=0)}"
    )


def timer_lint(expression: str) -> list[str]:
    """Returns what may surprise people of a timer's valid expression, or of none, which is empty.

    Changes of clocks do not: a timer's times are in UTC.
    """
    days = unix_lint(expression) if expression else None
    return [] if days is None else [days]


def _days(text: str, *, first: int) -> set[int]:
    """Returns the days from Sunday, 0, on; `first` is the number of Sunday."""
    found: set[int] = set()
    for part in text.split(","):
        low, _, high = part.partition("-")
        start = int(low) - first
        found.update((start + day) % 7 for day in range((int(high or low) - int(low)) % 7 + 1))
    return found


def _named(text: str, *, first: int) -> str:
    return re.sub("[1-7]", lambda number: DAYS[(int(number[0]) - first) % 7], text)
