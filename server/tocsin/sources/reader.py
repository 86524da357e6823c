"""Defines the readers of pulled sources, one for each protocol.

The engine keeps a reader reading for the triggers on this node. The reader hands events in by its
`Line`, and acknowledges them after `take` has returned.
"""

from collections.abc import Collection, Hashable, Sequence
from typing import Protocol

from tocsin.plans.plan import Plan
from tocsin.sources.incoming import Incoming, Taken
from tocsin.sources.kinds.catalog import KINDS
from tocsin.store.driver.transaction import Transaction
from tocsin.store.triggers.changes import count_change

# Kinds whose sources keep nothing while a trigger is paused. They are read all the same, so that
# the lost events can be counted.
UNBUFFERED = frozenset(("iot_message", "iot_broker_message"))


def wake_readers(tx: Transaction, kind: str) -> None:
    """Makes all nodes load the triggers of a pulled kind again after the commit.

    Call it in the transaction that creates, changes or deletes such a trigger.
    """
    if kind in KINDS and KINDS[kind].pulled:
        count_change(tx, kind)


class SourceFailed(Exception):
    """A source can't be read now, or not as it is configured; the message says why."""


class Line(Protocol):
    """Gives a reader the triggers that share a reading, and the way into the engine."""

    @property
    def plans(self) -> Sequence[Plan]:
        """Returns the present triggers of the reading, at least one.

        They are active, except that those of `UNBUFFERED` kinds may be paused.
        """

    @property
    def ended(self) -> bool:
        """Returns whether the reading is cancelled because no trigger needs it any more."""

    async def changed(self) -> None:
        """Returns once `plans` have changed since the last call, or since the start."""

    async def take(self, incoming: Sequence[Incoming]) -> list[Taken]:
        """Accepts events; once it returns they are durable and can be acknowledged.

        Raises:
            StoreUnavailable: the store can't be reached; some events may have been accepted.
        """

    def received(self, trigger_ids: Collection[str]) -> None:
        """Reports that events without a `trigger_id` were accepted for these triggers."""

    def connected(self) -> None:
        """Reports that the source answers; call it at every answer."""

    def troubled(self, error: str, trigger_id: str | None = None) -> None:
        """Reports an error of one trigger, or of all; the reading goes on."""

    def refused(self, trigger_id: str, events: int, why: str) -> None:
        """Reports events that can never be delivered and were skipped."""


class Reader(Protocol):
    """Reads the sources of some kinds by one protocol."""

    @property
    def kinds(self) -> Collection[str]:
        """Returns the names of the kinds."""

    def reading_key(self, plan: Plan) -> Hashable:
        """Returns the key of a trigger's reading; triggers with the same key share one `read`.

        A reader that reads for each trigger alone includes the trigger's id, and all settings of
        the rule that it uses: a trigger whose key changes is read anew.

        Raises:
            SourceFailed: the source can't be read as it is configured. The engine asks again at the
                next start or change.
        """

    async def read(self, line: Line) -> None:
        """Reads until it is cancelled.

        After an error or a return, the engine calls it again after a pause, which grows until the
        source gives events or answers for a while.

        Raises:
            SourceFailed: the source can't be read now; any other error is logged with a traceback.
        """

    async def close(self) -> None:
        """Closes connections after the last `read`."""
