"""Ids that carry the time of their making."""

import uuid
from datetime import UTC, datetime, timedelta

from tocsin.schedule import ManualClock
from tocsin.wire.ids import WORDS_AT_ONCE, Chance, Ids

NOON = datetime(2026, 11, 21, 12, 0, 0, 123_456, UTC)


def test_a_uuid_is_of_version_7_and_begins_with_its_time() -> None:
    made = uuid.UUID(Ids(ManualClock(NOON)).new_uuid())
    assert (made.version, made.variant) == (7, uuid.RFC_4122)
    assert made.int >> 80 == int(NOON.timestamp() * 1000)


def test_uuids_of_one_instant_sort_in_the_order_of_their_making() -> None:
    ids = Ids(ManualClock(NOON))
    made = [ids.new_uuid() for _ in range(2000)]
    assert made == sorted(set(made))


def test_uuids_go_on_in_order_after_the_clock_was_set_back() -> None:
    clock = ManualClock(NOON)
    ids = Ids(clock)
    before = ids.new_uuid()
    clock.set_wall(NOON - timedelta(hours=1))
    assert ids.new_uuid() > before


def test_uuids_of_two_nodes_at_one_instant_differ() -> None:
    clock = ManualClock(NOON)
    assert Ids(clock).new_uuid() != Ids(clock).new_uuid()


def test_an_id_after_another_nodes_sorts_after_it_and_moves_no_other() -> None:
    clock = ManualClock(NOON)
    mine = Ids(clock)
    ahead = Ids(ManualClock(NOON + timedelta(hours=1))).new("xyz")
    after = mine.new_after(ahead)
    assert after > ahead
    assert (after[:3], len(after)) == ("xyz", len(ahead))
    assert mine.new("xyz") < ahead
    known = mine.new("xyz")
    assert mine.new_after(known) > known


def test_random_bits_are_new_in_each_number_and_of_the_asked_length() -> None:
    chance = Chance()
    numbers = [chance.bits(62) for _ in range(3 * WORDS_AT_ONCE)]
    assert len(set(numbers)) == len(numbers)
    # One of so many has the highest bit, unless 768 coins fall on the same side.
    assert max(number.bit_length() for number in numbers) == 62
