"""Leases on parts of sources: a shard of a stream, or a session on an MQTT broker.

One node at a time reads a part, and its lease keeps how far it got.
"""

from datetime import timedelta

from tocsin.schedule import Clock
from tocsin.store.driver.database import Database
from tocsin.store.events import sources

# A node that dies is missed after this long; one that lives renews its leases more often.
HELD_FOR = timedelta(seconds=15)
RENEWED_EACH_SECONDS = 5.0


class PartLeases:
    """The leases of one node on parts of triggers' sources; the part `""` is the whole source."""

    def __init__(self, database: Database, clock: Clock, *, node: str) -> None:
        self._database = database
        self._clock = clock
        self._node = node

    @property
    def lasting(self) -> bool:
        """Whether this node keeps each lease for good, since it has the store to itself."""
        return self._database.exclusive

    async def hold(self, trigger_id: str, part: str = "") -> str | None:
        """Takes a part or keeps it, for 15 s; returns its position, None while another node has it.

        Raises:
            StoreUnavailable: the store can't be asked.
        """
        now = self._clock.now()
        until = now + HELD_FOR
        # Where a node has the store to itself, nobody else can read: a lease of before is void.
        since = until if self._database.exclusive else now
        return await self._database.write(
            lambda tx: sources.hold_part(
                tx, trigger_id, part, node=self._node, now=since, until=until
            )
        )

    async def move(self, trigger_id: str, part: str, position: str) -> bool:
        """Writes how far a part was read; returns False if another node has taken it over.

        Raises:
            StoreUnavailable: the store can't be asked.
        """
        return await self._database.write(
            lambda tx: sources.move_part(tx, trigger_id, part, node=self._node, position=position)
        )

    async def release(self, trigger_id: str, part: str = "") -> None:
        """Lets other nodes read it at once.

        Raises:
            StoreUnavailable: the store can't be asked.
        """
        await self._database.write(
            lambda tx: sources.release_part(tx, trigger_id, part, node=self._node)
        )
