"""Remembers what changed recently, each row in its last state, for all streams together."""

from collections.abc import Iterator
from dataclasses import dataclass

from google.protobuf.message import Message

from tocsin.store.driver.changes import Watched
from tocsin.store.invocations.rows import State

MOST_ITEMS = 10_000
MOST_BYTES = 16 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Item:
    """A changed row as its message.

    `parent` and `origin` are those of an invocation. A trigger has its folder as its parent, and
    itself as its origin. `resource` is what roles are bound to. `ended` is the final state that an
    invocation has just reached.
    """

    kind: Watched
    id: str
    parent: str
    origin: str
    resource: str
    message: Message
    size: int
    ended: State | None = None


class Recent:
    """Holds the latest items in the order of their change, each with a number that grows.

    A reader is a number: it goes on after what it has read. So a slow one holds no memory; what it
    has missed is beyond `floor`.
    """

    def __init__(self, most_items: int = MOST_ITEMS, most_bytes: int = MOST_BYTES) -> None:
        self._most_items = most_items
        self._most_bytes = most_bytes
        self._items: dict[tuple[Watched, str], tuple[int, Item]] = {}
        self._bytes = 0
        self.number = 0
        """The number of the latest change."""
        self.floor = 0
        """Whoever has read less than this has missed something."""

    def put(self, item: Item) -> None:
        """Adds an item, in place of an earlier one of its row."""
        key = item.kind, item.id
        before = self._items.pop(key, None)
        if before is not None:
            self._bytes -= before[1].size
        self.number += 1
        self._items[key] = self.number, item
        self._bytes += item.size
        while len(self._items) > self._most_items or self._bytes > self._most_bytes:
            number, oldest = self._items.pop(next(iter(self._items)))
            self._bytes -= oldest.size
            self.floor = number

    def find(self, kind: Watched, row_id: str) -> Item | None:
        known = self._items.get((kind, row_id))
        return None if known is None else known[1]

    def lose(self) -> None:
        """Notes that changes are missing: readers before now have missed something."""
        self.number += 1
        self.floor = self.number

    def after(self, number: int) -> Iterator[tuple[int, Item]]:
        """Yields the items that changed after a number, in their order."""
        later: list[tuple[int, Item]] = []
        for numbered in reversed(self._items.values()):
            if numbered[0] <= number:
                break
            later.append(numbered)
        return reversed(later)
