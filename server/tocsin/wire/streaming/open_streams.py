"""Bounds how many streams of answers are open, and ends them when the server stops.

They take no place of other calls, which they would keep for hours.
"""

import asyncio
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

from tocsin.wire import errors

# A page has one open in each tab; a user of many machines has more.
MOST_OF_CALLER = 64
# Behind a proxy many callers share an address.
MOST_OF_PEER = 256
MOST_OF_ALL = 1_000


class OpenStreams:
    """Counts the open streams of a process by their callers and addresses."""

    def __init__(
        self,
        of_caller: int = MOST_OF_CALLER,
        of_peer: int = MOST_OF_PEER,
        of_all: int = MOST_OF_ALL,
    ) -> None:
        self._bounds = (of_caller, of_peer, of_all)
        self._of_callers: Counter[str] = Counter()
        self._of_peers: Counter[str] = Counter()
        self.stopping = asyncio.Event()
        """Set once the server stops: every stream ends then."""
        self.stuck = 0
        """Streams that could not end, because their clients read no more."""

    @property
    def open(self) -> int:
        return self._of_peers.total()

    def stop(self) -> None:
        self.stopping.set()

    @contextmanager
    def counted(self, caller: str, peer: str) -> Iterator[None]:
        """Counts a stream while it is open; without access control, `caller` is the address.

        Raises:
            ApiError: the caller, the address or all have too many, or the server stops.
        """
        self._refuse_beyond_bounds(caller, peer)
        self._of_callers[caller] += 1
        self._of_peers[peer] += 1
        try:
            yield
        finally:
            _uncount(self._of_callers, caller)
            _uncount(self._of_peers, peer)

    def _refuse_beyond_bounds(self, caller: str, peer: str) -> None:
        of_caller, of_peer, of_all = self._bounds
        if self.stopping.is_set():
            raise errors.stopping()
        # A caller that is only an address has the bound of addresses.
        if caller != peer and self._of_callers[caller] >= of_caller:
            raise errors.too_many_streams("the caller", of_caller)
        if self._of_peers[peer] >= of_peer:
            raise errors.too_many_streams("the caller's address", of_peer)
        if self.open >= of_all:
            raise errors.too_many_streams("this server", of_all)


def _uncount(counter: Counter[str], key: str) -> None:
    counter[key] -= 1
    if not counter[key]:
        del counter[key]
