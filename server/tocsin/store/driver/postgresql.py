"""Keeps the store on PostgreSQL, for any number of nodes; work of a node shares commits."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, TypeAlias, TypeVar

import asyncpg
import structlog
from sqlalchemy import ColumnClause, Executable
from sqlalchemy.dialects.postgresql.asyncpg import dialect
from sqlalchemy.sql import Insert
from sqlalchemy.util.concurrency import await_, greenlet_spawn

from tocsin.store.driver.bells import Bell, Listener, Listeners
from tocsin.store.driver.changes import Following, Written
from tocsin.store.driver.connections import LOST, Connections, Result, Session
from tocsin.store.driver.database import CommitObserver, StoreUnavailable
from tocsin.store.driver.gathering import Awaited, Gathering
from tocsin.store.driver.notices import Notices
from tocsin.store.driver.primary.connecting import Primary
from tocsin.store.driver.transaction import (
    Afterwards,
    Compiled,
    Contended,
    KeyedWrite,
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
# A group waits until no work has arrived for so many turns of the event loop.
GATHERING_TURNS = 8
# Attempts at work that conflicts with other transactions.
TRIES = 5

IN_THE_WAY = (asyncpg.SerializationError, asyncpg.DeadlockDetectedError, Contended)
ELSE_NOTHING = " ON CONFLICT DO NOTHING"


HandedIn: TypeAlias = Awaited[Work[Any]]


class PostgresDatabase:
    """Runs work on the event loop, in greenlets that yield while they wait for statements.

    The work of a group runs in one transaction. If some of it fails, all is undone, and each piece
    runs again in a transaction of its own: a savepoint for each would cost two more round trips,
    and most work succeeds.
    """

    def __init__(self, primary: Primary) -> None:
        self._readers = Connections(
            lambda: primary.connect(read_only=True), READERS, lost=self._lost
        )
        self._writers = Connections(primary.connect, WRITERS, lost=self._lost)
        self._statements = PostgresStatements()
        self._calls = Gathering(
            self._write_group, most=LARGEST_GROUP, workers=WRITERS, turns=GATHERING_TURNS
        )
        self._listeners = Listeners()
        self._following = Following()
        self._notices = Notices(primary.connect, self._listeners, self._following)
        self._observer = CommitObserver()

    @property
    def exclusive(self) -> bool:
        return False

    @property
    def fault(self) -> None:
        """Returns None: PostgreSQL's operators learn of its faults from PostgreSQL."""

    async def read(self, work: Work[T]) -> T:
        async with self._readers.one() as session:
            return await greenlet_spawn(work, PostgresTransaction(session, self._statements))

    async def read_snapshot(self, work: Work[T]) -> T:
        async with self._readers.one() as session:
            moment = session.connection.transaction(isolation="repeatable_read", readonly=True)
            async with moment:
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

    def on_changes(self, listener: Callable[[Written | None], None]) -> None:
        self._following.listen(listener)

    def follow_changes(self, follow: bool) -> None:
        self._following.active = follow
        self._notices.ask_for_changes(follow)

    def observe(self, observer: CommitObserver) -> None:
        self._observer = observer

    async def close(self) -> None:
        await self._calls.finish()
        await self._notices.close()
        await self._readers.close()
        await self._writers.close()

    def _lost(self) -> None:
        """Closes idle connections: they were probably lost too, and would fail when next used."""
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
            log.warning("could not commit", pieces_of_work=len(group), error=str(error))
            for call in group:
                call.fail(error)

    async def _write_together(self, session: Session, group: list[HandedIn]) -> bool:
        """Returns whether all the work succeeded; if not, nothing was written."""

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
        call.fail(StoreUnavailable(f"other transactions conflicted with the work {TRIES} times"))

    async def _commit(self, session: Session, work: Work[T]) -> tuple[T, Afterwards]:
        """Returns the result of the work, and what it left for after the commit."""
        transaction = session.connection.transaction()
        await transaction.start()
        tx = PostgresTransaction(session, self._statements)
        try:
            result = await greenlet_spawn(_concluded, work, tx)
        except BaseException as error:
            # A lost connection would not answer a rollback either, and we would wait.
            if not is_lost(session, error):
                await transaction.rollback()
            raise
        try:
            await session.commit(transaction)
        except BaseException as error:
            if is_lost(session, error):
                # The commit may have succeeded, and an extra bell does no harm.
                self._ring(tx.afterwards)
            raise
        return result, tx.afterwards

    def _ring(self, afterwards: Afterwards) -> None:
        self._listeners.hear(afterwards.rung)
        self._listeners.hear(afterwards.rung_here)
        if afterwards.rung:
            self._notices.tell(afterwards.rung)
        if written := afterwards.written:
            if self._following.active:
                self._following.hear(written)
            if self._notices.asked:
                self._notices.tell_changes(written)


def _concluded(work: Work[T], tx: Transaction) -> T:
    result = work(tx)
    tx.conclude()
    return result


def is_lost(session: Session, error: BaseException) -> bool:
    return isinstance(error, LOST) or session.connection.is_closed()


class PostgresStatements(Statements):
    """Makes an insert whose key is taken insert nothing: an error would end the transaction."""

    def __init__(self) -> None:
        super().__init__(dialect(paramstyle="numeric_dollar"))  # type: ignore[no-untyped-call]
        self._arrays: dict[Insert, Compiled] = {}

    def _compile(self, statement: Executable) -> Compiled:
        compiled = super()._compile(statement)
        if not isinstance(statement, Insert) or " ON CONFLICT " in compiled.text:
            return compiled
        return Compiled(compiled.text + ELSE_NOTHING, compiled.bound, compiled.order)

    def of_arrays(
        self, statement: Insert, rows: Sequence[Mapping[str, Value]]
    ) -> tuple[Compiled, dict[str, list[Value]]]:
        """Returns an insert of many rows, and the values of their columns.

        Args:
            statement: inserts one row, whose parameters are named as its columns.
            rows: values for these parameters.
        """
        known = self._arrays.get(statement)
        if known is None:
            names = self.compiled(statement).order
            arrays = ", ".join(
                f"${index}::{self._type_of(statement.table.c[name])}[]"
                for index, name in enumerate(names, 1)
            )
            text = (
                f"INSERT INTO {statement.table.name} ({', '.join(names)})"  # noqa: S608
                f" SELECT * FROM unnest({arrays})"
            )
            known = self._arrays[statement] = Compiled(text, {}, names)
        return known, {name: [row[name] for row in rows] for name in known.order}

    def _type_of(self, column: ColumnClause[Any]) -> str:
        # Without the collation, which a cast can't have.
        return column.type.compile(self._dialect).partition(" ")[0]


class PostgresTransaction(Transaction):
    """Runs statements in a greenlet, which waits for their results."""

    exclusive = False

    __slots__ = ("_compiled", "_session")

    def __init__(self, session: Session, statements: PostgresStatements) -> None:
        self._session = session
        self._statements = self._compiled = statements
        self._unique_violation = is_unique_violation
        self.afterwards = Afterwards()

    def each(self, statement: Executable, rows: Sequence[Mapping[str, Value]]) -> list[Row]:
        """Sends all rows in one round trip."""
        compiled = self._statements.compiled(statement)
        returned: list[Row] = await_(self._session.run_each(compiled, rows))
        return returned

    def many(self, statement: Insert, rows: Sequence[Mapping[str, Value]]) -> None:
        """Sends the values of each column as an array, which costs half of as many inserts."""
        if rows:
            await_(self._session.run(*self._compiled.of_arrays(statement, rows)))

    def keys_written(self, write: KeyedWrite, rows: Sequence[Mapping[str, Value]]) -> set[Value]:
        """Does it in one round trip."""
        return {row[0] for row in self.each(write.returning, rows)}

    def _execute(self, statement: Executable, values: dict[str, Value]) -> Result:
        compiled = self._statements.compiled(statement)
        result = await_(self._session.run(compiled, values))
        if result.status == "INSERT 0 0" and compiled.text.endswith(ELSE_NOTHING):
            raise UniqueViolation("a row with this key exists")
        return result


def is_unique_violation(error: Exception) -> bool:
    return isinstance(error, asyncpg.UniqueViolationError)
