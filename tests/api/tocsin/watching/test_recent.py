"""Recent changes are remembered, each row once, up to a number and a size."""

from tocsin.api.tocsin.watching.recent import Item, Recent
from tocsin.store.driver.changes import Watched
from tocsin_protos.tocsin.v1.watch_service_pb2 import WatchedTrigger


def item(row_id: str, size: int = 1) -> Item:
    message = WatchedTrigger(trigger_id=row_id)
    return Item(Watched.TRIGGERS, row_id, "folders/f", row_id, "folders/f", message, size)


def ids_after(recent: Recent, number: int) -> list[str]:
    return [item.id for _, item in recent.after(number)]


def test_a_row_that_changes_again_comes_last() -> None:
    recent = Recent()
    for row_id in "abca":
        recent.put(item(row_id))
    assert ids_after(recent, 0) == ["b", "c", "a"]
    assert ids_after(recent, 3) == ["a"]
    assert ids_after(recent, 4) == []


def test_the_oldest_are_forgotten_beyond_a_number() -> None:
    recent = Recent(most_items=2)
    for row_id in "abc":
        recent.put(item(row_id))
    assert ids_after(recent, 0) == ["b", "c"]
    # Who has read the first has missed nothing.
    assert recent.floor == 1


def test_the_oldest_are_forgotten_beyond_a_size() -> None:
    recent = Recent(most_bytes=10)
    for row_id in "abc":
        recent.put(item(row_id, size=4))
    assert ids_after(recent, 0) == ["b", "c"]
    recent.put(item("b", size=9))
    assert ids_after(recent, 0) == ["b"]
    assert recent.floor == 3


def test_whoever_read_before_a_loss_has_missed_something() -> None:
    recent = Recent()
    recent.put(item("a"))
    recent.lose()
    assert recent.floor == recent.number == 2
    recent.put(item("b"))
    assert ids_after(recent, 2) == ["b"]
