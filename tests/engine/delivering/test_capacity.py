"""How much may be under way at once."""

import pytest

from tocsin.engine.delivering.capacity import Capacity
from tocsin.plans.plan import DeadLetter, queue_key
from tocsin.targets.settings import TargetSettings

LIMITS = TargetSettings(concurrency=5, concurrency_per_target=2, concurrencies={"function/slow": 1})


def ids(capacity: Capacity, candidates: list[tuple[str, str, int]]) -> list[str]:
    return list(capacity.admitted(candidates).bytes_of)


def test_a_target_gets_no_more_than_its_share() -> None:
    due = [("1", "a", 0), ("2", "a", 0), ("3", "a", 0), ("4", "b", 0)]
    assert ids(Capacity(LIMITS), due) == ["1", "2", "4"]


def test_a_target_may_have_a_limit_of_its_own() -> None:
    due = [("1", "function/slow", 0), ("2", "function/slow", 0)]
    assert ids(Capacity(LIMITS), due) == ["1"]


def test_all_together_get_no_more_than_there_is() -> None:
    due = [(str(number), f"target {number}", 0) for number in range(9)]
    assert ids(Capacity(LIMITS), due) == ["0", "1", "2", "3", "4"]


def test_what_is_under_way_counts_until_it_ends() -> None:
    capacity = Capacity(LIMITS)
    capacity.begin("a")
    capacity.begin("a")
    assert capacity.busy_destinations() == {"a"}
    assert ids(capacity, [("1", "a", 0), ("2", "b", 0)]) == ["2"]
    capacity.end("a")
    assert capacity.busy_destinations() == set()
    assert ids(capacity, [("1", "a", 0), ("2", "a", 0)]) == ["1"]
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
    due = [(f"1{each}", f"hangs {each}", 0) for each in range(number)] + [("2", "another", 0)]
    assert ids(capacity, due) == ["2"]


def test_what_is_free_of_a_destination_is_what_is_admitted() -> None:
    for number in (0, 3, 15, 16, 17, 20, 30):
        capacity = filled("hangs", number)
        due = [(str(each), "another", 0) for each in range(60)]
        assert len(ids(capacity, due)) == capacity.free_of("another")


def test_a_dead_letter_queue_has_a_share_of_its_own() -> None:
    capacity = Capacity(LIMITS, per_queue=1)
    queue = queue_key(DeadLetter("q", "aje1"))
    assert ids(capacity, [("1", queue, 0), ("2", queue, 0), ("3", "a", 0), ("4", "a", 0)]) == [
        "1",
        "3",
        "4",
    ]


MIB = 1024 * 1024
LARGE = 8 * MIB
SMALL = 64 * 1024


def begun(capacity: Capacity, candidates: list[tuple[str, str, int]]) -> list[str]:
    """Lets what is admitted begin, as a claim does; returns the ids."""
    admitted = capacity.admitted(candidates)
    destination_of = {id_: destination for id_, destination, _ in candidates}
    for id_, size in admitted.bytes_of.items():
        capacity.begin(destination_of[id_], size)
    capacity.wait_for_room(admitted.too_large)
    return list(admitted.bytes_of)


def test_the_large_payloads_of_a_target_get_a_quarter_of_all_bytes() -> None:
    capacity = Capacity(MANY)
    due = [(str(number), "hangs", LARGE) for number in range(20)]
    assert begun(capacity, due) == [str(number) for number in range(8)]
    assert capacity.bytes_under_way == MANY.payload_bytes // 4
    assert "hangs" in capacity.busy_destinations()
    capacity.end("hangs", LARGE)
    assert capacity.busy_destinations() == set()
    assert begun(capacity, due[8:]) == ["8"]


@pytest.mark.parametrize("number", [1, 4, 20])
def test_targets_with_large_payloads_that_hang_leave_bytes_to_another(number: int) -> None:
    capacity = Capacity(MANY)
    for _ in range(20):
        begun(capacity, [(f"{each}", f"hangs {each}", LARGE) for each in range(number)])
    assert capacity.bytes_under_way <= MANY.payload_bytes
    assert begun(capacity, [("1", "another", LARGE)]) == ["1"]


def test_no_more_bytes_than_the_limit_are_under_way_however_many_targets_hang() -> None:
    capacity = Capacity(MANY)
    begun(capacity, [(f"{each}", f"hangs {each}", LARGE) for each in range(60)])
    assert capacity.bytes_under_way == MANY.payload_bytes
    assert "hangs 59" in capacity.busy_destinations()
    capacity.end("hangs 0", LARGE)
    assert "hangs 59" not in capacity.busy_destinations()


def test_a_payload_over_the_share_of_its_target_goes_alone() -> None:
    capacity = Capacity(TargetSettings(payload_bytes=16 * MIB))
    due = [("1", "a", LARGE), ("2", "a", LARGE), ("3", "a", 300)]
    assert begun(capacity, due) == ["1", "3"]
    capacity.end("a", LARGE)
    assert begun(capacity, due[1:2]) == ["2"]


def test_a_payload_over_all_bytes_waits_until_no_other_large_one_is_under_way() -> None:
    capacity = Capacity(TargetSettings(payload_bytes=16 * MIB))
    huge = [("2", "b", 20 * MIB)]
    begun(capacity, [("1", "a", LARGE)])
    assert begun(capacity, huge) == []
    capacity.end("a", LARGE)
    assert begun(capacity, huge) == ["2"]


def test_small_payloads_do_not_wait_for_bytes() -> None:
    capacity = Capacity(MANY)
    begun(capacity, [(f"{each}", f"hangs {each}", LARGE) for each in range(60)])
    small = [(f"{each}", "hangs 1", SMALL) for each in range(40)]
    assert len(begun(capacity, small)) == 40


def test_a_large_payload_does_not_overtake_another_one_of_its_target() -> None:
    capacity = Capacity(MANY)
    due = [("1", "a", 60 * MIB), ("2", "a", 60 * MIB), ("3", "a", MIB), ("4", "b", MIB)]
    assert begun(capacity, due) == ["1", "4"]


def test_a_target_whose_payload_found_no_room_stays_busy_while_others_are_claimed() -> None:
    capacity = Capacity(MANY)
    begun(capacity, [(str(number), "hangs", LARGE) for number in range(20)])
    begun(capacity, [("1", "another", 300)])
    assert "hangs" in capacity.busy_destinations()
