"""Tells the other nodes, and whoever looks at them, that this node is there."""

import asyncio
from collections import deque
from collections.abc import Callable
from datetime import datetime, timedelta

import structlog

from tocsin.engine.observer import Observer
from tocsin.schedule import Clock
from tocsin.store.driver.database import Database, StoreError
from tocsin.store.driver.instants import MICROSECOND
from tocsin.store.nodes import NodeState, forget_node, put_node

log = structlog.get_logger(__name__)

TOLD_EVERY_SECONDS = 10.0
LEAVING_SECONDS = 1.0
CLAIMS_OF_SECONDS = 60.0
# A node that was killed is shown as lost for so long.
FORGOTTEN_AFTER = timedelta(hours=1)


class Presence(Observer):
    """Writes every ten seconds how this node stands, and counts its claims for that.

    `skew` returns by how much the clock of this machine is behind the store's; None for a store
    that has no clock.
    """

    def __init__(
        self,
        database: Database,
        clock: Clock,
        machine_clock: Clock,
        *,
        node: str,
        host: str,
        version: str,
        skew: Callable[[], timedelta | None],
    ) -> None:
        self._database = database
        self._clock = clock
        self._machine_clock = machine_clock
        self._node = node
        self._host = host
        self._version = version
        self._skew = skew
        self._since: datetime | None = None
        self._claims = 0
        # The claims since the start, at the instants at which they were told.
        self._told: deque[tuple[float, int]] = deque([(machine_clock.monotonic(), 0)])

    def claimed(self, invocations: int) -> None:
        self._claims += invocations

    async def run_once(self) -> None:
        """Tells how this node stands, then waits ten seconds.

        Raises:
            StoreUnavailable: the store can't be reached.
        """
        now = self._clock.now()
        self._since = self._since or now
        state = NodeState(
            self._node,
            self._host,
            self._version,
            self._since,
            now,
            self._latest_claims(),
            _micros(self._skew()),
        )
        await self._database.write(
            lambda tx: put_node(tx, state, others_before=now - FORGOTTEN_AFTER)
        )
        await self._machine_clock.sleep(TOLD_EVERY_SECONDS)

    async def leave(self, seconds: float) -> None:
        """Tells that this node stops, unless that takes longer; then others see it as lost."""
        try:
            async with asyncio.timeout(min(seconds, LEAVING_SECONDS)):
                await self._database.write(lambda tx: forget_node(tx, self._node))
        except (StoreError, TimeoutError) as error:
            log.warning("could not tell other nodes that this one stops", error=str(error))

    def _latest_claims(self) -> int:
        """Returns the claims of the last minute."""
        now = self._machine_clock.monotonic()
        self._told.append((now, self._claims))
        while len(self._told) > 1 and self._told[1][0] <= now - CLAIMS_OF_SECONDS:
            self._told.popleft()
        return self._claims - self._told[0][1]


def _micros(skew: timedelta | None) -> int | None:
    return None if skew is None else skew // MICROSECOND
