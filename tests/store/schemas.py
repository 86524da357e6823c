"""Databases of other schemas than this version's."""

from collections.abc import Callable
from importlib.resources import as_file, files
from typing import TypeVar

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, create_engine
from sqlalchemy.ext.asyncio import create_async_engine

from store.work import opened

T = TypeVar("T")


async def on_connection(url: str, work: Callable[[Connection], T]) -> T:
    """Runs work on a connection of SQLAlchemy, which the program itself does not use."""
    if url.startswith("sqlite"):
        engine = create_engine(url)
        with engine.connect() as connection:
            done = work(connection)
        engine.dispose()
        return done
    async_engine = create_async_engine(url.replace("postgresql:", "postgresql+asyncpg:"))
    async with async_engine.connect() as async_connection:
        done = await async_connection.run_sync(work)
    await async_engine.dispose()
    return done


async def create(url: str) -> None:
    async with opened(url):
        pass


def upgrade_to(revision: str) -> Callable[[Connection], None]:
    def upgrade(connection: Connection) -> None:
        with as_file(files("tocsin.store.migrations")) as scripts:
            config = Config()
            config.set_main_option("script_location", str(scripts))
            config.attributes["connection"] = connection
            command.upgrade(config, revision)
            connection.commit()

    return upgrade


def written_by(revision: str, oldest_known: str | None) -> Callable[[Connection], None]:
    """Makes it a store of another version."""

    def stamp(connection: Connection) -> None:
        connection.exec_driver_sql(f"UPDATE alembic_version SET version_num = '{revision}'")
        if oldest_known is None:
            connection.exec_driver_sql("DROP TABLE compatibility")
        else:
            connection.exec_driver_sql(f"UPDATE compatibility SET oldest_known = '{oldest_known}'")
        connection.commit()

    return stamp
