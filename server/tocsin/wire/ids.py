"""Makes ids that begin with the time of their creation.

Ids of the trigger contract are 20 characters of `0-9a-v`, of which the first three name the
service. Ids of executions are UUIDs, version 7 (RFC 9562).
"""

import os
from datetime import datetime

from tocsin.schedule import Clock
from tocsin.store.driver.instants import to_micros

TRIGGERS_PREFIX = "a1s"

# 17 characters of 5 bits: 52 bits of microseconds since the epoch, enough until 2112, and 33 random
# bits.
RANDOM_BITS = 33
DIGITS_OF_ID = 17
DIGITS = "0123456789abcdefghijklmnopqrstuv"
PAIRS = tuple(high + low for high in DIGITS for low in DIGITS)
# A UUID has milliseconds, the version, 12 bits with the rest of the microseconds as a fraction (RFC
# 9562, section 6.2, method 3), the variant, and random bits.
UUID_VERSION = 7 << 76
UUID_VARIANT = 0b10 << 62
UUID_RANDOM_BITS = 62
WORDS_AT_ONCE = 256


class Chance:
    """Gives random bits of the system, of which it asks for many at once."""

    def __init__(self) -> None:
        self._words: list[int] = []

    def bits(self, count: int) -> int:
        """Returns a number of that many random bits, 64 at most."""
        if not self._words:
            self._words.extend(memoryview(os.urandom(WORDS_AT_ONCE * 8)).cast("Q"))
        return self._words.pop() >> (64 - count)


class Ids:
    """Makes ids that sort by the time of their creation, strictly so on one node.

    Lists are sorted by id, and rows with growing keys are the cheapest to insert.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._last = 0
        self._chance = Chance()

    def new(self, prefix: str = TRIGGERS_PREFIX) -> str:
        return prefix + _digits(self._next() << RANDOM_BITS | self._chance.bits(RANDOM_BITS))

    def new_after(self, known: str) -> str:
        """Returns an id that sorts after another of its prefix, which any node may have made."""
        prefix, micros = known[:-DIGITS_OF_ID], _micros(known)
        return prefix + _digits(
            max(self._next(), micros + 1) << RANDOM_BITS | self._chance.bits(RANDOM_BITS)
        )

    def new_uuid(self) -> str:
        millis, micros = divmod(self._next(), 1000)
        number = millis << 80 | UUID_VERSION | (micros * 4096 // 1000) << 64 | UUID_VARIANT
        text = f"{number | self._chance.bits(UUID_RANDOM_BITS):032x}"
        return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"

    def _next(self) -> int:
        self._last = max(self._last + 1, to_micros(self._clock.now()))
        return self._last


def first_id_at(instant: datetime, prefix: str = TRIGGERS_PREFIX) -> str:
    """Returns an id that sorts before all ids of a service created at an instant or later."""
    return prefix + _digits(max(0, to_micros(instant)) << RANDOM_BITS)


def _micros(known: str) -> int:
    number = 0
    for digit in known[-DIGITS_OF_ID:]:
        number = number << 5 | DIGITS.index(digit)
    return number >> RANDOM_BITS


def _digits(number: int) -> str:
    return DIGITS[number >> 80] + "".join(
        [PAIRS[number >> shift & 1023] for shift in range(70, -1, -10)]
    )
