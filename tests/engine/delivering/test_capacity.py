"""How much may be under way at once."""

from tocsin.engine.delivering.capacity import Capacity
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
    assert capacity.busy_targets() == {"a"}
    assert capacity.admitted([("1", "a"), ("2", "b")]) == ["2"]
    capacity.end("a")
    assert capacity.busy_targets() == set()
    assert capacity.admitted([("1", "a"), ("2", "a")]) == ["1"]
    assert capacity.free == 4
