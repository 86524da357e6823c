"""Probes the store: a node that can't read and write it is not ready."""

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
# A probe that takes longer has failed; a single commit may be slow.
PATIENCE_SECONDS = 3.0
# A failover looks like a single failure, so only two in a row are reported.
FAILURES = 2


class Readiness:
    """Reads and writes every few seconds; calls `tell` when that fails, and when it works again.

    `machine_clock` times the pauses, as the clock of a test may stand still.
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
            log.info("the store can be read and written again")
            self._tell(True)
        self._failures = 0

    def _failed(self, error: str) -> None:
        self._failures += 1
        if self._failures == FAILURES:
            log.error(
                "could not read or write the store, health is NOT_SERVING until it works again",
                error=error,
            )
            self._tell(False)

    async def _probe(self) -> str | None:
        """Returns what is wrong with the store, or None if it works."""
        now = self._clock.now()
        try:
            async with asyncio.timeout(PATIENCE_SECONDS):
                await self._database.read(earliest_tick)
                await self._database.write(lambda tx: write_probe(tx, node=self._node, now=now))
        except TimeoutError:
            return f"no answer within {PATIENCE_SECONDS:g} s"
        except Exception as error:
            return str(error) or type(error).__name__
        return self._database.fault
