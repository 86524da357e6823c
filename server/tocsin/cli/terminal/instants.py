"""Reads instants from people and formats them for people, in UTC as cron expressions are."""

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from tocsin.cli.refusal import USAGE, refusal

UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days", "w": "weeks"}
AGO = re.compile(r"(?:[0-9]{1,6}[smhdw])+")
PART = re.compile(r"([0-9]{1,6})([smhdw])")
DAYS = {"yesterday": -1, "today": 0, "tomorrow": 1}


def read_instant(text: str) -> datetime:
    """Reads an ISO 8601 time, in UTC unless it has an offset; ends the program if it is wrong."""
    try:
        instant = datetime.fromisoformat(text)
    except ValueError as error:
        raise refusal(
            f"{text!r} is not an ISO 8601 time, such as 2026-01-31T09:00Z", status=USAGE
        ) from error
    return instant if instant.tzinfo else instant.replace(tzinfo=UTC)


_LENGTH = re.compile(r"(\d{1,9})([smhd])")


def read_length(option: str, text: str) -> timedelta:
    """Reads a length of time such as `90s`; ends the program, naming the option, if it is wrong."""
    match = _LENGTH.fullmatch(text)
    if match is None:
        raise refusal(f"{option}: {text!r} is not a time such as 30s, 10m, 2h or 1d", status=USAGE)
    return timedelta(**{UNITS[match[2]]: int(match[1])})


def read_moment(text: str, now: Callable[[], datetime]) -> datetime:
    """Reads a time in the past or the future; ends the program if it is wrong.

    `1h`, `-1h` and `1h30m` lie before now, `+1h` after it; `now`, `today`, `yesterday` and
    `tomorrow` are in UTC. Anything else is an ISO 8601 time. `now` returns the server's time.
    """
    sign, length = (text[:1], text[1:]) if text[:1] in ("+", "-") else ("", text)
    if AGO.fullmatch(length):
        by = timedelta()
        for number, unit in PART.findall(length):
            by += timedelta(**{UNITS[unit]: int(number)})
        try:
            return now() + by if sign == "+" else now() - by
        except OverflowError as error:
            raise refusal(f"{text!r} is out of the years 1 to 9999", status=USAGE) from error
    if text == "now":
        return now()
    if text in DAYS:
        midnight = now().astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
        return midnight + timedelta(days=DAYS[text])
    try:
        instant = datetime.fromisoformat(text)
    except ValueError as error:
        raise refusal(
            f"{text!r} is not a time, such as 1h (ago), yesterday or 2026-01-31T09:00Z",
            status=USAGE,
        ) from error
    return instant if instant.tzinfo else instant.replace(tzinfo=UTC)


def for_people(instant: datetime) -> str:
    """Formats an instant to the second, or to the millisecond if it has a fraction."""
    text = f"{instant.astimezone(UTC):%Y-%m-%d %H:%M:%S}"
    return f"{text}.{instant.microsecond // 1000:03}" if instant.microsecond else text
