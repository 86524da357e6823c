"""Leases parts of sources, such as a shard of a stream or a session on an MQTT broker.

One node at a time reads a part; the lease holds the position that it has reached.
"""

from datetime import timedelta

from tocsin.schedule import Clock
from tocsin.store.driver.database import Database
from tocsin.store.events import sources

# After this time another node takes a part over; a living node renews its leases more often.
HELD_FOR = timedelta(seconds=15)
RENEWED_EACH_SECONDS = 5.0


class PartLeases:
    """Manages a node's leases on parts of triggers' sources; the part `""` is the whole source."""

    def __init__(self, database: Database, clock: Clock, *, node: str) -> None:
        self._database = database
        self._clock = clock
        self._node = node

    @property
    def lasting(self) -> bool:
        """Returns whether leases never end, because this node has the store to itself."""
        return self._database.exclusive

    async def hold(self, trigger_id: str, part: str = "") -> str | None:
        """Takes or renews the lease on a part for 15 s.

        Returns the part's position, or None while another node has the lease.

        Raises:
            StoreUnavailable: the store can't be reached.
        """
        now = self._clock.now()
        until = now + HELD_FOR
        # Alone on the store, a lease of an earlier process is void.
        since = until if self._database.exclusive else now
        return await self._database.write(
            lambda tx: sources.hold_part(
                tx, trigger_id, part, node=self._node, now=since, until=until
            )
        )

    async def move(self, trigger_id: str, part: str, position: str) -> bool:
        """Writes the position of a part; returns False if another node has taken it over.

        Raises:
            StoreUnavailable: the store can't be reached.
        """
        return await self._database.write(
            lambda tx: sources.move_part(tx, trigger_id, part, node=self._node, position=position)
        )

    async def release(self, trigger_id: str, part: str = "") -> None:
        """Ends the lease on a part, so that another node can take it at once.

        Raises:
            StoreUnavailable: the store can't be reached.
        """
        await self._database.write(
            lambda tx: sources.release_part(tx, trigger_id, part, node=self._node)
        )
