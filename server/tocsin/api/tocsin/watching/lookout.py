"""Looks out for changes on behalf of all streams of a node, while there is any.

The store's bells name the rows that changed, on this node and on others. Each is read once, however
many streams send it, and 250 ms later: what changes often meanwhile is read once.
"""

import asyncio
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from functools import partial

import structlog

from tocsin.api.tocsin.watching.reading import RowReading
from tocsin.api.tocsin.watching.recent import Item, Recent
from tocsin.schedule import Clock
from tocsin.store.driver.changes import Changes, Written
from tocsin.store.driver.database import Database, StoreError
from tocsin.store.invocations.depths import OpenInvocations, open_by_origin
from tocsin_protos.tocsin.v1.watch_service_pb2 import WatchReset

log = structlog.get_logger(__name__)

DEBOUNCE_SECONDS = 0.25
# Rows that one look reads, and those of one read, which keep the event loop from other calls.
MOST_AT_ONCE = 1_000
SLICE = 64
# A client that lost its connection finds the changes of so long ago.
LINGER_SECONDS = 60.0
AGAIN_SECONDS = 1.0
COUNT_EVERY_SECONDS = 2.0


class Lookout:
    """Reads what changes, and wakes the streams that send it.

    `epoch` names the time since when it has looked out without a break; the numbers of `recent`
    mean nothing in another one.
    """

    def __init__(
        self, database: Database, clock: Clock, machine_clock: Clock, reading: RowReading
    ) -> None:
        self._database = database
        self._clock = clock
        self._machine_clock = machine_clock
        self._reading = reading
        self._changes = Changes()
        self._news = asyncio.Event()
        self._streams: set[asyncio.Event] = set()
        self._looking: asyncio.Task[None] | None = None
        self._settling: asyncio.Future[None]
        self._leaving: asyncio.Task[None] | None = None
        self._counting = asyncio.Lock()
        self._counts: tuple[list[OpenInvocations], bool] = ([], False)
        self._counted_at = float("-inf")
        self._others_missed = False
        self.recent = Recent()
        self.epoch = ""
        self.lost = WatchReset.REASON_BEGUN
        """Why changes were missing when `recent` lost some last."""
        self.lost_at = 0
        database.on_changes(self._hear)

    @asynccontextmanager
    async def joined(self) -> AsyncIterator[asyncio.Event]:
        """Looks out for one more stream; yields what is set at each change."""
        woken = asyncio.Event()
        self._streams.add(woken)
        try:
            await self._begin()
            yield woken
        finally:
            self._streams.discard(woken)
            if not self._streams and self._leaving is None:
                self._leaving = asyncio.create_task(self._leave())

    async def open_invocations(self) -> tuple[list[OpenInvocations], bool]:
        """Returns the counts of unfinished invocations, which are at most 2 seconds old.

        Raises:
            StoreError: the store can't be read.
        """
        async with self._counting:
            now = self._machine_clock.monotonic()
            if now - self._counted_at >= COUNT_EVERY_SECONDS:
                at = self._clock.now()
                self._counts = await self._database.read(lambda tx: open_by_origin(tx, now=at))
                self._counted_at = now
        return self._counts

    async def close(self) -> None:
        for task in (self._leaving, self._looking):
            if task is not None:
                task.cancel()
                await asyncio.gather(task, return_exceptions=True)

    async def _begin(self) -> None:
        if self._leaving is not None:
            self._leaving.cancel()
            self._leaving = None
        if self._looking is None:
            self._start()
        await asyncio.shield(self._settling)

    def _start(self) -> None:
        self.recent, self.epoch, self.lost_at = Recent(), secrets.token_hex(4), 0
        self._looking = asyncio.create_task(self._look_out())
        self._database.follow_changes(True)
        self._settling = asyncio.ensure_future(self._settle())

    async def _settle(self) -> None:
        """Lets the other nodes begin to tell, before a client reads the lists."""
        if not self._database.exclusive:
            await self._machine_clock.sleep(DEBOUNCE_SECONDS)
        self._others_missed = False

    async def _leave(self) -> None:
        await self._machine_clock.sleep(LINGER_SECONDS)
        self._leaving = None
        self._database.follow_changes(False)
        if self._looking is not None:
            self._looking.cancel()
            self._looking = None
        self._changes, self.recent, self.epoch = Changes(), Recent(), ""

    def _hear(self, written: Written | None) -> None:
        if written is None:
            self._others_missed = True
        else:
            self._changes.add(written)
        self._news.set()

    async def _look_out(self) -> None:
        while True:
            await self._news.wait()
            await self._machine_clock.sleep(DEBOUNCE_SECONDS)
            self._news.clear()
            try:
                await self._look()
            except StoreError as error:
                log.warning("could not read what changed, trying again", error=str(error))
                await self._machine_clock.sleep(AGAIN_SECONDS)
            if self._changes:
                self._news.set()
            for woken in self._streams:
                woken.set()

    async def _look(self) -> None:
        if self._others_missed or self._changes.missed:
            many = self._changes.missed
            self._lose(
                WatchReset.REASON_TOO_MANY_CHANGES if many else WatchReset.REASON_OTHER_NODES
            )
            self._others_missed = self._changes.missed = False
        left = MOST_AT_ONCE
        while left > 0 and (taken := self._changes.take(min(SLICE, left))):
            left -= len(taken)
            try:
                items = await self._database.read(partial(self._reading.items, changed=taken))
            except BaseException:
                self._changes.add([(kind, (row_id,)) for kind, row_id in taken])
                raise
            for item in items:
                self.recent.put(self._as_news(item))
            await asyncio.sleep(0)

    def _as_news(self, item: Item) -> Item:
        """Returns the item without an ending that was in an earlier one."""
        known = None if item.ended is None else self.recent.find(item.kind, item.id)
        if known is None or known.message != item.message:
            return item
        return replace(item, ended=None)

    def _lose(self, why: "WatchReset.Reason") -> None:
        self.recent.lose()
        self.lost, self.lost_at = why, self.recent.number
