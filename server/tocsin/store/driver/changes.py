"""Names the rows that transactions change, for those who watch them."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from enum import StrEnum
from typing import TypeAlias


class Watched(StrEnum):
    """The rows whose changes can be watched. Nodes send each other these values."""

    INVOCATIONS = "invocations"
    """By their own ids."""
    TRIGGERS = "triggers"
    """By their own ids."""
    INTAKES = "intakes"
    """By the ids of their triggers."""


# What one transaction changed: the ids of its statements, in their order.
Written: TypeAlias = list[tuple[Watched, Iterable[str]]]

# Changes that wait to be sent or read. Beyond it they are forgotten, and counted as missed.
MOST_CHANGES = 10_000


class Changes:
    """Collects changed rows, each once.

    `missed` means that some are not named: readers must read anew whatever they know.
    """

    __slots__ = ("_ids", "missed")

    def __init__(self) -> None:
        self._ids: dict[tuple[Watched, str], None] = {}
        self.missed = False

    def __len__(self) -> int:
        return len(self._ids)

    def __bool__(self) -> bool:
        return self.missed or bool(self._ids)

    def __iter__(self) -> Iterator[tuple[Watched, str]]:
        return iter(self._ids)

    def add(self, written: Sequence[tuple[Watched, Iterable[str]]]) -> None:
        known = self._ids
        for kind, ids in written:
            for each in ids:
                known[kind, each] = None
        if len(known) > MOST_CHANGES:
            self.miss()

    def miss(self) -> None:
        """Forgets all rows: some were changed that nobody named."""
        self._ids.clear()
        self.missed = True

    def take(self, most: int) -> list[tuple[Watched, str]]:
        """Removes and returns up to `most` rows, those named first."""
        taken = [each for each, _ in zip(self._ids, range(most), strict=False)]
        for each in taken:
            del self._ids[each]
        return taken


class Following:
    """Passes changed rows of all nodes to one listener of this node, while it follows them.

    While it does not, a commit costs nothing but the question.
    """

    __slots__ = ("_hear", "active")

    def __init__(self) -> None:
        self._hear: Callable[[Written | None], None] | None = None
        self.active = False

    def listen(self, hear: Callable[[Written | None], None]) -> None:
        """Calls `hear` with changed rows; None means that some were not named."""
        self._hear = hear

    def hear(self, written: Written | None) -> None:
        if self.active and self._hear is not None:
            self._hear(written)
