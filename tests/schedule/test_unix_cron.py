"""Unix cron in time zones, against two other implementations and against rules of its own."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from croniter import croniter
from cronsim import CronSim
from hypothesis import given, settings
from hypothesis import strategies as st

from tocsin.schedule import CronError, UnixCron

BERLIN = "Europe/Berlin"
ZONES = ["UTC", BERLIN, "America/New_York", "Australia/Lord_Howe", "Asia/Kolkata", "Africa/Cairo"]


def items(low: int, high: int) -> st.SearchStrategy[str]:
    value = st.integers(low, high)
    # The others read a range of one weekday as the whole week.
    pairs = st.tuples(value, value).filter(lambda pair: pair[0] != pair[1])
    span = pairs.map(lambda pair: f"{min(pair)}-{max(pair)}")
    stepped = st.tuples(st.one_of(st.just("*"), span), st.integers(1, high - low)).map(
        lambda pair: f"{pair[0]}/{pair[1]}"
    )
    return st.lists(st.one_of(value.map(str), span, stepped), min_size=1, max_size=3).map(",".join)


def field(low: int, high: int) -> st.SearchStrategy[str]:
    return st.one_of(st.just("*"), items(low, high))


EXPRESSIONS = st.tuples(field(0, 59), field(0, 23), field(1, 28), field(1, 12), field(0, 6)).map(
    " ".join
)
INSTANTS = st.integers(0, 47 * 365 * 24 * 3600).map(
    lambda seconds: datetime(1990, 1, 1, tzinfo=UTC) + timedelta(seconds=seconds)
)


def ticks(cron: UnixCron, after: datetime, count: int) -> list[datetime]:
    found: list[datetime] = []
    while len(found) < count and (tick := cron.next(after)) is not None:
        found.append(tick)
        after = tick
    return found


@settings(max_examples=300, deadline=None)
@given(EXPRESSIONS, INSTANTS, st.sampled_from(ZONES))
def test_it_fires_when_cronsim_does(text: str, after: datetime, zone: str) -> None:
    theirs: list[datetime] = []
    simulated = CronSim(text, after.astimezone(ZoneInfo(zone)))
    while len(theirs) < 5:
        tick = next(simulated, None)
        if tick is None or tick.year > 2090:
            break
        tick = tick.astimezone(UTC)
        # Times that were skipped together come once for each there.
        if (not theirs or tick != theirs[-1]) and tick > after:
            theirs.append(tick)
    assert ticks(UnixCron(text, zone), after, len(theirs)) == theirs


@settings(max_examples=200, deadline=None)
@given(EXPRESSIONS, INSTANTS)
def test_it_fires_when_croniter_does(text: str, after: datetime) -> None:
    fields = text.split()
    # It takes `*/2` of a day field as a restriction by itself; Debian's cron does not.
    if any("*" in fields[index] and fields[index] != "*" for index in (2, 4)):
        return
    theirs = croniter(text, after, ret_type=datetime, max_years_between_matches=100)
    expected = [theirs.get_next(datetime) for _ in range(3)]
    assert ticks(UnixCron(text), after, 3) == expected


@settings(max_examples=200, deadline=None)
@given(EXPRESSIONS, INSTANTS, st.sampled_from(ZONES))
def test_next_previous_and_count_agree(text: str, after: datetime, zone: str) -> None:
    cron = UnixCron(text, zone)
    found = ticks(cron, after, 5)
    for before, tick in zip([after, *found], found, strict=False):
        assert tick > before
        assert cron.previous(tick) == tick
        assert cron.count(before, tick) == 1
        assert cron.next(tick - timedelta(microseconds=1)) == tick
    if found:
        assert cron.count(after, found[-1]) == len(found)


def berlin(text: str, day: str, count: int) -> list[str]:
    start = datetime.fromisoformat(day).replace(tzinfo=ZoneInfo(BERLIN))
    return [
        tick.astimezone(ZoneInfo(BERLIN)).strftime("%m-%d %H:%M%z")
        for tick in ticks(UnixCron(text, BERLIN), start.astimezone(UTC), count)
    ]


def test_a_working_day_begins_at_nine_before_and_after_the_change() -> None:
    assert berlin("0 9 * * 1-5", "2027-03-26", 3) == [
        "03-26 09:00+0100",
        "03-29 09:00+0200",
        "03-30 09:00+0200",
    ]


def test_a_skipped_time_fires_at_the_first_instant_after() -> None:
    assert berlin("30 2 * * *", "2027-03-27T12:00", 2) == ["03-28 03:00+0200", "03-29 02:30+0200"]
    # Several skipped times, and the time after them, are one instant.
    assert berlin("0,15,30 2,3 28 3 *", "2027-03-27", 3) == [
        "03-28 03:00+0200",
        "03-28 03:15+0200",
        "03-28 03:30+0200",
    ]


def test_a_doubled_time_fires_once() -> None:
    assert berlin("30 2 * * *", "2027-10-30T12:00", 2) == ["10-31 02:30+0200", "11-01 02:30+0100"]


def test_an_interval_goes_on_through_both_changes() -> None:
    assert berlin("*/30 * * * *", "2027-10-31T02:00", 5) == [
        "10-31 02:30+0200",
        "10-31 02:00+0100",
        "10-31 02:30+0100",
        "10-31 03:00+0100",
        "10-31 03:30+0100",
    ]
    assert berlin("*/30 * * * *", "2027-03-28T01:00", 2) == ["03-28 01:30+0100", "03-28 03:00+0200"]


def test_the_next_surprises_are_named() -> None:
    cron = UnixCron("30 2 * * *", BERLIN)
    after = datetime(2027, 1, 1, tzinfo=UTC)
    found = cron.surprises(after, after + timedelta(days=730))
    assert (found.skipped, found.doubled) == ("2027-03-28", "2027-10-31")
    for quiet in (UnixCron("0 9 * * *", BERLIN), UnixCron("30 2 * * *")):
        none = quiet.surprises(after, after + timedelta(days=730))
        assert (none.skipped, none.doubled) == (None, None)


@pytest.mark.parametrize("prefix", ["CRON_TZ=", "TZ="])
def test_a_prefix_names_the_zone(prefix: str) -> None:
    named = UnixCron(f"{prefix}America/New_York 0 9 * * *")
    assert named.next(datetime(2027, 7, 1, tzinfo=UTC)) == datetime(2027, 7, 1, 13, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "same"),
    [
        ("0 0 * * 7", "0 0 * * 0"),
        ("0 0 * jan,Dec MON-fri", "0 0 * 1,12 1-5"),
        ("0 0 * * 5-7", "0 0 * * 5,6,0"),
        ("0  0\t* * *", "0 0 * * *"),
        ("3/20 0 * * *", "3,23,43 0 * * *"),
    ],
)
def test_two_ways_to_write_the_same(text: str, same: str) -> None:
    after = datetime(2027, 1, 1, tzinfo=UTC)
    assert ticks(UnixCron(text), after, 20) == ticks(UnixCron(same), after, 20)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "* * * *",
        "* * * * * *",
        "60 * * * *",
        "* 24 * * *",
        "* * 0 * *",
        "* * * 13 *",
        "* * * * 8",
        "5-1 * * * *",
        "*/0 * * * *",
        "a * * * *",
        "1,,2 * * * *",
        "-1 * * * *",
        "1- * * * *",
        "? * * * *",
        "* * L * *",
        "@daily",
        "TZ=Nowhere/Land 0 0 * * *",
        "TZ=../etc/passwd 0 0 * * *",
        "\u0661 * * * *",
        "0 0 * * " + "1," * 200 + "1",
    ],
)
def test_what_is_not_such_an_expression_is_refused(text: str) -> None:
    with pytest.raises(CronError):
        UnixCron(text)


def test_an_expression_that_never_fires_says_so() -> None:
    assert UnixCron("0 0 30 2 *").next(datetime(2027, 1, 1, tzinfo=UTC)) is None
