"""Opens the end of a copy by its URL."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

from sqlalchemy import Select, column, select, table

from tocsin.store.copying.ends import file
from tocsin.store.copying.ends.protocol import End
from tocsin.store.driver.database import StoreError
from tocsin.store.driver.opening import parsed_url, sqlite_path
from tocsin.store.driver.primary.urls import SCHEMES, PostgresUrl, parse_url
from tocsin.store.migrations.steps import newest_schema

if TYPE_CHECKING:
    from tocsin.store.copying.ends.server import ServerEnd


def place_of(url: str) -> Path | PostgresUrl:
    """Returns what a URL names: a file, or a PostgreSQL database.

    Raises:
        StoreError: the URL has another form.
    """
    scheme, separator, _ = url.partition("://")
    if separator and scheme in SCHEMES:
        return parse_url(url)
    return sqlite_path(parsed_url(url))


async def open_to_read(url: str) -> End:
    """Opens a database to read it beside servers; it is not migrated.

    Raises:
        StoreError: it does not exist, can't be reached, or is not a database.
    """
    place = place_of(url)
    return file.open_to_read(place) if isinstance(place, Path) else await _server(place)


async def open_beside(url: str) -> End:
    """Opens a database to change single rows beside servers; it is not migrated.

    Raises:
        StoreError: it does not exist, can't be reached, or is not a database.
    """
    place = place_of(url)
    return file.open_beside(place) if isinstance(place, Path) else await _server(place)


async def open_alone(url: str) -> End:
    """Makes a database or migrates it, and keeps servers away until the end is closed.

    Raises:
        StoreError: a server is using it, or it can't be used.
    """
    place = place_of(url)
    return file.open_alone(place) if isinstance(place, Path) else await _server(place, alone=True)


async def _server(url: PostgresUrl, *, alone: bool = False) -> "ServerEnd":
    # asyncpg is slow to import, and useless to those with SQLite.
    from tocsin.store.copying.ends.server import open_server

    return await open_server(url, alone=alone)


async def schema_of(end: End) -> str:
    """Returns the revision of a database's schema.

    Raises:
        StoreError: the database is not Tocsin's.
    """
    if "alembic_version" not in await end.columns():
        raise StoreError(f"{end.url} is not a database of Tocsin: it has no schema of it")
    version: Select[Any] = select(column("version_num")).select_from(table("alembic_version"))
    revision: str | None = await end.read(lambda tx: tx.value(version))
    if revision is None:
        raise StoreError(f"{end.url} is not a database of Tocsin: its schema has no version")
    return revision


async def schema_to_copy(end: End) -> str:
    """Returns the revision of a database's schema, if this version knows all that it can hold.

    Raises:
        StoreError: the database is not Tocsin's, or a newer version has migrated it.
    """
    revision, newest = await schema_of(end), newest_schema()
    if revision.isdigit() and revision > newest:
        raise StoreError(
            f"{end.url} was written by a newer Tocsin: its schema is {revision}, and this version, "
            f"which knows schemas up to {newest}, would lose what it does not know. Use one whose "
            f"`tocsin version` names the schema {revision} or a later one"
        )
    return revision
