"""What a cron expression means, by brute force: the oracle for the real one.

An expression is built from values, never parsed. Each value can write itself and can tell whether
a number or a date is its own; the next instant is found by trying days and minutes one by one.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from typing import Protocol

ONE_DAY = timedelta(days=1)
ONE_MINUTE = timedelta(minutes=1)
FIRST_DAY = date(1970, 1, 1)
LAST_DAY = date(2099, 12, 31)


# Values of any field


@dataclass(frozen=True)
class Bounds:
    low: int
    high: int

    def distance(self, start: int, end: int) -> int:
        """How far it is from one value up to another, past the end of the field if need be."""
        return (end - start) % (self.high - self.low + 1)


MINUTES, HOURS = Bounds(0, 59), Bounds(0, 23)
MONTH_DAYS, MONTHS = Bounds(1, 31), Bounds(1, 12)
WEEK_DAYS, YEARS = Bounds(1, 7), Bounds(1970, 2099)


class Value(Protocol):
    @property
    def text(self) -> str: ...

    def has(self, number: int) -> bool: ...


@dataclass(frozen=True)
class Every:
    """`*`, `*/n`, `/n`"""

    bounds: Bounds
    text: str = "*"
    step: int = 1

    def has(self, number: int) -> bool:
        return (number - self.bounds.low) % self.step == 0


@dataclass(frozen=True)
class One:
    """`a`, by number or by name"""

    text: str
    value: int

    def has(self, number: int) -> bool:
        return number == self.value


@dataclass(frozen=True)
class From:
    """`a/n`"""

    start: int
    step: int

    @property
    def text(self) -> str:
        return f"{self.start}/{self.step}"

    def has(self, number: int) -> bool:
        return number >= self.start and (number - self.start) % self.step == 0


@dataclass(frozen=True)
class Range:
    """`a-b`, `a-b/n`, by numbers or by names; b may be less than a"""

    bounds: Bounds
    text: str
    start: int
    end: int
    step: int = 1

    def has(self, number: int) -> bool:
        along = self.bounds.distance(self.start, number)
        return along <= self.bounds.distance(self.start, self.end) and along % self.step == 0


# Days of a month


class Days(Protocol):
    @property
    def text(self) -> str: ...

    def has_day(self, day: date) -> bool: ...


@dataclass(frozen=True)
class ByNumber:
    """A value of the day-of-month field that is a plain number."""

    value: Value

    @property
    def text(self) -> str:
        return self.value.text

    def has_day(self, day: date) -> bool:
        return self.value.has(day.day)


@dataclass(frozen=True)
class Last:
    """`L`, `L-n`"""

    text: str
    back: int = 0

    def has_day(self, day: date) -> bool:
        return (day + self.back * ONE_DAY) == last_of_month(day)


@dataclass(frozen=True)
class Nearest:
    """`nW`, `LW`, `L-nW`: the weekday nearest to the day that `to` names"""

    text: str
    to: ByNumber | Last

    def has_day(self, day: date) -> bool:
        month = days_of_month(day)
        named = [each for each in month if self.to.has_day(each)]
        weekdays = [each for each in month if each.isoweekday() <= 5]
        return any(min(weekdays, key=lambda each: abs(each - name)) == day for name in named)


@dataclass(frozen=True)
class ByWeekday:
    """A value of the day-of-week field that stands for each week."""

    value: Value

    @property
    def text(self) -> str:
        return self.value.text

    def has_day(self, day: date) -> bool:
        return self.value.has(day.isoweekday() % 7 + 1)


@dataclass(frozen=True)
class LastWeekday:
    """`dL`"""

    text: str
    weekday: ByWeekday

    def has_day(self, day: date) -> bool:
        return self.weekday.has_day(day) and (day + 7 * ONE_DAY).month != day.month


@dataclass(frozen=True)
class NthWeekday:
    """`d#k`"""

    text: str
    weekday: ByWeekday
    nth: int

    def has_day(self, day: date) -> bool:
        so_far = [each for each in days_of_month(day) if each <= day]
        count = sum(self.weekday.has_day(each) for each in so_far)
        return self.weekday.has_day(day) and count == self.nth


def days_of_month(day: date) -> list[date]:
    return _days_of_month(day.year, day.month)


@cache
def _days_of_month(year: int, month: int) -> list[date]:
    days = [date(year, month, 1) + n * ONE_DAY for n in range(31)]
    return [each for each in days if each.month == month]


def last_of_month(day: date) -> date:
    return days_of_month(day)[-1]


# The whole expression


@dataclass(frozen=True)
class Model:
    minutes: list[Value]
    hours: list[Value]
    days: list[Days]
    by_weekday: bool
    months: list[Value]
    years: list[Value] | None

    @property
    def expression(self) -> str:
        days = _list(self.days)
        fields = [_list(self.minutes), _list(self.hours)]
        fields += ["?", _list(self.months), days] if self.by_weekday else []
        fields += [] if self.by_weekday else [days, _list(self.months), "?"]
        fields += [_list(self.years)] if self.years is not None else []
        return " ".join(fields)

    def fires_on(self, day: date) -> bool:
        return (
            FIRST_DAY <= day <= LAST_DAY
            and _any(self.months, day.month)
            and (self.years is None or _any(self.years, day.year))
            and any(days.has_day(day) for days in self.days)
        )

    def times(self) -> list[time]:
        """The minutes of a day at which it fires, in order."""
        hours = [hour for hour in range(24) if _any(self.hours, hour)]
        minutes = [minute for minute in range(60) if _any(self.minutes, minute)]
        return [time(hour, minute, tzinfo=UTC) for hour in hours for minute in minutes]

    def instants(self, after: datetime, until: date) -> Iterator[datetime]:
        """All instants after `after` up to the end of a day."""
        times = self.times()
        day = max(after.astimezone(UTC).date(), FIRST_DAY)
        while day <= min(until, LAST_DAY):
            if self.fires_on(day):
                instants = (datetime.combine(day, each) for each in times)
                yield from (instant for instant in instants if instant > after)
            day += ONE_DAY


def _any(values: list[Value], number: int) -> bool:
    return any(value.has(number) for value in values)


def _list(values: list[Value] | list[Days]) -> str:
    return ",".join(value.text for value in values)
