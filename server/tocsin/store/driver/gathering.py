"""Work in groups: what comes while a group is on its way waits, and shares the next one."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

T = TypeVar("T")


@dataclass(slots=True)
class Awaited(Generic[T]):
    """What was handed in, and the future by which its caller waits. A caller may have hung up."""

    given: T
    answer: asyncio.Future[Any]

    def succeed(self, result: object) -> None:
        if not self.answer.done():
            self.answer.set_result(result)

    def fail(self, error: Exception) -> None:
        if not self.answer.done():
            self.answer.set_exception(error)


class Gathering(Generic[T]):
    """Hands groups to `work`, in the order in which their members came, up to `workers` at once.

    A group has at most `most` members, or, where `size` tells their sizes, as many as are no larger
    than that together, and one at least. Before each group, members that are on their way may join
    it: the group waits as long as another one comes within so many `turns` of the event loop.
    `work` must not raise. What it gives to `again` is first in the next group.
    """

    def __init__(
        self,
        work: Callable[[list[T]], Awaitable[None]],
        *,
        most: int,
        size: Callable[[T], int] | None = None,
        workers: int = 1,
        turns: int = 0,
    ) -> None:
        self._work = work
        self._most = most
        self._size = size
        self._workers = workers
        self._turns = turns
        self._waiting: list[T] = []
        self._tasks: set[asyncio.Task[None]] = set()
        self._joining = False

    @property
    def waiting(self) -> Sequence[T]:
        """What is in no group at the moment."""
        return self._waiting

    def add(self, member: T) -> None:
        self._waiting.append(member)
        if not self._joining and len(self._tasks) < self._workers:
            self._joining = True
            self._tasks.add(asyncio.create_task(self._run()))

    def again(self, members: Sequence[T]) -> None:
        """Lets members of a group that is on its way wait for the next one."""
        self._waiting[:0] = members

    async def finish(self) -> None:
        """Returns once nothing waits and no group is on its way."""
        while self._tasks:
            await asyncio.wait(self._tasks)

    async def stop(self, grace_seconds: float) -> None:
        """Lets groups finish for that long, then cancels them."""
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=grace_seconds)
        for task in self._tasks:
            task.cancel()
        await self.finish()

    async def _run(self) -> None:
        try:
            while self._waiting:
                self._joining = True
                await self._let_join()
                self._joining = False
                if group := self._next_group():  # else another worker was quicker
                    await self._work(group)
        finally:
            self._joining = False
            # At once, not when the task is done: what is added between must find a worker.
            self._tasks.remove(_current_task())

    async def _let_join(self) -> None:
        seen = 0
        while self._turns and seen < len(self._waiting) < self._most:
            seen = len(self._waiting)
            for _ in range(self._turns):
                await asyncio.sleep(0)

    def _next_group(self) -> list[T]:
        end = self._most if self._size is None else self._end_by_size(self._size)
        group = self._waiting[:end]
        del self._waiting[:end]
        return group

    def _end_by_size(self, size: Callable[[T], int]) -> int:
        total = 0
        for index, member in enumerate(self._waiting):
            total += size(member)
            if index and total > self._most:
                return index
        return len(self._waiting)


def _current_task() -> asyncio.Task[None]:
    task = asyncio.current_task()
    assert task is not None
    return task
