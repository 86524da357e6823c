"""Limits how many deliveries are under way at once, in all and to one destination.

A destination is a target or a dead letter queue. One without deliveries under way finds a slot even
when others hang: the last tenth of all slots is for the first delivery to each, and the more
deliveries a destination has under way, the more slots must be free for its next one.

`PayloadBytes` limits the bytes of large payloads besides.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from math import ceil

from tocsin.engine.delivering.payload_bytes import LARGE, PayloadBytes
from tocsin.plans.plan import is_queue_key
from tocsin.targets.settings import TargetSettings

KEPT_FOR_FIRST = 0.1


@dataclass(frozen=True, slots=True)
class Admitted:
    """The invocations that may be claimed, each with the bytes of its payload.

    `too_large` has, for destinations with a payload that found no room, the size of the first one.
    """

    bytes_of: dict[str, int] = field(default_factory=dict)
    too_large: dict[str, int] = field(default_factory=dict)


class Capacity:
    """Counts deliveries under way; a busy destination, at its limit, does not delay others."""

    def __init__(self, limits: TargetSettings, *, per_queue: int = 10) -> None:
        self._limits = limits
        self._per_queue = per_queue
        self._kept = limits.concurrency * KEPT_FOR_FIRST
        self._under_way: Counter[str] = Counter()
        self._total = 0
        self._bytes = PayloadBytes(limits.payload_bytes)
        self._too_large: Mapping[str, int] = {}

    def limit_destinations(self, limits: TargetSettings) -> None:
        """Uses other limits of single targets from now on; those of all stay as they are."""
        self._limits = limits.model_copy(update={"concurrency": self._limits.concurrency})

    @property
    def bytes_under_way(self) -> int:
        """The bytes of all large payloads under way."""
        return self._bytes.total

    @property
    def free(self) -> int:
        return self._limits.concurrency - self._total

    def free_of(self, destination: str) -> int:
        """Returns how many more deliveries a destination may have under way now."""
        return self._room(destination, self._under_way[destination], self.free)

    def busy_destinations(self) -> set[str]:
        """Returns the destinations that are at a limit."""
        busy = {destination for destination in self._under_way if self.free_of(destination) == 0}
        for destination, size in self._too_large.items():
            if not self._bytes.fit(destination, size):
                busy.add(destination)
        return busy

    def admitted(self, candidates: Iterable[tuple[str, str, int]]) -> Admitted:
        """Returns which of (id, destination, bytes of the payload) fit within the limits.

        A large payload does not overtake another one for the same destination.
        """
        planned: Counter[str] = Counter()
        planned_bytes: PayloadBytes | None = None
        admitted = Admitted()
        for candidate_id, destination, size in candidates:
            free = self.free - len(admitted.bytes_of)
            if free <= 0:
                break
            under_way = self._under_way[destination] + planned[destination]
            if self._room(destination, under_way, free) <= 0:
                continue
            if size > LARGE:
                planned_bytes = planned_bytes or self._bytes.copy()
                if destination in admitted.too_large:
                    continue
                if not planned_bytes.fit(destination, size):
                    admitted.too_large[destination] = size
                    continue
                planned_bytes.begin(destination, size)
            planned[destination] += 1
            admitted.bytes_of[candidate_id] = size
        return admitted

    def wait_for_room(self, too_large: Mapping[str, int]) -> list[str]:
        """Counts destinations as busy until payloads of these sizes fit; returns the new ones."""
        still = {
            destination: size
            for destination, size in self._too_large.items()
            if not self._bytes.fit(destination, size)
        }
        new = [destination for destination in too_large if destination not in still]
        self._too_large = still | dict(too_large)
        return new

    def begin(self, destination: str, size: int = 0) -> None:
        """Counts a delivery, with the bytes of its payload."""
        self._under_way[destination] += 1
        self._total += 1
        self._bytes.begin(destination, size)

    def end(self, destination: str, size: int = 0) -> None:
        self._under_way[destination] -= 1
        self._total -= 1
        if not self._under_way[destination]:
            del self._under_way[destination]
        self._bytes.end(destination, size)

    def _room(self, destination: str, under_way: int, free: int) -> int:
        """Returns how many more deliveries fit; each needs `kept * (1 + share)` free slots.

        The division accounts for each delivery taking a free slot and adding to the share.
        """
        limit = self._limit(destination)
        beyond = free - self._kept * (1 + under_way / limit)
        room = ceil(beyond / (1 + self._kept / limit)) if beyond > 0 else 0
        if under_way == 0 and free > 0:
            room = max(room, 1)
        return max(0, min(room, limit - under_way))

    def _limit(self, destination: str) -> int:
        if is_queue_key(destination):
            return self._per_queue
        return self._limits.concurrency_of(destination)
