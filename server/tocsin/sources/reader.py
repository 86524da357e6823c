"""Sources that are asked for their events: what reads one, and what it is given.

A reader is one module for one protocol. The engine keeps it reading for the triggers there are,
on this node; what it reads it hands in by its `Line`, and acknowledges after that returned.
"""

from collections.abc import Collection, Hashable, Sequence
from typing import Protocol

from tocsin.plans.plan import Plan
from tocsin.sources.incoming import Incoming, Taken
from tocsin.sources.kinds.catalog import KINDS
from tocsin.store.driver.transaction import Transaction
from tocsin.store.triggers.changes import count_change

# Kinds whose sources keep nothing for a trigger that is paused. They are read all the same: what
# comes meanwhile is lost, and counted.
UNBUFFERED = frozenset(("iot_message", "iot_broker_message"))


def wake_readers(tx: Transaction, kind: str) -> None:
    """Makes all nodes read the triggers of a kind again after the commit, if its sources are read.

    It belongs into the transaction that creates, changes or deletes such a trigger.
    """
    if kind in KINDS and KINDS[kind].pulled:
        count_change(tx, kind)


class SourceFailed(Exception):
    """The source can't be read at the moment, or as it is configured; the message says why."""


class Line(Protocol):
    """What a reader is given: triggers that are read together, and the way into the engine."""

    @property
    def plans(self) -> Sequence[Plan]:
        """The triggers as they are now, of one place, at least one.

        They are active, but those of kinds that are `UNBUFFERED`.
        """

    @property
    def ended(self) -> bool:
        """Whether the reading is cancelled since no trigger of the place is left."""

    async def changed(self) -> None:
        """Returns once `plans` are others than at the last call, or at the beginning."""

    async def take(self, incoming: Sequence[Incoming]) -> list[Taken]:
        """Takes events; returns once they are durable, so that they may be acknowledged.

        Raises:
            StoreUnavailable: the store can't be reached. Some of them may have been taken.
        """

    def received(self, trigger_ids: Collection[str]) -> None:
        """Events that were for these triggers, not named by `trigger_id`, are taken."""

    def connected(self) -> None:
        """The source answers. Call it as often as it does."""

    def troubled(self, error: str, trigger_id: str | None = None) -> None:
        """Something is wrong, of one trigger or of all of them, and the reading goes on."""

    def refused(self, trigger_id: str, events: int, why: str) -> None:
        """Events came that can't be delivered, whatever is done, and were left out."""


class Reader(Protocol):
    """Reads the sources of some kinds of rules by one protocol."""

    @property
    def kinds(self) -> Collection[str]:
        """The names of the rules."""

    def place(self, plan: Plan) -> Hashable:
        """Returns where a trigger's events are read. Triggers of one place share a `read`.

        A reader that reads for each trigger alone makes the trigger's id a part of it, and whatever
        of the rule it goes by: one that changes its place is read anew.

        Raises:
            SourceFailed: as it is configured, it can't be read. It is asked again at the next start
                or change.
        """

    async def read(self, line: Line) -> None:
        """Reads until it is cancelled. If it raises or returns, it is called again after a pause,
        which grows while the source does not answer.

        Raises:
            SourceFailed: the source can't be read now. Any other error goes to the log whole.
        """

    async def close(self) -> None:
        """Lets go of connections, after the last `read`."""
