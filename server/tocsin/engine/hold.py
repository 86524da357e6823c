"""Waits while the store is on hold after a restore: nothing fires until it is released."""

import asyncio
from collections.abc import Callable
from datetime import datetime

import structlog

from tocsin.schedule import Clock
from tocsin.schedule.instants import iso
from tocsin.store.driver.database import Database, StoreError
from tocsin.store.driver.transaction import Transaction
from tocsin.store.lifecycle.fence import is_fenced
from tocsin.store.lifecycle.hold import Hold, find_hold
from tocsin.store.lifecycle.overdue import OverdueWork, overdue_work

log = structlog.get_logger(__name__)

EVERY_SECONDS = 1.0


class Holding:
    """Knows whether the store is on hold.

    A store gets a hold only while no node uses it, so a node looks at its start, and again until
    the hold has ended. After that nothing looks any more. `machine_clock` times the looks.
    """

    def __init__(self, database: Database, clock: Clock, *, machine_clock: Clock) -> None:
        self._database = database
        self._clock = clock
        self._machine_clock = machine_clock
        self._tell: Callable[[bool], None] = lambda _on_hold: None
        self._released = asyncio.Event()

    @property
    def on_hold(self) -> bool:
        return not self._released.is_set()

    def report_to(self, tell: Callable[[bool], None]) -> None:
        """Calls `tell` with whether the store is on hold: now, and when that ends."""
        self._tell = tell
        tell(self.on_hold)

    async def look(self) -> None:
        """Looks for the first time, and logs a hold with what is overdue.

        While a command has the database for itself, this waits.

        Raises:
            StoreUnavailable: the store can't be reached.
            StoreError: the store was moved to another database.
        """
        while await self._database.read(is_fenced):
            log.warning("a restore, a move or a migration has the database, waiting for its end")
            await self._machine_clock.sleep(EVERY_SECONDS)
        now = self._clock.now()

        def held(tx: Transaction) -> tuple[Hold, OverdueWork] | None:
            hold = find_hold(tx)
            return None if hold is None else (hold, overdue_work(tx, now=now, limit=0))

        found = await self._database.read(held)
        if found is None:
            self._end()
        else:
            _log_hold(*found, now)

    async def released(self) -> None:
        """Returns once the store is not on hold any more."""
        while self.on_hold:
            await self._machine_clock.sleep(EVERY_SECONDS)
            try:
                hold = await self._database.read(find_hold)
            except StoreError as error:
                log.warning("could not see whether the hold has ended", error=str(error))
                continue
            if hold is None:
                log.warning("the hold of the store has ended, everything overdue fires now")
                self._end()

    def _end(self) -> None:
        self._released.set()
        self._tell(False)


def _log_hold(hold: Hold, work: OverdueWork, now: datetime) -> None:
    log.warning(
        "the store was restored and is on hold: nothing fires until `tocsin release`, which lists "
        "what is overdue",
        backup_of=hold.origin,
        backup_taken_at=iso(hold.backup_at),
        restored_at=iso(hold.since),
        backup_age_seconds=int((now - hold.backup_at).total_seconds()),
        **{kind.kind.replace(" ", "_"): kind.count for kind in work.kinds if kind.count},
    )
