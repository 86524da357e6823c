"""Instants of a schedule within bounds, and their jitter."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st

from tocsin.schedule.cron import Cron
from tocsin.schedule.timetable import Timetable, jitter_of
from tocsin.schedule.zoned import ZonedCron

NOON = datetime(2027, 3, 27, 12, tzinfo=UTC)
MINUTELY = ZonedCron(Cron("* * * * ?"), ZoneInfo("Europe/Berlin"))
MINUTE = timedelta(minutes=1)


@given(
    name=st.text(max_size=20),
    minutes=st.integers(0, 10**7),
    most=st.timedeltas(timedelta(), timedelta(days=1)),
)
def test_jitter_is_stable_and_within_its_bound(name: str, minutes: int, most: timedelta) -> None:
    tick = NOON + minutes * MINUTE
    found = jitter_of(name, tick, most)
    assert timedelta() <= found <= most
    assert found == jitter_of(name, tick.astimezone(ZoneInfo("Asia/Tokyo")), most)


def test_jitter_differs_by_name_and_instant_and_spreads_evenly() -> None:
    found = [jitter_of("s", NOON + n * MINUTE, MINUTE) for n in range(1000)]
    assert len(set(found)) > 990
    assert 400 < sum(each < MINUTE / 2 for each in found) < 600
    assert found[:20] != [jitter_of("t", NOON + n * MINUTE, MINUTE) for n in range(20)]


def test_jitter_is_the_same_in_all_versions() -> None:
    """Nodes of two versions arm the same schedule."""
    assert jitter_of("projects/p/locations/l/schedules/s", NOON, timedelta(hours=1)) == timedelta(
        seconds=237, microseconds=779548
    )


@given(start=st.integers(0, 100), length=st.integers(1, 100), after=st.integers(-50, 250))
def test_instants_are_within_the_bounds(start: int, length: int, after: int) -> None:
    first, end = NOON + start * MINUTE, NOON + (start + length) * MINUTE
    found = Timetable("s", MINUTELY, first, end).next(NOON + after * MINUTE)
    expected = max(first, NOON + (after + 1) * MINUTE)
    assert found == (expected if expected < end else None)
