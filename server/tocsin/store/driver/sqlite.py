"""Keeps the store on SQLite: one file, for one node; work shares commits."""

import asyncio
import sqlite3
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import structlog
from sqlalchemy.dialects import sqlite as sqlite_dialect

from tocsin.store.driver.bells import Bell, Listener, Listeners
from tocsin.store.driver.changes import Following, Written
from tocsin.store.driver.database import CommitObserver, StoreDamaged, StoreError, StoreUnavailable
from tocsin.store.driver.file.checkpoints import Checkpoints
from tocsin.store.driver.file.connecting import (
    PATIENCE_MILLISECONDS,
    connect,
    in_our_words,
    is_unique_violation,
    kind_of,
)
from tocsin.store.driver.file.identity import DatabaseFiles
from tocsin.store.driver.file.locks import FileLock
from tocsin.store.driver.file.marks import mark_closed, mark_in_use
from tocsin.store.driver.gathering import Awaited, Gathering
from tocsin.store.driver.transaction import Afterwards, Statements, Transaction, Work

log = structlog.get_logger(__name__)

T = TypeVar("T")

# Bounds how long one group keeps the event loop from other calls.
LARGEST_GROUP = 256
# A group waits until no work has arrived for so many turns of the event loop.
GATHERING_TURNS = 32
LARGEST_LOG = 64 * 1024 * 1024
# A transaction keeps so many changed pages (62 MiB) in memory, for the commit's thread to write. By
# default SQLite writes them on the event loop from 2 MiB on, which takes 150 ms for a large input.
# The number must not be a multiple of 256: SQLite takes its lowest byte for a yes or no besides.
PAGES_IN_MEMORY = 16_000


@dataclass(slots=True)
class HandedIn(Awaited[Work[Any]]):
    """Keeps work that was handed in, and its result."""

    result: object = None


class SqliteDatabase:
    """Runs writes in groups on the event loop, and commits each group in a thread, by one fsync.

    Work that arrives during a commit shares the next one. Statements run on the loop because they
    only touch memory; to run each in a thread would cost more.

    A database that is not `durable` leaves it to the system when writes reach the disk.
    """

    def __init__(self, path: Path, *, lock: FileLock, durable: bool = True) -> None:
        self._lock = lock
        self._writer = connect(path, durable=durable)
        self._reader = connect(path)
        self._reader.execute("PRAGMA query_only = 1")
        self._writer.execute("PRAGMA busy_timeout = 0")
        self._writer.execute(f"PRAGMA cache_spill = {PAGES_IN_MEMORY}")
        statements = Statements(sqlite_dialect.dialect(paramstyle="named"))
        self._writing = Transaction(self._writer, statements, is_unique_violation)
        self._reading = Transaction(self._reader, statements, is_unique_violation)
        self._calls = Gathering(self._commit_group, most=LARGEST_GROUP, turns=GATHERING_TURNS)
        self._disk = ThreadPoolExecutor(1, thread_name_prefix="sqlite-commit")
        self._checkpoints = Checkpoints(path)
        self._files = _files_in_use(path, self._writer)
        self._damage: str | None = None
        self._observer = CommitObserver()
        self._listeners = Listeners()
        self._following = Following()

    @property
    def exclusive(self) -> bool:
        return True

    @property
    def fault(self) -> str | None:
        return self._files.fault or self._damage or self._checkpoints.fault

    async def read(self, work: Work[T]) -> T:
        if self._files.fault is not None:
            self._files.check()
        try:
            return work(self._reading)
        except sqlite3.DatabaseError as error:
            store_error = self._in_our_words(error)
            if store_error is error:
                raise
            raise store_error from error

    async def read_snapshot(self, work: Work[T]) -> T:
        def within(tx: Transaction) -> T:
            self._reader.execute("BEGIN")
            try:
                return work(tx)
            finally:
                self._reader.rollback()

        return await self.read(within)

    def write(self, work: Work[T]) -> asyncio.Future[T]:
        call = HandedIn(work, asyncio.get_running_loop().create_future())
        self._calls.add(call)
        return call.answer

    async def now(self) -> None:
        """Returns None: a file has no clock."""

    def on(self, bell: Bell, listener: Listener) -> None:
        self._listeners.add(bell, listener)

    def listen(self, look: Callable[[], None], sleep: Callable[[float], Awaitable[None]]) -> None:
        """Does nothing: a file has only one node."""

    def on_changes(self, listener: Callable[[Written | None], None]) -> None:
        self._following.listen(listener)

    def follow_changes(self, follow: bool) -> None:
        self._following.active = follow

    def observe(self, observer: CommitObserver) -> None:
        self._observer = observer

    async def close(self) -> None:
        await self._calls.finish()
        self._disk.shutdown()
        self._checkpoints.close()
        self._reader.close()
        # One that can't be written keeps its log, too.
        with suppress(sqlite3.Error):
            mark_closed(self._writer)
        self._writer.close()
        self._files.close()
        self._lock.close()

    async def _commit_group(self, group: list[HandedIn]) -> None:
        committed = self._observer.committing(len(group))
        try:
            await self._begin()
            kept, afterwards = group, self._run_all(group)
            if afterwards is None:
                # Once more, each in a savepoint, so that only failed work is undone.
                self._writer.rollback()
                await self._begin()
                afterwards = Afterwards()
                kept = [call for call in group if self._run_undoably(call, afterwards)]
            self._writing.afterwards = afterwards
            self._writing.conclude()
            await asyncio.get_running_loop().run_in_executor(self._disk, self._commit)
        except Exception as error:
            committed(False)
            store_error = self._in_our_words(error)
            known = isinstance(store_error, StoreError)
            log.error(
                "could not commit",
                pieces_of_work=len(group),
                error=str(store_error),
                exc_info=not known,
            )
            if self._writer.in_transaction:
                self._writer.rollback()
            for call in group:
                call.fail(store_error)
            return
        committed(True)
        for call in kept:
            call.succeed(call.result)
        self._listeners.hear(afterwards.rung)
        self._listeners.hear(afterwards.rung_here)
        if self._following.active and afterwards.written:
            self._following.hear(afterwards.written)
        self._checkpoints.committed(len(group), self._files.log_bytes)
        if self._files.log_bytes > LARGEST_LOG:
            await asyncio.get_running_loop().run_in_executor(
                self._disk, self._checkpoints.empty, self._writer
            )

    def _in_our_words(self, error: Exception) -> Exception:
        """Returns the error in our words, and remembers that the database is damaged."""
        store_error = in_our_words(error)
        if isinstance(store_error, StoreDamaged):
            self._damage = str(store_error)
        return store_error

    def _commit(self) -> None:
        """Commits, and looks whether a restart would find what was committed; runs in a thread."""
        self._writer.commit()
        try:
            self._files.check()
        except StoreUnavailable:
            self._save_log()
            raise

    def _save_log(self) -> None:
        """Moves the log into the database file if the log alone lost its name.

        What was answered before is found after a restart then.
        """
        if not self._files.log_can_be_saved:
            return
        try:
            self._writer.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchall()
        except sqlite3.Error as error:
            log.error("could not move the lost log of SQLite into its database", error=str(error))
        else:
            log.warning("moved the lost log of SQLite into its database")

    async def _begin(self) -> None:
        """Begins a transaction; if another program is writing, waits for it in a thread.

        Raises:
            StoreUnavailable: the other program writes for too long, or the files were lost before
                and still are.
        """
        if self._files.fault is not None:
            self._files.check()
        try:
            self._writer.execute("BEGIN IMMEDIATE")
        except sqlite3.OperationalError as error:
            if kind_of(error) != sqlite3.SQLITE_BUSY:
                raise
            await asyncio.get_running_loop().run_in_executor(self._disk, self._begin_patiently)

    def _begin_patiently(self) -> None:
        self._writer.execute(f"PRAGMA busy_timeout = {PATIENCE_MILLISECONDS}")
        try:
            self._writer.execute("BEGIN IMMEDIATE")
        except sqlite3.OperationalError as error:
            raise StoreUnavailable("another program has locked the database") from error
        finally:
            self._writer.execute("PRAGMA busy_timeout = 0")

    def _run_all(self, group: list[HandedIn]) -> Afterwards | None:
        """Runs the work of a group; returns None if some of it failed, which is rare."""
        afterwards = self._writing.afterwards = Afterwards()
        try:
            for call in group:
                call.result = call.given(self._writing)
        except Exception as error:
            log.debug("work of a group failed, running the group again", error=repr(error))
            return None
        return afterwards

    def _run_undoably(self, call: HandedIn, afterwards: Afterwards) -> bool:
        """Runs work in a savepoint; if it raises, only that work is undone and fails."""
        its_own = self._writing.afterwards = Afterwards()
        self._writer.execute("SAVEPOINT call")
        try:
            call.result = call.given(self._writing)
        except Exception as error:
            if not self._writer.in_transaction:
                raise  # SQLite has undone the whole transaction, as it does when the disk is full
            self._writer.execute("ROLLBACK TO call")
            self._writer.execute("RELEASE call")
            call.fail(self._in_our_words(error))
            return False
        self._writer.execute("RELEASE call")
        afterwards.add(its_own)
        return True


def _files_in_use(path: Path, writer: sqlite3.Connection) -> DatabaseFiles:
    # SQLite opens the log, and makes it, with the first transaction.
    writer.execute("BEGIN IMMEDIATE")
    writer.rollback()
    mark_in_use(writer)
    return DatabaseFiles(path)
