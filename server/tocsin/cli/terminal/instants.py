"""Reads instants from people and formats them for people, in UTC as cron expressions are."""

import re
from datetime import UTC, datetime, timedelta

from tocsin.cli.refusal import USAGE, refusal


def read_instant(text: str) -> datetime:
    """Reads an ISO 8601 time, in UTC unless it has an offset; ends the program if it is wrong."""
    try:
        instant = datetime.fromisoformat(text)
    except ValueError as error:
        raise refusal(
            f"{text!r} is not an ISO 8601 time, such as 2026-01-31T09:00Z", status=USAGE
        ) from error
    return instant if instant.tzinfo else instant.replace(tzinfo=UTC)


UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}
_LENGTH = re.compile(r"(\d{1,9})([smhd])")


def read_length(option: str, text: str) -> timedelta:
    """Reads a length of time such as `90s`; ends the program, naming the option, if it is wrong."""
    match = _LENGTH.fullmatch(text)
    if match is None:
        raise refusal(f"{option}: {text!r} is not a time such as 30s, 10m, 2h or 1d", status=USAGE)
    return timedelta(**{UNITS[match[2]]: int(match[1])})


def for_people(instant: datetime) -> str:
    """Formats an instant to the second, or to the millisecond if it has a fraction."""
    text = f"{instant.astimezone(UTC):%Y-%m-%d %H:%M:%S}"
    return f"{text}.{instant.microsecond // 1000:03}" if instant.microsecond else text
