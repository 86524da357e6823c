"""Opens a database by URL, creating it or bringing it up to date."""

from importlib.resources import as_file, files
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, create_engine
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, DatabaseError

from tocsin.store.database import Database, StoreError
from tocsin.store.sqlite import SqliteDatabase, connect, take_lock


def open_database(url: str) -> Database:
    """Opens the store at `url`: `sqlite:///relative.db` or `sqlite:////absolute.db`.

    Raises:
        StoreError: the URL is of another form, or the database is out of reach, in use,
            damaged, or written by a newer Tocsin.
    """
    path = sqlite_path(parsed(url))
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        lock = take_lock(path)
    except OSError as error:
        raise StoreError(f"{path} can't be used: {error.strerror}; is --database right?") from error
    try:
        migrate(path)
        return SqliteDatabase(path, lock=lock)
    except BaseException:
        lock.close()
        raise


def parsed(url: str) -> URL:
    try:
        return make_url(url)
    except ArgumentError as error:
        raise StoreError(f"not a database URL; expected {FORMS}") from error


FORMS = "sqlite:///relative.db or sqlite:////absolute.db"


def sqlite_path(url: URL) -> Path:
    if url.drivername != "sqlite":
        raise StoreError(
            f"a database of kind {url.drivername!r} can't be used by this version; expected {FORMS}"
        )
    if not url.database or url.database == ":memory:":
        raise StoreError(f"the database URL names no file; expected {FORMS}")
    return Path(url.database)


def migrate(path: Path) -> None:
    """Creates the schema or brings it up to this version."""
    engine = create_engine("sqlite://", creator=lambda: connect(path))
    try:
        with engine.connect() as connection, as_file(files("tocsin.store.migrations")) as scripts:
            upgrade(connection, scripts, path)
    except DatabaseError as error:
        raise StoreError(f"{path} is no usable SQLite database: {error.orig}") from error
    finally:
        engine.dispose()


def upgrade(connection: Connection, scripts: Path, path: Path) -> None:
    config = Config()
    config.set_main_option("script_location", str(scripts))
    config.attributes["connection"] = connection
    script = ScriptDirectory.from_config(config)
    known = {revision.revision for revision in script.walk_revisions()}
    current = MigrationContext.configure(connection).get_current_revision()
    if current is not None and current not in known:
        raise StoreError(
            f"{path} was written by a newer Tocsin (schema {current}, this one knows up to "
            f"{script.get_current_head()}): upgrade tocsin, or start with another --database"
        )
    command.upgrade(config, "head")
    connection.commit()
