"""How deliveries ended is written for many of them in one transaction."""

from collections.abc import Callable, Sequence

import structlog

from tocsin.schedule import Clock
from tocsin.store.driver.database import Database, StoreUnavailable
from tocsin.store.driver.gathering import Gathering
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

    `written` is told of each batch, with the ids of those that the node still held. A store that is
    away, or takes nothing, is waited for, by `machine_clock`. Where it refuses one ending and takes
    others, `dropped` is told of that one: its row is left to its lease, and delivered again.
    """

    def __init__(
        self,
        database: Database,
        machine_clock: Clock,
        *,
        node: str,
        written: Callable[[Sequence[Ended], set[str]], None],
        dropped: Callable[[Ended], None],
    ) -> None:
        self._database = database
        self._machine_clock = machine_clock
        self._node = node
        self._written = written
        self._dropped = dropped
        self._endings = Gathering(self._write_batch, most=WRITTEN_AT_ONCE)

    def add(self, ended: Ended) -> None:
        self._endings.add(ended)

    async def drain(self, grace_seconds: float) -> Sequence[Ended]:
        """Returns what could not be written within the grace."""
        await self._endings.stop(grace_seconds)
        return self._endings.waiting

    async def _write_batch(self, batch: list[Ended]) -> None:
        """Writes a batch. What is not written waits again, and is tried after a moment."""
        try:
            goes_on = await self._write(batch, batch) or await self._write_each(batch)
        except StoreUnavailable:
            goes_on = False
        finally:
            self._endings.again(batch)
        if not goes_on:
            await self._machine_clock.sleep(RECOVERY_SECONDS)

    async def _write_each(self, batch: list[Ended]) -> bool:
        """Writes each by itself and drops those that are refused; False: all of them are."""
        if len(batch) == 1:
            return False
        whole = list(batch)
        refused = [each for each in whole if not await self._write([each], batch)]
        if len(refused) == len(whole):
            return False
        self._drop(refused, batch)
        return True

    async def _write(self, endings: list[Ended], batch: list[Ended]) -> bool:
        """Writes endings and takes them out of their batch; False: the store refuses them.

        Raises:
            StoreUnavailable: it is away, and would take none: no reason to drop one.
        """
        written = list(endings)

        def finish(tx: Transaction) -> set[str]:
            return deliveries.finish(tx, written, node=self._node)

        try:
            kept = await self._database.write(finish)
        except Exception as error:
            log.warning(
                "endings can't be written, they wait",
                invocation_ids=[each.invocation_id for each in written[:TOLD]],
                endings=len(batch) + len(self._endings.waiting),
                error=str(error) or type(error).__name__,
            )
            if isinstance(error, StoreUnavailable):
                raise
            return False
        for each in written:
            batch.remove(each)
        self._written(written, kept)
        return True

    def _drop(self, refused: list[Ended], batch: list[Ended]) -> None:
        for ended in refused:
            log.error(
                "an ending is refused by the store, it is delivered again after its lease",
                invocation_id=ended.invocation_id,
            )
            batch.remove(ended)
            self._dropped(ended)
