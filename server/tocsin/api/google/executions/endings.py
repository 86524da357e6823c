"""Lets calls wait until executions end, on whichever node they do."""

import asyncio
from collections import Counter, defaultdict
from collections.abc import Sequence
from datetime import datetime

from tocsin.schedule import Clock
from tocsin.store.driver.bells import Bell
from tocsin.store.driver.database import Database, StoreError
from tocsin.store.invocations.rows import open_among
from tocsin.wire import errors

# Bells of other nodes may get lost.
BETWEEN_LOOKS_SECONDS = 5.0
MOST_OF_CALLER = 250


class ExecutionEndings:
    """Wakes calls that wait for executions; `machine_clock` times them."""

    def __init__(self, database: Database, machine_clock: Clock) -> None:
        self._database = database
        self._clock = machine_clock
        self._waiting: defaultdict[str, set[asyncio.Future[None]]] = defaultdict(set)
        self._of_caller: Counter[str] = Counter()
        self._news = asyncio.Event()
        self._looking: asyncio.Task[None] | None = None
        database.on(Bell.ENDINGS, self._rung)

    async def wait(self, invocation_id: str, seconds: float, caller: str) -> bool:
        """Waits until an execution has ended; returns False if it has not when time is over.

        Args:
            invocation_id: the execution, by the id that the store has.
            seconds: the most to wait.
            caller: who waits; a caller has 250 calls that wait at most.

        Raises:
            ApiError: too many calls of the caller wait.
            StoreError: the store can't be read.
        """
        if self._of_caller[caller] >= MOST_OF_CALLER:
            raise errors.too_many_under_way(MOST_OF_CALLER)
        self._of_caller[caller] += 1
        ended: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        slept = asyncio.ensure_future(self._clock.sleep(seconds))
        self._waiting[invocation_id].add(ended)
        self._look()
        try:
            await asyncio.wait((ended, slept), return_when=asyncio.FIRST_COMPLETED)
            return ended.done() and ended.result() is None
        finally:
            slept.cancel()
            self._leave(invocation_id, ended, caller)

    def _leave(self, invocation_id: str, ended: "asyncio.Future[None]", caller: str) -> None:
        ended.cancel()
        self._of_caller -= Counter([caller])
        waiting = self._waiting.get(invocation_id)
        if waiting is not None:
            waiting.discard(ended)
            if not waiting:
                del self._waiting[invocation_id]

    def _rung(self, _at: datetime | None) -> None:
        self._news.set()

    def _look(self) -> None:
        self._news.set()
        if self._looking is None or self._looking.done():
            self._looking = asyncio.create_task(self._watch())

    async def _watch(self) -> None:
        """Looks at each ring whether somebody has waited enough, as long as anybody waits."""
        while self._waiting:
            self._news.clear()
            asked = list(self._waiting)
            try:
                unfinished = await self._open_among(asked)
            except StoreError as error:
                self._fail(asked, error)
                continue
            for invocation_id in set(asked) - unfinished:
                for ended in self._waiting.pop(invocation_id, ()):
                    if not ended.done():
                        ended.set_result(None)
            if self._waiting:
                await self._wait_for_news()

    async def _open_among(self, ids: Sequence[str]) -> set[str]:
        return await self._database.read(lambda tx: open_among(tx, ids))

    def _fail(self, ids: Sequence[str], error: StoreError) -> None:
        for invocation_id in ids:
            for ended in self._waiting.pop(invocation_id, ()):
                if not ended.done():
                    ended.set_exception(error)

    async def _wait_for_news(self) -> None:
        news = asyncio.ensure_future(self._news.wait())
        slept = asyncio.ensure_future(self._clock.sleep(BETWEEN_LOOKS_SECONDS))
        try:
            await asyncio.wait((news, slept), return_when=asyncio.FIRST_COMPLETED)
        finally:
            news.cancel()
            slept.cancel()
