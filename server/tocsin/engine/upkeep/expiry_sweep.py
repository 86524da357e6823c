"""Deletes expired rows: remembered keys and ids, old decisions, expired proofs."""

from collections.abc import Sequence

from tocsin.engine.observer import UNOBSERVED, Observer
from tocsin.engine.upkeep.duty import Duty
from tocsin.schedule import Clock
from tocsin.store.driver.database import Database
from tocsin.store.expiry import Expiring, delete_expired

EVERY_SECONDS = 600.0


class ExpirySweep:
    """Sweeps tables every ten minutes, on one node at a time.

    `clock` decides what has expired, `machine_clock` times the pauses.
    """

    def __init__(
        self,
        database: Database,
        clock: Clock,
        tables: Sequence[Expiring],
        duty: Duty,
        *,
        machine_clock: Clock,
        observer: Observer = UNOBSERVED,
    ) -> None:
        self._database = database
        self._clock = clock
        self._tables = tuple(tables)
        self._duty = duty
        self._machine_clock = machine_clock
        self._observer = observer
        for table in tables:
            observer.deleted(table.table, 0)

    async def run_once(self) -> None:
        """Deletes expired rows, some at a time, then waits ten minutes."""
        for table in self._tables:
            while await self._duty.held() and await self._delete_some(table):
                pass
        await self._machine_clock.sleep(EVERY_SECONDS)

    async def _delete_some(self, table: Expiring) -> int:
        now = self._clock.now()
        deleted = await self._database.write(lambda tx: delete_expired(tx, table, now=now))
        if deleted:
            self._observer.deleted(table.table, deleted)
        return deleted
