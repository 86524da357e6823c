"""Finds the instants of a cron expression by the wall clock of a time zone.

Where the clock is put forward, instants of the skipped hour fire once, at the first instant after
it. Where it is put back, an instant of the doubled hour fires once, the first time.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from tocsin.schedule.clock_changes import Surprises, surprises_of
from tocsin.schedule.cron import Cron

MICROSECOND = timedelta(microseconds=1)
SECOND = timedelta(seconds=1)
DAY = timedelta(days=1)
# Beyond them no expression fires in any zone, and neither a zone's clock nor arithmetic goes on.
FIRST, LAST = datetime(1969, 12, 30, tzinfo=UTC), datetime(2100, 1, 3, tzinfo=UTC)


def within_reach(instant: datetime) -> datetime:
    """Returns an instant, or the nearest one that expressions know of."""
    return min(max(instant, FIRST), LAST)


class ZoneError(ValueError):
    """A text names no time zone."""


def zone_named(name: str) -> ZoneInfo:
    """Returns a time zone by its IANA name; an empty name means UTC.

    Raises:
        ZoneError: the name is not one of the IANA database.
    """
    # Other names could be paths of files.
    if not name.isascii() or not all(c.isalnum() or c in "/_+-" for c in name):
        raise ZoneError(f"{name[:64]!r} is not the name of an IANA time zone")
    try:
        return ZoneInfo(name or "UTC")
    except (ValueError, OSError, LookupError):
        raise ZoneError(
            f"{name[:64]!r} is not an IANA time zone, such as Europe/Berlin or UTC"
        ) from None


@dataclass(frozen=True, slots=True)
class ZonedCron:
    """A cron expression on the wall clock of a zone."""

    cron: Cron
    zone: ZoneInfo

    def next(self, after: datetime) -> datetime | None:
        """Returns the first instant after `after` at which the expression fires, in UTC.

        Returns None if it does not fire again before the end of 2099.
        """
        after = within_reach(after)
        # Walls are naive times of the zone, which the expression takes for times in UTC.
        wall = self.cron.next(after.astimezone(self.zone).replace(tzinfo=UTC))
        while wall is not None:
            instant = self._instant(wall)
            # Times of a doubled hour may fire before `after`, which is in its second pass.
            if instant > after:
                return instant
            wall = self.cron.next(wall)
        return None

    def previous(self, until: datetime) -> datetime | None:
        """Returns the last instant up to and including `until` at which it fired, in UTC; or None.

        An instant's wall clock time is the one before a change that has just put the clock back, so
        the search begins that much later.
        """
        until = within_reach(until)
        offset = until.astimezone(self.zone).utcoffset()
        before = (until - DAY).astimezone(self.zone).utcoffset()
        assert offset is not None, "a zone has an offset"
        assert before is not None, "a zone has an offset"
        last = until.astimezone(self.zone).replace(tzinfo=UTC) + max(timedelta(), before - offset)
        wall = self.cron.previous(last)
        while wall is not None:
            instant = self._instant(wall)
            if instant <= until:
                return instant
            wall = self.cron.previous(wall - SECOND)
        return None

    def count(self, after: datetime, until: datetime) -> int:
        """Counts how often the wall clock shows the expression after an instant, until another."""
        instants = (within_reach(after), within_reach(until))
        walls = (each.astimezone(self.zone).replace(tzinfo=UTC) for each in instants)
        return self.cron.count(*walls)

    def surprises(self, after: datetime, until: datetime) -> Surprises:
        """Returns the next dates on which a time is skipped and on which one comes twice."""

        def count(start: datetime, end: datetime) -> int:
            return self.cron.count(start - MICROSECOND, end - MICROSECOND)

        return surprises_of(self.zone, count, within_reach(after), within_reach(until))

    def _instant(self, wall: datetime) -> datetime:
        """Returns the instant at which the clock shows a time first, or passes it over."""
        first = wall.replace(tzinfo=self.zone, fold=0).astimezone(UTC)
        if first.astimezone(self.zone).replace(tzinfo=UTC) == wall:
            return first
        # The time is skipped: the offset before would put it after the change, the one behind it
        # before the change, and the change lies between.
        before = wall.replace(tzinfo=self.zone, fold=1).astimezone(UTC)
        offset = first.astimezone(self.zone).utcoffset()
        while first - before > SECOND:
            middle = before + (first - before) // 2
            middle -= timedelta(microseconds=middle.microsecond)
            if middle.astimezone(self.zone).utcoffset() == offset:
                first = middle
            else:
                before = middle
        return first
