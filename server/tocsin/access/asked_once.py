"""A question is asked once, however many callers wait for its answer."""

import asyncio
from collections.abc import Callable, Coroutine, Hashable
from functools import partial
from typing import Any, Generic, TypeVar

K = TypeVar("K", bound=Hashable)
T = TypeVar("T")


class AskedOnce(Generic[K, T]):
    """Runs `ask` for a key at most once at a time; whoever comes meanwhile shares its answer."""

    def __init__(self, ask: Callable[[K], Coroutine[Any, Any, T]]) -> None:
        self._ask = ask
        self._asking: dict[K, asyncio.Task[T]] = {}

    async def of(self, key: K) -> T:
        """Returns the answer, or raises what `ask` raised."""
        # A caller that hangs up does not take the answer from the others.
        return await asyncio.shield(self.start(key))

    def start(self, key: K) -> asyncio.Task[T]:
        """Asks unless it is being asked already; nobody need wait for the answer."""
        asking = self._asking.get(key)
        if asking is None:
            asking = self._asking[key] = asyncio.create_task(self._ask(key))
            asking.add_done_callback(partial(self._answered, key))
        return asking

    def _answered(self, key: K, task: asyncio.Task[T]) -> None:
        del self._asking[key]
        if not task.cancelled():
            task.exception()  # those who waited have it; if nobody did, nobody needs it
