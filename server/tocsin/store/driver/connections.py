"""Makes connections to PostgreSQL when they are needed, and drops them when they are lost."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import TracebackType

import asyncpg

from tocsin.store.driver.database import StoreFull, StoreUnavailable
from tocsin.store.driver.transaction import Compiled, Row, Value

CONNECT_SECONDS = 5.0
# Our statements take milliseconds, or wait for locks that are held for at most five seconds. One
# without an answer by then is given up, with its connection.
STATEMENT_SECONDS = 8.0

# A node that vanished between two messages of one statement is not idle to PostgreSQL, and would
# keep its locks. PostgreSQL ends such transactions from version 17 on.
TRANSACTION_SECONDS = 30
ENDS_TRANSACTIONS = 17

SESSION = {
    "application_name": "tocsin",
    "default_transaction_isolation": "read committed",
    # Frees the locks of a node that was stopped in the middle of a transaction.
    "idle_in_transaction_session_timeout": "5s",
    # A node that crashed leaves connections open, and PostgreSQL has a limited number.
    "tcp_keepalives_idle": "30",
    "tcp_keepalives_interval": "10",
    "tcp_keepalives_count": "3",
    # PostgreSQL plans once, without looking at values: the plan that the tests assert.
    "plan_cache_mode": "force_generic_plan",
    # Every hot statement reads a few rows in an index's order. To read all due rows and sort them
    # looks cheap while there are few, and is ruinous when there are many.
    "enable_bitmapscan": "off",
    "enable_sort": "off",
    # A plan made while a table was empty would scan all of it, until the table is analyzed.
    "enable_seqscan": "off",
}

LOST = (
    OSError,
    asyncpg.PostgresConnectionError,
    asyncpg.OperatorInterventionError,  # shut down, or not up yet
    asyncpg.InsufficientResourcesError,  # too many connections, disk full
    asyncpg.IdleInTransactionSessionTimeoutError,
    asyncpg.ReadOnlySQLTransactionError,  # the server is no longer the primary
    asyncpg.InvalidAuthorizationSpecificationError,
    asyncpg.InvalidCatalogNameError,
)


@dataclass(frozen=True, slots=True)
class Result:
    """Shows what a statement returned as a cursor does."""

    rows: list[Row]
    status: str

    @property
    def rowcount(self) -> int:
        return int(self.status.rpartition(" ")[2])

    def fetchone(self) -> Row | None:
        return self.rows[0] if self.rows else None

    def fetchall(self) -> list[Row]:
        return self.rows


class Session:
    """Runs statements on one connection, and prepares each of them once."""

    def __init__(self, connection: asyncpg.Connection) -> None:
        self.connection = connection
        self._prepared: dict[str, asyncpg.prepared_stmt.PreparedStatement] = {}

    async def run(self, statement: Compiled, values: Mapping[str, Value]) -> Result:
        prepared = await self._prepare(statement)
        rows = await prepared.fetch(*_in_order(statement, values))
        return Result([tuple(row) for row in rows], prepared.get_statusmsg() or "")

    async def run_each(self, statement: Compiled, rows: Sequence[Mapping[str, Value]]) -> list[Row]:
        if not rows:
            return []
        prepared = await self._prepare(statement)
        returned = await prepared.fetchmany([_in_order(statement, values) for values in rows])
        return [tuple(row) for row in returned]

    async def _prepare(self, statement: Compiled) -> asyncpg.prepared_stmt.PreparedStatement:
        prepared = self._prepared.get(statement.text)
        if prepared is None:
            prepared = await self.connection.prepare(statement.text)
            self._prepared[statement.text] = prepared
        return prepared


def _in_order(statement: Compiled, values: Mapping[str, Value]) -> list[Value]:
    bound = statement.bound
    return [values[name] if name in values else bound[name] for name in statement.order]


class Connections:
    """Lends up to `size` connections, each to one borrower at a time.

    `lost` is called when a connection was lost or could not be made.
    """

    def __init__(
        self,
        url: str,
        size: int,
        settings: Mapping[str, str] | None = None,
        *,
        lost: Callable[[], None] = lambda: None,
    ) -> None:
        self._url = url
        self._settings = settings or {}
        self.lost = lost
        self._free = asyncio.Semaphore(size)
        self._idle: list[Session] = []

    def one(self) -> "Lent":
        """Lends a connection for the duration of an `async with`.

        Raises:
            StoreUnavailable: no connection could be made, or it was lost.
        """
        return Lent(self)

    async def close(self) -> None:
        for session in self._idle:
            await session.connection.close(timeout=CONNECT_SECONDS)
        self._idle.clear()

    async def take(self) -> Session:
        await self._free.acquire()
        try:
            while self._idle:
                session = self._idle.pop()
                if not session.connection.is_closed():
                    return session
            return Session(await connect(self._url, self._settings))
        except BaseException as error:
            self._free.release()
            if isinstance(error, LOST):
                self.lost()
                raise unavailable(error) from error
            raise

    def drop_idle(self) -> None:
        """Closes the connections that are not lent."""
        for session in self._idle:
            session.connection.terminate()
        self._idle.clear()

    def give_back(self, session: Session) -> None:
        if not session.connection.is_closed():
            self._idle.append(session)
        self._free.release()


class Lent:
    """Lends a connection; errors of its borrower pass through unchanged, unless it was lost."""

    __slots__ = ("_connections", "_session")

    def __init__(self, connections: Connections) -> None:
        self._connections = connections

    async def __aenter__(self) -> Session:
        self._session = await self._connections.take()
        return self._session

    async def __aexit__(
        self, _: type[BaseException] | None, error: BaseException | None, __: TracebackType | None
    ) -> None:
        connection = self._session.connection
        lost = error is not None and (isinstance(error, LOST) or connection.is_closed())
        # A cancelled borrower may have left a statement running.
        if lost or (error is not None and not isinstance(error, Exception)):
            connection.terminate()
        if lost:
            self._connections.lost()
        self._connections.give_back(self._session)
        if lost and isinstance(error, Exception):
            raise unavailable(error) from error


async def connect(
    url: str,
    settings: Mapping[str, str] | None = None,
    *,
    statement_seconds: float | None = STATEMENT_SECONDS,
) -> asyncpg.Connection:
    """Opens a connection to PostgreSQL.

    Args:
        url: where, as `postgresql://…`.
        settings: of the session, beside those of all.
        statement_seconds: after which a statement without an answer is given up; None: never, and
            its transaction may take as long as it wants.
    """
    connection = await asyncpg.connect(
        url,
        timeout=CONNECT_SECONDS,
        command_timeout=statement_seconds,
        server_settings={**SESSION, **(settings or {})},
    )
    if statement_seconds is not None and connection.get_server_version().major >= ENDS_TRANSACTIONS:
        await connection.execute(f"SET transaction_timeout = '{TRANSACTION_SECONDS}s'")
    return connection


def unavailable(error: BaseException) -> StoreUnavailable:
    if isinstance(error, asyncpg.DiskFullError):
        return StoreFull(f"PostgreSQL has no space left: {error}")
    return StoreUnavailable(f"can't reach PostgreSQL: {reason(error)}")


def reason(error: BaseException) -> str:
    """Returns the text of an error, or its type where it has no text, as a timeout."""
    return str(error) or type(error).__name__
