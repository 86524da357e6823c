"""Bounds the streams that stay open: of each peer, and of all together.

A stream costs its client nothing and stays open for days. Without a bound, one client's streams
would take the places of everybody's calls.
"""

from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import grpc

from tocsin.wire.calls import Arrival


@dataclass(frozen=True, slots=True)
class StreamBounds:
    """How many streams of one service may be open at once."""

    of_peer: int
    of_all: int


class Streams:
    """Counts the open streams of one service by the addresses of their clients."""

    def __init__(self, bounds: StreamBounds) -> None:
        self._bounds = bounds
        self._of_peers: Counter[str] = Counter()

    @property
    def open(self) -> int:
        return self._of_peers.total()

    @asynccontextmanager
    async def counted(self, context: grpc.aio.ServicerContext[Any, Any]) -> AsyncIterator[None]:
        """Counts a stream for as long as it is open.

        A stream beyond the bounds ends with RESOURCE_EXHAUSTED.
        """
        peer = Arrival(context).peer
        if self._of_peers[peer] >= self._bounds.of_peer:
            await self._refuse(context, f"your address has {self._bounds.of_peer} of them open")
        if self.open >= self._bounds.of_all:
            await self._refuse(context, f"{self._bounds.of_all} of them are open")
        self._of_peers[peer] += 1
        try:
            yield
        finally:
            self._of_peers[peer] -= 1
            if not self._of_peers[peer]:
                del self._of_peers[peer]

    async def _refuse(self, context: grpc.aio.ServicerContext[Any, Any], why: str) -> None:
        await context.abort(
            grpc.StatusCode.RESOURCE_EXHAUSTED,
            f"too many streams: {why}; close one, or retry later",
        )
