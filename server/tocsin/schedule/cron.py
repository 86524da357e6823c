"""Parses cron expressions of timers, and finds the instants at which they fire.

The dialect is that of Quartz's CronExpression with the seconds fixed at 0, in UTC:

    Minutes  Hours  Day-of-month  Month  Day-of-week  [Year]

What Quartz accepts is accepted here and means the same, with two exceptions:

- Quartz skips text that it can't use (`5X` is 5, `MON-FRI/2` is MON-FRI, `?,5` is `?`), and lets
  some numbers past its range checks (`0W`, `9#1`, a step of 0, the year 1900). Here these are
  errors, because the schedule would not be the one that the user wrote.
- Quartz's search can miss days that its rules name (`1W`, searched from Monday the 2nd; in
  February the 25th of `L-3,26`). Here the rules hold: an expression fires at the same instants
  wherever the search begins.

How `next` works: the days of a month on which an expression fires depend only on the month's
shape, which is its length (28 to 31) and the weekday on which it begins. So an expression becomes
three bit sets: the minutes of a day, the days of each of the 28 shapes, and the months of 1970-2099
that have any such day. Each step of the search is one shift and one search for the lowest bit, and
an impossible date is an empty set of months.
"""

import dataclasses
from bisect import bisect_right
from collections.abc import Callable, Collection, Iterator
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from typing import NamedTuple

FIRST_YEAR = 1970
LAST_YEAR = 2099


class CronError(ValueError):
    """A cron expression is wrong; the message says where, why, and what would be right.

    `field` is "minutes", "hours", "day-of-month", "month", "day-of-week" or "year"; None if the
    error is about the whole expression.
    """

    def __init__(self, message: str, field: str | None = None) -> None:
        super().__init__(message)
        self.field = field


@dataclasses.dataclass(frozen=True, slots=True)
class Cron:
    """Parses a cron expression and finds the instants at which it fires.

    Two are equal if their texts are.

    Raises:
        CronError: the text is not a valid expression.
    """

    expression: str
    # Bit m is minute m of the day.
    _minutes: int = dataclasses.field(init=False, repr=False, compare=False)
    # One bit set for each shape of month: bit d is day d + 1.
    _days: tuple[int, ...] = dataclasses.field(init=False, repr=False, compare=False)
    # Bit m is the m-th month since January 1970; set only if the month has a day to fire on.
    _months: int = dataclasses.field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        minutes, hours, month_days, months, week_days, *rest = _split(self.expression)
        minutes_of_day = _spread(
            _parse_values(_MINUTES, minutes), over=_parse_values(_HOURS, hours), width=60
        )
        months_of_year = _parse_values(_MONTH, months)
        years = _parse_values(_YEAR, rest[0]) if rest else _YEAR.every
        days = _parse_days(month_days, week_days)
        object.__setattr__(self, "_minutes", minutes_of_day)
        object.__setattr__(self, "_days", days)
        object.__setattr__(self, "_months", _months_with_days(years, months_of_year, days))

    @classmethod
    def of_sets(
        cls,
        expression: str,
        *,
        minutes: Collection[int],
        months: Collection[int],
        fires: Callable[[int, int], bool],
    ) -> "Cron":
        """Returns what fires at sets of times, for other dialects than this module's.

        Args:
            expression: its text.
            minutes: the minutes of the day, 0 to 1439.
            months: 1 to 12.
            fires: returns whether a day of the month (from 1) with a weekday (Sunday is 0) counts.
        """
        cron = object.__new__(cls)
        days = tuple(
            sum(1 << day for day in range(length) if fires(day + 1, (first + day) % 7))
            for length in _MONTH_LENGTHS
            for first in range(7)
        )
        months_of_year = sum(1 << month - 1 for month in months)
        object.__setattr__(cron, "expression", expression)
        object.__setattr__(cron, "_minutes", sum(1 << minute for minute in minutes))
        object.__setattr__(cron, "_days", days)
        every_year = _YEAR.every
        object.__setattr__(cron, "_months", _months_with_days(every_year, months_of_year, days))
        return cron

    def next(self, after: datetime) -> datetime | None:
        """Returns the first whole minute after `after` at which the expression fires, in UTC.

        Returns None if it does not fire again before the end of 2099.

        Args:
            after: a timezone aware instant, in any zone; excluded.

        Raises:
            ValueError: the instant is naive.
        """
        day, minute = _next_minute(after)
        if day >= _MONTH_STARTS[-1]:
            return None
        month = bisect_right(_MONTH_STARTS, day) - 1
        if self._months >> month & 1:
            days = self._days[_MONTH_SHAPES[month]] >> day - _MONTH_STARTS[month]
            if days & 1 and (minutes := self._minutes >> minute):
                return _instant(day, minute + _lowest_bit(minutes))
            if days := days >> 1:
                return _instant(day + 1 + _lowest_bit(days), _lowest_bit(self._minutes))
        months = self._months >> month + 1
        if not months:
            return None
        month += 1 + _lowest_bit(months)
        day = _MONTH_STARTS[month] + _lowest_bit(self._days[_MONTH_SHAPES[month]])
        return _instant(day, _lowest_bit(self._minutes))

    def previous(self, until: datetime) -> datetime | None:
        """Returns the last whole minute up to `until` at which the expression fires, in UTC.

        Returns None if it has not fired since the start of 1970.

        Args:
            until: a timezone aware instant, in any zone; included.

        Raises:
            ValueError: the instant is naive.
        """
        month, day, minute = _calendar_position(until)
        if self._months >> month & 1:
            days = self._days[_MONTH_SHAPES[month]] & (2 << day) - 1
            if days >> day and (minutes := self._minutes & (1 << minute) - 1):
                return _instant(_MONTH_STARTS[month] + day, _highest_bit(minutes))
            if days := days & (1 << day) - 1:
                return self._last_of_day(_MONTH_STARTS[month] + _highest_bit(days))
        months = self._months & (1 << month) - 1
        if not months:
            return None
        month = _highest_bit(months)
        return self._last_of_day(
            _MONTH_STARTS[month] + _highest_bit(self._days[_MONTH_SHAPES[month]])
        )

    def count(self, after: datetime, until: datetime) -> int:
        """Counts how often the expression fires after `after` up to and including `until`.

        The count takes the same time however large it is.

        Raises:
            ValueError: an instant is naive.
        """
        return max(0, self._count_until(until) - self._count_until(after))

    def minutes_on(self, day: datetime) -> int:
        """Returns at which minutes of a day it fires, in UTC: bit m stands for minute m.

        Args:
            day: any instant of the day, timezone aware.

        Raises:
            ValueError: the instant is naive.
        """
        number, _ = _next_minute(day)
        if day < _EPOCH or number >= _MONTH_STARTS[-1]:
            return 0
        month = bisect_right(_MONTH_STARTS, number) - 1
        if not self._months >> month & 1:
            return 0
        days = self._days[_MONTH_SHAPES[month]] >> number - _MONTH_STARTS[month]
        return self._minutes if days & 1 else 0

    def _count_until(self, instant: datetime) -> int:
        month, day, minute = _calendar_position(instant)
        before = self._months & (1 << month) - 1
        days = sum(
            (before & months).bit_count() * self._days[shape].bit_count()
            for shape, months in enumerate(_MONTHS_OF_SHAPE)
        )
        minutes = 0
        if self._months >> month & 1:
            of_month = self._days[_MONTH_SHAPES[month]]
            days += (of_month & (1 << day) - 1).bit_count()
            if of_month >> day & 1:
                minutes = (self._minutes & (1 << minute) - 1).bit_count()
        return days * self._minutes.bit_count() + minutes

    def _last_of_day(self, day: int) -> datetime:
        return _instant(day, _highest_bit(self._minutes))


# Bit sets


def _lowest_bit(bits: int) -> int:
    return (bits & -bits).bit_length() - 1


def _highest_bit(bits: int) -> int:
    return bits.bit_length() - 1


def _each_bit(bits: int) -> Iterator[int]:
    while bits:
        yield _lowest_bit(bits)
        bits &= bits - 1


def _spread(bits: int, *, over: int, width: int) -> int:
    """Returns a copy of `bits` for each bit of `over`, `width` bits apart."""
    spread = 0
    for position in _each_bit(over):
        spread |= bits << position * width
    return spread


# The calendar, 1970 to 2099. Days count from 1970-01-01, months from January 1970, weekdays from
# Sunday = 0.

_EPOCH = datetime(FIRST_YEAR, 1, 1, tzinfo=UTC)
_THURSDAY = 4  # the weekday of the epoch
_SATURDAY, _SUNDAY = 6, 0
_MONTH_LENGTHS = range(28, 32)
_WEEK = 0b1111111


def _month_starts() -> tuple[int, ...]:
    first = date(FIRST_YEAR, 1, 1).toordinal()
    years = range(FIRST_YEAR, LAST_YEAR + 1)
    starts = [date(year, month, 1).toordinal() - first for year in years for month in range(1, 13)]
    return (*starts, date(LAST_YEAR + 1, 1, 1).toordinal() - first)


def _shape(start: int, end: int) -> int:
    """Returns the shape of the month that begins on day `start` and ends before day `end`."""
    return (end - start - _MONTH_LENGTHS.start) * 7 + (start + _THURSDAY) % 7


# The first day of each month, and of the month after the last one.
_MONTH_STARTS = _month_starts()
_MONTH_SHAPES = bytes(_shape(start, end) for start, end in pairwise(_MONTH_STARTS))
# The months of each shape, as bits.
_MONTHS_OF_SHAPE = tuple(
    sum(1 << month for month, its in enumerate(_MONTH_SHAPES) if its == shape)
    for shape in range(7 * len(_MONTH_LENGTHS))
)
_EVERY_JANUARY = sum(1 << month for month in range(0, len(_MONTH_SHAPES), 12))


def _next_minute(after: datetime) -> tuple[int, int]:
    """Returns the day and the minute of the day that follow an instant; 1440 is the day's end."""
    if after.utcoffset() is None:
        raise ValueError(f"{after!r} is naive; give a timezone aware datetime")
    elapsed = after - _EPOCH
    if elapsed.days < 0:
        return 0, 0
    return elapsed.days, elapsed.seconds // 60 + 1


def _calendar_position(instant: datetime) -> tuple[int, int, int]:
    """Returns the month of an instant, its day from 0, and the minutes of the day that have begun.

    An instant before 1970 becomes the start of the first month, one after 2099 the end of the last.
    """
    day, minute = _next_minute(instant)
    if day >= _MONTH_STARTS[-1]:
        day, minute = _MONTH_STARTS[-1] - 1, 24 * 60
    month = bisect_right(_MONTH_STARTS, day) - 1
    return month, day - _MONTH_STARTS[month], minute


def _instant(day: int, minute: int) -> datetime:
    return _EPOCH + timedelta(day, minute * 60)


def _months_with_days(years: int, months_of_year: int, days: tuple[int, ...]) -> int:
    """Returns the months of 1970-2099 that the fields select and that have a day to fire on."""
    with_days = 0
    for shape, bits in enumerate(days):
        if bits:
            with_days |= _MONTHS_OF_SHAPE[shape]
    if years == _YEAR.every:  # the usual case, and much quicker
        return with_days & months_of_year * _EVERY_JANUARY
    return with_days & _spread(months_of_year, over=years, width=12)


# Parsing


class _Field(NamedTuple):
    """Describes one field of an expression; bit n of its values stands for the value `low` + n."""

    name: str
    low: int
    high: int
    form: str
    names: dict[str, int]

    @property
    def size(self) -> int:
        return self.high - self.low + 1

    @property
    def every(self) -> int:
        return (1 << self.size) - 1

    def error(self, reason: str) -> CronError:
        return CronError(f"{self.name}: {reason}", self.name)


def _numbered(names: str) -> dict[str, int]:
    return {name: number for number, name in enumerate(names.split(), start=1)}


_MINUTES = _Field("minutes", 0, 59, "0-59", {})
_HOURS = _Field("hours", 0, 23, "0-23", {})
_MONTH_DAY = _Field("day-of-month", 1, 31, "1-31, L, L-n, LW, nW", {})
_MONTH = _Field(
    "month",
    1,
    12,
    "1-12 or JAN-DEC",
    _numbered("JAN FEB MAR APR MAY JUN JUL AUG SEP OCT NOV DEC"),
)
_WEEK_DAY = _Field(
    "day-of-week",
    1,
    7,
    "1-7 or SUN-SAT, L, dL, d#k",
    _numbered("SUN MON TUE WED THU FRI SAT"),
)
_YEAR = _Field("year", FIRST_YEAR, LAST_YEAR, f"{FIRST_YEAR}-{LAST_YEAR}", {})

_MAX_LAST_OFFSET = 30
_NTH_WEEKS = ("1", "2", "3", "4", "5")


def _split(expression: str) -> list[str]:
    """Returns the texts of the five or six fields, in capitals."""
    if not expression.isascii():
        raise CronError("the expression has characters that are not ASCII")
    texts = expression.strip().upper().replace("\t", " ").split(" ")
    texts = [text for text in texts if text]
    if len(texts) not in (5, 6):
        raise CronError(
            f"the expression has {len(texts)} fields: it needs 5 or 6, which are"
            " Minutes Hours Day-of-month Month Day-of-week [Year]"
        )
    return texts


def _items(field: _Field, text: str) -> list[str]:
    """Returns the distinct items of a list; like Quartz, it ignores empty ones."""
    items = [item for item in dict.fromkeys(text.split(",")) if item]
    if not items:
        raise field.error(f"the value is missing: use {field.form}")
    return items


def _parse_values(field: _Field, text: str) -> int:
    if text == "*":
        return field.every
    if "?" in text:
        raise field.error("'?' can only be specified for Day-of-Month or Day-of-Week.")
    values = 0
    for item in _items(field, text):
        values |= _parse_item(field, item)
    return values


def _parse_item(field: _Field, item: str) -> int:
    """Parses one of `*`, `a`, `a-b`, `*/n`, `/n`, `a/n`, `a-b/n`."""
    span, slash, step_text = item.partition("/")
    step = _parse_step(field, step_text) if slash else 1
    if span == "*" or (slash and not span):
        return _range(field, field.low, field.high, step)
    first_text, dash, last_text = span.partition("-")
    first = _parse_value(field, first_text)
    last = _parse_value(field, last_text) if dash else field.high if slash else first
    if slash and first_text in field.names:
        raise field.error(
            f"a step can't follow a name: write {_quote(item)} with {field.low}-{field.high}"
        )
    if dash and (first_text in field.names) != (last_text in field.names):
        raise field.error(f"{_quote(item)} is not a range: use two numbers or two names")
    return _range(field, first, last, step)


def _range(field: _Field, first: int, last: int, step: int) -> int:
    if last < first:
        if field is _YEAR:
            raise field.error(f"the range {first}-{last} goes backwards")
        last += field.size
    values = 0
    for value in range(first, last + 1, step):
        values |= 1 << (value - field.low) % field.size
    return values


def _parse_value(field: _Field, text: str) -> int:
    if text in field.names:
        return field.names[text]
    if not text:
        raise field.error(f"a value is missing: use {field.form}")
    if not text.isdigit():
        raise field.error(f"{_quote(text)} is not a value: use {field.form}")
    return _parse_number(field, text, field.low, field.high)


def _parse_step(field: _Field, text: str) -> int:
    if not text.isdigit():
        raise field.error(f"{_quote(text)} is not a step: '/' must be followed by a number")
    return _parse_number(field, text, 1, field.high, " as a step")


def _parse_number(field: _Field, digits: str, low: int, high: int, role: str = "") -> int:
    significant = digits.lstrip("0") or "0"
    if len(significant) > len(str(high)) or not low <= int(significant) <= high:
        raise field.error(f"{_shorten(digits)} is out of range{role}: use {low}-{high}")
    return int(significant)


def _quote(text: str) -> str:
    return f"'{_shorten(text)}'"


def _shorten(text: str) -> str:
    return text if len(text) <= 40 else f"{text[:40]}..."


# The two day fields


def _parse_days(month_days: str, week_days: str) -> tuple[int, ...]:
    """Returns the days to fire on in each shape of month; bit d is day d + 1."""
    if month_days == week_days == "?":
        raise CronError(
            "'?' can only be specified for Day-of-Month -OR- Day-of-Week."
            " The other one needs a value, such as '*'."
        )
    for field, text in ((_MONTH_DAY, month_days), (_WEEK_DAY, week_days)):
        if "?" in text and text != "?":
            raise field.error(f"'?' must stand alone, not as in {_quote(text)}")
    if month_days != "?" and week_days != "?":
        raise CronError(
            "Support for specifying both a day-of-week AND a day-of-month parameter is not"
            " implemented. One of the two must be '?'."
        )
    days: _MonthDays | _WeekDays
    days = _parse_week_days(week_days) if month_days == "?" else _parse_month_days(month_days)
    return tuple(days.in_month(length, first) for length in _MONTH_LENGTHS for first in range(7))


class _MonthDays(NamedTuple):
    """Selects days by number: plain days as bits, special days that depend on the month.

    A positive special day counts from the start of the month; others count back from the last day,
    which is 0 (`L`, `L-n`). The flag `nearest` moves it to the nearest weekday (`W`).
    """

    plain: int
    special: list[tuple[int, bool]]

    def in_month(self, length: int, first_weekday: int) -> int:
        days = self.plain & (1 << length) - 1
        for number, nearest in self.special:
            day = number if number > 0 else length + number
            if 1 <= day <= length:
                if nearest:
                    day = _nearest_weekday(day, length, first_weekday)
                days |= 1 << day - 1
        return days


def _nearest_weekday(day: int, length: int, first_weekday: int) -> int:
    """Returns the nearest day from Monday to Friday within the month."""
    weekday = (first_weekday + day - 1) % 7
    if weekday == _SATURDAY:
        return day - 1 if day > 1 else day + 2
    if weekday == _SUNDAY:
        return day + 1 if day < length else day - 2
    return day


def _parse_month_days(text: str) -> _MonthDays:
    plain = 0
    special = []
    for item in _items(_MONTH_DAY, text):
        if "L" in item or "W" in item:
            special.append(_parse_special_month_day(item))
        else:
            plain |= _parse_item(_MONTH_DAY, item)
    return _MonthDays(plain, special)


def _parse_special_month_day(item: str) -> tuple[int, bool]:
    """Parses one of `L`, `L-n`, `LW`, `L-nW`, `nW`."""
    nearest = item.endswith("W")
    day = item.removesuffix("W")
    if day == "L":
        return 0, nearest
    if day.startswith("L-") and day[2:].isdigit():
        return -_parse_number(_MONTH_DAY, day[2:], 0, _MAX_LAST_OFFSET, " after 'L-'"), nearest
    if nearest and day.isdigit():
        return _parse_value(_MONTH_DAY, day), nearest
    raise _MONTH_DAY.error(
        f"{_quote(item)} is not a value: 'L' is used as L, L-n, LW or L-nW, and 'W' follows a"
        " single day, as in 15W"
    )


class _WeekDays(NamedTuple):
    """Selects days by weekday, as bits from Sunday, in all weeks or in one week of the month."""

    weekdays: int
    nth: int | None = None
    last: bool = False

    def in_month(self, length: int, first_weekday: int) -> int:
        week = (self.weekdays | self.weekdays << 7) >> first_weekday & _WEEK
        days = (week | week << 7 | week << 14 | week << 21 | week << 28) & (1 << length) - 1
        if self.last:
            return days & _WEEK << length - 7
        if self.nth:
            return days & _WEEK << (self.nth - 1) * 7
        return days


def _parse_week_days(text: str) -> _WeekDays:
    if "L" in text and "," in text:
        raise _WEEK_DAY.error(
            "Support for specifying 'L' with other days of the week is not implemented"
        )
    if text.count("#") > 1 or ("#" in text and "," in text):
        raise _WEEK_DAY.error(
            'Support for specifying multiple "nth" days is not implemented.'
            " Use one d#k, such as 6#3."
        )
    if text == "L":
        return _WeekDays(_parse_item(_WEEK_DAY, "SAT"))
    if text.endswith("L"):
        return _WeekDays(_one_week_day(text.removesuffix("L")), last=True)
    if "#" in text:
        day, _, nth = text.partition("#")
        week = nth.lstrip("0")
        if week not in _NTH_WEEKS:
            raise _WEEK_DAY.error("A numeric value between 1 and 5 must follow the '#' option")
        return _WeekDays(_one_week_day(day), nth=int(week))
    weekdays = 0
    for item in _items(_WEEK_DAY, text):
        weekdays |= _parse_item(_WEEK_DAY, item)
    return _WeekDays(weekdays)


def _one_week_day(text: str) -> int:
    return 1 << _parse_value(_WEEK_DAY, text) - _WEEK_DAY.low
