"""Who gets a place, who makes room, and who is turned away."""

import threading

import pytest

from tocsin.access.places import Keeps, Place, Places

ALICE, BOB, CAROL = "192.0.2.1", "192.0.2.2", "192.0.2.3"


class Room:
    """Places, and who had to leave them."""

    def __init__(self, most: int, most_of_address: int, *, shifting: bool = False) -> None:
        self.places = Places(most, most_of_address, shifting=shifting)
        self.left: list[str] = []

    def take(self, name: str, address: str) -> Place | None:
        return self.places.take(address, lambda: self.left.append(name))

    def seated(self, name: str, address: str) -> Place:
        place = self.take(name, address)
        assert place is not None
        return place


def test_an_address_has_so_many() -> None:
    room = Room(10, 2)
    first = room.seated("a1", ALICE)
    room.seated("a2", ALICE)
    assert room.take("a3", ALICE) is None
    room.seated("b1", BOB)
    room.places.free(first)
    room.seated("a4", ALICE)
    assert room.left == []


def test_an_address_may_shift_its_own_and_nobody_elses() -> None:
    room = Room(10, 2, shifting=True)
    room.seated("b1", BOB)
    for name in ("a1", "a2", "a3", "a4"):
        room.seated(name, ALICE)
    assert room.left == ["a1", "a2"]


def test_the_oldest_of_the_address_that_has_most_makes_room() -> None:
    room = Room(4, 3)
    room.seated("b1", BOB)
    for name in ("a1", "a2", "a3"):
        room.seated(name, ALICE)
    room.seated("c1", CAROL)
    assert room.left == ["a1"]
    room.seated("c2", CAROL)
    assert room.left == ["a1", "a2"]


def test_who_is_busy_stays() -> None:
    room = Room(2, 2)
    for name in ("a1", "a2"):
        room.seated(name, ALICE).keeps = Keeps.ALL
    assert room.take("b1", BOB) is None
    assert room.take("a3", ALICE) is None
    shifting = Room(2, 2, shifting=True)
    for name in ("a1", "a2"):
        shifting.seated(name, ALICE).keeps = Keeps.ALL
    assert shifting.take("a3", ALICE) is None


def test_a_place_that_another_has_is_not_freed_again() -> None:
    room = Room(1, 1)
    first = room.seated("a1", ALICE)
    second = room.seated("b1", BOB)
    assert room.left == ["a1"]
    room.places.free(first)
    second.keeps = Keeps.ALL
    assert room.take("c1", CAROL) is None
    room.places.free(second)
    room.places.free(second)
    room.seated("c2", CAROL)


@pytest.mark.parametrize(
    ("first", "second", "one"),
    [
        ("2001:db8::1", "2001:db8::ffff:2", True),
        ("2001:db8::1", "2001:db8:0:1::1", False),
        ("::ffff:192.0.2.1", "192.0.2.1", True),
        ("unknown", "unknown", True),
    ],
)
def test_of_ipv6_64_bits_are_one_address(first: str, second: str, one: bool) -> None:
    room = Room(10, 1)
    room.seated("first", first)
    assert (room.take("second", second) is None) is one


def test_threads_get_no_more_than_there_are() -> None:
    room = Room(20, 20)
    places: list[Place | None] = []

    def come_and_go() -> None:
        for _ in range(200):
            place = room.take("x", ALICE)
            if place is not None:
                room.places.free(place)
        places.append(room.take("x", ALICE))

    threads = [threading.Thread(target=come_and_go) for _ in range(30)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert sum(place is not None for place in places) == 20


def test_who_keeps_a_place_against_equals_makes_room_for_an_address_with_fewer() -> None:
    room = Room(4, 4)
    for name in ("a1", "a2", "a3"):
        room.seated(name, ALICE).keeps = Keeps.EQUALS
    room.seated("b1", BOB).keeps = Keeps.EQUALS
    room.seated("c1", CAROL).keeps = Keeps.EQUALS
    assert room.left == ["a1"]
    # Two, one and one: none would be better off.
    assert room.take("b2", BOB) is None
    room.seated("d1", "192.0.2.4").keeps = Keeps.EQUALS
    assert room.take("e1", "192.0.2.5") is None
    assert room.left == ["a1", "a2"]


def test_an_idle_one_makes_room_before_one_that_keeps_its_place_against_equals() -> None:
    room = Room(4, 4)
    for name in ("a1", "a2", "a3"):
        room.seated(name, ALICE).keeps = Keeps.EQUALS
    room.seated("b1", BOB)
    room.seated("c1", CAROL)
    assert room.left == ["b1"]


def test_many_of_one_address_do_not_drive_out_the_only_one_of_another() -> None:
    room = Room(3, 3)
    for name in ("a1", "a2"):
        room.seated(name, ALICE).keeps = Keeps.EQUALS
    room.seated("b1", BOB)
    assert room.take("a3", ALICE) is None
    assert room.left == []
