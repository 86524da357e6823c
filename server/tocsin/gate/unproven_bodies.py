"""Bounds how many large bodies of an address are read to see whether they prove their sender."""

from collections import Counter
from collections.abc import Callable

from tocsin.access.buckets import Buckets, Rate
from tocsin.access.networks import net_of
from tocsin.schedule import Clock
from tocsin.wire import errors

AT_ONCE = 1 / 15
"""The part of a minute's bad credentials that may come at once."""
MOST_WAITING, MOST_WAITING_OF_ONE = 1000, 100
LOOK_SECONDS = 0.25
LOOKS = 8


class UnprovenBodies:
    """Lets few bodies of an address in at once; others wait until one of these was right.

    So of many that a sender begins with at the same time none is refused.
    """

    def __init__(self, bad_credentials_per_minute: float | None, clock: Clock) -> None:
        self._clock = clock
        self._waiting: Counter[str] = Counter()
        self._buckets = None
        if (most := bad_credentials_per_minute) is not None:
            self._buckets = Buckets(Rate(most / 60, most * AT_ONCE), clock)

    async def wait(self, peer: str, is_proven: Callable[[], bool]) -> None:
        """Waits, up to two seconds, until a body may be read.

        Args:
            peer: the IP address that it comes from.
            is_proven: returns whether its sender was right lately.

        Raises:
            ApiError: too many came from the address.
        """
        if self._buckets is None or is_proven():
            return
        net = net_of(peer)
        wait = self._buckets.take(net)
        if not wait:
            return
        if self._waiting[net] >= MOST_WAITING_OF_ONE or self._waiting.total() >= MOST_WAITING:
            raise errors.too_many_calls(wait)
        self._waiting[net] += 1
        try:
            await self._wait(net, is_proven)
        finally:
            self._waiting[net] -= 1
            if not self._waiting[net]:
                del self._waiting[net]

    async def _wait(self, net: str, is_proven: Callable[[], bool]) -> None:
        assert self._buckets is not None
        wait = 0.0
        for _ in range(LOOKS):
            await self._clock.sleep(LOOK_SECONDS)
            if is_proven() or not (wait := self._buckets.take(net)):
                return
        raise errors.too_many_calls(wait)
