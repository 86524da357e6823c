"""Writes instants as text."""

from datetime import UTC, datetime


def iso(instant: datetime) -> str:
    """Formats an instant in UTC with 6 fractional digits, or none for a whole second."""
    if instant.tzinfo is not UTC:
        instant = instant.astimezone(UTC)
    return instant.isoformat()[: -len("+00:00")] + "Z"


def rfc3339(instant: datetime) -> str:
    """Formats a UTC instant with as few of 0, 3 or 6 fractional digits as it needs."""
    micros = instant.microsecond
    digits = "seconds" if not micros else "microseconds" if micros % 1000 else "milliseconds"
    return instant.isoformat(timespec=digits).replace("+00:00", "Z")
