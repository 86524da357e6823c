"""Defines the observer, to which the engine reports what it does."""

from datetime import datetime, timedelta

from tocsin.engine.ticks.misfires import Missed
from tocsin.store.invocations.deliveries import Ending
from tocsin.store.invocations.rows import Invocation


class Observer:
    """Ignores all reports; subclasses override the methods that they need.

    The engine calls a method on the event loop, once for each thing that happened, after it is
    durable. A method must be quick and must not raise.
    """

    def fired(self, kind: str, invocations: int) -> None:
        """Reports that events of rules of a kind (`timer`, …) became invocations."""

    def misfired(self, missed: Missed) -> None:
        """Reports missed ticks of a timer, and the decision about them."""

    def claimed(self, invocations: int) -> None:
        """Reports that this node claimed invocations."""

    def began(self, invocation: Invocation, at: datetime) -> str | None:
        """Reports that a call, or a try to put a dead letter into its queue, begins.

        Returns the `traceparent` to send to the target, or None without tracing.
        """
        del invocation, at
        return None

    def ended(
        self, invocation: Invocation, ending: Ending, began: datetime, ended: datetime
    ) -> None:
        """Reports that a call or try ended, after the ending was written."""

    def broke_off(self, invocation: Invocation) -> None:
        """Reports that a call or try broke off without an ending."""

    def payloads_under_way(self, size: int) -> None:
        """Reports the bytes of large payloads that this node holds for its deliveries."""

    def answers_under_way(self, size: int) -> None:
        """Reports the bytes of large answers that this node reads or has not written yet."""

    def lease_lost(self) -> None:
        """Reports that another node took over a delivery of this node."""

    def source_stands(self, kind: str, *, healthy: bool) -> None:
        """Reports whether the sources of a kind can be read."""

    def step_failed(self, step: str) -> None:
        """Reports that a step of a loop raised an error, and is tried again."""

    def repaired(self, check: str, faults: int) -> None:
        """Reports that a check of the reconciler repaired faults."""

    def reconciled(self) -> None:
        """Reports that the reconciler completed a pass."""

    def deleted(self, table: str, rows: int) -> None:
        """Reports that old rows of a table were deleted."""

    def clock_measured(self, behind: timedelta) -> None:
        """Reports how far this machine's clock is behind the store's."""


UNOBSERVED = Observer()
