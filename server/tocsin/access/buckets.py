"""Limits rates by token buckets."""

from dataclasses import dataclass
from operator import itemgetter

from tocsin.schedule import Clock

MOST_KEYS = 10_000


@dataclass(frozen=True, slots=True)
class Rate:
    """Allows `per_second` in the long run, and up to `burst` at once."""

    per_second: float
    burst: float


class Buckets:
    """Keeps a bucket for each key, as the instant at which it will be full again.

    This is the generic cell rate algorithm (ITU-T I.371): one number describes a token bucket. Full
    buckets need not be kept, so they are the first to be dropped.
    """

    def __init__(self, rate: Rate, clock: Clock) -> None:
        self._seconds_per_token = 1 / rate.per_second
        self._capacity = rate.burst * self._seconds_per_token
        self._clock = clock
        self._full_at: dict[str, float] = {}

    def take(self, key: str, count: float = 1) -> float:
        """Takes tokens; returns 0, or the seconds after which the caller may try again.

        A request for more tokens than a bucket holds succeeds when it is full, and empties the
        bucket for longer.
        """
        wait = self.wait(key, count)
        if wait <= 0:
            now = self._clock.monotonic()
            full_at = max(self._full_at.get(key, now), now)
            self._remember(key, full_at + count * self._seconds_per_token, now)
        return wait

    def wait(self, key: str, count: float = 1) -> float:
        """Returns the seconds until the tokens could be taken, 0 for now; takes none."""
        full_at = self._full_at.get(key)
        if full_at is None:
            return 0.0
        wanted = min(count * self._seconds_per_token, self._capacity)
        # Instants are rounded, so a wait of less than a microsecond counts as none.
        wait = full_at - self._clock.monotonic() - (self._capacity - wanted)
        return wait if wait > 1e-6 else 0.0

    def _remember(self, key: str, full_at: float, now: float) -> None:
        if len(self._full_at) >= MOST_KEYS and key not in self._full_at:
            kept = [(name, instant) for name, instant in self._full_at.items() if instant > now]
            # Drop many at once, so that a caller with ever new names does not slow every call. The
            # emptiest buckets stay: many new names must not make a busy one look idle.
            kept.sort(key=itemgetter(1))
            self._full_at = dict(kept[max(0, len(kept) - MOST_KEYS * 9 // 10) :])
        self._full_at[key] = full_at
