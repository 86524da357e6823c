"""Reads or fills a PostgreSQL database."""

import asyncio
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from typing import TypeVar

import asyncpg
from sqlalchemy import Table
from sqlalchemy.util.concurrency import await_, greenlet_spawn

from tocsin.store.driver.connections import LOST, Session
from tocsin.store.driver.database import StoreError
from tocsin.store.driver.opening import prepare_postgresql
from tocsin.store.driver.postgresql import PostgresStatements, PostgresTransaction
from tocsin.store.driver.primary.connecting import NAME, Primary, reason
from tocsin.store.driver.primary.pools import refuse_transaction_pools
from tocsin.store.driver.primary.urls import PostgresUrl
from tocsin.store.driver.transaction import Row, Transaction, Work
from tocsin.store.migrations.upgrading import MIGRATION_LOCK

T = TypeVar("T")

# A server that was killed leaves connections, which PostgreSQL ends soon.
PATIENCE_SECONDS = 5.0
BETWEEN_LOOKS_SECONDS = 0.25
NODES = (
    "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() "
    "AND application_name = $1 AND pid <> pg_backend_pid()"
)
INDEXES = """
    SELECT indexname, indexdef FROM pg_indexes
    WHERE schemaname = current_schema() AND tablename = ANY($1)
    AND NOT EXISTS (
        SELECT 1 FROM pg_constraint
        WHERE conindid = (quote_ident(schemaname) || '.' || quote_ident(indexname))::regclass
    )
"""
COLUMNS = """
    SELECT table_name::text, column_name::text FROM information_schema.columns
    WHERE table_schema = current_schema()
"""
# The session of a server ends transactions that wait, and must not scan tables.
SESSION = (
    "SET idle_in_transaction_session_timeout = 0; SET enable_sort = on; "
    "SET enable_bitmapscan = on; SET enable_seqscan = on; SET plan_cache_mode = auto; "
    "SET maintenance_work_mem = '256MB'"
)


class ServerEnd:
    """Implements `End` for a PostgreSQL database, on one connection."""

    exclusive = False

    def __init__(self, url: PostgresUrl, connection: asyncpg.Connection) -> None:
        self.url = url.safe
        self._whole_url = url
        self._connection = connection
        self._session = Session(connection)
        self._statements = PostgresStatements()

    async def read(self, work: Work[T]) -> T:
        transaction = PostgresTransaction(self._session, self._statements)
        with our_words(self.url):
            return await greenlet_spawn(work, transaction)

    async def write(self, work: Work[T]) -> T:
        with our_words(self.url):
            if self._connection.is_in_transaction():
                return await self.read(work)
            async with self._connection.transaction():
                return await self.read(work)

    async def columns(self) -> dict[str, set[str]]:
        found: dict[str, set[str]] = {}
        with our_words(self.url):
            for table, column in await self._connection.fetch(COLUMNS):
                found.setdefault(table, set()).add(column)
        return found

    @asynccontextmanager
    async def snapshot(self) -> AsyncIterator[None]:
        with our_words(self.url):
            async with self._connection.transaction(isolation="repeatable_read", readonly=True):
                yield

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[None]:
        with our_words(self.url):
            async with self._connection.transaction():
                yield

    @asynccontextmanager
    async def filling(self) -> AsyncIterator[None]:
        await self.run(("SET synchronous_commit = off",))
        yield
        await self.run(("RESET synchronous_commit",))

    async def beside(self) -> "ServerEnd":
        return await open_server(self._whole_url, alone=False)

    def insert(
        self, tx: Transaction, table: Table, names: Sequence[str], rows: Sequence[Row]
    ) -> None:
        del tx
        await_(self._connection.copy_records_to_table(table.name, records=rows, columns=names))

    async def drop_indexes(self) -> list[str]:
        with our_words(self.url):
            tables = list(await self.columns())
            found = await self._connection.fetch(INDEXES, tables)
            for name, _ in found:
                await self._connection.execute(f'DROP INDEX "{name}"')
            return [definition for _, definition in found]

    async def missing_indexes(self, statements: Sequence[str]) -> list[str]:
        with our_words(self.url):
            tables = list(await self.columns())
            there = {definition for _, definition in await self._connection.fetch(INDEXES, tables)}
            return [statement for statement in statements if statement not in there]

    async def run(self, statements: Sequence[str]) -> None:
        with our_words(self.url):
            for statement in statements:
                await self._connection.execute(statement)

    async def keep_nodes_away(self) -> None:
        """Makes nodes that start wait until this end closes.

        Raises:
            StoreError: nodes are connected.
        """
        tries = int(PATIENCE_SECONDS / BETWEEN_LOOKS_SECONDS)
        locked, nodes = False, 0
        with our_words(self.url):
            for _ in range(tries):
                locked = locked or await self._connection.fetchval(
                    "SELECT pg_try_advisory_lock($1)", MIGRATION_LOCK
                )
                nodes = await self._connection.fetchval(NODES, NAME["application_name"])
                if locked and not nodes:
                    return
                await pause(BETWEEN_LOOKS_SECONDS)
        raise StoreError(
            f"another tocsin is using {self.url} ({nodes} connections): stop all nodes, and try "
            "again"
        )

    async def close(self) -> None:
        await self._connection.close(timeout=PATIENCE_SECONDS)


async def pause(seconds: float) -> None:
    """Waits; a command that copies has no clock that anybody moves."""
    loop = asyncio.get_running_loop()
    done = loop.create_future()
    loop.call_later(seconds, done.set_result, None)
    await done


async def open_server(url: PostgresUrl, *, alone: bool) -> ServerEnd:
    """Connects to a database.

    Args:
        url: names it.
        alone: whether to migrate it, and to keep nodes away until the end closes.

    Raises:
        StoreError: it can't be reached, or nodes are connected though it is wanted alone.
    """
    primary = Primary(url)
    with our_words(url.safe):
        if alone:
            await prepare_postgresql(primary, url.safe, copying=True)
        else:
            await refuse_transaction_pools(primary, url.safe)
        connection = await primary.connect(statement_seconds=None)
    end = ServerEnd(url, connection)
    try:
        await end.run((SESSION,))
        if alone:
            await end.keep_nodes_away()
    except BaseException:
        connection.terminate()
        raise
    return end


@contextmanager
def our_words(url: str) -> Iterator[None]:
    """Raises errors of PostgreSQL as StoreError."""
    from sqlalchemy.exc import DBAPIError

    try:
        yield
    except DBAPIError as error:
        raise StoreError(f"can't use {url}: {error.orig}") from error
    except (*LOST, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
        raise StoreError(f"can't use {url}: {reason(error)}") from error
