"""Limits the open streams, of each peer and in all.

A stream costs its client nothing and stays open for days. Without a limit, the streams of one
client would keep out the calls of all others.
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
    """Limits how many streams of one service are open at once."""

    of_peer: int
    of_all: int


class Streams:
    """Counts the open streams of one service by their clients' addresses."""

    def __init__(self, bounds: StreamBounds) -> None:
        self._bounds = bounds
        self._of_peers: Counter[str] = Counter()

    @property
    def open(self) -> int:
        return self._of_peers.total()

    @asynccontextmanager
    async def counted(self, context: grpc.aio.ServicerContext[Any, Any]) -> AsyncIterator[None]:
        """Counts a stream while it is open.

        A stream beyond the limits ends with RESOURCE_EXHAUSTED.
        """
        peer = Arrival(context).peer
        if self._of_peers[peer] >= self._bounds.of_peer:
            await self._refuse(context, f"your address has {self._bounds.of_peer} streams open")
        if self.open >= self._bounds.of_all:
            await self._refuse(context, f"{self._bounds.of_all} streams are open")
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
