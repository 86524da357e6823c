"""The store as the rest of the program sees it: committed reads, durable writes."""

from typing import Protocol, TypeVar

from tocsin.store.transaction import Work

T = TypeVar("T")


class StoreError(Exception):
    """The store can't be opened or used; the message says what to do."""


class Database(Protocol):
    async def read(self, work: Work[T]) -> T:
        """Runs `work`, which only reads, on committed data."""

    async def write(self, work: Work[T]) -> T:
        """Runs `work` in a transaction and returns once that is durable.

        Work shares its commit with other work and must have no effect but on the transaction it is
        given. What it raises is raised here, and its writes are undone.
        """

    async def close(self) -> None:
        """Finishes what was handed in, then lets go of the database."""
