"""How much may be under way at once."""

import pytest

from tocsin.engine.delivering.capacity import Capacity
from tocsin.plans.plan import DeadLetter, queue_key
from tocsin.targets.settings import TargetSettings

LIMITS = TargetSettings(concurrency=5, concurrency_per_target=2, concurrencies={"function/slow": 1})


def test_a_target_gets_no_more_than_its_share() -> None:
    due = [("1", "a"), ("2", "a"), ("3", "a"), ("4", "b")]
    assert Capacity(LIMITS).admitted(due) == ["1", "2", "4"]


def test_a_target_may_have_a_limit_of_its_own() -> None:
    due = [("1", "function/slow"), ("2", "function/slow")]
    assert Capacity(LIMITS).admitted(due) == ["1"]


def test_all_together_get_no_more_than_there_is() -> None:
    due = [(str(number), f"target {number}") for number in range(9)]
    assert Capacity(LIMITS).admitted(due) == ["0", "1", "2", "3", "4"]


def test_what_is_under_way_counts_until_it_ends() -> None:
    capacity = Capacity(LIMITS)
    capacity.begin("a")
    capacity.begin("a")
    assert capacity.busy_destinations() == {"a"}
    assert capacity.admitted([("1", "a"), ("2", "b")]) == ["2"]
    capacity.end("a")
    assert capacity.busy_destinations() == set()
    assert capacity.admitted([("1", "a"), ("2", "a")]) == ["1"]
    assert capacity.free == 4


MANY = TargetSettings()


def filled(names: str, number: int) -> Capacity:
    """Each of so many targets has all that it may get."""
    capacity = Capacity(MANY)
    for each in range(number):
        for _ in range(capacity.free_of(f"{names} {each}")):
            capacity.begin(f"{names} {each}")
    return capacity


def test_a_target_alone_gets_its_share() -> None:
    assert Capacity(MANY).free_of("a") == MANY.concurrency_per_target


@pytest.mark.parametrize("number", [1, 16, 20, 40, 126])
def test_targets_that_hang_leave_a_place_to_one_that_has_nothing_under_way(number: int) -> None:
    capacity = filled("hangs", number)
    assert capacity.free > 0
    assert capacity.free_of("another") >= 1
    assert "another" not in capacity.busy_destinations()
    due = [(f"1{each}", f"hangs {each}") for each in range(number)] + [("2", "another")]
    assert capacity.admitted(due) == ["2"]


def test_what_is_free_of_a_destination_is_what_is_admitted() -> None:
    for number in (0, 3, 15, 16, 17, 20, 30):
        capacity = filled("hangs", number)
        due = [(str(each), "another") for each in range(60)]
        assert len(capacity.admitted(due)) == capacity.free_of("another")


def test_a_dead_letter_queue_has_a_share_of_its_own() -> None:
    capacity = Capacity(LIMITS, per_queue=1)
    queue = queue_key(DeadLetter("q", "aje1"))
    assert capacity.admitted([("1", queue), ("2", queue), ("3", "a"), ("4", "a")]) == [
        "1",
        "3",
        "4",
    ]
