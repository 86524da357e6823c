"""Defines the events that sources hand in, and the outcome for each."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from tocsin.sources.folders import Folders
from tocsin.sources.kinds.definition import Event


@dataclass(frozen=True, slots=True)
class Incoming:
    """Holds one event, which happened `at` nanoseconds since the Unix epoch.

    Events with the same key are one event as long as the key is remembered; without a key, events
    with the same id are. An event without an id is always a new one.

    An event with a `trigger_id` is for that trigger alone. Its source keeps it until it is
    acknowledged, so a pause loses nothing. If it also has a `receipt`, its source keeps it until it
    is delivered; the receipt then deletes it.

    Only triggers of its `folders` get an event.
    """

    event: Event
    at: int
    id: str = ""
    trace_id: str = ""
    key: str = ""
    trigger_id: str = ""
    receipt: str = ""
    folders: Folders = None


@dataclass(frozen=True, slots=True)
class Taken:
    """Counts the triggers that an event was for, by outcome.

    Attributes:
        accepted: triggers that it fires.
        repeated: triggers that had accepted it before.
        lost: paused triggers.
        filtered: triggers that listen to its source but whose rules don't match it.
        settled: triggers that had accepted it with a receipt, and have delivered it.
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


@dataclass(frozen=True, slots=True)
class Refused:
    """Counts events that came and can't be read, for the triggers that they seem to be for.

    Those listen to the kind by one of the keys, or to all events of the kind, and are in these
    folders.
    """

    kind: str
    keys: tuple[str, ...]
    events: int
    why: str
    folders: Folders = None


class TakesEvents(Protocol):
    """Accepts the events of sources."""

    async def take(self, incoming: Sequence[Incoming]) -> list[Taken]:
        """Accepts events; once it returns they are durable, and the source can be acknowledged.

        Raises:
            StoreUnavailable: the store can't be reached; some events may have been accepted.
        """

    async def refuse(self, refused: Sequence[Refused]) -> None:
        """Counts events that can't be read in the intakes of their triggers.

        Raises:
            StoreUnavailable: the store can't be reached; some may have been counted.
        """
