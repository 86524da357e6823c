"""Makes the service's ids: 20 characters of `0-9a-v`, the first three telling the service."""

import secrets
from datetime import datetime

from tocsin.schedule import Clock
from tocsin.store.instants import to_micros

TRIGGERS_PREFIX = "a1s"

# 17 characters of 5 bits: 52 of microseconds since the epoch, enough until 2112, and 33 of chance.
RANDOM_BITS = 33
DIGITS = "0123456789abcdefghijklmnopqrstuv"
PAIRS = tuple(high + low for high in DIGITS for low in DIGITS)


class Ids:
    """Ids that sort by the time of their making, on one node strictly so.

    Lists page by id, and a table whose keys grow at one end is the cheapest to add to.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._last = 0

    def new(self, prefix: str = TRIGGERS_PREFIX) -> str:
        self._last = max(self._last + 1, to_micros(self._clock.now()))
        return prefix + _digits(self._last << RANDOM_BITS | secrets.randbits(RANDOM_BITS))


def first_id_at(instant: datetime, prefix: str = TRIGGERS_PREFIX) -> str:
    """Returns what sorts before all ids of a service that were made from an instant on."""
    return prefix + _digits(max(0, to_micros(instant)) << RANDOM_BITS)


def _digits(number: int) -> str:
    return DIGITS[number >> 80] + "".join(
        [PAIRS[number >> shift & 1023] for shift in range(70, -1, -10)]
    )
