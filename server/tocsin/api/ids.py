"""Makes the service's ids: 20 characters of `0-9a-v`, the first three telling the service."""

import base64
import secrets

from tocsin.schedule import Clock
from tocsin.store.instants import to_micros

TRIGGERS_PREFIX = "a1s"

TIME_BITS = 52
RANDOM_BITS = 33


class Ids:
    """Ids that sort by the time of their making, on one node strictly so.

    Lists page by id, and a table whose keys grow at one end is the cheapest to add to.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._last = 0

    def new(self, prefix: str = TRIGGERS_PREFIX) -> str:
        self._last = max(self._last + 1, to_micros(self._clock.now()))
        number = self._last << RANDOM_BITS | secrets.randbits(RANDOM_BITS)
        # 17 characters of 5 bits: 85 bits, padded by 3 to whole bytes.
        text = base64.b32hexencode((number << 3).to_bytes(11, "big"))
        return prefix + text[:17].decode().lower()
