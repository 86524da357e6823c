"""Lends bytes to large answers, as `PayloadBytes` shares them out; who finds none waits.

An answer keeps its bytes until its ending is written. A target that waits has not been read further
meanwhile, so the kernel holds it back.
"""

import asyncio
from dataclasses import dataclass

from tocsin.engine.delivering.payload_bytes import PayloadBytes


@dataclass(frozen=True, slots=True)
class _Waiting:
    destination: str
    size: int
    lent: asyncio.Future[None]


class AnswerBytes:
    """Lends up to `most` bytes, in the order in which answers ask for them."""

    def __init__(self, most: int) -> None:
        self._bytes = PayloadBytes(most)
        self._waiting: list[_Waiting] = []

    @property
    def lent(self) -> int:
        """The bytes of all large answers."""
        return self._bytes.total

    async def borrow(self, destination: str, size: int) -> None:
        """Waits until an answer of this size fits, and counts it until `give_back`."""
        if not self._is_behind(destination) and self._bytes.fit(destination, size):
            self._bytes.begin(destination, size)
            return
        waiting = _Waiting(destination, size, asyncio.get_running_loop().create_future())
        self._waiting.append(waiting)
        try:
            await waiting.lent
        except asyncio.CancelledError:
            if waiting in self._waiting:
                self._waiting.remove(waiting)
            else:
                self.give_back(destination, size)
            raise

    def give_back(self, destination: str, size: int, *, but: int = 0) -> None:
        """Gives back what was borrowed, all `but` so many bytes; lends it to others."""
        self._bytes.end(destination, size)
        self._bytes.begin(destination, but)
        if self._waiting:
            self._lend()

    def _is_behind(self, destination: str) -> bool:
        return any(waiting.destination == destination for waiting in self._waiting)

    def _lend(self) -> None:
        """Lends to those that fit now; a large answer overtakes none of its own target."""
        still: list[_Waiting] = []
        held_up: set[str] = set()
        for waiting in self._waiting:
            destination, size = waiting.destination, waiting.size
            if destination in held_up or not self._bytes.fit(destination, size):
                held_up.add(destination)
                still.append(waiting)
                continue
            self._bytes.begin(destination, size)
            waiting.lent.set_result(None)
        self._waiting = still
