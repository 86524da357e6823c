"""How much may be under way at once: in all, and for one target."""

from collections import Counter
from collections.abc import Iterable

from tocsin.targets.settings import TargetSettings


class Capacity:
    """Counts what is under way. A target that takes all it may is busy; others are not held up."""

    def __init__(self, limits: TargetSettings) -> None:
        self._limits = limits
        self._under_way: Counter[str] = Counter()
        self._total = 0

    @property
    def free(self) -> int:
        return self._limits.concurrency - self._total

    def free_of(self, target: str) -> int:
        return self._limits.concurrency_of(target) - self._under_way[target]

    def busy_targets(self) -> set[str]:
        """Returns the targets that can take no more."""
        return {
            target
            for target, count in self._under_way.items()
            if count >= self._limits.concurrency_of(target)
        }

    def admitted(self, candidates: Iterable[tuple[str, str]]) -> list[str]:
        """Returns the ids that have room, of (id, target) pairs in the order of their claim."""
        planned: Counter[str] = Counter()
        ids: list[str] = []
        for candidate_id, target in candidates:
            if len(ids) == self.free:
                break
            if self._under_way[target] + planned[target] < self._limits.concurrency_of(target):
                planned[target] += 1
                ids.append(candidate_id)
        return ids

    def begin(self, target: str) -> None:
        self._under_way[target] += 1
        self._total += 1

    def end(self, target: str) -> None:
        self._under_way[target] -= 1
        self._total -= 1
        if not self._under_way[target]:
            del self._under_way[target]
