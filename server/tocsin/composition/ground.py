"""Opens what all parts share: the store, the clock, telemetry."""

import asyncio
from contextlib import AsyncExitStack
from dataclasses import dataclass

import structlog

from tocsin.access.sealing import Keyring
from tocsin.composition.clocks import MACHINE_CLOCK
from tocsin.composition.grpc_server import StartError
from tocsin.composition.measuring import start_telemetry
from tocsin.composition.telling.migrations import LoggedMigrations
from tocsin.descriptors import Shares, current_limit, share_out
from tocsin.engine.hold import Holding
from tocsin.engine.observer import Observer
from tocsin.engine.sealed_keys import check_keys, kept_key
from tocsin.engine.store_clock import StoreClock
from tocsin.gateway import Limits
from tocsin.schedule import Clock, ManualClock
from tocsin.settings import Address, Settings
from tocsin.settings.secret_files import exposed_files
from tocsin.store.driver.database import Database
from tocsin.store.driver.opening import open_database
from tocsin.store.shared_keys import PAGE_TOKENS
from tocsin.targets.current import CurrentTargets
from tocsin.telemetry.metrics_door import MetricsDoor
from tocsin.telemetry.opening import Telemetry
from tocsin.wire.ids import Ids
from tocsin.wire.paging import PageTokens, new_key

log = structlog.get_logger(__name__)

NO_SHARED_MANUAL_CLOCK = (
    "a manual clock works on one node only, but nodes on PostgreSQL share the database's clock: "
    "use an SQLite database with --clock manual, or leave --clock manual out"
)


@dataclass(frozen=True, slots=True)
class Ground:
    """Holds what all parts share; `node` is this node's unique name, `pages` are its lists',
    `ring` has the keys that encrypt keys in the store.

    `current` are the settings of targets and integrations in force, after reloads too.
    """

    settings: Settings
    clock: Clock
    database: Database
    telemetry: Telemetry
    node: str
    pages: PageTokens
    ring: Keyring
    shares: Shares
    current: CurrentTargets
    hold: Holding


async def open_ground(
    stack: AsyncExitStack, settings: Settings, clock: Clock, door: MetricsDoor | None
) -> tuple[Ground, Address | None]:
    """Opens the ground; returns it with the address of the metrics, if they are served.

    Args:
        stack: closes everything at the end.
        settings: all settings.
        clock: used as it is on SQLite, and adjusted to the database's clock on PostgreSQL.
        door: decides who may fetch metrics; None lets everyone.

    Raises:
        StartError, StoreError: something can't be opened.
        SealingError: the keys of the store are encrypted with a key that is missing.
    """
    for exposed in exposed_files(settings):
        log.warning("a file with a secret is open to others", why=exposed)
    # A manual clock means a test, whose ticks need not wait for the disk.
    database = open_database(
        settings.database,
        durable=not isinstance(clock, ManualClock),
        told=LoggedMigrations(MACHINE_CLOCK),
    )
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
    shares = share_out(
        current_limit(),
        deliveries=settings.targets.concurrency,
        connections=Limits().connections,
    )
    current = CurrentTargets(settings.targets, settings.integrations)
    hold = Holding(database, clock, machine_clock=MACHINE_CLOCK)
    await hold.look()
    # Only now is it sure that no command has the database for itself, so keys may be written.
    ring = await check_keys(database, settings.access.keyring)
    pages = PageTokens(await kept_key(database, PAGE_TOKENS, new_key, ring))
    ground = Ground(settings, clock, database, telemetry, node, pages, ring, shares, current, hold)
    return ground, metrics


async def _shared_clock(
    stack: AsyncExitStack, clock: Clock, database: Database, observer: Observer
) -> Clock:
    shared = StoreClock(clock, database, observer)
    await shared.adjust()
    adjusting = asyncio.create_task(shared.keep_adjusted())
    stack.callback(adjusting.cancel)
    return shared
