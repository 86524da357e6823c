"""Ends the leases on duties and sources of a node that stops, so that others need not wait."""

import asyncio

import structlog

from tocsin.store.driver.database import Database, StoreError
from tocsin.store.driver.transaction import Transaction
from tocsin.store.duties import release_duties
from tocsin.store.events.sources import release_parts

log = structlog.get_logger(__name__)

ENDING_SECONDS = 1.0


class Leases:
    """Ends the leases of one node; those on invocations end with their deliveries."""

    def __init__(self, database: Database, *, node: str) -> None:
        self._database = database
        self._node = node

    async def end(self) -> None:
        """Lets other nodes take the duties and sources of this one at once.

        If the store does not answer within a second, the leases run out by themselves.
        """
        try:
            async with asyncio.timeout(ENDING_SECONDS):
                await self._database.write(self._release)
        except (StoreError, TimeoutError) as error:
            log.warning(
                "could not give duties and sources back, other nodes take them after their leases",
                error=str(error) or "no answer",
            )

    def _release(self, tx: Transaction) -> None:
        release_duties(tx, node=self._node)
        release_parts(tx, node=self._node)
