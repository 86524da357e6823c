"""Extends the leases of the invocations that this node delivers."""

from collections.abc import Callable, Collection
from datetime import timedelta

from tocsin.schedule import Clock
from tocsin.store.driver.database import Database
from tocsin.store.invocations.deliveries import extend_leases

# After this time other nodes claim the invocations of a dead node; a living node extends its leases
# three times in it.
LEASE = timedelta(seconds=6)
HEARTBEAT_SECONDS = 2.0


class Heartbeat:
    """Extends the leases on the invocations whose ids `held` returns."""

    def __init__(
        self,
        database: Database,
        clock: Clock,
        *,
        node: str,
        held: Callable[[], Collection[str]],
    ) -> None:
        self._database = database
        self._clock = clock
        self._node = node
        self._held = held

    async def heartbeat(self) -> None:
        """Waits two seconds, then extends each lease, so that no other node claims it."""
        await self._clock.sleep(HEARTBEAT_SECONDS)
        if held := list(self._held()):
            until = self._clock.now() + LEASE
            await self._database.write(
                lambda tx: extend_leases(tx, held, node=self._node, lease_until=until)
            )
