"""Defines an end of a copy: a database that is read or filled by a command, without a server."""

from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager
from typing import Protocol, TypeVar

from sqlalchemy import Table

from tocsin.store.driver.transaction import Row, Transaction, Work

T = TypeVar("T")


class End(Protocol):
    """Runs work in transactions of its own, or in the one of `snapshot` or `transaction`."""

    @property
    def url(self) -> str:
        """The URL of the database, without its password."""

    @property
    def exclusive(self) -> bool:
        """Whether it is SQLite, which keeps large values in a table of their own."""

    async def read(self, work: Work[T]) -> T:
        """Runs work that only reads."""

    async def write(self, work: Work[T]) -> T:
        """Runs work in a transaction."""

    async def columns(self) -> dict[str, set[str]]:
        """Returns the names of the columns of each table that there is."""

    def snapshot(self) -> AbstractAsyncContextManager[None]:
        """Makes all reads within it see the database as it was at the first one."""

    def transaction(self) -> AbstractAsyncContextManager[None]:
        """Makes all writes within it durable together, at its end."""

    def filling(self) -> AbstractAsyncContextManager[None]:
        """Lets commits within it be durable later: in order, and at the next one after it."""

    async def beside(self) -> "End":
        """Opens the database once more, to read it while this end works."""

    def insert(
        self, tx: Transaction, table: Table, names: Sequence[str], rows: Sequence[Row]
    ) -> None:
        """Inserts rows in the work of `write`, as fast as the database can."""

    async def drop_indexes(self) -> list[str]:
        """Drops the indexes that are no constraints; returns the statements that make them."""

    async def missing_indexes(self, statements: Sequence[str]) -> list[str]:
        """Returns those of the statements whose index does not exist."""

    async def run(self, statements: Sequence[str]) -> None:
        """Runs statements without parameters."""

    async def close(self) -> None:
        """Closes the database, and lets other programs have it."""
