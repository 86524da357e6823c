"""Migrates a PostgreSQL database on which nodes of the version before go on working."""

from functools import partial

import structlog
from sqlalchemy import func, select, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection

from tocsin.store.driver.database import StoreError
from tocsin.store.migrations.upgrading import MIGRATION_LOCK, Told, upgrade

log = structlog.get_logger(__name__)

# A migration waits for the transactions that use its table, and all others wait behind it. This is
# less than PostgreSQL's deadlock_timeout of a second: where a migration and a node wait for each
# other, the migration gives way, and no call of the node fails.
LOCK_TIMEOUT = text("SET LOCAL lock_timeout = '400ms'")
PAUSE_SECONDS = 0.2
# A minute or more.
TRIES = 100
LOCK_NOT_AVAILABLE, DEADLOCK_DETECTED = "55P03", "40P01"


async def upgrade_beside_nodes(
    connection: AsyncConnection, safe_url: str, *, copying: bool, told: Told | None
) -> None:
    """Migrates as a whole, and commits; gives way to transactions of nodes and tries again.

    Raises:
        StoreError: as `upgrade`, or the tables were never free.
    """
    for _ in range(TRIES):
        # Held until the commit: nodes that start meanwhile wait, and find the schema migrated.
        await connection.execute(select(func.pg_advisory_xact_lock(MIGRATION_LOCK)))
        await connection.execute(LOCK_TIMEOUT)
        try:
            await connection.run_sync(partial(upgrade, copying=copying, told=told), safe_url)
            await connection.commit()
            return
        except DBAPIError as error:
            if getattr(error.orig, "sqlstate", None) not in (LOCK_NOT_AVAILABLE, DEADLOCK_DETECTED):
                raise
            await connection.rollback()
        log.info("migrations gave way to transactions that use the tables, and begin again")
        await connection.execute(select(func.pg_sleep(PAUSE_SECONDS)))
        await connection.rollback()
    raise StoreError(
        f"can't migrate {safe_url}: its tables were in use at each of {TRIES} tries: end the "
        "transactions that go on for long (pg_stat_activity lists them), or stop the other nodes"
    )
