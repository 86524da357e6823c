"""Opens a database by its URL; creates its schema or migrates it."""

import asyncio
import sqlite3
from concurrent.futures import ThreadPoolExecutor
from importlib.resources import as_file, files
from pathlib import Path
from typing import TYPE_CHECKING

import structlog
from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, create_engine, delete, exists, func, insert, inspect, select
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, DatabaseError, DBAPIError

from tocsin.store.driver.database import Database, StoreDamaged, StoreError
from tocsin.store.driver.file.connecting import connect as connect_sqlite
from tocsin.store.driver.file.connecting import in_our_words
from tocsin.store.driver.file.locks import take_lock
from tocsin.store.driver.primary.urls import SCHEMES, PostgresUrl, parse_url
from tocsin.store.driver.sqlite import SqliteDatabase
from tocsin.store.schema import LARGE_VALUES_KNOWN_SINCE, compatibility, large_values

if TYPE_CHECKING:
    from tocsin.store.driver.primary.connecting import Primary

log = structlog.get_logger(__name__)

FORMS = (
    "sqlite:///relative.db, sqlite:////absolute.db, "
    "postgresql://user:password@host:port/database or …@host1:port1,host2:port2/database"
)
# An arbitrary number that other programs in the same database are unlikely to lock.
MIGRATION_LOCK = 0x746F6373696E


def open_database(url: str, *, durable: bool = True) -> Database:
    """Opens the store.

    Args:
        url: names a SQLite file or a PostgreSQL database, as in FORMS.
        durable: whether SQLite waits for the disk at each commit. Without it, writes survive a
            crash of this process, but not of the machine.

    Raises:
        StoreError: the URL has another form, or the database can't be reached, is in use, is
            damaged, or was written by a newer Tocsin.
    """
    scheme, separator, _ = url.partition("://")
    if separator and scheme in SCHEMES:
        return open_postgresql(parse_url(url))
    return open_sqlite(sqlite_path(parsed_url(url)), durable=durable)


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


def open_sqlite(path: Path, *, durable: bool = True) -> SqliteDatabase:
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        _refuse_lone_log(path)
        lock = take_lock(path)
    except OSError as error:
        raise StoreError(f"can't use {path}: {error.strerror}; check --database") from error
    try:
        migrate_sqlite(path)
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


def migrate_sqlite(path: Path) -> None:
    """Creates the schema or brings it up to this version."""
    engine = create_engine("sqlite://", creator=lambda: connect_sqlite(path))
    try:
        with engine.connect() as connection:
            # All or nothing: a start that is killed halfway leaves the database as it was.
            connection.exec_driver_sql("BEGIN IMMEDIATE")
            upgrade(connection, str(path))
    except DatabaseError as error:
        raise _unusable(path, error.orig) from error
    finally:
        engine.dispose()


def open_postgresql(url: PostgresUrl) -> Database:
    # Slow to import, and useless to a node with SQLite.
    import asyncpg

    from tocsin.store.driver.postgresql import PostgresDatabase
    from tocsin.store.driver.primary.connecting import Primary, reason

    primary = Primary(url)
    try:
        # In a thread, because the caller's event loop is already running.
        with ThreadPoolExecutor(1) as thread:
            thread.submit(asyncio.run, prepare_postgresql(primary, url.safe)).result()
    except DBAPIError as error:
        raise StoreError(f"can't use {url.safe}: {error.orig}") from error
    except (OSError, ValueError, asyncpg.PostgresError, asyncpg.InternalClientError) as error:
        raise StoreError(f"can't use {url.safe}: {reason(error)}; check --database") from error
    return PostgresDatabase(primary)


async def prepare_postgresql(primary: "Primary", safe_url: str) -> None:
    """Creates the schema or brings it up to this version, one node at a time."""
    from sqlalchemy.ext.asyncio import create_async_engine

    from tocsin.store.driver.primary.pools import refuse_transaction_pools

    await refuse_transaction_pools(primary, safe_url)
    engine = create_async_engine(
        "postgresql+asyncpg://",
        # To migrate a large table takes long, and so does waiting for another node that does.
        async_creator=lambda: primary.connect(statement_seconds=None),
    )
    try:
        async with engine.connect() as connection:
            # Held until the commit: nodes that start meanwhile wait, and find the schema migrated.
            await connection.execute(select(func.pg_advisory_xact_lock(MIGRATION_LOCK)))
            await connection.run_sync(upgrade, safe_url)
    finally:
        await engine.dispose()


def upgrade(connection: Connection, safe_url: str) -> None:
    """Migrates the schema to this version, unless it is newer.

    A newer schema says which older nodes may still use it (`oldest_known` of its migrations), so
    that nodes of two versions run side by side during an upgrade.

    Raises:
        StoreError: the schema is too new for this version.
    """
    with as_file(files("tocsin.store.migrations")) as scripts:
        config = Config()
        config.set_main_option("script_location", str(scripts))
        config.attributes["connection"] = connection
        script = ScriptDirectory.from_config(config)
        known = {revision.revision for revision in script.walk_revisions()}
        head = script.get_revision("head")
        current = MigrationContext.configure(connection).get_current_revision()
        if current is not None and current not in known:
            _work_on_newer(connection, safe_url, current, head.revision)
            return
        command.upgrade(config, "head")
        _tell_oldest_known(connection, head.module.oldest_known)
        connection.commit()


def _work_on_newer(connection: Connection, safe_url: str, current: str, head: str) -> None:
    oldest = None
    # A schema without this table is too old to be unknown to this version.
    if inspect(connection).has_table(compatibility.name):
        oldest = connection.execute(select(compatibility.c.oldest_known)).scalar()
    if oldest is None or head < oldest:
        serves = "" if oldest is None else f" for nodes from {oldest} on"
        raise StoreError(
            f"{safe_url} was written by a newer Tocsin (its schema is {current}{serves}, this "
            f"version knows schemas up to {head}): upgrade tocsin, or give another --database"
        )
    log.warning("the store's schema is newer, upgrade this node soon", schema=current, known=head)


def _tell_oldest_known(connection: Connection, oldest: str) -> None:
    if connection.execute(select(exists().select_from(large_values))).scalar():
        oldest = max(oldest, LARGE_VALUES_KNOWN_SINCE)
    if connection.execute(select(compatibility.c.oldest_known)).scalar() != oldest:
        connection.execute(delete(compatibility))
        connection.execute(insert(compatibility).values(oldest_known=oldest))
