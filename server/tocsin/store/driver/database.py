"""The store as the rest of the program sees it: committed reads, durable writes."""

from asyncio import Future
from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Protocol, TypeVar

from tocsin.store.driver.bells import Bell, Listener
from tocsin.store.driver.transaction import Work

T = TypeVar("T")


class CommitObserver:
    """Watches nothing; whoever watches commits overrides its method.

    It is called on the event loop, must be quick and must not raise.
    """

    def committing(self, calls: int) -> Callable[[bool], None]:
        """A group of so many calls begins; what is returned is told whether it became durable."""
        del calls
        return _ignored


def _ignored(_durable: bool) -> None: ...


class StoreError(Exception):
    """The store can't be opened or used; the message says what to do."""


class StoreUnavailable(StoreError):
    """The store can't be reached now. What was being written may be there, or may not."""


class StoreFull(StoreUnavailable):
    """There is no space left; nothing of what was to be written is there."""


class Database(Protocol):
    @property
    def exclusive(self) -> bool:
        """Whether this node has the store to itself."""

    async def read(self, work: Work[T]) -> T:
        """Runs `work`, which only reads, on committed data.

        Raises:
            StoreUnavailable: the store can't be reached.
        """

    def write(self, work: Work[T]) -> Future[T]:
        """Runs `work` in a transaction; what it returns is there once that is durable.

        The bells that it rang are rung then, even if nobody waits for the answer any more.

        Work shares its commit with other work, may be run again from its start where others got in
        its way, and must have no effect but on the transaction it is given. What it raises is
        raised here, and its writes are undone.

        Raises:
            StoreUnavailable: the store can't be reached, or can't be brought to an answer.
            StoreFull: it has no space left.
        """

    async def now(self) -> datetime | None:
        """Asks the store's own clock; None: that is this machine's."""

    def on(self, bell: Bell, listener: Listener) -> None:
        """Makes `listener` hear a bell from here on, whichever node rings it.

        A bell of another node is a hint. One may get lost, so nobody may depend on it.
        """

    def listen(self, look: Callable[[], None], sleep: Callable[[float], Awaitable[None]]) -> None:
        """Begins to hear other nodes.

        Args:
            look: is called where other nodes may have rung any bell: at the beginning, after the
                connection was lost, and when a node of 0.1.0 rings, which does not say what for.
            sleep: waits before the store is asked again after it was lost.
        """

    def observe(self, observer: CommitObserver) -> None:
        """From here on the observer is told of commits."""

    async def close(self) -> None:
        """Finishes what was handed in, then lets go of the database."""
