"""The cron dialect, rule by rule. All instants are in UTC."""

import copy
import dataclasses
import pickle
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, timezone
from itertools import islice
from zoneinfo import ZoneInfo

import pytest

from tocsin.schedule import Cron, CronError

START = datetime(2026, 1, 1, tzinfo=UTC)  # a Thursday


def fires(expression: str, count: int, after: datetime = START) -> list[str]:
    """The next instants after `after`, as "2026-01-31 23:30"."""
    instants = islice(chain(Cron(expression), after), count)
    return [f"{instant:%Y-%m-%d %H:%M}" for instant in instants]


def fire_days(expression: str, count: int, after: datetime = START) -> list[str]:
    return [instant[:10] for instant in fires(expression, count, after)]


def chain(cron: Cron, instant: datetime | None) -> Iterator[datetime]:
    while instant is not None and (instant := cron.next(instant)) is not None:
        yield instant


# The vendor's examples


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("* * * * ? *", ["2026-01-01 00:01", "2026-01-01 00:02", "2026-01-01 00:03"]),
        ("0 * ? * * *", ["2026-01-01 01:00", "2026-01-01 02:00", "2026-01-01 03:00"]),
        ("15 10 ? * * *", ["2026-01-01 10:15", "2026-01-02 10:15", "2026-01-03 10:15"]),
        ("*/15 * ? * * *", ["2026-01-01 00:15", "2026-01-01 00:30", "2026-01-01 00:45"]),
        ("0/1 * * * ? *", ["2026-01-01 00:01", "2026-01-01 00:02", "2026-01-01 00:03"]),
        ("0 9 ? * 2-6 *", ["2026-01-01 09:00", "2026-01-02 09:00", "2026-01-05 09:00"]),
        ("30 23 L * ? *", ["2026-01-31 23:30", "2026-02-28 23:30", "2026-03-31 23:30"]),
        ("0 8 LW * ? 2026-2030", ["2026-01-30 08:00", "2026-02-27 08:00", "2026-03-31 08:00"]),
        ("0 12 ? * 2#1 *", ["2026-01-05 12:00", "2026-02-02 12:00", "2026-03-02 12:00"]),
        ("15 10 ? * 6L 2026-2030", ["2026-01-30 10:15", "2026-02-27 10:15", "2026-03-27 10:15"]),
    ],
)
def test_examples(expression: str, expected: list[str]) -> None:
    assert fires(expression, 3) == expected


# What `next` takes and gives


def test_next_is_strictly_after() -> None:
    cron = Cron("15 10 ? * * *")
    instant = datetime(2026, 1, 1, 10, 15, tzinfo=UTC)
    assert cron.next(instant - timedelta(microseconds=1)) == instant
    assert cron.next(instant) == instant + timedelta(days=1)
    assert cron.next(instant + timedelta(seconds=59)) == instant + timedelta(days=1)


def test_next_is_a_whole_minute_in_utc() -> None:
    instant = Cron("* * * * ? *").next(datetime(2026, 1, 1, 0, 0, 59, 999_999, tzinfo=UTC))
    assert instant == datetime(2026, 1, 1, 0, 1, tzinfo=UTC)
    assert instant is not None
    assert instant.tzinfo is UTC


@pytest.mark.parametrize(
    ("after", "expected"),
    [
        (datetime(2026, 1, 2, 4, 0, tzinfo=timezone(timedelta(hours=5))), "2026-01-02 00:00"),
        (datetime(2026, 1, 1, 20, 0, tzinfo=timezone(timedelta(hours=-5))), "2026-01-03 00:00"),
        # The hour that comes twice in Berlin on 2026-10-25: 02:30 is 00:30 UTC, then 01:30 UTC.
        (datetime(2026, 10, 25, 2, 30, tzinfo=ZoneInfo("Europe/Berlin")), "2026-10-26 00:00"),
    ],
)
def test_the_starting_point_may_be_in_any_zone(after: datetime, expected: str) -> None:
    assert fires("0 0 * * ? *", 1, after) == [expected]


def test_the_second_of_two_equal_local_hours_is_an_hour_later() -> None:
    first = datetime(2026, 10, 25, 2, 30, tzinfo=ZoneInfo("Europe/Berlin"))
    assert fires("* * * * ? *", 1, first) == ["2026-10-25 00:31"]
    assert fires("* * * * ? *", 1, first.replace(fold=1)) == ["2026-10-25 01:31"]


def test_a_naive_starting_point_is_refused() -> None:
    with pytest.raises(ValueError, match="naive"):
        Cron("* * * * ? *").next(datetime(2026, 1, 1))  # noqa: DTZ001


def test_the_first_instant_is_the_first_minute_of_1970() -> None:
    first = ["1970-01-01 00:00", "1970-01-01 00:01"]
    assert fires("* * * * ? *", 2, datetime(1969, 12, 31, 23, 59, tzinfo=UTC)) == first
    assert fires("* * * * ? *", 2, datetime(1, 1, 1, tzinfo=UTC)) == first
    assert fires("* * * * ? *", 1, datetime(1970, 1, 1, tzinfo=UTC)) == first[1:]


def test_the_last_instant_is_the_last_minute_of_2099() -> None:
    last = datetime(2099, 12, 31, 23, 59, tzinfo=UTC)
    cron = Cron("* * * * ? *")
    assert cron.next(last - timedelta(seconds=1)) == last
    assert cron.next(last) is None
    assert cron.next(last + timedelta(minutes=1)) is None


def test_any_datetime_can_be_the_starting_point() -> None:
    east, west = timezone(timedelta(hours=14)), timezone(timedelta(hours=-14))
    assert Cron("* * * * ? *").next(datetime.min.replace(tzinfo=east)) is not None
    assert Cron("* * * * ? *").next(datetime.max.replace(tzinfo=west)) is None


@pytest.mark.parametrize(
    "expression",
    [
        "0 0 30 2 ? *",
        "0 0 31 2,4,6,9,11 ? *",
        "0 0 29 2 ? 2026,2027,2029",
        "0 0 L-30 4 ? *",
        "0 0 31W SEP ? *",
        "0 0 ? 2 1#5 2026-2027",
        "0 0 1 1 ? 1970-2025",
    ],
)
def test_there_is_no_next_for_impossible_dates_and_past_years(expression: str) -> None:
    assert Cron(expression).next(START) is None


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("0 0 29 2 ? *", ["2028-02-29", "2032-02-29", "2036-02-29"]),
        ("0 0 ? FEB SUN#5 *", ["2032-02-29", "2060-02-29", "2088-02-29"]),
        ("0 0 31 12 ? */50", ["2070-12-31"]),
        ("59 23 31 12 ? 2099", ["2099-12-31"]),
    ],
)
def test_rare_dates_are_found(expression: str, expected: list[str]) -> None:
    assert fire_days(expression, 3) == expected


# Fields


def test_the_year_may_be_left_out() -> None:
    assert (
        fires("0 0 1 1 ?", 2)
        == fires("0 0 1 1 ? *", 2)
        == [
            "2027-01-01 00:00",
            "2028-01-01 00:00",
        ]
    )


@pytest.mark.parametrize("expression", ["  0 0\t1  1 \t ?  ", "0 0 1 1 ?\n"])
def test_blanks_and_tabs_separate_fields(expression: str) -> None:
    assert fire_days(expression, 1) == ["2027-01-01"]


@pytest.mark.parametrize(
    ("field", "expected"),
    [
        ("5", [5]),
        ("05", [5]),
        ("7,3,5", [3, 5, 7]),
        ("3,3", [3]),
        ("3,,5,", [3, 5]),
        ("10-12", [10, 11, 12]),
        ("10-10", [10]),
        ("10-15/2", [10, 12, 14]),
        ("40/15", [40, 55]),
        ("0/20", [0, 20, 40]),
        ("*/20", [0, 20, 40]),
        ("/20", [0, 20, 40]),
        ("*/59", [0, 59]),
        ("58-1", [0, 1, 58, 59]),
        ("58-2/2", [0, 2, 58]),
        ("1,10-11,50/5", [1, 10, 11, 50, 55]),
        ("*,5", list(range(60))),
    ],
)
def test_values_lists_ranges_and_steps(field: str, expected: list[int]) -> None:
    just_before = START - timedelta(minutes=1)
    minutes = [int(each[-2:]) for each in fires(f"{field} 0 1 1 ? 2026", 60, just_before)]
    assert minutes == expected


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("0 22-2 1 2 ? *", ["02-01 00", "02-01 01", "02-01 02", "02-01 22", "02-01 23"]),
        ("0 22-2/3 1 2 ? *", ["02-01 01", "02-01 22"]),
        ("0 0 28-3 2 ? *", ["02-01 00", "02-02 00", "02-03 00", "02-28 00"]),
        ("0 0 5 NOV-FEB ? *", ["01-05 00", "02-05 00", "11-05 00", "12-05 00"]),
        ("0 0 5 11-2/2 ? *", ["01-05 00", "11-05 00"]),
        ("0 0 ? 2 FRI-MON *", ["02-01 00", "02-02 00", "02-06 00", "02-07 00", "02-08 00"]),
        ("0 0 ? 2 6-2/3 *", ["02-02 00", "02-06 00", "02-09 00", "02-13 00", "02-16 00"]),
        ("0 0 ? 2 7-1 *", ["02-01 00", "02-07 00", "02-08 00", "02-14 00", "02-15 00"]),
    ],
)
def test_ranges_may_wrap(expression: str, expected: list[str]) -> None:
    assert [each[5:13] for each in fires(f"{expression[:-1]}2026", 5)] == expected


@pytest.mark.parametrize(
    ("with_names", "with_numbers"),
    [
        ("0 0 1 JAN,Apr,jul,oCT ? *", "0 0 1 1,4,7,10 ? *"),
        ("0 0 1 Feb-Dec ? *", "0 0 1 2-12 ? *"),
        ("0 0 ? * SUN,sat *", "0 0 ? * 1,7 *"),
        ("0 0 ? * mon-FRI *", "0 0 ? * 2-6 *"),
        ("0 0 ? * MON,4,Fri *", "0 0 ? * 2,4,6 *"),
        ("0 0 ? * fri#3 *", "0 0 ? * 6#3 *"),
        ("0 0 ? * Fril *", "0 0 ? * 6L *"),
        ("0 0 l-3w * ? *", "0 0 L-3W * ? *"),
    ],
)
def test_names_and_letters_ignore_case(with_names: str, with_numbers: str) -> None:
    assert fires(with_names, 20) == fires(with_numbers, 20)


@pytest.mark.parametrize(
    ("years", "expected"),
    [
        ("2027", [2027]),
        ("2030,2028", [2028, 2030]),
        ("2027-2029", [2027, 2028, 2029]),
        ("2020/50", [2070]),
        ("*/65", [2035]),
        ("2098-2099", [2098, 2099]),
        ("2026/1000", [2026]),
    ],
)
def test_years(years: str, expected: list[int]) -> None:
    assert [int(day[:4]) for day in fire_days(f"0 0 2 1 ? {years}", 10)] == expected


# Day of month


@pytest.mark.parametrize(
    ("days", "expected"),
    [
        ("L", ["01-31", "02-28", "03-31", "04-30"]),
        ("L-0", ["01-31", "02-28", "03-31", "04-30"]),
        ("L-3", ["01-28", "02-25", "03-28", "04-27"]),
        ("1,L", ["01-31", "02-01", "02-28", "03-01"]),
        ("L-3,26", ["01-26", "01-28", "02-25", "02-26"]),
        # Only in months that have 31 days.
        ("31", ["01-31", "03-31", "05-31", "07-31"]),
        ("L-30", ["03-01", "05-01", "07-01", "08-01"]),
    ],
)
def test_last_days_of_the_month(days: str, expected: list[str]) -> None:
    assert [day[5:] for day in fire_days(f"0 0 {days} * ? 2026", 4)] == expected


@pytest.mark.parametrize(
    ("expression", "expected", "why"),
    [
        ("15W 8 ? 2026", "2026-08-14", "Saturday the 15th: the Friday before"),
        ("15W 2 ? 2026", "2026-02-16", "Sunday the 15th: the Monday after"),
        ("15W 1 ? 2026", "2026-01-15", "a Thursday stays"),
        ("1W 8 ? 2026", "2026-08-03", "Saturday the 1st: not back into July"),
        ("1W 2 ? 2026", "2026-02-02", "Sunday the 1st"),
        ("31W 5 ? 2026", "2026-05-29", "Sunday the 31st: not on into June"),
        ("31W 1 ? 2026", "2026-01-30", "Saturday the 31st"),
        ("31W * ? 2027", "2027-01-29", "Sunday the 31st"),
        ("31W 2-12 ? 2026", "2026-03-31", "February has no 31st: no day there"),
        ("LW 5 ? 2026", "2026-05-29", "the last day is Sunday the 31st"),
        ("LW 2 ? 2026", "2026-02-27", "the last day is Saturday the 28th"),
        ("L-5W 2 ? 2026", "2026-02-23", "Monday the 23rd stays"),
        ("L-1W 2 ? 2027", "2027-02-26", "Saturday the 27th"),
        ("L-30W 8 ? 2026", "2026-08-03", "Saturday the 1st"),
        ("2W,16 5 ? 2026", "2026-05-01", "Saturday the 2nd, in a list"),
    ],
)
def test_nearest_weekday(expression: str, expected: str, why: str) -> None:
    assert fire_days(f"0 0 {expression}", 1) == [expected], why


def test_nearest_weekday_doesnt_depend_on_where_the_search_begins() -> None:
    monday_the_2nd = datetime(2026, 2, 2, 8, 30, tzinfo=UTC)
    assert fires("0 * 1W * ? *", 2, monday_the_2nd) == ["2026-02-02 09:00", "2026-02-02 10:00"]


# Day of week


@pytest.mark.parametrize(
    ("days", "expected"),
    [
        ("1", ["01-04", "01-11", "01-18", "01-25"]),
        ("7", ["01-03", "01-10", "01-17", "01-24"]),
        ("L", ["01-03", "01-10", "01-17", "01-24"]),
        ("1,7", ["01-03", "01-04", "01-10", "01-11"]),
        ("2/2", ["01-02", "01-05", "01-07", "01-09"]),
        ("*/7", ["01-04", "01-11", "01-18", "01-25"]),
        ("6L", ["01-30", "02-27", "03-27", "04-24"]),
        ("7L", ["01-31", "02-28", "03-28", "04-25"]),
        ("6#3", ["01-16", "02-20", "03-20", "04-17"]),
        ("5#1", ["02-05", "03-05", "04-02", "05-07"]),
        # Only in months that have five of them.
        ("4#5", ["04-29", "07-29", "09-30", "12-30"]),
    ],
)
def test_week_days(days: str, expected: list[str]) -> None:
    assert [day[5:] for day in fire_days(f"0 0 ? * {days} 2026", 4)] == expected


# Errors


@pytest.mark.parametrize(
    "expression", ["", " \t ", "* * * ?", "0 9 ? *", "0 0 1 1 ? 2026 *", "0 0 0 1 1 ? 2026"]
)
def test_there_are_five_or_six_fields(expression: str) -> None:
    with pytest.raises(CronError, match="it needs 5 or 6") as caught:
        Cron(expression)
    assert caught.value.field is None


BOTH_FILLED = (
    "Support for specifying both a day-of-week AND a day-of-month parameter is not implemented."
)
NEITHER_FILLED = "'?' can only be specified for Day-of-Month -OR- Day-of-Week."


@pytest.mark.parametrize(
    ("expression", "text"),
    [
        ("* * * * *", BOTH_FILLED),
        ("* * * * * *", BOTH_FILLED),
        ("0 0 4 * *", BOTH_FILLED),
        ("0 0 * * 4", BOTH_FILLED),
        ("0 0 L * 6L 2026", BOTH_FILLED),
        ("0 0 ? * ?", NEITHER_FILLED),
        ("0 0 ? * ? 2026", NEITHER_FILLED),
    ],
)
def test_one_of_the_two_day_fields_is_filled(expression: str, text: str) -> None:
    with pytest.raises(CronError) as caught:
        Cron(expression)
    assert text in str(caught.value)
    assert caught.value.field is None


@pytest.mark.parametrize(
    ("expression", "field"),
    [
        ("? * * * ? *", "minutes"),
        ("0 ? * * ? *", "hours"),
        ("0 0 * ? * *", "month"),
        ("0 0 * * ? ?", "year"),
    ],
)
def test_a_question_mark_is_for_the_day_fields(expression: str, field: str) -> None:
    with pytest.raises(CronError) as caught:
        Cron(expression)
    assert "'?' can only be specified for Day-of-Month or Day-of-Week" in str(caught.value)
    assert caught.value.field == field


@pytest.mark.parametrize("number", ["60", "100", "99999999999999999999"])
def test_numbers_out_of_range_of_any_length(number: str) -> None:
    with pytest.raises(CronError, match=f"minutes: {number} is out of range: use 0-59"):
        Cron(f"{number} * * * ?")


def minutes(text: str) -> str:
    return f"{text} * * * ? *"


def hours(text: str) -> str:
    return f"0 {text} * * ? *"


def month_days(text: str) -> str:
    return f"0 0 {text} * ? *"


def months(text: str) -> str:
    return f"0 0 1 {text} ? *"


def week_days(text: str) -> str:
    return f"0 0 ? * {text} *"


def years(text: str) -> str:
    return f"0 0 1 1 ? {text}"


@pytest.mark.parametrize(
    ("expression", "field", "reason"),
    [
        # out of range
        (minutes("5-60"), "minutes", "60 is out of range: use 0-59"),
        (hours("24"), "hours", "24 is out of range: use 0-23"),
        (month_days("0"), "day-of-month", "0 is out of range: use 1-31"),
        (month_days("32"), "day-of-month", "32 is out of range: use 1-31"),
        (month_days("5-0"), "day-of-month", "0 is out of range: use 1-31"),
        (month_days("0W"), "day-of-month", "0 is out of range: use 1-31"),
        (month_days("32W"), "day-of-month", "32 is out of range: use 1-31"),
        (month_days("L-31"), "day-of-month", "31 is out of range after 'L-': use 0-30"),
        (months("0"), "month", "0 is out of range: use 1-12"),
        (months("13"), "month", "13 is out of range: use 1-12"),
        (week_days("0"), "day-of-week", "0 is out of range: use 1-7"),
        (week_days("8"), "day-of-week", "8 is out of range: use 1-7"),
        (week_days("8L"), "day-of-week", "8 is out of range: use 1-7"),
        (week_days("0#1"), "day-of-week", "0 is out of range: use 1-7"),
        (years("1969"), "year", "1969 is out of range: use 1970-2099"),
        (years("2100"), "year", "2100 is out of range: use 1970-2099"),
        (years("26"), "year", "26 is out of range: use 1970-2099"),
        (years("2030-2026"), "year", "the range 2030-2026 goes backwards"),
        # steps
        (minutes("*/60"), "minutes", "60 is out of range as a step: use 1-59"),
        (minutes("0-30/60"), "minutes", "60 is out of range as a step: use 1-59"),
        (minutes("*/0"), "minutes", "0 is out of range as a step: use 1-59"),
        (minutes("5/0"), "minutes", "0 is out of range as a step: use 1-59"),
        (hours("0/24"), "hours", "24 is out of range as a step: use 1-23"),
        (month_days("/32"), "day-of-month", "32 is out of range as a step: use 1-31"),
        (months("*/13"), "month", "13 is out of range as a step: use 1-12"),
        (week_days("*/8"), "day-of-week", "8 is out of range as a step: use 1-7"),
        (minutes("5/"), "minutes", "'/' must be followed by a number"),
        (minutes("/"), "minutes", "'/' must be followed by a number"),
        (minutes("5/x"), "minutes", "'X' is not a step"),
        (minutes("1/2/3"), "minutes", "'2/3' is not a step"),
        (week_days("MON-FRI/2"), "day-of-week", "a step can't follow a name"),
        (months("JAN/3"), "month", "a step can't follow a name"),
        # malformed values
        (minutes("5-"), "minutes", "a value is missing: use 0-59"),
        (minutes("-5"), "minutes", "a value is missing: use 0-59"),
        (minutes("5x"), "minutes", "'5X' is not a value: use 0-59"),
        (minutes("1-2-3"), "minutes", "'2-3' is not a value: use 0-59"),
        (minutes("**"), "minutes", "'**' is not a value: use 0-59"),
        (minutes(","), "minutes", "the value is missing: use 0-59"),
        (hours("noon"), "hours", "'NOON' is not a value: use 0-23"),
        (months("foo"), "month", "'FOO' is not a value: use 1-12 or JAN-DEC"),
        (months("Jan-Foo"), "month", "'FOO' is not a value: use 1-12 or JAN-DEC"),
        (months("MON"), "month", "'MON' is not a value: use 1-12 or JAN-DEC"),
        (week_days("MONDAY"), "day-of-week", "'MONDAY' is not a value: use 1-7 or SUN-SAT"),
        (week_days("2-FRI"), "day-of-week", "use two numbers or two names"),
        (month_days("?,5"), "day-of-month", "'?' must stand alone"),
        (week_days("?5"), "day-of-week", "'?' must stand alone"),
        # specials where they don't belong
        (minutes("L"), "minutes", "'L' is not a value"),
        (hours("5W"), "hours", "'5W' is not a value"),
        (months("L"), "month", "'L' is not a value"),
        (month_days("6#3"), "day-of-month", "'6#3' is not a value"),
        (month_days("6L"), "day-of-month", "'6L' is not a value"),
        (month_days("W"), "day-of-month", "'W' follows a single day"),
        (month_days("10-15W"), "day-of-month", "'W' follows a single day"),
        (month_days("10/5W"), "day-of-month", "'W' follows a single day"),
        (month_days("L-"), "day-of-month", "'L-' is not a value"),
        (month_days("L-W"), "day-of-month", "'L-W' is not a value"),
        (month_days("WL"), "day-of-month", "'WL' is not a value"),
        (week_days("15W"), "day-of-week", "'15W' is not a value"),
        (week_days("LW"), "day-of-week", "'LW' is not a value"),
        (week_days("L-3"), "day-of-week", "'L' is not a value"),
        (week_days("2-4L"), "day-of-week", "'2-4' is not a value"),
        (
            week_days("SAT,SUN,L"),
            "day-of-week",
            "Support for specifying 'L' with other days of the week is not implemented",
        ),
        (
            week_days("6L,2"),
            "day-of-week",
            "Support for specifying 'L' with other days of the week is not implemented",
        ),
        # the n-th weekday
        (
            week_days("2#1,4#1"),
            "day-of-week",
            'Support for specifying multiple "nth" days is not implemented.',
        ),
        (
            week_days("6#3,2"),
            "day-of-week",
            'Support for specifying multiple "nth" days is not implemented.',
        ),
        (week_days("6#0"), "day-of-week", "A numeric value between 1 and 5"),
        (week_days("6#6"), "day-of-week", "A numeric value between 1 and 5"),
        (week_days("6#"), "day-of-week", "A numeric value between 1 and 5"),
        (week_days("6#L"), "day-of-week", "'6#' is not a value"),
        (week_days("#3"), "day-of-week", "a value is missing: use 1-7"),
        (week_days("2-4#1"), "day-of-week", "'2-4' is not a value"),
        # a stranger's text
        (minutes("9" * 10_000), "minutes", "9... is out of range: use 0-59"),
        (minutes("x" * 10_000), "minutes", "X...' is not a value"),
    ],
)
def test_errors_name_the_field_and_what_would_be_right(
    expression: str, field: str, reason: str
) -> None:
    with pytest.raises(CronError) as caught:
        Cron(expression)
    assert caught.value.field == field
    assert str(caught.value).startswith(f"{field}: ")
    assert reason in str(caught.value)
    assert len(str(caught.value)) < 200


@pytest.mark.parametrize("expression", ["٣ * * * ? *", "0 0 ? * ﬀ", "0 0 1\u00a01 ?"])
def test_only_ascii(expression: str) -> None:
    with pytest.raises(CronError, match="not ASCII"):
        Cron(expression)


def test_a_cron_error_is_a_value_error() -> None:
    with pytest.raises(ValueError, match="hours"):
        Cron("0 25 * * ?")


# The value


def test_cron_is_a_value() -> None:
    cron = Cron("0 9 ? * MON *")
    assert cron.expression == "0 9 ? * MON *"
    assert repr(cron) == "Cron(expression='0 9 ? * MON *')"
    assert cron == Cron("0 9 ? * MON *")
    assert cron != Cron("0 9 ? * TUE *")
    assert len({cron, Cron("0 9 ? * MON *")}) == 1


def test_cron_cant_be_changed() -> None:
    cron = Cron("0 9 ? * MON *")
    with pytest.raises(dataclasses.FrozenInstanceError):
        cron.expression = "0 9 ? * TUE *"  # type: ignore[misc]
    assert not hasattr(cron, "__dict__")


def test_cron_and_its_error_can_be_copied_and_pickled() -> None:
    cron = Cron("0 9 ? * MON *")
    error = CronError("month: no", "month")
    for each in (copy.copy(cron), copy.deepcopy(cron), pickle.loads(pickle.dumps(cron))):
        assert each == cron
        assert each.next(START) == cron.next(START)
    assert pickle.loads(pickle.dumps(error)).field == "month"
    assert str(pickle.loads(pickle.dumps(error))) == "month: no"
