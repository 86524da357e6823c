"""Makes ids that carry the time of their making.

Those of the trigger contract are 20 characters of `0-9a-v`, the first three telling the service;
those of executions are UUIDs, version 7 (RFC 9562).
"""

import secrets
from datetime import datetime

from tocsin.schedule import Clock
from tocsin.store.driver.instants import to_micros

TRIGGERS_PREFIX = "a1s"

# 17 characters of 5 bits: 52 of microseconds since the epoch, enough until 2112, and 33 of chance.
RANDOM_BITS = 33
DIGITS = "0123456789abcdefghijklmnopqrstuv"
PAIRS = tuple(high + low for high in DIGITS for low in DIGITS)
# A UUID has milliseconds, then the version, then 12 bits: the rest of the microseconds, as a
# fraction (RFC 9562, section 6.2, method 3). The variant follows, and chance.
UUID_VERSION = 7 << 76
UUID_VARIANT = 0b10 << 62
UUID_RANDOM_BITS = 62


class Ids:
    """Ids that sort by the time of their making, on one node strictly so.

    Lists page by id, and a table whose keys grow at one end is the cheapest to add to.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._last = 0

    def new(self, prefix: str = TRIGGERS_PREFIX) -> str:
        return prefix + _digits(self._next() << RANDOM_BITS | secrets.randbits(RANDOM_BITS))

    def new_uuid(self) -> str:
        millis, micros = divmod(self._next(), 1000)
        number = millis << 80 | UUID_VERSION | (micros * 4096 // 1000) << 64 | UUID_VARIANT
        text = f"{number | secrets.randbits(UUID_RANDOM_BITS):032x}"
        return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"

    def _next(self) -> int:
        self._last = max(self._last + 1, to_micros(self._clock.now()))
        return self._last


def first_id_at(instant: datetime, prefix: str = TRIGGERS_PREFIX) -> str:
    """Returns what sorts before all ids of a service that were made from an instant on."""
    return prefix + _digits(max(0, to_micros(instant)) << RANDOM_BITS)


def _digits(number: int) -> str:
    return DIGITS[number >> 80] + "".join(
        [PAIRS[number >> shift & 1023] for shift in range(70, -1, -10)]
    )
