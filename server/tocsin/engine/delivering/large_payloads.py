"""Reads the payloads that are kept apart from their invocations, one after the other."""

import asyncio

from tocsin.store.driver.database import Database
from tocsin.store.invocations.deliveries import large_payload


class LargePayloads:
    """Reads one payload at a time; others use the event loop between two of them."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._one_at_a_time = asyncio.Lock()

    async def read(self, invocation_id: str) -> bytes:
        """Returns the payload of an invocation.

        Raises:
            LookupError: the store does not have it.
        """
        async with self._one_at_a_time:
            payload = await self._database.read(lambda tx: large_payload(tx, invocation_id))
        if payload is None:
            raise LookupError(f"the store has no payload of invocation {invocation_id}")
        return payload
