"""Instants as the targets of each source see them.

They come in as whole nanoseconds since the Unix epoch, finer than `datetime`: devices and log
records are told apart by them. All go out in UTC.
"""

import re
from datetime import UTC, datetime

NANOS = 1_000_000_000
# Instants that a `datetime` can show.
FIRST_SECOND, LAST_SECOND = -62_135_596_800, 253_402_300_799

_RFC3339 = re.compile(
    r"(\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d)(?:\.(\d{1,9})\d*)?([Zz]|[+-]\d\d:\d\d)", re.ASCII
)


def nanos_of(instant: datetime) -> int:
    """Returns an aware instant as nanoseconds since the Unix epoch."""
    whole = instant.replace(microsecond=0)
    return int(whole.timestamp()) * NANOS + instant.microsecond * 1000


def nanos_of_rfc3339(text: str) -> int:
    """Reads what `rfc3339` writes, and the same of other zones; cut to the nanosecond.

    Raises:
        ValueError: it is no such instant.
    """
    parts = _RFC3339.fullmatch(text)
    if parts is None:
        raise ValueError("expected an instant such as 2026-11-21T10:00:00.5Z")
    second, fraction, zone = parts.groups()
    seconds = int(datetime.fromisoformat(second + zone.upper()).timestamp())
    if not FIRST_SECOND <= seconds <= LAST_SECOND:
        raise ValueError("is not between the years 1 and 9999")
    return seconds * NANOS + int((fraction or "").ljust(9, "0"))


def rfc3339(nanos: int) -> str:
    """`2026-11-21T10:00:00.5Z`: as many digits as it needs, none for a whole second."""
    return f"{_to_the_second(nanos, 'T')}{_fraction(nanos)}Z"


def rfc3339_seconds(nanos: int) -> str:
    """`2026-11-21T10:00:00Z`: cut to the second."""
    return f"{_to_the_second(nanos, 'T')}Z"


def rfc3339_millis(nanos: int) -> str:
    """`2026-11-21T10:00:00.104Z`: always three digits."""
    return f"{_to_the_second(nanos, 'T')}.{nanos % NANOS // 1_000_000:03}Z"


def go_time(nanos: int) -> str:
    """`2026-11-21 10:00:00.118082213 +0000 UTC`: the form of Go's `Time.String`."""
    return f"{_to_the_second(nanos, ' ')}{_fraction(nanos)} +0000 UTC"


def _to_the_second(nanos: int, separator: str) -> str:
    second = datetime.fromtimestamp(nanos // NANOS, UTC).replace(tzinfo=None)
    return second.isoformat(separator)


def _fraction(nanos: int) -> str:
    fraction = nanos % NANOS
    return f".{fraction:09}".rstrip("0") if fraction else ""
