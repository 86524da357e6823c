"""Keeps the store on SQLite: one file, for one node; work shares commits."""

import asyncio
import fcntl
import sqlite3
from collections.abc import Awaitable, Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, TypeVar

import structlog
from sqlalchemy.dialects import sqlite as sqlite_dialect

from tocsin.store.driver.bells import Bell, Listener, Listeners
from tocsin.store.driver.database import (
    CommitObserver,
    StoreError,
    StoreFull,
    StoreUnavailable,
)
from tocsin.store.driver.gathering import Awaited, Gathering
from tocsin.store.driver.transaction import Afterwards, Statements, Transaction, Work

log = structlog.get_logger(__name__)

T = TypeVar("T")

# Bounds how long one group keeps the event loop from other calls.
LARGEST_GROUP = 256
# A group waits until no work has arrived for so many turns of the event loop.
GATHERING_TURNS = 16
# Another program that uses the file may block the node's writes for so long.
PATIENCE_MILLISECONDS = 5000

CHECKPOINT_CALLS = 1000
CHECKPOINT_BYTES = 4 * 1024 * 1024
LARGEST_LOG = 64 * 1024 * 1024


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

    def __init__(self, path: Path, *, lock: IO[bytes], durable: bool = True) -> None:
        self._lock = lock
        self._writer = connect(path, durable=durable)
        self._reader = connect(path)
        self._reader.execute("PRAGMA query_only = 1")
        self._writer.execute("PRAGMA busy_timeout = 0")
        statements = Statements(sqlite_dialect.dialect(paramstyle="named"))
        self._writing = Transaction(self._writer, statements, is_unique_violation)
        self._reading = Transaction(self._reader, statements, is_unique_violation)
        self._calls = Gathering(self._commit_group, most=LARGEST_GROUP, turns=GATHERING_TURNS)
        self._disk = ThreadPoolExecutor(1, thread_name_prefix="sqlite-commit")
        self._checkpoints = Checkpoints(path)
        self._observer = CommitObserver()
        self._listeners = Listeners()

    @property
    def exclusive(self) -> bool:
        return True

    async def read(self, work: Work[T]) -> T:
        try:
            return work(self._reading)
        except sqlite3.OperationalError as error:
            store_error = in_our_words(error)
            if store_error is error:
                raise
            raise store_error from error

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

    def observe(self, observer: CommitObserver) -> None:
        self._observer = observer

    async def close(self) -> None:
        await self._calls.finish()
        self._disk.shutdown()
        self._checkpoints.close()
        self._reader.close()
        self._writer.close()
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
            await asyncio.get_running_loop().run_in_executor(self._disk, self._writer.commit)
        except Exception as error:
            committed(False)
            store_error = in_our_words(error)
            known = isinstance(store_error, StoreUnavailable)
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
        if self._checkpoints.committed(len(group)) > LARGEST_LOG:
            await asyncio.get_running_loop().run_in_executor(self._disk, self._empty_log)

    async def _begin(self) -> None:
        """Begins a transaction; if another program is writing, waits for it in a thread.

        Raises:
            StoreUnavailable: the other program writes for too long.
        """
        try:
            self._writer.execute("BEGIN IMMEDIATE")
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode != sqlite3.SQLITE_BUSY:
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

    def _empty_log(self) -> None:
        """Empties the log, which checkpoints beside steady writes never do."""
        try:
            self._writer.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
            self._checkpoints.emptied()
        except sqlite3.Error:
            log.exception("could not empty the log of SQLite, it keeps growing")

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
            call.fail(in_our_words(error))
            return False
        self._writer.execute("RELEASE call")
        afterwards.add(its_own)
        return True


class Checkpoints:
    """Moves committed writes from the log into the database file, beside the commits.

    SQLite would do so within a commit, and every thousandth commit would wait for it.
    """

    def __init__(self, path: Path) -> None:
        self._log = path.with_name(path.name + "-wal")
        self._connection = connect(path)
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="sqlite-checkpoint")
        self._under_way: Future[None] | None = None
        self._calls = 0
        self._size = 0

    def committed(self, calls: int) -> int:
        """Begins a checkpoint when it is time for one; returns the size of the log in bytes."""
        self._calls += calls
        size = self._log.stat().st_size
        enough = self._calls >= CHECKPOINT_CALLS or size >= self._size + CHECKPOINT_BYTES
        if enough and (self._under_way is None or self._under_way.done()):
            self._calls, self._size = 0, size
            self._under_way = self._thread.submit(self._checkpoint)
        return size

    def emptied(self) -> None:
        self._size = 0

    def close(self) -> None:
        self._thread.shutdown()
        self._connection.close()

    def _checkpoint(self) -> None:
        try:
            # Passive: it never keeps a writer waiting.
            self._connection.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchall()
        except sqlite3.Error:
            log.exception(
                "could not move the log of SQLite into its database, the log grows until that works"
            )


def connect(path: Path, *, durable: bool = True) -> sqlite3.Connection:
    """Opens a connection; a durable one waits for the disk at each commit."""
    connection = sqlite3.connect(
        path, isolation_level=None, check_same_thread=False, cached_statements=256
    )
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute(f"PRAGMA synchronous = {'FULL' if durable else 'OFF'}")
    connection.execute("PRAGMA wal_autocheckpoint = 0")
    connection.execute(f"PRAGMA busy_timeout = {PATIENCE_MILLISECONDS}")
    return connection


def in_our_words(error: Exception) -> Exception:
    """Returns a StoreUnavailable for a failure of the disk, and any other error unchanged."""
    if isinstance(error, sqlite3.OperationalError):
        # The lowest byte is the kind of error.
        match getattr(error, "sqlite_errorcode", 0) & 0xFF:
            case sqlite3.SQLITE_FULL:
                return StoreFull("the disk with the database is full")
            case sqlite3.SQLITE_IOERR | sqlite3.SQLITE_READONLY | sqlite3.SQLITE_CANTOPEN:
                return StoreUnavailable(f"can't write the database: {error}")
    return error


def is_unique_violation(error: Exception) -> bool:
    return isinstance(error, sqlite3.IntegrityError) and error.sqlite_errorcode in (
        sqlite3.SQLITE_CONSTRAINT_UNIQUE,
        sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY,
    )


def take_lock(path: Path) -> IO[bytes]:
    """Locks the database for this process; the system unlocks it when the process ends.

    Raises:
        StoreError: another process has locked it.
    """
    lock_path = path.with_name(path.name + ".lock")
    lock_path.touch(mode=0o600)
    lock = lock_path.open("ab")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        lock.close()
        raise StoreError(
            f"another tocsin is using {path}, and a SQLite database serves only one node: "
            "stop that one, or give this one another --database"
        ) from error
    return lock
