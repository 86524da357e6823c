"""Processes work in groups: what arrives while a group is under way shares the next one."""

import asyncio
from collections.abc import Awaitable, Callable, Generator, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

import structlog

log = structlog.get_logger(__name__)

T = TypeVar("T")


class _Turn:
    """Lets the event loop turn once, as `asyncio.sleep(0)` does, at half its cost."""

    __slots__ = ()

    def __await__(self) -> Generator[None, None, None]:
        yield


_TURN = _Turn()


@dataclass(slots=True)
class Awaited(Generic[T]):
    """Keeps what a caller handed in and the future it waits for; the caller may have hung up."""

    given: T
    answer: asyncio.Future[Any]

    def succeed(self, result: object) -> None:
        if not self.answer.done():
            self.answer.set_result(result)

    def fail(self, error: Exception) -> None:
        if not self.answer.done():
            self.answer.set_exception(error)


class Gathering(Generic[T]):
    """Hands groups to `work` in order of arrival, up to `workers` groups at once.

    Args:
        work: processes a group; it must not raise, or members without an answer fail. Members
            that it gives to `again` come first in the next group.
        most: the most members of a group or, with `size`, their greatest total size. A group has
            at least one member.
        size: returns the size of a member.
        workers: the most groups under way at once.
        turns: a group waits for more members until none has arrived for so many turns of the event
            loop.
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
        """The members that are not in a group yet."""
        return self._waiting

    def add(self, member: T) -> None:
        self._waiting.append(member)
        if not self._joining and len(self._tasks) < self._workers:
            self._joining = True
            self._tasks.add(asyncio.create_task(self._run()))

    def again(self, members: Sequence[T]) -> None:
        """Puts members of a group that is under way into the next one."""
        self._waiting[:0] = members

    async def finish(self) -> None:
        """Returns once nothing waits and no group is under way."""
        while self._tasks:
            await asyncio.wait(self._tasks)

    async def stop(self, grace_seconds: float) -> None:
        """Gives groups `grace_seconds` to finish, then cancels them."""
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
                    await self._process(group)
        finally:
            self._joining = False
            # Now, not when the task is done: a member added in between must find a worker.
            self._tasks.remove(_current_task())

    async def _process(self, group: list[T]) -> None:
        try:
            await self._work(group)
        except Exception as error:
            # Whatever it was, the groups that wait behind this one must not wait for ever.
            log.exception("could not process a group of work", pieces_of_work=len(group))
            for member in group:
                if isinstance(member, Awaited):
                    member.fail(error)

    async def _let_join(self) -> None:
        seen = 0
        while self._turns and seen < len(self._waiting) < self._most:
            seen = len(self._waiting)
            for _ in range(self._turns):
                await _TURN

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
