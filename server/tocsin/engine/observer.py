"""The engine tells an observer what it does."""

from datetime import datetime, timedelta

from tocsin.engine.ticks.misfires import Missed
from tocsin.store.invocations.deliveries import Ending
from tocsin.store.invocations.rows import Invocation


class Observer:
    """Watches nothing; whoever watches something overrides its method.

    Each is called on the event loop, once for each thing that happened, after it is durable. It
    must be quick and must not raise.
    """

    def fired(self, kind: str, invocations: int) -> None:
        """Events of rules of this kind (`timer`, …) became so many invocations."""

    def misfired(self, missed: Missed) -> None:
        """A timer's ticks were missed, and it was decided what becomes of them."""

    def claimed(self, invocations: int) -> None:
        """This node took so many for delivery."""

    def began(self, invocation: Invocation, at: datetime) -> str | None:
        """A call begins, or the try to put a dead letter into its queue.

        Returns the `traceparent` that the target is told; None: nobody traces.
        """
        del invocation, at
        return None

    def ended(
        self, invocation: Invocation, ending: Ending, began: datetime, ended: datetime
    ) -> None:
        """It ended; what becomes of the invocation is written."""

    def broke_off(self, invocation: Invocation) -> None:
        """It ended without an ending: the node stops, or failed."""

    def lease_lost(self) -> None:
        """What this node delivered another had taken over meanwhile."""

    def source_stands(self, kind: str, *, healthy: bool) -> None:
        """A source of this kind brings events, or can't at the moment."""

    def step_failed(self, step: str) -> None:
        """A step of one of the engine's loops raised, and is tried again."""

    def repaired(self, check: str, faults: int) -> None:
        """A check of the reconciler found so many faults, and repaired them."""

    def reconciled(self) -> None:
        """The reconciler has passed over everything once."""

    def deleted(self, table: str, rows: int) -> None:
        """Rows were deleted, since they were kept for long enough."""

    def clock_measured(self, behind: timedelta) -> None:
        """This machine's clock is so far behind the store's."""


UNOBSERVED = Observer()
