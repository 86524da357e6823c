"""Cron on a wall clock: the rule of daylight saving, held against a walk through every minute."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tocsin.schedule.cron import Cron
from tocsin.schedule.zoned import ZonedCron, ZoneError, zone_named

MINUTE = timedelta(minutes=1)


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)


def berlin(expression: str) -> ZonedCron:
    return ZonedCron(Cron(expression), ZoneInfo("Europe/Berlin"))


def ticks(cron: ZonedCron, after: datetime, count: int) -> list[datetime]:
    found: list[datetime] = []
    for _ in range(count):
        tick = cron.next(found[-1] if found else after)
        assert tick is not None
        found.append(tick)
    return found


def test_nine_in_berlin_is_nine_in_summer_and_winter() -> None:
    found = ticks(berlin("0 9 ? * MON-FRI"), at("2027-03-25T12:00Z"), 2)
    assert found == [at("2027-03-26T09:00+01:00"), at("2027-03-29T09:00+02:00")]


def test_a_skipped_time_fires_at_the_first_instant_after() -> None:
    found = ticks(berlin("30 2 * * ?"), at("2027-03-27T12:00Z"), 2)
    assert found == [at("2027-03-28T01:00Z"), at("2027-03-29T00:30Z")]


def test_all_times_of_a_skipped_hour_fire_once_together() -> None:
    found = ticks(berlin("0/15 2-3 28 3 ?"), at("2027-03-27T12:00Z"), 3)
    assert found == [at("2027-03-28T01:00Z"), at("2027-03-28T01:15Z"), at("2027-03-28T01:30Z")]


def test_a_doubled_time_fires_once_the_first_time() -> None:
    found = ticks(berlin("30 2 * * ?"), at("2027-10-30T12:00Z"), 2)
    assert found == [at("2027-10-31T00:30Z"), at("2027-11-01T01:30Z")]


def test_within_the_second_pass_of_a_doubled_hour_nothing_fires() -> None:
    assert berlin("* * * * ?").next(at("2027-10-31T01:20Z")) == at("2027-10-31T02:00Z")


def test_a_skipped_day_fires_at_its_end() -> None:
    apia = ZonedCron(Cron("0 12 * * ?"), ZoneInfo("Pacific/Apia"))
    assert ticks(apia, at("2011-12-29T21:00Z"), 3) == [
        at("2011-12-29T22:00Z"),
        at("2011-12-30T10:00Z"),  # the 30th did not take place
        at("2011-12-30T22:00Z"),
    ]


@pytest.mark.parametrize("name", ["Mars/Base", "../etc/passwd", "/etc/localtime", "Berlin ", "é"])
def test_what_is_no_zone_is_refused(name: str) -> None:
    with pytest.raises(ZoneError, match="IANA"):
        zone_named(name)


def test_no_name_is_utc() -> None:
    assert zone_named("").key == "UTC"


ZONES = ("Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu", "UTC")
EXPRESSIONS = (
    "* * * * ?",
    "0/7 * * * ?",
    "30 1-3 * * ?",
    "0 0 * * ?",
    "59 23 ? * SUN",
    "0 2,3 * * ?",
)

# Of these zones, and one instant without a change.
CHANGES = (
    *("2027-03-28T01:00Z", "2027-10-31T01:00Z", "2027-03-14T07:00Z", "2027-11-07T06:00Z"),
    *("2027-04-03T15:00Z", "2027-10-02T15:30Z", "2027-06-01T00:00Z"),
)


def model(cron: ZonedCron, after: datetime) -> datetime:
    """Walks through the minutes: a tick is where the clock shows it first, or jumped over it."""
    instant = after.replace(second=0, microsecond=0) + MINUTE
    while True:
        now = instant.astimezone(cron.zone)
        before = (instant - MINUTE).astimezone(cron.zone).replace(tzinfo=UTC)
        wall = now.replace(tzinfo=UTC)
        shown = cron.cron.count(wall - MINUTE, wall) and now.fold == 0
        passed_over = wall - before > MINUTE and cron.cron.count(before, wall - MINUTE)
        if shown or passed_over:
            return instant
        instant += MINUTE


@given(
    zone=st.sampled_from(ZONES),
    expression=st.sampled_from(EXPRESSIONS),
    change=st.sampled_from(CHANGES),
    seconds=st.integers(-4 * 3600, 4 * 3600),
)
@example(zone="Australia/Lord_Howe", expression="* * * * ?", change="2027-04-03T15:00Z", seconds=0)
def test_it_fires_as_a_walk_through_all_minutes_finds(
    zone: str, expression: str, change: str, seconds: int
) -> None:
    cron = ZonedCron(Cron(expression), ZoneInfo(zone))
    after = at(change) + timedelta(seconds=seconds)
    assert cron.next(after) == model(cron, after)


@given(
    zone=st.sampled_from(ZONES),
    expression=st.sampled_from(EXPRESSIONS),
    change=st.sampled_from(CHANGES),
    seconds=st.integers(-200_000, 200_000),
)
def test_the_previous_instant_is_the_last_of_those_that_follow_an_earlier_one(
    zone: str, expression: str, change: str, seconds: int
) -> None:
    cron = ZonedCron(Cron(expression), ZoneInfo(zone))
    until = at(change) + timedelta(seconds=seconds)
    expected, tick = None, cron.next(until - timedelta(days=3))
    while tick is not None and tick <= until:
        expected, tick = tick, cron.next(tick)
    previous = cron.previous(until)
    if expected is not None:
        assert previous == expected
    else:
        assert previous is None or previous <= until - timedelta(days=3)


@pytest.mark.parametrize(
    ("expression", "skipped", "doubled"),
    [
        ("30 2 * * ?", "2027-03-28", "2027-10-31"),
        # All that the clock passes over fires at once, and an hour of silence follows the first of
        # two hours.
        ("*/5 * ? * *", "2027-03-28", "2027-10-31"),
        ("0 3 * * ?", None, None),
        ("0 9 ? * MON-FRI", None, None),
        ("30 2 ? * MON-SAT", None, None),
        ("0 2 L 10 ?", None, "2027-10-31"),
    ],
)
def test_the_dates_on_which_clocks_change_its_times_are_named(
    expression: str, skipped: str | None, doubled: str | None
) -> None:
    found = berlin(expression).surprises(at("2027-01-01T00:00Z"), at("2029-01-01T00:00Z"))
    assert (found.skipped, found.doubled) == (skipped, doubled)


def test_the_end_of_the_calendar_has_no_surprises() -> None:
    latest = datetime.max.replace(tzinfo=UTC)
    assert str(berlin("30 2 * * ?").surprises(latest, latest)) == ""
