"""What clients asked for and what they were answered: all that the checker knows of a server."""

import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from faults.load.events import Event, EventRule
from schedule.cron_model import Model


class Kind(StrEnum):
    CREATE = "create"
    UPDATE = "update"
    PAUSE = "pause"
    RESUME = "resume"
    DELETE = "delete"


@dataclass
class Call:
    """A call that changes a trigger; repeated with its idempotency key until there is an answer.

    Without an answer it may have been carried out at any time from `asked` on, or not at all.
    """

    kind: Kind
    asked: datetime
    answered: datetime | None = None
    operation: str | None = None
    cron: Model | None = None
    """What the trigger's cron is from here on; only for create and update of a timer."""
    rule: EventRule | None = None
    """The same of a trigger that listens."""


@dataclass(frozen=True)
class Rewind:
    """The armed tick was set back to an instant, which makes all since then due.

    Of one that is not `certain` the store was lost before it said so.
    """

    began: datetime
    ended: datetime
    to: datetime
    certain: bool = True


@dataclass
class Trigger:
    """One trigger's life. Only one call of it is under way at a time."""

    name: str
    calls: list[Call] = field(default_factory=list)
    rewinds: list[Rewind] = field(default_factory=list)
    id: str | None = None

    @property
    def listens(self) -> bool:
        """Whether it is for events; else it is a timer."""
        return self.calls[0].rule is not None

    @property
    def cron(self) -> Model:
        """The latest that was asked for."""
        return next(call.cron for call in reversed(self.calls) if call.cron is not None)


@dataclass
class Execution:
    """An integration, scheduled under an id that the client made."""

    id: str
    due: datetime
    asked: datetime
    answered: datetime | None = None


@dataclass
class Journal:
    """Clients write to it at once; it is read when they are done."""

    triggers: list[Trigger] = field(default_factory=list)
    executions: list[Execution] = field(default_factory=list)
    events: list[Event] = field(default_factory=list)
    errors: dict[str, int] = field(default_factory=dict)
    """Calls that had to be repeated, by what they were told."""
    lock: threading.Lock = field(default_factory=threading.Lock)

    def new_trigger(self, name: str) -> Trigger:
        with self.lock:
            self.triggers.append(Trigger(name))
            return self.triggers[-1]

    def new_execution(self, execution: Execution) -> None:
        with self.lock:
            self.executions.append(execution)

    def new_event(self, event: Event) -> None:
        with self.lock:
            self.events.append(event)

    def refused(self, error: str) -> None:
        with self.lock:
            self.errors[error] = self.errors.get(error, 0) + 1

    def calls(self) -> Iterator[Call]:
        for trigger in self.triggers:
            yield from trigger.calls
