"""Reads and writes instants, durations and bytes as the JSON of the contracts has them."""

from base64 import b64encode
from datetime import UTC, datetime, timedelta
from typing import Any


def read_instant(value: str | datetime) -> datetime:
    """Returns an instant in UTC.

    Args:
        value: a `datetime` with a time zone, or ISO 8601 with one, such as `2026-01-05T09:00Z`.

    Raises:
        ValueError: it is not an instant, or has no time zone.
    """
    try:
        instant = datetime.fromisoformat(value) if isinstance(value, str) else value
    except ValueError:
        raise ValueError(f"{value!r} is not an instant, such as 2026-01-05T09:00Z") from None
    if instant.tzinfo is None:
        raise ValueError(f"{value} has no time zone: write {instant.isoformat()}Z for UTC")
    return instant.astimezone(UTC)


def write_instant(instant: datetime) -> str:
    """Returns an instant in ISO 8601, such as `2026-01-05T09:00:00Z`."""
    return read_instant(instant).isoformat().replace("+00:00", "Z")


def write_duration(duration: timedelta) -> str:
    """Returns a duration as JSON has it: `86400s`."""
    whole, rest = divmod(duration, timedelta(seconds=1))
    return f"{whole}.{rest.microseconds:06}s" if rest else f"{whole}s"


def as_json(value: Any) -> str:
    """Returns bytes, an instant or a duration as JSON has them: the `default` of `json.dumps`.

    Raises:
        TypeError: the value is something else.
    """
    match value:
        case bytes():
            return b64encode(value).decode()
        case datetime():
            return write_instant(value)
        case timedelta():
            return write_duration(value)
    raise TypeError(f"{value!r} can't be sent: JSON has no {type(value).__name__}")
