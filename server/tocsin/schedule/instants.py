"""Writes instants as text."""

from datetime import datetime


def rfc3339(instant: datetime) -> str:
    """Formats a UTC instant with as few of 0, 3 or 6 fractional digits as it needs."""
    micros = instant.microsecond
    digits = "seconds" if not micros else "microseconds" if micros % 1000 else "milliseconds"
    return instant.isoformat(timespec=digits).replace("+00:00", "Z")
