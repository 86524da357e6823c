"""Refuses pools that lend a connection of PostgreSQL for a transaction only."""

import asyncpg

from tocsin.store.driver.database import StoreError
from tocsin.store.driver.primary.connecting import STATEMENT_SECONDS, Primary

# Other clients of a busy pool may be quicker, so we look more than once.
LOOKS = 5
SERVER = "SELECT pg_backend_pid()"

# The answers of a pool that sends the messages of one statement to two servers.
STATEMENT_LOST = (asyncpg.InvalidSQLStatementNameError, asyncpg.DuplicatePreparedStatementError)


async def refuse_transaction_pools(primary: Primary, safe_url: str) -> None:
    """Checks that two connections have a session of PostgreSQL each, for as long as they last.

    Raises:
        StoreError: they have not. LISTEN, prepared statements and settings of the session would be
            lost, or be another client's.
        NoPrimary: no host is the primary, or can be reached.
    """
    try:
        shared = await _sessions_are_shared(primary)
    except STATEMENT_LOST:
        shared = True
    if shared:
        raise StoreError(
            f"can't use {safe_url}: a pool answers there that lends a session of PostgreSQL for "
            "a transaction or a statement only, but Tocsin needs whole sessions, for LISTEN, "
            "prepared statements and settings: set pool_mode = session for this database (in "
            "pgbouncer), or name PostgreSQL itself in --database"
        )


async def _sessions_are_shared(primary: Primary) -> bool:
    """Returns whether a connection's server changes, or is another connection's too."""
    first = await _asking(primary)
    try:
        second = await _asking(primary)
        try:
            for _ in range(LOOKS):
                servers = [await each.fetchval(SERVER) for each in (first, first, second)]
                if servers[0] != servers[1] or servers[0] == servers[2]:
                    return True
        finally:
            second.terminate()
    finally:
        first.terminate()
    return False


async def _asking(primary: Primary) -> asyncpg.Connection:
    # Statements with names would meet those of other clients.
    return await primary.bare(statement_seconds=STATEMENT_SECONDS, remembered_statements=0)
