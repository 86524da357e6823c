"""Token buckets, by a clock that is moved by hand."""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from tocsin.access.buckets import MOST_KEYS, Buckets, Rate
from tocsin.schedule import ManualClock


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(datetime(2026, 11, 25, tzinfo=UTC))


@pytest.fixture
def passes(clock: ManualClock) -> Callable[[float], None]:
    return lambda seconds: asyncio.run(clock.advance(timedelta(seconds=seconds)))


def test_a_burst_goes_through_at_once_and_then_one_at_a_time(
    clock: ManualClock, passes: Callable[[float], None]
) -> None:
    buckets = Buckets(Rate(per_second=2, burst=3), clock)
    assert [buckets.take("a") for _ in range(3)] == [0, 0, 0]
    assert buckets.take("a") == pytest.approx(0.5)
    passes(0.4)
    assert buckets.take("a") == pytest.approx(0.1)
    passes(0.1)
    assert buckets.take("a") == 0
    assert buckets.take("a") > 0
    # However long it rests, it holds no more than a burst.
    passes(3600)
    assert [buckets.take("a") for _ in range(3)] == [0, 0, 0]
    assert buckets.take("a") > 0


def test_what_is_refused_takes_nothing(clock: ManualClock, passes: Callable[[float], None]) -> None:
    buckets = Buckets(Rate(per_second=1, burst=1), clock)
    assert buckets.take("a") == 0
    for _ in range(100):
        assert buckets.take("a") == pytest.approx(1)
    passes(1)
    assert buckets.take("a") == 0


def test_each_key_has_its_own(clock: ManualClock) -> None:
    buckets = Buckets(Rate(per_second=1, burst=1), clock)
    assert buckets.take("a") == 0
    assert buckets.take("b") == 0
    assert buckets.take("a") > 0


def test_many_are_taken_together_or_not_at_all(
    clock: ManualClock, passes: Callable[[float], None]
) -> None:
    buckets = Buckets(Rate(per_second=1, burst=10), clock)
    assert buckets.take("a", 6) == 0
    assert buckets.take("a", 6) == pytest.approx(2)
    assert buckets.take("a", 4) == 0
    passes(6)
    assert buckets.take("a", 6) == 0


def test_more_than_it_holds_is_given_when_it_is_full_and_paid_for_after(
    clock: ManualClock, passes: Callable[[float], None]
) -> None:
    buckets = Buckets(Rate(per_second=1, burst=10), clock)
    assert buckets.take("a", 25) == 0
    assert buckets.take("a", 1) == pytest.approx(16)
    passes(16)
    assert buckets.take("a", 1) == 0


def test_waiting_takes_nothing(clock: ManualClock) -> None:
    buckets = Buckets(Rate(per_second=1, burst=1), clock)
    assert buckets.wait("a") == 0
    assert buckets.wait("a") == 0
    buckets.take("a")
    assert buckets.wait("a") == pytest.approx(1)


def test_no_end_of_keys_takes_no_end_of_memory(clock: ManualClock) -> None:
    buckets = Buckets(Rate(per_second=0.001, burst=1), clock)
    for number in range(3 * MOST_KEYS):
        buckets.take(f"k{number}")
    assert len(buckets._full_at) <= MOST_KEYS
    # Those that came last are remembered.
    assert buckets.take(f"k{3 * MOST_KEYS - 1}") > 0


def test_many_new_keys_do_not_make_a_busy_one_forgotten(clock: ManualClock) -> None:
    buckets = Buckets(Rate(per_second=0.001, burst=10), clock)
    buckets.take("busy", 10)
    for number in range(3 * MOST_KEYS):
        buckets.take(f"k{number}")
    assert buckets.take("busy") > 0
