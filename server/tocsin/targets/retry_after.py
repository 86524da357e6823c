"""Reads how long a busy target asks to be left alone."""

from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

import aiohttp

from tocsin.schedule import Clock

BUSY = (429, 503)
# Any longer time is as good: whoever judges the call waits a minute at most.
LONGEST = timedelta(days=1)


def retry_after(response: aiohttp.ClientResponse, machine_clock: Clock) -> timedelta | None:
    """Returns the pause that a busy target asks for (RFC 9110, 10.2.3).

    It is given in seconds, or as a date by the target's clock.
    """
    if response.status not in BUSY:
        return None
    asked = response.headers.get("Retry-After", "").strip()
    if not asked:
        return None
    if asked.isascii() and asked.isdigit():
        digits = asked.lstrip("0")
        most = int(LONGEST.total_seconds())
        return timedelta(seconds=int(digits or "0") if len(digits) < len(str(most)) else most)
    until = _date(asked)
    if until is None:
        return None
    now = _date(response.headers.get("Date", "")) or machine_clock.now()
    return min(max(until - now, timedelta()), LONGEST)


def _date(text: str) -> datetime | None:
    try:
        date = parsedate_to_datetime(text)
    except (ValueError, OverflowError):
        return None
    return date if date.tzinfo is not None else date.replace(tzinfo=UTC)
