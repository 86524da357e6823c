"""Keeps answers for some seconds, so that many who look cost as much as one."""

import asyncio
from collections.abc import Awaitable, Callable, Hashable
from typing import Generic, TypeVar

from tocsin.schedule import Clock

T = TypeVar("T")

# Views that are remembered, and answers that are made at once.
MOST_KEPT, MADE_AT_ONCE = 100, 2


class Kept(Generic[T]):
    """Keeps one answer for each key."""

    def __init__(self, machine_clock: Clock, seconds: float) -> None:
        self._machine_clock = machine_clock
        self._seconds = seconds
        self._answers: dict[Hashable, tuple[float, T]] = {}
        self._making = asyncio.Semaphore(MADE_AT_ONCE)

    async def of(self, key: Hashable, make: Callable[[], Awaitable[T]]) -> T:
        """Returns the answer of a key, and makes it if there is none or it is too old."""
        if (known := self._known(key)) is not None:
            return known
        async with self._making:
            # Another call may have made it meanwhile.
            if (known := self._known(key)) is not None:
                return known
            answer = await make()
            self._answers.pop(key, None)
            if len(self._answers) >= MOST_KEPT:
                del self._answers[next(iter(self._answers))]
            self._answers[key] = self._machine_clock.monotonic() + self._seconds, answer
            return answer

    def _known(self, key: Hashable) -> T | None:
        until, answer = self._answers.get(key, (0.0, None))
        return answer if self._machine_clock.monotonic() < until else None
