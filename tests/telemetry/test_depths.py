"""What waits in the store is counted on, whatever went wrong before."""

import asyncio
import math
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TypeVar, cast

from tocsin.schedule import ManualClock
from tocsin.store.driver.database import Database
from tocsin.store.driver.opening import open_database
from tocsin.store.driver.transaction import Work
from tocsin.telemetry.registry import Registry
from tocsin.telemetry.store import COUNT_EVERY_SECONDS, DepthGauges

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)
T = TypeVar("T")


class Reader:
    """A store that is read, or fails in a way that nobody has foreseen."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self.works = True
        self.reads = 0

    async def read(self, work: Work[T]) -> T:
        self.reads += 1
        if not self.works:
            raise ZeroDivisionError("unforeseen")
        return await self._database.read(work)


def test_a_failed_count_shows_nothing_and_the_next_one_is_made(tmp_path: Path) -> None:
    async def scenario() -> list[float | None]:
        database, clock = open_database(f"sqlite:///{tmp_path}/t.db"), ManualClock(NOON)
        registry = Registry()
        reader, seen = Reader(database), []
        counting = asyncio.create_task(
            DepthGauges(registry).keep_current(cast("Database", reader), clock, clock)
        )
        async with asyncio.timeout(30):
            for works in (True, False, True):
                reader.works, before = works, reader.reads
                while reader.reads == before:
                    await clock.advance(timedelta(seconds=COUNT_EVERY_SECONDS))
                await asyncio.sleep(0)
                seen.append(registry.get_sample_value("tocsin_armed_timers"))
        counting.cancel()
        await database.close()
        return seen

    first, failed, again = asyncio.run(scenario())
    assert (first, again) == (0, 0)
    assert failed is not None
    assert math.isnan(failed)
