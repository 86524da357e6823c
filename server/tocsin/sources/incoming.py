"""What a source hands in, and what became of it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from tocsin.sources.kinds.definition import Event


@dataclass(frozen=True, slots=True)
class Incoming:
    """One thing that happened, `at` nanoseconds since the Unix epoch.

    Events with the same key are one event, for as long as it is remembered; without a key, those
    with the same id. Without an id each is an event of its own.

    One with a `trigger_id` is for this trigger alone. Its source keeps it until it is acknowledged,
    so that nothing is lost while that is paused. With a `receipt` too, its source is to keep it
    until it is delivered: by the receipt it is told then.
    """

    event: Event
    at: int
    id: str = ""
    trace_id: str = ""
    key: str = ""
    trigger_id: str = ""
    receipt: str = ""


@dataclass(frozen=True, slots=True)
class Taken:
    """How many triggers an event was for, by what became of it there.

    `accepted`: it fires. `repeated`: they were given it before. `lost`: they are paused.
    `filtered`: they listen to its source, and their rules don't let it pass. `settled`: they were
    given it before, by a receipt, and are done with it.
    """

    accepted: int = 0
    repeated: int = 0
    lost: int = 0
    filtered: int = 0
    settled: int = 0

    def __add__(self, other: "Taken") -> "Taken":
        return Taken(
            self.accepted + other.accepted,
            self.repeated + other.repeated,
            self.lost + other.lost,
            self.filtered + other.filtered,
            self.settled + other.settled,
        )


class TakesEvents(Protocol):
    """Where sources hand in their events."""

    async def take(self, incoming: Sequence[Incoming]) -> list[Taken]:
        """Takes events; returns once they are durable, so that their source may be acknowledged.

        Raises:
            StoreUnavailable: the store can't be reached. Some of them may have been taken.
        """
