"""Defines the store for the rest of the program: committed reads, durable writes."""

from asyncio import Future
from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Protocol, TypeVar

from tocsin.store.driver.bells import Bell, Listener
from tocsin.store.driver.changes import Written
from tocsin.store.driver.transaction import Work

T = TypeVar("T")


class CommitObserver:
    """Observes commits; this base class ignores them.

    Its method is called on the event loop, must be quick and must not raise.
    """

    def committing(self, calls: int) -> Callable[[bool], None]:
        """Called when a group begins to commit.

        Args:
            calls: the number of pieces of work in the group.

        Returns:
            A function that is called with whether the group became durable.
        """
        del calls
        return _ignored


def _ignored(_durable: bool) -> None: ...


class StoreError(Exception):
    """The store can't be opened or used; the message says what to do."""


class StoreUnavailable(StoreError):
    """The store can't be reached now. Writes under way may be durable or lost."""


class StoreFull(StoreUnavailable):
    """The store has no space left, and has written nothing."""


class StoreDamaged(StoreError):
    """Data of the store is lost; only a backup helps."""


class Database(Protocol):
    @property
    def exclusive(self) -> bool:
        """Whether no other node can use the store."""

    @property
    def fault(self) -> str | None:
        """What is wrong with the store though it may answer; None if nothing is known."""

    async def read(self, work: Work[T]) -> T:
        """Runs `work`, which only reads, on committed data.

        Raises:
            StoreUnavailable: the store can't be reached.
            StoreDamaged: the rows can't be read any more.
        """

    async def read_snapshot(self, work: Work[T]) -> T:
        """Does as `read`, but all statements of `work` see the store as it was at one moment.

        This is for lists that several statements make: otherwise a row that changes from what one
        of them finds into what another one finds could be in both, or in none.
        """

    def write(self, work: Work[T]) -> Future[T]:
        """Runs `work` in a transaction, and returns its result once the transaction is durable.

        Bells of the transaction ring then, even if the client has hung up.

        Work shares its commit with other work, may run again from its start when other transactions
        conflict with it, and must have no effect but on the transaction that it is given. What it
        raises is raised here, and its writes are undone.

        Raises:
            StoreUnavailable: the store can't be reached, or does not answer.
            StoreFull: the store has no space left.
            StoreDamaged: rows that the work needs can't be read any more.
        """

    async def now(self) -> datetime | None:
        """Reads the store's clock; returns None for a store that goes by this machine's."""

    def on(self, bell: Bell, listener: Listener) -> None:
        """Calls `listener` whenever any node rings a bell.

        Bells of other nodes are hints that may get lost, so nothing may depend on them.
        """

    def listen(self, look: Callable[[], None], sleep: Callable[[float], Awaitable[None]]) -> None:
        """Begins to receive the bells of other nodes.

        Args:
            look: is called when other nodes may have rung any bell: at the beginning, after the
                connection was lost, and when a node of 0.1.0 rings, which does not name its bell.
            sleep: waits some seconds before the next attempt to connect.
        """

    def on_changes(self, listener: Callable[[Written | None], None]) -> None:
        """Calls `listener` with the watched rows that any node changed, while they are followed.

        None means that rows may have changed that are not named. There is one listener.
        """

    def follow_changes(self, follow: bool) -> None:
        """Begins or ends to follow changes, for which the other nodes are asked.

        What they changed in the moments after the beginning may not be named: the listener is
        called with None when each of them begins to tell.
        """

    def observe(self, observer: CommitObserver) -> None:
        """Calls the observer at each commit from now on."""

    async def close(self) -> None:
        """Finishes the work that was handed in, then closes the database."""
