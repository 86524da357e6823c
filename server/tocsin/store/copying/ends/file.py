"""Reads or fills a SQLite database."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import TypeVar
from urllib.parse import quote

from sqlalchemy import Table
from sqlalchemy.dialects import sqlite as sqlite_dialect

from tocsin.store.driver.database import StoreDamaged, StoreError, StoreFull
from tocsin.store.driver.file.connecting import (
    PATIENCE_MILLISECONDS,
    connect,
    in_our_words,
    is_unique_violation,
)
from tocsin.store.driver.file.locks import FileLock, take_lock
from tocsin.store.driver.file.marks import mark_closed
from tocsin.store.driver.opening import migrate_sqlite
from tocsin.store.driver.transaction import Row, Statements, Transaction, Work

T = TypeVar("T")

# While a file is filled, its log stays as small as this.
PAGES_OF_LOG = 4000
CACHE_KIBIBYTES = 64 * 1024


class FileEnd:
    """Implements `End` for a file, on one connection that is used in a thread of its own."""

    exclusive = True

    def __init__(
        self, path: Path, connection: sqlite3.Connection, lock: FileLock | None = None
    ) -> None:
        self.path = path
        self.connection = connection
        self._lock = lock
        self._thread = ThreadPoolExecutor(1)
        self._transaction = Transaction(
            connection, Statements(sqlite_dialect.dialect(paramstyle="named")), is_unique_violation
        )

    @property
    def url(self) -> str:
        return f"sqlite:///{self.path}"

    async def read(self, work: Work[T]) -> T:
        with our_words(self.path):
            return await self._apart(lambda: work(self._transaction))

    async def write(self, work: Work[T]) -> T:
        with our_words(self.path):
            if self.connection.in_transaction:
                return await self.read(work)
            return await self._apart(lambda: self._committed(work))

    def _committed(self, work: Work[T]) -> T:
        self.connection.execute("BEGIN IMMEDIATE")
        try:
            result = work(self._transaction)
        except BaseException:
            self.connection.rollback()
            raise
        self.connection.commit()
        return result

    async def _apart(self, work: Callable[[], T]) -> T:
        """Runs work in the thread: the other end of a copy goes on meanwhile."""
        under_way = asyncio.get_running_loop().run_in_executor(self._thread, work)
        try:
            return await asyncio.shield(under_way)
        except asyncio.CancelledError:
            # Nobody may close the connection under it.
            self.connection.interrupt()
            await asyncio.wait([under_way])
            raise

    async def columns(self) -> dict[str, set[str]]:
        with our_words(self.path):
            tables = self.connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
            return {
                name: {
                    column
                    for (column,) in self.connection.execute(
                        "SELECT name FROM pragma_table_info(?)", (name,)
                    )
                }
                for (name,) in tables.fetchall()
            }

    @asynccontextmanager
    async def snapshot(self) -> AsyncIterator[None]:
        with our_words(self.path):
            self.connection.execute("BEGIN")
            # The first read takes the snapshot.
            self.connection.execute("SELECT count(*) FROM sqlite_master").fetchall()
            try:
                yield
            finally:
                self.connection.rollback()

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[None]:
        with our_words(self.path):
            self.connection.execute("BEGIN IMMEDIATE")
            try:
                yield
            except BaseException:
                self.connection.rollback()
                raise
            self.connection.commit()

    @asynccontextmanager
    async def filling(self) -> AsyncIterator[None]:
        with our_words(self.path):
            for setting in (
                # The log is synced before pages go from it into the database: what a loss of power
                # leaves is older, and whole.
                "synchronous = NORMAL",
                f"wal_autocheckpoint = {PAGES_OF_LOG}",
                f"cache_size = -{CACHE_KIBIBYTES}",
            ):
                self.connection.execute(f"PRAGMA {setting}").fetchall()
            yield
            self.connection.execute("PRAGMA synchronous = FULL").fetchall()

    async def beside(self) -> "FileEnd":
        return open_to_read(self.path)

    def insert(
        self, tx: Transaction, table: Table, names: Sequence[str], rows: Sequence[Row]
    ) -> None:
        del tx
        parameters = ", ".join("?" * len(names))
        columns = ", ".join(f'"{name}"' for name in names)
        self.connection.executemany(
            f'INSERT INTO "{table.name}" ({columns}) VALUES ({parameters})',  # noqa: S608
            rows,
        )

    async def drop_indexes(self) -> list[str]:
        with our_words(self.path):
            # Those of constraints have no statement of their own.
            found = self.connection.execute(
                "SELECT name, sql FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL"
            ).fetchall()
            for name, _ in found:
                self.connection.execute(f'DROP INDEX "{name}"')
            return [statement for _, statement in found]

    async def missing_indexes(self, statements: Sequence[str]) -> list[str]:
        with our_words(self.path):
            there = {
                statement
                for (statement,) in self.connection.execute(
                    "SELECT sql FROM sqlite_master WHERE type = 'index'"
                )
            }
            return [statement for statement in statements if statement not in there]

    async def run(self, statements: Sequence[str]) -> None:
        with our_words(self.path):
            for statement in statements:
                await self._apart(partial(self.connection.execute, statement))

    async def close(self) -> None:
        self._thread.shutdown()
        if self._lock is not None:
            # The log of a server that crashed is in the file after the close.
            with suppress(sqlite3.Error):
                mark_closed(self.connection)
        self.connection.close()
        if self._lock is not None:
            self._lock.close()


def open_to_read(path: Path) -> FileEnd:
    """Opens a database beside a server that may be using it.

    Nothing is written: a log that a crashed server left stays as it is.

    Raises:
        StoreError: the file does not exist, or is not a database.
    """
    if not path.is_file():
        raise StoreError(f"{path} is not a file" if path.exists() else f"{path} does not exist")
    with our_words(path):
        connection = sqlite3.connect(
            f"file:{quote(str(path))}?mode=ro",
            uri=True,
            isolation_level=None,
            check_same_thread=False,
        )
        try:
            connection.execute(f"PRAGMA busy_timeout = {PATIENCE_MILLISECONDS}")
            connection.execute("SELECT count(*) FROM sqlite_master").fetchall()
        except BaseException:
            connection.close()
            raise
        return FileEnd(path, connection)


def open_beside(path: Path) -> FileEnd:
    """Opens a database to change single rows, beside a server if one is using it.

    Raises:
        StoreError: the file does not exist, or is not a database.
    """
    open_to_read(path).connection.close()
    try:
        lock = take_lock(path)
    except StoreError:
        lock = None
    except OSError as error:
        raise StoreError(f"can't use {path}: {error.strerror}") from error
    with our_words(path):
        return FileEnd(path, connect(path), lock)


def open_alone(path: Path) -> FileEnd:
    """Makes a database or migrates it, and keeps servers away from it.

    Raises:
        StoreError: a server is using it, or it can't be used.
    """
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        lock = take_lock(path)
    except OSError as error:
        raise StoreError(f"can't use {path}: {error.strerror}") from error
    try:
        migrate_sqlite(path, copying=True)
        with our_words(path):
            return FileEnd(path, connect(path), lock)
    except BaseException:
        lock.close()
        raise


def fill(path: Path, revision: str) -> FileEnd:
    """Makes a database of a revision in a new file that nobody else knows yet."""
    migrate_sqlite(path, to=revision, copying=True)
    with our_words(path):
        connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        # One file, which counts only when it is complete and on the disk.
        connection.execute("PRAGMA journal_mode = OFF")
        connection.execute("PRAGMA synchronous = OFF")
        return FileEnd(path, connection)


@contextmanager
def our_words(path: Path) -> Iterator[None]:
    """Raises errors of SQLite as StoreError."""
    try:
        yield
    except sqlite3.DatabaseError as error:
        known = in_our_words(error)
        if isinstance(known, StoreDamaged):
            raise StoreDamaged(
                f"{path} is not a SQLite database, or it is damaged: use a sound backup ({error})"
            ) from error
        if isinstance(known, StoreFull):
            raise StoreFull(f"the disk with {path} is full") from error
        raise StoreError(f"can't use {path}: {known}") from error
