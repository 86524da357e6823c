"""Limits how many deliveries are under way at once, in all and to one destination.

A destination is a target or a dead letter queue. One without deliveries under way finds a slot even
when others hang: the last tenth of all slots is for the first delivery to each, and the more
deliveries a destination has under way, the more slots must be free for its next one.
"""

from collections import Counter
from collections.abc import Iterable
from math import ceil

from tocsin.plans.plan import is_queue_key
from tocsin.targets.settings import TargetSettings

KEPT_FOR_FIRST = 0.1


class Capacity:
    """Counts deliveries under way; a busy destination, at its limit, does not delay others."""

    def __init__(self, limits: TargetSettings, *, per_queue: int = 10) -> None:
        self._limits = limits
        self._per_queue = per_queue
        self._kept = limits.concurrency * KEPT_FOR_FIRST
        self._under_way: Counter[str] = Counter()
        self._total = 0

    @property
    def free(self) -> int:
        return self._limits.concurrency - self._total

    def free_of(self, destination: str) -> int:
        """Returns how many more deliveries a destination may have under way now."""
        return self._room(destination, self._under_way[destination], self.free)

    def busy_destinations(self) -> set[str]:
        """Returns the destinations that are at their limit."""
        return {destination for destination in self._under_way if self.free_of(destination) == 0}

    def admitted(self, candidates: Iterable[tuple[str, str]]) -> list[str]:
        """Returns the ids of (id, destination) pairs that fit within the limits, in their order."""
        planned: Counter[str] = Counter()
        ids: list[str] = []
        for candidate_id, destination in candidates:
            free = self.free - len(ids)
            if free <= 0:
                break
            under_way = self._under_way[destination] + planned[destination]
            if self._room(destination, under_way, free) > 0:
                planned[destination] += 1
                ids.append(candidate_id)
        return ids

    def begin(self, destination: str) -> None:
        self._under_way[destination] += 1
        self._total += 1

    def end(self, destination: str) -> None:
        self._under_way[destination] -= 1
        self._total -= 1
        if not self._under_way[destination]:
            del self._under_way[destination]

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
