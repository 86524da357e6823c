"""Makes connections to PostgreSQL when they are needed, and drops them when they are lost."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from types import TracebackType

import asyncpg

from tocsin.store.driver.database import StoreFull, StoreUnavailable
from tocsin.store.driver.primary.connecting import CONNECT_SECONDS, reason
from tocsin.store.driver.transaction import Compiled, Row, Value

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

GENERAL_WARNING = "01000"


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


class Unconfirmed(ConnectionError):
    """The primary has committed, but has stopped waiting for its synchronous standby."""


class Session:
    """Runs statements on one connection, and prepares each of them once."""

    def __init__(self, connection: asyncpg.Connection) -> None:
        self.connection = connection
        self._prepared: dict[str, asyncpg.prepared_stmt.PreparedStatement] = {}
        self._warning = ""
        connection.add_log_listener(self._hear)

    async def commit(self, transaction: asyncpg.transaction.Transaction) -> None:
        """Commits a transaction.

        PostgreSQL reports success with a warning if the wait for a synchronous standby was
        cancelled, by pg_cancel_backend or by a statement_timeout.

        Raises:
            Unconfirmed: it did so: the loss of the primary would lose the transaction.
        """
        self._warning = ""
        await transaction.commit()
        if self._warning:
            raise Unconfirmed(self._warning)

    def _hear(self, _: object, message: asyncpg.PostgresLogMessage) -> None:
        # Its text may be in any language. No other warning of a commit has this code.
        if message.severity_en == "WARNING" and message.sqlstate == GENERAL_WARNING:
            self._warning = message.message

    async def run(
        self, statement: Compiled, values: Mapping[str, Value | Sequence[Value]]
    ) -> Result:
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


def _in_order(
    statement: Compiled, values: Mapping[str, Value | Sequence[Value]]
) -> list[Value | Sequence[Value]]:
    bound = statement.bound
    return [values[name] if name in values else bound[name] for name in statement.order]


class Connections:
    """Lends up to `size` connections, each to one borrower at a time.

    `lost` is called when a connection was lost or could not be made.
    """

    def __init__(
        self,
        connect: Callable[[], Awaitable[asyncpg.Connection]],
        size: int,
        *,
        lost: Callable[[], None] = lambda: None,
    ) -> None:
        self._connect = connect
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
            return Session(await self._connect())
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


def unavailable(error: BaseException) -> StoreUnavailable:
    if isinstance(error, asyncpg.DiskFullError):
        return StoreFull(f"PostgreSQL has no space left: {error}")
    if isinstance(error, Unconfirmed):
        return StoreUnavailable(f"no standby of PostgreSQL has confirmed the commit: {error}")
    return StoreUnavailable(f"can't reach PostgreSQL: {reason(error)}")
