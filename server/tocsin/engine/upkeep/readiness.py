"""Readiness: a node whose store can't be read or written is of no use to anyone."""

import asyncio
from collections.abc import Callable

import structlog

from tocsin.schedule import Clock
from tocsin.store.driver.database import Database
from tocsin.store.driver.probe import write_probe
from tocsin.store.triggers.timers import earliest_tick

log = structlog.get_logger(__name__)

PROBE_SECONDS = 5.0
AGAIN_SECONDS = 1.0
# One commit may be slow; what takes longer than this is out of order.
PATIENCE_SECONDS = 3.0
# A single failure is what a failover looks like; two in a row are told.
FAILURES = 2


class Readiness:
    """Reads and writes now and then; `tell` is told when that fails, and when it works again.

    `machine` is the clock by which it waits: that of a test may stand still.
    """

    def __init__(
        self,
        database: Database,
        clock: Clock,
        machine_clock: Clock,
        *,
        node: str,
        tell: Callable[[bool], None],
    ) -> None:
        self._database = database
        self._clock = clock
        self._machine_clock = machine_clock
        self._node = node
        self._tell = tell
        self._failures = 0

    async def watch(self) -> None:
        while True:
            error = await self._probe()
            if error is None:
                self._succeeded()
            else:
                self._failed(error)
            await self._machine_clock.sleep(AGAIN_SECONDS if self._failures else PROBE_SECONDS)

    def _succeeded(self) -> None:
        if self._failures >= FAILURES:
            log.info("the store takes reads and writes again")
            self._tell(True)
        self._failures = 0

    def _failed(self, error: str) -> None:
        self._failures += 1
        if self._failures == FAILURES:
            log.error("the store can't be used, health says NOT_SERVING", error=error)
            self._tell(False)

    async def _probe(self) -> str | None:
        """Returns why the store can't be used, or None."""
        now = self._clock.now()
        try:
            async with asyncio.timeout(PATIENCE_SECONDS):
                await self._database.read(earliest_tick)
                await self._database.write(lambda tx: write_probe(tx, node=self._node, now=now))
        except TimeoutError:
            return f"no answer within {PATIENCE_SECONDS:g} s"
        except Exception as error:
            return str(error) or type(error).__name__
        return None
