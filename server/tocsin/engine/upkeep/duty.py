"""Gives a duty to one node at a time, which does the work for all of them."""

from datetime import timedelta

from tocsin.schedule import Clock
from tocsin.store.driver.database import Database
from tocsin.store.duties import hold_duty

# After this time another node takes the duty of a dead node over; a living node renews it.
HELD_FOR = timedelta(minutes=3)
RENEWED_EACH_SECONDS = 20.0


class Duty:
    """Takes and renews one duty; a node that has the store to itself always has it."""

    def __init__(self, name: str, database: Database, clock: Clock, *, node: str) -> None:
        self._name = name
        self._database = database
        self._clock = clock
        self._node = node
        self._renew_at = float("-inf")

    async def held(self) -> bool:
        """Takes or renews the duty; returns False while another node has it.

        Raises:
            StoreUnavailable: the store can't be reached.
        """
        if self._database.exclusive or self._clock.monotonic() < self._renew_at:
            return True
        asked_at, now = self._clock.monotonic(), self._clock.now()
        held = await self._database.write(
            lambda tx: hold_duty(tx, self._name, node=self._node, now=now, until=now + HELD_FOR)
        )
        self._renew_at = asked_at + RENEWED_EACH_SECONDS if held else float("-inf")
        return held
