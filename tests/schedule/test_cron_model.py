"""Cron against the brute-force model: any expression, any starting point."""

from contextlib import suppress
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta, timezone
from itertools import islice

import pytest
from hypothesis import Phase, example, given, settings
from hypothesis import strategies as st

from schedule.cron_model import (
    HOURS,
    LAST_DAY,
    MINUTES,
    MONTH_DAYS,
    MONTHS,
    ONE_DAY,
    ONE_MINUTE,
    WEEK_DAYS,
    YEARS,
    Bounds,
    ByNumber,
    ByWeekday,
    Days,
    Every,
    From,
    Last,
    LastWeekday,
    Model,
    Nearest,
    NthWeekday,
    One,
    Range,
    Value,
)
from tocsin.schedule import Cron, CronError

FIRST_DAY = date(1970, 1, 1)
CALENDAR = [FIRST_DAY + n * ONE_DAY for n in range((LAST_DAY - FIRST_DAY).days + 1)]


def steady(examples: int) -> settings:
    """The same examples in each run, however slow the machine."""
    return settings(derandomize=True, deadline=None, max_examples=examples, database=None)


# Expressions as values


def numbers(bounds: Bounds) -> st.SearchStrategy[One]:
    all_numbers = range(bounds.low, bounds.high + 1)
    return st.sampled_from([One(text, n) for n in all_numbers for text in (str(n), f"0{n}")])


def names(text: str) -> st.SearchStrategy[One]:
    numbered = list(enumerate(text.split(), start=1))
    return st.sampled_from([One(case, n) for n, name in numbered for case in cases(name)])


def cases(text: str) -> list[str]:
    return [text, text.lower(), text.capitalize()]


def steps(bounds: Bounds) -> st.SearchStrategy[int]:
    return st.sampled_from([1, 2, 3, 5, bounds.high, *range(1, bounds.high + 1)])


def spans(bounds: Bounds, ends: st.SearchStrategy[One]) -> st.SearchStrategy[Range]:
    def span(start: One, end: One) -> Range:
        if bounds is YEARS and end.value < start.value:
            start, end = end, start
        return Range(bounds, f"{start.text}-{end.text}", start.value, end.value)

    return st.builds(span, ends, ends)


def with_step(span: Range, step: int) -> Range:
    return replace(span, text=f"{span.text}/{step}", step=step)


def values(bounds: Bounds, named: st.SearchStrategy[One] | None = None) -> st.SearchStrategy[Value]:
    number, step = numbers(bounds), steps(bounds)
    span = spans(bounds, number)
    return st.one_of(
        number,
        span,
        *([named, spans(bounds, named)] if named is not None else []),
        st.builds(with_step, span, step),
        st.builds(lambda start, n: From(start.value, n), number, step),
        st.builds(lambda n: Every(bounds, f"*/{n}", n), step),
        st.builds(lambda n: Every(bounds, f"/{n}", n), step),
        st.just(Every(bounds)),
    )


def lists(value: st.SearchStrategy[Value]) -> st.SearchStrategy[list[Value]]:
    return st.lists(value, min_size=1, max_size=3)


def fields(bounds: Bounds, value: st.SearchStrategy[Value]) -> st.SearchStrategy[list[Value]]:
    every: list[Value] = [Every(bounds)]
    return st.just(every) | lists(value)


LAST_DAYS = st.sampled_from(
    [Last("L"), Last("l"), *(Last(f"{letter}-{n}", n) for letter in "Ll" for n in range(31))]
)
NEAREST_DAYS = st.builds(
    lambda to, letter: Nearest(to.text + letter, to),
    LAST_DAYS | st.builds(ByNumber, numbers(MONTH_DAYS)),
    st.sampled_from("Ww"),
)
IN_MONTH = st.lists(
    st.builds(ByNumber, values(MONTH_DAYS)) | LAST_DAYS | NEAREST_DAYS, min_size=1, max_size=3
)

WEEKDAY = names("SUN MON TUE WED THU FRI SAT")
ONE_WEEKDAY = st.builds(ByWeekday, numbers(WEEK_DAYS) | WEEKDAY)
EACH_WEEK = st.builds(ByWeekday, values(WEEK_DAYS, WEEKDAY))
IN_WEEK = st.one_of(
    st.lists(EACH_WEEK, min_size=1, max_size=3),
    st.builds(lambda letter: [ByWeekday(One(letter, 7))], st.sampled_from("Ll")),
    st.builds(
        lambda day, letter: [LastWeekday(day.text + letter, day)],
        ONE_WEEKDAY,
        st.sampled_from("Ll"),
    ),
    st.builds(
        lambda day, nth: [NthWeekday(f"{day.text}#{nth}", day, nth)],
        ONE_WEEKDAY,
        st.integers(1, 5),
    ),
)

DAYS = st.tuples(st.just(False), IN_MONTH) | st.tuples(st.just(True), IN_WEEK)
MODELS = st.builds(
    lambda minutes, hours, days, months, years: Model(
        minutes, hours, days[1], days[0], months, years
    ),
    fields(MINUTES, values(MINUTES)),
    fields(HOURS, values(HOURS)),
    DAYS,
    fields(MONTHS, values(MONTHS, names("JAN FEB MAR APR MAY JUN JUL AUG SEP OCT NOV DEC"))),
    st.none() | fields(YEARS, values(YEARS)),
)

TURNS = st.builds(
    lambda year, month, around: datetime(year, month, 1, tzinfo=UTC) + around,
    st.integers(1969, 2100),
    st.sampled_from([1, 1, 2, 3, *range(4, 13)]),
    st.timedeltas(-ONE_DAY, ONE_DAY),
)
ZONES = st.builds(lambda n: timezone(timedelta(minutes=n)), st.integers(-14 * 60, 14 * 60))
ANYWHERE = st.builds(
    lambda minutes, zone: (datetime(1969, 1, 1, tzinfo=UTC) + minutes * ONE_MINUTE).astimezone(
        zone
    ),
    st.integers(0, 132 * 366 * 24 * 60),
    ZONES,
)
INSTANTS = TURNS | ANYWHERE


# Properties


@steady(600)
@given(MODELS, INSTANTS)
def test_next_is_the_models_next_instant(model: Model, after: datetime) -> None:
    found = Cron(model.expression).next(after)
    horizon = after.astimezone(UTC).date() + 400 * ONE_DAY
    expected = next(model.instants(after, until=horizon), None)
    if expected is not None or found is None:
        assert found == expected
    else:
        assert found.date() > horizon
        assert model.fires_on(found.date())
        assert found.timetz() == model.times()[0]


@steady(60)
@given(MODELS, INSTANTS)
def test_next_after_next_gives_all_the_models_instants(model: Model, after: datetime) -> None:
    cron = Cron(model.expression)
    horizon = after.astimezone(UTC).date() + 60 * ONE_DAY
    for expected in islice(model.instants(after, until=horizon), 50):
        found = cron.next(after)
        assert found == expected
        after = expected


# To shrink a failure of this one would take minutes.
@settings(steady(12), phases=[Phase.explicit, Phase.generate])
@given(DAYS, st.lists(values(MONTHS), min_size=1, max_size=2), st.none() | lists(values(YEARS)))
@example((False, [Last("L")]), [Every(MONTHS)], None)
@example((False, [ByNumber(One("29", 29))]), [One("FEB", 2)], None)
def test_fires_on_all_the_models_days_from_1970_to_2099(
    days: tuple[bool, list[Days]], months: list[Value], years: list[Value] | None
) -> None:
    by_weekday, in_field = days
    noon = Model([One("0", 0)], [One("12", 12)], in_field, by_weekday, months, years)
    cron = Cron(noon.expression)
    instant = cron.next(datetime(1, 1, 1, tzinfo=UTC))
    found = []
    while instant is not None:
        found.append(instant.date())
        instant = cron.next(instant)
    assert found == [day for day in CALENDAR if noon.fires_on(day)]


@steady(60)
@given(MODELS, INSTANTS, st.floats(0, 1))
def test_next_is_the_same_from_anywhere_before_it(
    model: Model, after: datetime, part: float
) -> None:
    cron = Cron(model.expression)
    found = cron.next(after)
    if found is not None:
        assert found > after
        between = after + (found - after) * part
        assert between == found or cron.next(between) == found
        assert cron.next(found - timedelta(microseconds=1)) == found


@steady(150)
@given(MODELS, INSTANTS, st.integers(0, 60 * 24 * 60))
def test_count_and_previous_agree_with_next(model: Model, after: datetime, minutes: int) -> None:
    cron = Cron(model.expression)
    until = after + minutes * ONE_MINUTE
    found = []
    instant = cron.next(after)
    while instant is not None and instant <= until and len(found) < 500:
        found.append(instant)
        instant = cron.next(instant)
    if len(found) == 500:
        until = found[-1]
    assert cron.count(after, until) == len(found)
    assert cron.count(until, after) == 0
    if found:
        assert cron.previous(until) == found[-1]
        assert [cron.previous(each - ONE_MINUTE / 60) for each in found[1:]] == found[:-1]
    else:
        assert cron.previous(until) == cron.previous(after)


def test_nothing_was_before_1970_nor_comes_after_2099() -> None:
    cron = Cron("* * * * ? *")
    start, end = datetime(1970, 1, 1, tzinfo=UTC), datetime(2100, 1, 1, tzinfo=UTC)
    assert cron.previous(start) == start
    assert cron.previous(start - ONE_MINUTE) is None
    assert cron.previous(end + 400 * ONE_DAY) == end - ONE_MINUTE
    assert cron.count(start - ONE_DAY, end + ONE_DAY) == (end - start) // ONE_MINUTE
    with pytest.raises(ValueError, match="naive"):
        cron.previous(datetime(2026, 1, 1))  # noqa: DTZ001


@steady(60)
@given(MODELS, INSTANTS)
def test_next_is_a_whole_minute_in_utc(model: Model, after: datetime) -> None:
    found = Cron(model.expression).next(after)
    if found is not None:
        assert found.tzinfo is UTC
        assert (found.second, found.microsecond) == (0, 0)


@steady(200)
@given(st.text("0123456789 \t,-*/?LWlw#JANFRImonX", max_size=30) | st.text(max_size=10))
def test_any_text_is_an_expression_or_a_cron_error(text: str) -> None:
    with suppress(CronError):
        Cron(text).next(datetime(2026, 1, 1, tzinfo=UTC))


@pytest.mark.parametrize("separator", [" ", "   ", "\t", " \t "])
@steady(15)
@given(MODELS)
def test_blanks_and_tabs_separate_the_fields(separator: str, model: Model) -> None:
    start = datetime(2026, 1, 1, tzinfo=UTC)
    spaced = f" {separator.join(model.expression.split())}\t"
    assert Cron(spaced).next(start) == Cron(model.expression).next(start)
