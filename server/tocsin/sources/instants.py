"""Formats instants as the targets of each kind of source get them, in UTC.

Instants are nanoseconds since the Unix epoch, finer than `datetime`, because devices and log
records need that precision.
"""

import re
from datetime import UTC, datetime

NANOS = 1_000_000_000
# The range of `datetime`.
FIRST_SECOND, LAST_SECOND = -62_135_596_800, 253_402_300_799

_RFC3339 = re.compile(
    r"(\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d)(?:\.(\d{1,9})\d*)?([Zz]|[+-]\d\d:\d\d)", re.ASCII
)


def nanos_of(instant: datetime) -> int:
    """Returns an aware instant as nanoseconds since the Unix epoch."""
    whole = instant.replace(microsecond=0)
    return int(whole.timestamp()) * NANOS + instant.microsecond * 1000


def nanos_of_rfc3339(text: str) -> int:
    """Parses an RFC 3339 instant in any zone, cut to the nanosecond.

    Raises:
        ValueError: the text is not such an instant.
    """
    parts = _RFC3339.fullmatch(text)
    if parts is None:
        raise ValueError("expected an instant such as 2026-11-21T10:00:00.5Z")
    second, fraction, zone = parts.groups()
    seconds = int(datetime.fromisoformat(second + zone.upper()).timestamp())
    if not FIRST_SECOND <= seconds <= LAST_SECOND:
        raise ValueError("expected an instant in the years 1 to 9999")
    return seconds * NANOS + int((fraction or "").ljust(9, "0"))


def rfc3339(nanos: int) -> str:
    """Formats as `2026-11-21T10:00:00.5Z`, with as few fractional digits as it needs."""
    return f"{_to_the_second(nanos, 'T')}{_fraction(nanos)}Z"


def rfc3339_seconds(nanos: int) -> str:
    """Formats as `2026-11-21T10:00:00Z`, cut to the second."""
    return f"{_to_the_second(nanos, 'T')}Z"


def rfc3339_millis(nanos: int) -> str:
    """Formats as `2026-11-21T10:00:00.104Z`, with three fractional digits."""
    return f"{_to_the_second(nanos, 'T')}.{nanos % NANOS // 1_000_000:03}Z"


def go_time(nanos: int) -> str:
    """Formats as Go's `Time.String`: `2026-11-21 10:00:00.118082213 +0000 UTC`."""
    return f"{_to_the_second(nanos, ' ')}{_fraction(nanos)} +0000 UTC"


def _to_the_second(nanos: int, separator: str) -> str:
    second = datetime.fromtimestamp(nanos // NANOS, UTC).replace(tzinfo=None)
    return second.isoformat(separator)


def _fraction(nanos: int) -> str:
    fraction = nanos % NANOS
    return f".{fraction:09}".rstrip("0") if fraction else ""
