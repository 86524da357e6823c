"""A list in a statement has as many places as it will ever have."""

import pytest

from tocsin.store.driver.fixed_list import FixedList

PLACES = FixedList("place", 3)


def test_what_is_left_over_repeats_what_is_named_anyway() -> None:
    assert PLACES.filled(["a", "b"]) == {"place0": "a", "place1": "b", "place2": "a"}


def test_many_values_fill_it_several_times() -> None:
    filled = [list(each.values()) for each in PLACES.slices(["a", "b", "c", "d"])]
    assert filled == [["a", "b", "c"], ["d", "d", "d"]]
    assert list(PLACES.slices([])) == []


@pytest.mark.parametrize("values", [[], ["a", "b", "c", "d"]])
def test_it_takes_no_more_than_it_has_places_and_not_nothing(values: list[str]) -> None:
    with pytest.raises(ValueError, match="must be 1 to 3"):
        PLACES.filled(values)


def test_each_place_has_a_parameter() -> None:
    assert [each.key for each in PLACES.parameters] == ["place0", "place1", "place2"]
