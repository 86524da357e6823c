"""Writes the endings of many deliveries in one transaction."""

from collections.abc import Callable, Sequence
from typing import TypeAlias

import structlog

from tocsin.engine.delivering.payload_bytes import LARGE
from tocsin.schedule import Clock
from tocsin.store.driver.database import Database, StoreUnavailable
from tocsin.store.driver.gathering import Gathering
from tocsin.store.driver.transaction import Transaction
from tocsin.store.invocations import deliveries
from tocsin.store.invocations.deliveries import Ended

log = structlog.get_logger(__name__)

# Bounds how long one batch blocks the event loop and locks rows; a large answer counts for many.
WRITTEN_AT_ONCE = 128
RECOVERY_SECONDS = 1.0
MOST_LOGGED = 10


TellsOf: TypeAlias = Callable[[Transaction, Sequence[Ended]], None]
"""Tells people of deliveries that failed for good, in the transaction that writes them."""


def write_endings(
    tx: Transaction, ended: Sequence[Ended], *, node: str, tell: TellsOf | None
) -> set[str]:
    """Writes how deliveries ended, and tells of those that failed for good.

    Returns the ids of those whose lease the node still had.
    """
    kept = deliveries.finish(tx, ended, node=node)
    if tell is not None:
        failed = [each for each in ended if each.failed_for_good and each.invocation_id in kept]
        if failed:
            tell(tx, failed)
    return kept


class Endings:
    """Gathers endings while a batch is being written, and writes them in the next batch.

    Args:
        database: the store.
        machine_clock: times the pause while the store is away or refuses everything.
        node: this node's name.
        written: called with each batch, and the ids of those whose lease the node still had.
        dropped: called with an ending that the store refuses while it accepts others; its
            invocation is delivered again after its lease.
        tell: tells people of deliveries that failed for good; None if nobody is told.
    """

    def __init__(
        self,
        database: Database,
        machine_clock: Clock,
        *,
        node: str,
        written: Callable[[Sequence[Ended], set[str]], None],
        dropped: Callable[[Ended], None],
        tell: TellsOf | None = None,
    ) -> None:
        self._database = database
        self._machine_clock = machine_clock
        self._node = node
        self._written = written
        self._dropped = dropped
        self._tell = tell
        self._endings = Gathering(self._write_batch, most=WRITTEN_AT_ONCE, size=_weight)

    def add(self, ended: Ended) -> None:
        self._endings.add(ended)

    async def drain(self, grace_seconds: float) -> Sequence[Ended]:
        """Returns what could not be written within the grace."""
        await self._endings.stop(grace_seconds)
        return self._endings.waiting

    async def _write_batch(self, batch: list[Ended]) -> None:
        """Writes a batch; endings that could not be written wait for the next try."""
        try:
            goes_on = await self._write(batch, batch) or await self._write_each(batch)
        except StoreUnavailable:
            goes_on = False
        finally:
            self._endings.again(batch)
        if not goes_on:
            await self._machine_clock.sleep(RECOVERY_SECONDS)

    async def _write_each(self, batch: list[Ended]) -> bool:
        """Writes each ending by itself and drops the refused ones; returns False if all are."""
        if len(batch) == 1:
            return False
        whole = list(batch)
        refused = [ended for ended in whole if not await self._write([ended], batch)]
        if len(refused) == len(whole):
            return False
        self._drop(refused, batch)
        return True

    async def _write(self, endings: list[Ended], batch: list[Ended]) -> bool:
        """Writes endings and removes them from their batch; returns False if the store refuses.

        Raises:
            StoreUnavailable: the store can't be reached.
        """
        written = list(endings)

        def finish(tx: Transaction) -> set[str]:
            return write_endings(tx, written, node=self._node, tell=self._tell)

        try:
            kept = await self._database.write(finish)
        except Exception as error:
            log.warning(
                "could not write how deliveries ended, trying again",
                invocation_ids=[ended.invocation_id for ended in written[:MOST_LOGGED]],
                endings=len(batch) + len(self._endings.waiting),
                error=str(error) or type(error).__name__,
            )
            if isinstance(error, StoreUnavailable):
                raise
            return False
        for ended in written:
            batch.remove(ended)
        self._written(written, kept)
        return True

    def _drop(self, refused: list[Ended], batch: list[Ended]) -> None:
        for ended in refused:
            log.error(
                "the store refused how a delivery ended, it is repeated after its lease",
                invocation_id=ended.invocation_id,
            )
            batch.remove(ended)
            self._dropped(ended)


def _weight(ended: Ended) -> int:
    return 1 + len(ended.ending.answer or b"") // LARGE
