"""A duty: what one node at a time does for all of them."""

from datetime import timedelta

from tocsin.schedule import Clock
from tocsin.store.driver.database import Database
from tocsin.store.duties import hold_duty

# Whoever holds a duty says so again at each step; one that died is missed after this long.
HELD_FOR = timedelta(minutes=3)
RENEWED_EACH_SECONDS = 20.0


class Duty:
    """Where a node has the store to itself the duty is always its own."""

    def __init__(self, name: str, database: Database, clock: Clock, *, node: str) -> None:
        self._name = name
        self._database = database
        self._clock = clock
        self._node = node
        self._asked_again_at = float("-inf")

    async def held(self) -> bool:
        """Takes the duty, or keeps it; returns False while another node has it.

        Raises:
            StoreUnavailable: the store can't be asked.
        """
        if self._database.exclusive or self._clock.monotonic() < self._asked_again_at:
            return True
        asked_at, now = self._clock.monotonic(), self._clock.now()
        held = await self._database.write(
            lambda tx: hold_duty(tx, self._name, node=self._node, now=now, until=now + HELD_FOR)
        )
        self._asked_again_at = asked_at + RENEWED_EACH_SECONDS if held else float("-inf")
        return held
