"""Events that wait are cut into batches by size, bytes, cutoff and the largest payload."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tocsin.engine.events.cutting import (
    EVENTS_AT_ONCE,
    FRAME_BYTES,
    INDENT_BYTES,
    Cut,
    cut,
    read_at_once,
)
from tocsin.plans.plan import Batching
from tocsin.store.events.accepted import DueBatch, WaitingEvent

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)
SECOND = timedelta(seconds=1)
LARGE = 10**6


def events(*bodies: str, age: timedelta = SECOND) -> list[WaitingEvent]:
    return [WaitingEvent(str(place), NOON - age, body) for place, body in enumerate(bodies)]


def lengths(done: Cut) -> list[int]:
    return [len(batch) for batch in done.batches]


def test_full_batches_go_and_the_rest_waits_for_its_cutoff() -> None:
    done = cut(events(*"1234567"), Batching(3, 5 * SECOND), NOON, largest_payload=LARGE)
    assert lengths(done) == [3, 3]
    assert done.again_at == NOON + 4 * SECOND


def test_a_batch_that_is_due_goes_though_it_is_not_full() -> None:
    done = cut(events(*"12"), Batching(3, SECOND), NOON, largest_payload=LARGE)
    assert (lengths(done), done.again_at) == ([2], None)


def test_what_has_waited_long_enough_goes_with_it() -> None:
    done = cut(events(*"1234"), Batching(3, SECOND), NOON, largest_payload=LARGE)
    assert (lengths(done), done.again_at) == ([3, 1], None)


@pytest.mark.parametrize(
    ("bodies", "cuts"),
    [
        (["1234", "123456", "1"], [2, 1]),
        (["12345", "123456"], [1, 1]),
        (["x" * 50, "1", "2"], [1, 2]),
        (["éé", "ééé", "1"], [2, 1]),
    ],
)
def test_bytes_are_counted_and_one_event_may_pass_them(bodies: list[str], cuts: list[int]) -> None:
    batching = Batching(None, SECOND, size_bytes=10)
    assert lengths(cut(events(*bodies), batching, NOON, largest_payload=LARGE)) == cuts


def test_no_batch_passes_the_largest_payload_unless_one_event_does() -> None:
    largest = FRAME_BYTES + 2 * (100 + INDENT_BYTES)
    bodies = ["x" * 100, "x" * 100, "x" * 100, "x" * 1000, "x"]
    done = cut(events(*bodies), Batching(10, SECOND), NOON, largest_payload=largest)
    assert lengths(done) == [2, 1, 1, 1]


@given(
    st.lists(st.integers(1, 40), max_size=30),
    st.integers(1, 10),
    st.one_of(st.none(), st.integers(1, 100)),
    st.integers(0, 10),
)
def test_nothing_is_lost_or_doubled_and_no_batch_is_too_large(
    sizes: list[int], size: int, size_bytes: int | None, cutoff: int
) -> None:
    waiting = events(*("x" * each for each in sizes), age=5 * SECOND)
    batching = Batching(None if size_bytes else size, cutoff * SECOND, size_bytes)
    done = cut(waiting, batching, NOON, largest_payload=LARGE)
    taken = done.taken
    assert taken == waiting[: len(taken)]
    assert (done.again_at is None) == (len(taken) == len(waiting))
    assert bool(done.batches) == bool(waiting)
    for batch in done.batches:
        if size_bytes is None:
            assert 1 <= len(batch) <= size
        else:
            assert len(batch) == 1 or sum(each.size for each in batch) <= size_bytes


MIB = 1024 * 1024


def test_due_batches_are_read_up_to_a_number_of_bytes() -> None:
    small = [DueBatch(f"small {number}", 10, 1000) for number in range(3)]
    assert read_at_once(small) == [(each, EVENTS_AT_ONCE) for each in small]
    large = DueBatch("large", 500, 100 * MIB)
    assert read_at_once([small[0], large, small[1]]) == [(small[0], EVENTS_AT_ONCE)]
    # 16 MiB of it.
    assert read_at_once([large, small[1]]) == [(large, 80)]


def test_of_events_that_are_larger_than_that_one_is_read() -> None:
    huge = DueBatch("huge", 2, 100 * MIB)
    assert read_at_once([huge]) == [(huge, 1)]


def test_many_small_events_are_read_up_to_their_number() -> None:
    many = DueBatch("many", 1_000_000, 20 * MIB)
    assert read_at_once([many]) == [(many, EVENTS_AT_ONCE)]
