"""How deliveries ended is written for many of them in one transaction."""

import asyncio
from collections.abc import Callable, Sequence

import structlog

from tocsin.schedule import Clock
from tocsin.store.driver.database import Database, StoreUnavailable
from tocsin.store.driver.transaction import Transaction
from tocsin.store.invocations import deliveries
from tocsin.store.invocations.deliveries import Ended

log = structlog.get_logger(__name__)

# Bounds how long one batch keeps the event loop, and its rows.
WRITTEN_AT_ONCE = 128
RECOVERY_SECONDS = 1.0
TOLD = 10


class Endings:
    """While one batch is on its way to the store, what ends meanwhile gathers for the next one.

    `written` is told of each batch, with the ids of those that the node still held. A store that
    is away, or takes nothing, is waited for, by `recovery`. Where it refuses one ending and takes
    others, `dropped` is told of that one: its row is left to its lease, and delivered again.
    """

    def __init__(
        self,
        database: Database,
        recovery: Clock,
        *,
        node: str,
        written: Callable[[Sequence[Ended], set[str]], None],
        dropped: Callable[[Ended], None],
    ) -> None:
        self._database = database
        self._recovery = recovery
        self._node = node
        self._written = written
        self._dropped = dropped
        self._waiting: list[Ended] = []
        self._writer: asyncio.Task[None] | None = None

    def add(self, ended: Ended) -> None:
        self._waiting.append(ended)
        if self._writer is None:
            self._writer = asyncio.create_task(self._write_all())

    async def drain(self, grace_seconds: float) -> list[Ended]:
        """Returns what could not be written within the grace."""
        if self._writer is not None:
            await asyncio.wait([self._writer], timeout=grace_seconds)
        if self._writer is not None:
            self._writer.cancel()
        return self._waiting

    async def _write_all(self) -> None:
        try:
            while self._waiting:
                batch = self._waiting[:WRITTEN_AT_ONCE]
                try:
                    goes_on = await self._write(batch) or await self._write_each(batch)
                except StoreUnavailable:
                    goes_on = False
                if not goes_on:
                    await self._recovery.sleep(RECOVERY_SECONDS)
        finally:
            self._writer = None

    async def _write_each(self, batch: list[Ended]) -> bool:
        """Writes each by itself and drops those that are refused; False: all of them are."""
        if len(batch) == 1:
            return False
        refused = [each for each in batch if not await self._write([each])]
        if len(refused) == len(batch):
            return False
        self._drop(refused)
        return True

    async def _write(self, batch: list[Ended]) -> bool:
        """Returns False where the store refuses the batch.

        Raises:
            StoreUnavailable: it is away, and would take none: no reason to drop one.
        """

        def finish(tx: Transaction) -> set[str]:
            return deliveries.finish(tx, batch, node=self._node)

        try:
            kept = await self._database.write(finish)
        except Exception as error:
            log.warning(
                "endings can't be written, they wait",
                invocation_ids=[each.invocation_id for each in batch[:TOLD]],
                endings=len(self._waiting),
                error=str(error) or type(error).__name__,
            )
            if isinstance(error, StoreUnavailable):
                raise
            return False
        for each in batch:
            self._waiting.remove(each)
        self._written(batch, kept)
        return True

    def _drop(self, refused: list[Ended]) -> None:
        for ended in refused:
            log.error(
                "an ending is refused by the store, it is delivered again after its lease",
                invocation_id=ended.invocation_id,
            )
            self._waiting.remove(ended)
            self._dropped(ended)
