"""The forms of an instant."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tocsin.sources.instants import (
    go_time,
    nanos_of,
    rfc3339,
    rfc3339_millis,
    rfc3339_seconds,
)

SECOND = 1795255200_000000000


@pytest.mark.parametrize(
    ("nanos", "short", "go"),
    [
        (0, "2026-11-21T10:00:00Z", "2026-11-21 10:00:00 +0000 UTC"),
        (500_000_000, "2026-11-21T10:00:00.5Z", "2026-11-21 10:00:00.5 +0000 UTC"),
        (118_082_213, "2026-11-21T10:00:00.118082213Z", "2026-11-21 10:00:00.118082213 +0000 UTC"),
        (1, "2026-11-21T10:00:00.000000001Z", "2026-11-21 10:00:00.000000001 +0000 UTC"),
    ],
)
def test_a_fraction_has_the_digits_that_it_needs(nanos: int, short: str, go: str) -> None:
    assert rfc3339(SECOND + nanos) == short
    assert go_time(SECOND + nanos) == go


def test_milliseconds_are_always_three_digits() -> None:
    assert rfc3339_millis(SECOND) == "2026-11-21T10:00:00.000Z"
    assert rfc3339_millis(SECOND + 104_999_999) == "2026-11-21T10:00:00.104Z"


def test_whole_seconds_are_cut() -> None:
    assert rfc3339_seconds(SECOND + 999_999_999) == "2026-11-21T10:00:00Z"


@given(
    st.datetimes(min_value=datetime(1, 1, 2), max_value=datetime(9999, 12, 30)),  # noqa: DTZ001
)
def test_an_instant_comes_through_to_the_microsecond(naive: datetime) -> None:
    instant = naive.replace(tzinfo=UTC)
    nanos = nanos_of(instant)
    assert datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=nanos // 1000) == instant
    assert datetime.fromisoformat(rfc3339(nanos)) == instant
