"""Knows the addresses that go on calling although their calls are refused."""

import asyncio
import ipaddress

from tocsin.access.buckets import Buckets, Rate
from tocsin.schedule import Clock

REFUSALS = Rate(50, 100)
"""Refusals, after the allowed number of bad credentials, from which on they are a flood."""
KEPT_SECONDS = 60.0
MOST_NETS = 1000


class Floods:
    """Counts refusals, in one event loop.

    Attributes:
        begun: set while addresses are known.
    """

    def __init__(self, clock: Clock) -> None:
        self.begun = asyncio.Event()
        self._clock = clock
        self._refusals = Buckets(REFUSALS, clock)
        self._until: dict[str, float] = {}

    def refused(self, net: str) -> None:
        """Counts a call that was refused because of earlier ones from there."""
        if not self._refusals.take(net) or not _is_network(net):
            return
        if net in self._until or len(self._until) < MOST_NETS:
            self._until[net] = self._clock.monotonic() + KEPT_SECONDS
            self.begun.set()

    def nets(self) -> tuple[str, ...]:
        """Returns the addresses, and /64 of IPv6, from which a flood came in the last minute."""
        now = self._clock.monotonic()
        if any(until <= now for until in self._until.values()):
            self._until = {net: until for net, until in self._until.items() if until > now}
        if not self._until:
            self.begun.clear()
        return tuple(self._until)


def _is_network(net: str) -> bool:
    try:
        ipaddress.ip_network(net)
    except ValueError:
        return False
    return True
