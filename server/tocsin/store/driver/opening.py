"""Opens a database by its URL; creates its schema or migrates it."""

import asyncio
import sqlite3
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

import structlog
from sqlalchemy import create_engine
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, DatabaseError, DBAPIError

from tocsin.store.driver.database import Database, StoreDamaged, StoreError
from tocsin.store.driver.file.connecting import connect as connect_sqlite
from tocsin.store.driver.file.connecting import in_our_words
from tocsin.store.driver.file.locks import take_lock
from tocsin.store.driver.file.marks import lost_its_log
from tocsin.store.driver.primary.urls import SCHEMES, PostgresUrl, parse_url
from tocsin.store.driver.sqlite import SqliteDatabase
from tocsin.store.migrations.upgrading import HEAD, Told, upgrade

if TYPE_CHECKING:
    from tocsin.store.driver.primary.connecting import Primary

log = structlog.get_logger(__name__)

FORMS = (
    "sqlite:///relative.db, sqlite:////absolute.db, "
    "postgresql://user:password@host:port/database or …@host1:port1,host2:port2/database"
)


def open_database(url: str, *, durable: bool = True, told: Told | None = None) -> Database:
    """Opens the store.

    Args:
        url: names a SQLite file or a PostgreSQL database, as in FORMS.
        durable: whether SQLite waits for the disk at each commit. Without it, writes survive a
            crash of this process, but not of the machine.
        told: is told of each migration; None tells nobody.

    Raises:
        StoreError: the URL has another form, or the database can't be reached, is in use, is
            damaged, or was written by a newer Tocsin.
    """
    scheme, separator, _ = url.partition("://")
    if separator and scheme in SCHEMES:
        return open_postgresql(parse_url(url), told=told)
    return open_sqlite(sqlite_path(parsed_url(url)), durable=durable, told=told)


def safe_url(url: str) -> str:
    """Returns the URL of a database without its password, whole also for a relative path.

    Raises:
        StoreError: the URL has another form.
    """
    scheme, separator, _ = url.partition("://")
    if separator and scheme in SCHEMES:
        return parse_url(url).safe
    return f"sqlite:///{sqlite_path(parsed_url(url))}"


def parsed_url(url: str) -> URL:
    try:
        return make_url(url)
    except (ArgumentError, ValueError):
        # The error would show the password.
        raise StoreError(f"--database must be a URL: {FORMS}") from None


def sqlite_path(url: URL) -> Path:
    if url.drivername != "sqlite":
        raise StoreError(
            f"databases of kind {url.drivername!r} are not supported, --database must be {FORMS}"
        )
    if not url.database or url.database == ":memory:":
        raise StoreError(f"the URL of --database does not name a file, must be {FORMS}")
    # Two names of one file would make two locks.
    return Path(url.database).resolve()


def open_sqlite(path: Path, *, durable: bool = True, told: Told | None = None) -> SqliteDatabase:
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        _refuse_lone_log(path)
        without_log = lost_its_log(path)
        lock = take_lock(path)
    except OSError as error:
        raise StoreError(f"can't use {path}: {error.strerror}; check --database") from error
    if without_log:
        log.error(
            "the database was in use when it was last written, but its log is missing or "
            "empty: the latest changes are lost; a copy needs the file -wal too, `tocsin backup` "
            "makes a whole one",
            database=str(path),
            missing=f"{path.name}-wal",
        )
    try:
        migrate_sqlite(path, told=told)
        return SqliteDatabase(path, lock=lock, durable=durable)
    except sqlite3.DatabaseError as error:
        lock.close()
        raise _unusable(path, error) from error
    except BaseException:
        lock.close()
        raise


def _refuse_lone_log(path: Path) -> None:
    """Raises StoreError for a log without its database; SQLite would make both anew."""
    log_path = path.with_name(path.name + "-wal")
    if _size(log_path) and not _size(path):
        raise StoreError(
            f"{path} is missing or empty, but {log_path} holds changes of it: restore the "
            f"database from a backup, or move {log_path.name} away to begin with an empty one"
        )


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0


def _unusable(path: Path, error: BaseException | None) -> StoreError:
    if isinstance(error, Exception) and isinstance(in_our_words(error), StoreDamaged):
        return StoreDamaged(
            f"{path} is not a SQLite database, or the database is damaged: restore a backup, or "
            f"check --database ({error})"
        )
    return StoreError(f"can't use {path} as a SQLite database: {error}")


def migrate_sqlite(
    path: Path, *, to: str = HEAD, copying: bool = False, told: Told | None = None
) -> None:
    """Creates the schema or brings it up to this version; arguments as those of `upgrade`."""
    engine = create_engine("sqlite://", creator=lambda: connect_sqlite(path))
    try:
        with engine.connect() as connection:
            # All or nothing: a start that is killed halfway leaves the database as it was.
            connection.exec_driver_sql("BEGIN IMMEDIATE")
            upgrade(connection, str(path), to=to, copying=copying, told=told)
            connection.commit()
    except DatabaseError as error:
        raise _unusable(path, error.orig) from error
    finally:
        engine.dispose()


def open_postgresql(url: PostgresUrl, *, told: Told | None = None) -> Database:
    # Slow to import, and useless to a node with SQLite.
    import asyncpg

    from tocsin.store.driver.postgresql import PostgresDatabase
    from tocsin.store.driver.primary.connecting import Primary, reason

    primary = Primary(url)
    try:
        # In a thread, because the caller's event loop is already running.
        with ThreadPoolExecutor(1) as thread:
            preparing = prepare_postgresql(primary, url.safe, told=told)
            thread.submit(asyncio.run, preparing).result()
    except DBAPIError as error:
        raise StoreError(f"can't use {url.safe}: {error.orig}") from error
    except (OSError, ValueError, asyncpg.PostgresError, asyncpg.InternalClientError) as error:
        raise StoreError(f"can't use {url.safe}: {reason(error)}; check --database") from error
    return PostgresDatabase(primary)


async def prepare_postgresql(
    primary: "Primary", safe_url: str, *, copying: bool = False, told: Told | None = None
) -> None:
    """Creates the schema or brings it up to this version, one node at a time."""
    from sqlalchemy.ext.asyncio import create_async_engine

    from tocsin.store.driver.primary.pools import refuse_transaction_pools
    from tocsin.store.migrations.giving_way import upgrade_beside_nodes

    await refuse_transaction_pools(primary, safe_url)
    engine = create_async_engine(
        "postgresql+asyncpg://",
        # To migrate a large table takes long, and so does waiting for another node that does.
        async_creator=lambda: primary.connect(statement_seconds=None),
    )
    try:
        async with engine.connect() as connection:
            await upgrade_beside_nodes(connection, safe_url, copying=copying, told=told)
    finally:
        await engine.dispose()
