"""Defines bells, which transactions ring: after the commit the store wakes the listening loops."""

from collections.abc import Callable, Mapping
from datetime import datetime
from enum import StrEnum
from typing import Any, TypeAlias

from tocsin.store.driver.instants import from_micros, to_micros


class Bell(StrEnum):
    """The work that a bell announces. Nodes send each other these values."""

    TICKS = "ticks"
    """A timer is armed for the instant."""
    BATCHES = "batches"
    """A batch of events is due at the instant."""
    DELIVERIES = "deliveries"
    """An invocation is due at the instant."""
    INTEGRATIONS = "integrations"
    """A version of an integration was published or taken back."""
    ENDINGS = "endings"
    """Executions ended, and somebody may be waiting for one of them."""
    PARKING = "parking"
    """A trigger was paused, resumed or deleted, and more waits for it than one step deals with."""
    JOBS = "jobs"
    """A job began that changes many invocations."""
    READERS = "readers"
    """A trigger with a pulled source changed, and so did the change number of its kind."""
    ACCESS = "access"
    """A role, an account or a credential was taken away."""


# Called on the event loop when a bell rings, with the instant that it was rung for (None: now). It
# must be quick and must not raise.
Listener: TypeAlias = Callable[[datetime | None], None]


class Rung:
    """Collects rung bells, each with its earliest instant, or None for now."""

    __slots__ = ("_instants",)

    def __init__(self) -> None:
        self._instants: dict[Bell, datetime | None] = {}

    def __bool__(self) -> bool:
        return bool(self._instants)

    def ring(self, bell: Bell, at: datetime | None = None) -> None:
        earliest = self._instants.get(bell, at)
        self._instants[bell] = None if at is None or earliest is None else min(at, earliest)

    def add(self, others: "Rung") -> None:
        for bell, at in others._instants.items():
            self.ring(bell, at)

    def items(self) -> list[tuple[Bell, datetime | None]]:
        return list(self._instants.items())

    def to_notice(self) -> dict[str, int | None]:
        """Returns the bells as a JSON object of some 100 bytes, for a notice to other nodes."""
        return {
            bell.value: None if at is None else to_micros(at) for bell, at in self._instants.items()
        }

    @classmethod
    def of_notice(cls, notice: Mapping[str, Any]) -> "Rung":
        """Reads the bells of a notice, without those that this version does not know.

        Raises:
            ValueError, TypeError, OverflowError: a bell has no instant.
        """
        rung = cls()
        for bell in Bell:
            if bell.value in notice:
                micros = notice[bell.value]
                rung.ring(bell, None if micros is None else from_micros(micros))
        return rung


class Listeners:
    """Keeps the loops of this node that listen to bells."""

    def __init__(self) -> None:
        self._listeners: dict[Bell, list[Listener]] = {bell: [] for bell in Bell}

    def add(self, bell: Bell, listener: Listener) -> None:
        self._listeners[bell].append(listener)

    def hear(self, rung: Rung) -> None:
        for bell, at in rung.items():
            for listener in self._listeners[bell]:
                listener(at)
