"""Pieces of work for the stores' tests."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TypeVar

from sqlalchemy.util.concurrency import greenlet_spawn

from tocsin.store.driver.database import Database
from tocsin.store.driver.opening import open_database
from tocsin.store.driver.postgresql import PostgresDatabase, PostgresTransaction
from tocsin.store.driver.transaction import Transaction, Work
from tocsin.store.triggers.rows import NameFilter, insert_trigger, page_of_triggers

T = TypeVar("T")


def add(trigger_id: str, name: str = "") -> Work[str]:
    def work(tx: Transaction) -> str:
        insert_trigger(
            tx, trigger_id=trigger_id, folder_id="f", name=name, contract="c", message=b"m"
        )
        return trigger_id

    return work


async def ids(database: Database) -> list[str]:
    rows = await database.read(
        lambda tx: page_of_triggers(tx, folder_id="f", names=NameFilter(), after="", limit=1000)
    )
    return [row[0] for row in rows]


@asynccontextmanager
async def opened(url: str) -> AsyncIterator[Database]:
    database = open_database(url)
    try:
        yield database
    finally:
        await database.close()


@asynccontextmanager
async def two_nodes(url: str) -> AsyncIterator[tuple[Database, Database]]:
    async with opened(url) as first, opened(url) as second:
        yield first, second


@asynccontextmanager
async def held_open(database: Database, work: Work[T]) -> AsyncIterator[T]:
    """Runs work, and commits only at the end."""
    assert isinstance(database, PostgresDatabase)
    async with database._writers.one() as session, session.connection.transaction():
        transaction = PostgresTransaction(session, database._statements)
        yield await greenlet_spawn(work, transaction)
