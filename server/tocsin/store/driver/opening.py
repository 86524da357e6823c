"""Opens a database by URL, creating it or bringing it up to date."""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from importlib.resources import as_file, files
from pathlib import Path

import structlog
from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, create_engine, delete, func, insert, inspect, select
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, DatabaseError, DBAPIError

from tocsin.store.driver.database import Database, StoreError
from tocsin.store.driver.sqlite import SqliteDatabase, take_lock
from tocsin.store.driver.sqlite import connect as connect_sqlite
from tocsin.store.schema import compatibility

log = structlog.get_logger(__name__)

FORMS = (
    "sqlite:///relative.db, sqlite:////absolute.db or postgresql://user:password@host:port/database"
)
# Any number that others in the same database are unlikely to lock.
MIGRATION_LOCK = 0x746F6373696E


def open_database(url: str, *, durable: bool = True) -> Database:
    """Opens the store at `url`: a file of SQLite, or a database of PostgreSQL.

    One of SQLite that is not `durable` survives the end of this process, but not of the machine.

    Raises:
        StoreError: the URL is of another form, or the database is out of reach, in use,
            damaged, or written by a newer Tocsin.
    """
    parsed = parsed_url(url)
    if parsed.drivername in ("postgresql", "postgres"):
        return open_postgresql(url, shown=without_secrets(parsed))
    return open_sqlite(sqlite_path(parsed), durable=durable)


def parsed_url(url: str) -> URL:
    try:
        return make_url(url)
    except (ArgumentError, ValueError):
        # The error would show the password.
        raise StoreError(f"not a database URL; expected {FORMS}") from None


def without_secrets(url: URL) -> str:
    bare = URL.create(url.drivername, url.username, None, url.host, url.port, url.database)
    return bare.render_as_string()


def sqlite_path(url: URL) -> Path:
    if url.drivername != "sqlite":
        raise StoreError(
            f"a database of kind {url.drivername!r} can't be used by this version; expected {FORMS}"
        )
    if not url.database or url.database == ":memory:":
        raise StoreError(f"the database URL names no file; expected {FORMS}")
    # One file by two names would have two locks.
    return Path(url.database).resolve()


def open_sqlite(path: Path, *, durable: bool = True) -> SqliteDatabase:
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        lock = take_lock(path)
        # Payloads are nobody else's; what SQLite puts beside the file gets the file's mode.
        path.touch(mode=0o600)
    except OSError as error:
        raise StoreError(f"{path} can't be used: {error.strerror}; is --database right?") from error
    try:
        migrate_sqlite(path)
        return SqliteDatabase(path, lock=lock, durable=durable)
    except BaseException:
        lock.close()
        raise


def migrate_sqlite(path: Path) -> None:
    """Creates the schema or brings it up to this version."""
    engine = create_engine("sqlite://", creator=lambda: connect_sqlite(path))
    try:
        with engine.connect() as connection:
            # All or nothing: a start that is killed on the way leaves what was there before.
            connection.exec_driver_sql("BEGIN IMMEDIATE")
            upgrade(connection, str(path))
    except DatabaseError as error:
        raise StoreError(f"{path} is no usable SQLite database: {error.orig}") from error
    finally:
        engine.dispose()


def open_postgresql(url: str, *, shown: str) -> Database:
    # Slow to import, and of no use to a node with SQLite.
    from tocsin.store.driver.connections import LOST, reason
    from tocsin.store.driver.postgresql import PostgresDatabase

    try:
        # In a thread, since the caller's loop already runs.
        with ThreadPoolExecutor(1) as thread:
            thread.submit(asyncio.run, migrate_postgresql(url, shown)).result()
    except (*LOST, ValueError) as error:
        raise StoreError(f"{shown} can't be used: {reason(error)}; is --database right?") from error
    except DBAPIError as error:
        raise StoreError(f"{shown} can't be used: {error.orig}") from error
    return PostgresDatabase(url)


async def migrate_postgresql(url: str, shown: str) -> None:
    """Creates the schema or brings it up to this version, one node at a time."""
    from sqlalchemy.ext.asyncio import create_async_engine

    from tocsin.store.driver.connections import connect

    engine = create_async_engine(
        "postgresql+asyncpg://",
        # A large table takes its time, and so does another node that migrates.
        async_creator=lambda: connect(url, statement_seconds=None),
    )
    try:
        async with engine.connect() as connection:
            # Until the commit; nodes that start meanwhile wait, and find nothing left to do.
            await connection.execute(select(func.pg_advisory_xact_lock(MIGRATION_LOCK)))
            await connection.run_sync(upgrade, shown)
    finally:
        await engine.dispose()


def upgrade(connection: Connection, shown: str) -> None:
    """Brings the schema up to this version, where it is not newer.

    A newer one says itself which nodes may still work on it (`oldest_known` of its migrations): so
    nodes of two versions run side by side while they are replaced one by one.

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
            _work_on_newer(connection, shown, current, head.revision)
            return
        command.upgrade(config, "head")
        _tell_oldest_known(connection, head.module.oldest_known)
        connection.commit()


def _work_on_newer(connection: Connection, shown: str, current: str, head: str) -> None:
    oldest = None
    # One so old that it does not say is none that this version does not know.
    if inspect(connection).has_table(compatibility.name):
        oldest = connection.execute(select(compatibility.c.oldest_known)).scalar()
    if oldest is None or head < oldest:
        serves = "" if oldest is None else f" and serves nodes from {oldest} on"
        raise StoreError(
            f"{shown} was written by a newer Tocsin (schema {current}{serves}; this one knows up "
            f"to {head}): upgrade tocsin, or start with another --database"
        )
    log.warning("the store's schema is newer, upgrade this node soon", schema=current, known=head)


def _tell_oldest_known(connection: Connection, oldest: str) -> None:
    if connection.execute(select(compatibility.c.oldest_known)).scalar() != oldest:
        connection.execute(delete(compatibility))
        connection.execute(insert(compatibility).values(oldest_known=oldest))
