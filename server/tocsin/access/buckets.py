"""Token buckets: how often something may be done, and how much of it at once."""

from dataclasses import dataclass

from tocsin.schedule import Clock

MOST_KEYS = 10_000


@dataclass(frozen=True, slots=True)
class Rate:
    """`per_second` in the long run, and up to `burst` at once."""

    per_second: float
    burst: float


class Buckets:
    """A bucket for each key, kept as the instant at which it would be full again.

    That is the generic cell rate algorithm (ITU-T I.371), which is a token bucket told by one
    number. A bucket that is full is as good as none, so those are what is forgotten.
    """

    def __init__(self, rate: Rate, clock: Clock) -> None:
        self._seconds_each = 1 / rate.per_second
        self._capacity = rate.burst * self._seconds_each
        self._clock = clock
        self._full_at: dict[str, float] = {}

    def take(self, key: str, count: float = 1) -> float:
        """Takes tokens; returns 0, or how many seconds later they may be asked for again.

        More than a bucket holds are given when it is full; it stays empty the longer for it.
        """
        wait = self.wait(key, count)
        if wait <= 0:
            now = self._clock.monotonic()
            full_at = max(self._full_at.get(key, now), now)
            self._remember(key, full_at + count * self._seconds_each, now)
        return wait

    def wait(self, key: str, count: float = 1) -> float:
        """Returns in how many seconds tokens could be taken; 0: now. Takes none."""
        full_at = self._full_at.get(key)
        if full_at is None:
            return 0.0
        wanted = min(count * self._seconds_each, self._capacity)
        # Instants are rounded; what is less than a microsecond is nothing.
        wait = full_at - self._clock.monotonic() - (self._capacity - wanted)
        return wait if wait > 1e-6 else 0.0

    def _remember(self, key: str, full_at: float, now: float) -> None:
        if len(self._full_at) >= MOST_KEYS and key not in self._full_at:
            kept = [(each, at) for each, at in self._full_at.items() if at > now]
            # Room for many at once: who comes under ever new names is not to make each call slow.
            self._full_at = dict(kept[max(0, len(kept) - MOST_KEYS * 9 // 10) :])
        self._full_at[key] = full_at
