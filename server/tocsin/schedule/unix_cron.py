"""Parses the five fields of a Unix crontab, and finds the instants at which they fire in a zone.

    Minute  Hour  Day-of-month  Month  Day-of-week

Numbers, lists (`1,15`), ranges (`9-17`), steps (`*/5`, `9-17/2`), names of months and weekdays;
Sunday is 0 or 7. As in Debian's cron, a day must match both day fields if one of them begins with
`*`, and one of the two otherwise. A prefix `CRON_TZ=ZONE ` or `TZ=ZONE ` names the time zone.

Clocks that are put forward or back, as in Debian's cron too: if neither the minute nor the hour
begins with `*`, a time that is skipped fires at the first instant after it, and one that comes
twice fires once, the first time. Otherwise the expression means an interval: it fires whenever the
clock on the wall shows a matching minute.
"""

import dataclasses
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from tocsin.schedule.clock_changes import (
    Surprises,
    changes_between,
    changes_in,
    surprises_of,
)
from tocsin.schedule.cron import Cron, CronError

MINUTE = timedelta(minutes=1)
MICROSECOND = timedelta(microseconds=1)
FIRST, LAST = datetime(1970, 1, 1, tzinfo=UTC), datetime(2100, 1, 1, tzinfo=UTC)
LONGEST = 256
_ZONE = re.compile(r"[A-Za-z][A-Za-z0-9_+-]*(/[A-Za-z0-9_+-]+){0,2}")
_PREFIX = re.compile(r"(?:CRON_)?TZ=(\S+)\s+(.*)", re.DOTALL)
_MONTH_NAMES = ("JAN FEB MAR APR MAY JUN JUL AUG SEP OCT NOV DEC").split()  # noqa: SIM905
_WEEKDAY_NAMES = ("SUN MON TUE WED THU FRI SAT").split()  # noqa: SIM905
_MONTHS = {name: number for number, name in enumerate(_MONTH_NAMES, start=1)}
_WEEKDAYS = {name: number for number, name in enumerate(_WEEKDAY_NAMES)}


@dataclasses.dataclass(frozen=True, slots=True)
class _Field:
    name: str
    low: int
    high: int
    names: dict[str, int] = dataclasses.field(default_factory=dict)


_FIELDS = (
    _Field("minute", 0, 59),
    _Field("hour", 0, 23),
    _Field("day-of-month", 1, 31),
    _Field("month", 1, 12, _MONTHS),
    _Field("day-of-week", 0, 7, _WEEKDAYS),
)


@dataclasses.dataclass(frozen=True, slots=True)
class _Segment:
    """A time of one offset: from `start`, to which `before` led, until `end`."""

    start: datetime
    end: datetime
    offset: timedelta
    before: timedelta


@dataclasses.dataclass(frozen=True, slots=True)
class UnixCron:
    """Parses a crontab's fields and finds the instants at which they fire.

    Args:
        expression: the fields, perhaps with a prefix for the zone.
        zone: the IANA name of the time zone if the expression names none.

    Raises:
        CronError: the text is not a valid expression, or the zone is not known.
    """

    expression: str
    zone: str = "UTC"
    # What fires, by the clock on the wall, which is written as if it were UTC.
    _wall: Cron = dataclasses.field(init=False, repr=False, compare=False)
    _tz: ZoneInfo = dataclasses.field(init=False, repr=False, compare=False)
    _is_interval: bool = dataclasses.field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        text, zone = self.expression.strip(), self.zone
        if len(text) > LONGEST:
            raise CronError(f"must have at most {LONGEST} characters")
        if match := _PREFIX.fullmatch(text):
            zone, text = match[1], match[2]
        fields = text.split()
        if len(fields) != len(_FIELDS):
            names = ", ".join(field.name for field in _FIELDS)
            raise CronError(f"must have five fields, {names}; it has {len(fields)}")
        object.__setattr__(self, "_tz", zone_named(zone))
        object.__setattr__(self, "_wall", _wall(text, fields))
        interval = fields[0].startswith("*") or fields[1].startswith("*")
        object.__setattr__(self, "_is_interval", interval)

    def next(self, after: datetime) -> datetime | None:
        """Returns the first instant after `after` at which it fires, in UTC; None if never again.

        Args:
            after: a timezone aware instant; excluded.
        """
        after = after.astimezone(UTC)
        for segment in self._segments_from(after):
            if segment.start > after and self._fires_for_skipped(segment):
                return segment.start
            start = max(after + segment.offset, self._begins(segment) - MICROSECOND)
            wall = self._wall.next(start)
            if wall is None:
                return None
            if wall - segment.offset < segment.end:
                return wall - segment.offset
        return None

    def previous(self, until: datetime) -> datetime | None:
        """Returns the last instant up to `until` at which it fired, in UTC; None if never.

        Args:
            until: a timezone aware instant; included.
        """
        until = until.astimezone(UTC)
        for segment in self._segments_back(until):
            last = min(until, segment.end - MICROSECOND)
            wall = self._wall.previous(last + segment.offset)
            if wall is not None and wall >= self._begins(segment):
                return wall - segment.offset
            if segment.start <= until and self._fires_for_skipped(segment):
                return segment.start
            if wall is None:
                return None
        return None

    def count(self, after: datetime, until: datetime) -> int:
        """Counts how often it fires after `after` up to and including `until`."""
        after, until = after.astimezone(UTC), until.astimezone(UTC)
        total = 0
        for segment in self._segments_from(after):
            if segment.start > until:
                break
            start = max(after + segment.offset, self._begins(segment) - MICROSECOND)
            last = min(until, segment.end - MICROSECOND) + segment.offset
            total += self._wall.count(start, last) if last > start else 0
            if segment.start > after and self._fires_for_skipped(segment):
                total += not self._matches(segment.start + segment.offset)
        return total

    def surprises(self, after: datetime, until: datetime) -> Surprises:
        """Returns the next dates on which a time is skipped and on which one comes twice."""
        if self._is_interval:
            return Surprises(None, None)
        return surprises_of(self._tz, self._count_wall, after, until)

    def _begins(self, segment: _Segment) -> datetime:
        """Returns from which time on the wall a segment fires: what came before comes not again."""
        begins = segment.start + segment.offset
        if self._is_interval:
            return begins
        return max(begins, segment.start + segment.before)

    def _fires_for_skipped(self, segment: _Segment) -> bool:
        """Returns whether a time fires at the segment's start that the clock skipped."""
        if self._is_interval or segment.offset <= segment.before:
            return False
        return bool(
            self._count_wall(segment.start + segment.before, segment.start + segment.offset)
        )

    def _count_wall(self, start: datetime, end: datetime) -> int:
        """Counts matching minutes on the wall from `start` until before `end`."""
        return self._wall.count(start - MICROSECOND, end - MICROSECOND)

    def _matches(self, wall: datetime) -> bool:
        return self._wall.previous(wall) == wall

    def _segments_from(self, after: datetime) -> Iterator[_Segment]:
        """Yields the segments from that of an instant on, in order."""
        start = max(after, FIRST)
        before = self._offset(start)
        for change in changes_between(self._tz, start, LAST):
            yield _Segment(start, change.at, self._offset(start), before)
            start, before = change.at, change.before
        yield _Segment(start, LAST, self._offset(start), before)

    def _segments_back(self, until: datetime) -> Iterator[_Segment]:
        """Yields the segments from that of an instant back, the latest first."""
        end = LAST
        for year in range(min(until.year, LAST.year - 1), FIRST.year - 1, -1):
            for change in reversed(changes_in(self._tz, year)):
                if change.at <= until:
                    yield _Segment(change.at, end, change.after, change.before)
                    end = change.at
                else:
                    end = min(end, change.at)
        offset = self._offset(FIRST)
        yield _Segment(FIRST, end, offset, offset)

    def _offset(self, instant: datetime) -> timedelta:
        return instant.astimezone(self._tz).utcoffset() or timedelta()


def zone_named(name: str) -> ZoneInfo:
    """Returns a time zone by its IANA name.

    Raises:
        CronError: it is not known.
    """
    if not _ZONE.fullmatch(name):
        raise CronError(f"the time zone {name[:64]!r} is not an IANA name such as Europe/Berlin")
    try:
        return ZoneInfo(name)
    except (OSError, ValueError, KeyError):
        raise CronError(f"the time zone {name[:64]!r} is not known here") from None


def _wall(text: str, fields: list[str]) -> Cron:
    minutes, hours, days, months, weekdays = (
        _values(field, part) for field, part in zip(_FIELDS, fields, strict=True)
    )
    weekdays = frozenset(day % 7 for day in weekdays)
    both = fields[2].startswith("*") or fields[4].startswith("*")

    def fires(day: int, weekday: int) -> bool:
        if both:
            return day in days and weekday in weekdays
        return day in days or weekday in weekdays

    return Cron.of_sets(
        text,
        minutes=frozenset(hour * 60 + minute for hour in hours for minute in minutes),
        months=months,
        fires=fires,
    )


def _values(field: _Field, text: str) -> frozenset[int]:
    return frozenset(value for item in text.split(",") for value in _item(field, item))


def _item(field: _Field, item: str) -> range:
    span, slash, step = item.partition("/")
    every = _number(field, step, item) if slash else 1
    if not 1 <= every <= field.high:
        raise _wrong(field, item, f"the step must be from 1 to {field.high}")
    if span == "*":
        # 7 is Sunday again.
        return range(field.low, min(field.high, 6 if field.names is _WEEKDAYS else 99) + 1, every)
    first, dash, last = span.partition("-")
    low = _value(field, first, item)
    high = _value(field, last, item) if dash else (field.high if slash else low)
    if slash and not dash and field.names is _WEEKDAYS:
        high = 6
    if low > high:
        raise _wrong(field, item, "the range ends before it begins")
    return range(low, high + 1, every)


def _value(field: _Field, text: str, item: str) -> int:
    value = field.names.get(text.upper())
    if value is None:
        value = _number(field, text, item)
    if not field.low <= value <= field.high:
        raise _wrong(field, item, f"expected {field.low} to {field.high}")
    return value


def _number(field: _Field, text: str, item: str) -> int:
    if not re.fullmatch(r"[0-9]{1,3}", text):
        raise _wrong(field, item, f"expected numbers from {field.low} to {field.high}")
    return int(text)


def _wrong(field: _Field, item: str, why: str) -> CronError:
    return CronError(f"{field.name} {item[:40]!r}: {why}", field.name)
