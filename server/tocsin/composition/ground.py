"""Opens what all parts stand on: the store, the clock, what watches them."""

import asyncio
from contextlib import AsyncExitStack
from dataclasses import dataclass

from tocsin.composition.clocks import MACHINE_CLOCK
from tocsin.composition.grpc_server import StartError
from tocsin.composition.measuring import start_telemetry
from tocsin.engine.observer import Observer
from tocsin.engine.store_clock import StoreClock
from tocsin.schedule import Clock, ManualClock
from tocsin.settings import Address, Settings
from tocsin.store.driver.database import Database
from tocsin.store.driver.opening import open_database
from tocsin.telemetry.metrics_door import MetricsDoor
from tocsin.telemetry.opening import Telemetry
from tocsin.wire.ids import Ids

NO_SHARED_MANUAL_CLOCK = (
    "a manual clock is this node's alone, and on PostgreSQL all nodes go by the database's: "
    "serve a SQLite database with --clock manual, or leave --clock manual out"
)


@dataclass(frozen=True, slots=True)
class Ground:
    """What all parts stand on. `node` is the name of this node among those of the store."""

    settings: Settings
    clock: Clock
    database: Database
    telemetry: Telemetry
    node: str


async def open_ground(
    stack: AsyncExitStack, settings: Settings, clock: Clock, door: MetricsDoor | None
) -> tuple[Ground, Address | None]:
    """Opens it; returns also where the metrics are served, if they are.

    Args:
        stack: closes it.
        settings: what to open.
        clock: is used as it is on SQLite, and goes by the database's on PostgreSQL.
        door: asks who fetches metrics; None: nobody is asked.

    Raises:
        StartError, StoreError: it can't be opened.
    """
    # Time that is moved by hand is a test's; it need not wait for the disk at each tick.
    database = open_database(settings.database, durable=not isinstance(clock, ManualClock))
    stack.push_async_callback(database.close)
    node = Ids(MACHINE_CLOCK).new("nod")
    telemetry, metrics = start_telemetry(
        stack, settings.metrics, door, exclusive=database.exclusive, node=node
    )
    database = telemetry.watched(database, MACHINE_CLOCK)
    if not database.exclusive:
        if isinstance(clock, ManualClock):
            raise StartError(NO_SHARED_MANUAL_CLOCK)
        clock = await _shared_clock(stack, clock, database, telemetry.observer)
    return Ground(settings, clock, database, telemetry, node), metrics


async def _shared_clock(
    stack: AsyncExitStack, clock: Clock, database: Database, observer: Observer
) -> Clock:
    shared = StoreClock(clock, database, observer)
    await shared.adjust()
    adjusting = asyncio.create_task(shared.keep_adjusted())
    stack.callback(adjusting.cancel)
    return shared
