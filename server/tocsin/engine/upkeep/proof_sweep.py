"""Forgets proofs that would prove nothing any more, on one node at a time."""

from datetime import timedelta
from functools import partial

from tocsin.engine.upkeep.duty import Duty
from tocsin.schedule import Clock
from tocsin.store.access.tokens import FORGOTTEN_AT_ONCE, forget_expired_proofs
from tocsin.store.driver.database import Database

EVERY_SECONDS = 600.0
# Tokens that an API key or OAuth token was exchanged for may outlive it, but not by more.
CREDENTIALS_KEPT = timedelta(days=1)


class ProofSweep:
    """`clock` is the one that proofs go by, `pace` the one by which it rests."""

    def __init__(self, database: Database, clock: Clock, duty: Duty, *, pace: Clock) -> None:
        self._database = database
        self._clock = clock
        self._duty = duty
        self._pace = pace

    async def run_once(self) -> None:
        """Forgets all that is to go, a slice at a time, then waits ten minutes."""
        while await self._duty.held():
            now = self._clock.now()
            forgotten = await self._database.write(
                partial(forget_expired_proofs, now=now, credentials_before=now - CREDENTIALS_KEPT)
            )
            if forgotten < FORGOTTEN_AT_ONCE:
                break
        await self._pace.sleep(EVERY_SECONDS)
