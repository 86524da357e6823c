"""Finds when the clocks of a time zone change, and what that does to times on the wall."""

import dataclasses
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

# Beyond it, rules of time zones are guesses.
LINTED = timedelta(days=2 * 366)


@dataclasses.dataclass(frozen=True, slots=True)
class Change:
    """A change of a zone's offset from UTC."""

    at: datetime
    before: timedelta
    after: timedelta


@dataclasses.dataclass(frozen=True, slots=True)
class Surprises:
    """The next dates on which a time is skipped, and on which one comes twice; None for none."""

    skipped: str | None
    doubled: str | None

    def __str__(self) -> str:
        """Says so in words; empty if there are none."""
        found = (("skipped", self.skipped), ("doubled", self.doubled))
        return ", ".join(f"{word} on {day}" for word, day in found if day)


def changes_between(tz: ZoneInfo, after: datetime, until: datetime) -> Iterator[Change]:
    """Yields the changes of a zone's offset after an instant, up to another, in order."""
    for year in range(after.year, until.year + 1):
        for change in changes_in(tz, year):
            if after < change.at <= until:
                yield change


@lru_cache(maxsize=4096)
def changes_in(tz: ZoneInfo, year: int) -> tuple[Change, ...]:
    """Returns the changes within a year: the days are compared, and those that differ searched."""
    changes = []
    day = datetime(year, 1, 1, tzinfo=UTC)
    end = datetime(year + 1, 1, 1, tzinfo=UTC)
    before = day.astimezone(tz).utcoffset() or timedelta()
    while day < end:
        following = day + timedelta(days=1)
        after = following.astimezone(tz).utcoffset() or timedelta()
        if after != before:
            changes.append(Change(_searched(tz, day, following), before, after))
        day, before = following, after
    return tuple(changes)


def _searched(tz: ZoneInfo, low: datetime, high: datetime) -> datetime:
    """Returns when the offset changes between two instants, to the second."""
    offset = low.astimezone(tz).utcoffset()
    while high - low > timedelta(seconds=1):
        middle = low + timedelta(seconds=(high - low) // timedelta(seconds=2))
        if middle.astimezone(tz).utcoffset() == offset:
            low = middle
        else:
            high = middle
    return high


def surprises_of(
    tz: ZoneInfo, count: Callable[[datetime, datetime], int], after: datetime, until: datetime
) -> Surprises:
    """Returns the next dates on which a time is skipped, and on which one comes twice.

    Args:
        tz: the zone.
        count: counts the times on the wall, written as if in UTC, from one until before another.
        after: an instant; excluded.
        until: the last instant that counts.
    """
    skipped = doubled = None
    for change in changes_between(tz, after, until):
        before, now = change.at + change.before, change.at + change.after
        if now > before and skipped is None and count(before, now):
            skipped = before.date().isoformat()
        if now < before and doubled is None and count(now, before):
            doubled = now.date().isoformat()
        if skipped and doubled:
            break
    return Surprises(skipped, doubled)
