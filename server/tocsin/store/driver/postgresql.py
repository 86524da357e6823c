"""The store on PostgreSQL: any number of nodes, commits shared by the calls of each."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, TypeAlias, TypeVar

import asyncpg
import structlog
from sqlalchemy import Executable
from sqlalchemy.dialects.postgresql.asyncpg import dialect
from sqlalchemy.sql import Insert
from sqlalchemy.util.concurrency import await_, greenlet_spawn

from tocsin.store.driver.bells import Bell, Listener, Listeners
from tocsin.store.driver.connections import LOST, Connections, Result, Session, connect
from tocsin.store.driver.database import CommitObserver, StoreUnavailable
from tocsin.store.driver.gathering import Awaited, Gathering
from tocsin.store.driver.notices import Notices
from tocsin.store.driver.transaction import (
    Afterwards,
    Compiled,
    Contended,
    Row,
    Statements,
    Transaction,
    UniqueViolation,
    Value,
    Work,
)

log = structlog.get_logger(__name__)

T = TypeVar("T")

READERS = 8
WRITERS = 4
# Bounds how long the rows of one group stay locked.
LARGEST_GROUP = 64
# Turns of the event loop in which another call must have come for the wait to go on.
GATHERING_TURNS = 8
# How often work is begun before it is given up, where other transactions get in its way.
TRIES = 5

IN_THE_WAY = (asyncpg.SerializationError, asyncpg.DeadlockDetectedError, Contended)
ELSE_NOTHING = " ON CONFLICT DO NOTHING"


HandedIn: TypeAlias = Awaited[Work[Any]]


class PostgresDatabase:
    """Work runs on the event loop; a greenlet lets go of it while a statement is on its way.

    The calls of a group run in one transaction. Should one of them fail, all of it is undone, and
    each is run again in a transaction of its own: a savepoint for each call would cost two more
    round trips, and most calls succeed.
    """

    def __init__(self, url: str) -> None:
        read_only = {"default_transaction_read_only": "on"}
        self._readers = Connections(url, READERS, read_only, lost=self._lost)
        self._writers = Connections(url, WRITERS, lost=self._lost)
        self._statements = PostgresStatements()
        self._calls = Gathering(
            self._write_group, most=LARGEST_GROUP, workers=WRITERS, turns=GATHERING_TURNS
        )
        self._listeners = Listeners()
        self._notices = Notices(lambda: connect(url), self._listeners)
        self._observer = CommitObserver()

    @property
    def exclusive(self) -> bool:
        return False

    async def read(self, work: Work[T]) -> T:
        async with self._readers.one() as session:
            return await greenlet_spawn(work, PostgresTransaction(session, self._statements))

    def write(self, work: Work[T]) -> asyncio.Future[T]:
        call = HandedIn(work, asyncio.get_running_loop().create_future())
        self._calls.add(call)
        return call.answer

    async def now(self) -> datetime:
        async with self._readers.one() as session:
            instant: datetime = await session.connection.fetchval("SELECT clock_timestamp()")
            return instant

    def on(self, bell: Bell, listener: Listener) -> None:
        self._listeners.add(bell, listener)

    def listen(self, look: Callable[[], None], sleep: Callable[[float], Awaitable[None]]) -> None:
        self._notices.listen(look, sleep)

    def observe(self, observer: CommitObserver) -> None:
        self._observer = observer

    async def close(self) -> None:
        await self._calls.finish()
        await self._notices.close()
        await self._readers.close()
        await self._writers.close()

    def _lost(self) -> None:
        """Where one connection was lost others were too, and tell so only when they are used."""
        self._readers.drop_idle()
        self._writers.drop_idle()

    async def _write_group(self, group: list[HandedIn]) -> None:
        committed = self._observer.committing(len(group))
        try:
            async with self._writers.one() as session:
                if len(group) == 1 or not await self._write_together(session, group):
                    for call in group:
                        await self._write_alone(session, call)
            committed(True)
        except Exception as error:
            committed(False)
            log.warning("commit failed", calls=len(group), error=str(error))
            for call in group:
                call.fail(error)

    async def _write_together(self, session: Session, group: list[HandedIn]) -> bool:
        """Returns whether all went well; if not, nothing was written."""

        def work(tx: Transaction) -> list[object]:
            return [call.given(tx) for call in group]

        try:
            results, afterwards = await self._commit(session, work)
        except Exception as error:
            if is_lost(session, error):
                raise
            return False
        for call, result in zip(group, results, strict=True):
            call.succeed(result)
        self._ring(afterwards)
        return True

    async def _write_alone(self, session: Session, call: HandedIn) -> None:
        for _ in range(TRIES):
            try:
                result, afterwards = await self._commit(session, call.given)
                call.succeed(result)
                self._ring(afterwards)
            except IN_THE_WAY:
                continue
            except Exception as error:
                if is_lost(session, error):
                    raise
                call.fail(error)
            return
        call.fail(StoreUnavailable(f"others were in the way {TRIES} times"))

    async def _commit(self, session: Session, work: Work[T]) -> tuple[T, Afterwards]:
        """Returns what the work returned, and what it left to the time after the commit."""
        transaction = session.connection.transaction()
        await transaction.start()
        tx = PostgresTransaction(session, self._statements)
        try:
            result = await greenlet_spawn(_concluded, work, tx)
        except BaseException as error:
            # A connection that does not answer would not answer to this either, and we would wait.
            if not is_lost(session, error):
                await transaction.rollback()
            raise
        try:
            await transaction.commit()
        except BaseException as error:
            if is_lost(session, error):
                # It may be durable though the answer was lost; a bell too many does no harm.
                self._ring(tx.afterwards)
            raise
        return result, tx.afterwards

    def _ring(self, afterwards: Afterwards) -> None:
        self._listeners.hear(afterwards.rung)
        self._listeners.hear(afterwards.rung_here)
        if afterwards.rung:
            self._notices.tell(afterwards.rung)


def _concluded(work: Work[T], tx: Transaction) -> T:
    result = work(tx)
    tx.conclude()
    return result


def is_lost(session: Session, error: BaseException) -> bool:
    return isinstance(error, LOST) or session.connection.is_closed()


class PostgresStatements(Statements):
    """An insert that finds its key taken inserts nothing: an error would end the transaction."""

    def __init__(self) -> None:
        super().__init__(dialect(paramstyle="numeric_dollar"))  # type: ignore[no-untyped-call]

    def _compile(self, statement: Executable) -> Compiled:
        compiled = super()._compile(statement)
        if not isinstance(statement, Insert) or " ON CONFLICT " in compiled.text:
            return compiled
        return Compiled(compiled.text + ELSE_NOTHING, compiled.bound, compiled.order)


class PostgresTransaction(Transaction):
    """Runs statements within a greenlet, which waits for their answers."""

    __slots__ = ("_session",)

    def __init__(self, session: Session, statements: Statements) -> None:
        self._session = session
        self._statements = statements
        self._unique_violation = is_unique_violation
        self.afterwards = Afterwards()

    def each(self, statement: Executable, rows: Sequence[Mapping[str, Value]]) -> list[Row]:
        """Sends all rows at once: one round trip for many."""
        compiled = self._statements.compiled(statement)
        found: list[Row] = await_(self._session.run_each(compiled, rows))
        return found

    def _execute(self, statement: Executable, values: dict[str, Value]) -> Result:
        compiled = self._statements.compiled(statement)
        result = await_(self._session.run(compiled, values))
        if result.status == "INSERT 0 0" and compiled.text.endswith(ELSE_NOTHING):
            raise UniqueViolation("there is a row with this key")
        return result


def is_unique_violation(error: Exception) -> bool:
    return isinstance(error, asyncpg.UniqueViolationError)
