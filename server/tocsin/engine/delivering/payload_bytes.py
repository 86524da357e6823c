"""Limits how many bytes of large payloads are under way at once, in all and to one destination.

Small payloads do not count: the number of deliveries bounds them. A destination has at most a
quarter of all bytes, but one delivery, however large, goes when it has no other large one. The last
tenth of all bytes is for the first large delivery of each destination.
"""

from collections import Counter

# A payload is large from this size on.
LARGE = 64 * 1024
PART_OF_ONE = 0.25
KEPT_FOR_FIRST = 0.1
# At least as much is kept, so that an execution with the largest inputs finds room.
LEAST_KEPT = 8 * 1024 * 1024


class PayloadBytes:
    """Counts the bytes of large payloads under way; `most` is the limit for all of them."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._share = most * PART_OF_ONE
        self._kept = max(most * KEPT_FOR_FIRST, LEAST_KEPT)
        self._of: Counter[str] = Counter()
        self.total = 0

    def copy(self) -> "PayloadBytes":
        """Returns a copy, in which deliveries can be tried."""
        other = PayloadBytes(self._most)
        other._of, other.total = self._of.copy(), self.total
        return other

    def fit(self, destination: str, size: int) -> bool:
        """Returns whether another payload of this size may be under way to the destination."""
        if size <= LARGE or self.total == 0:
            return True
        under_way = self._of[destination]
        if under_way == 0:
            return self.total + size <= self._most
        kept = self._kept * (1 + under_way / self._share)
        return under_way + size <= self._share and self.total + size + kept <= self._most

    def begin(self, destination: str, size: int) -> None:
        if size > LARGE:
            self._of[destination] += size
            self.total += size

    def end(self, destination: str, size: int) -> None:
        if size > LARGE:
            self._of[destination] -= size
            self.total -= size
            if not self._of[destination]:
                del self._of[destination]
