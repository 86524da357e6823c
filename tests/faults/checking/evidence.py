"""What was seen of a server, and what is said of it."""

from dataclasses import dataclass, field
from datetime import datetime

from faults.load.events import EventRule


@dataclass(frozen=True)
class Row:
    """An invocation as the store has it."""

    id: str
    origin: str
    scheduled_at: datetime
    created_at: datetime
    state: str
    attempts: int
    called_again: frozenset[int] = frozenset()
    """Attempts of which it says that a kept connection had ended: the target may see them twice."""
    parked: bool = False
    """Whether it waits until its trigger is resumed."""


@dataclass(frozen=True)
class Delivery:
    """A request as the target got it; of a tick also whose it is, and which.

    Of a batch: the name of its trigger, and the ids of its events.
    """

    id: str
    attempt: int
    at: datetime
    trigger_id: str | None = None
    tick: datetime | None = None
    listener: str | None = None
    events: tuple[str, ...] = ()


@dataclass(frozen=True)
class Intake:
    """What the API says of the events of a trigger: how many wait, how many its pauses lost."""

    waiting: int
    lost: int


@dataclass(frozen=True)
class Shown:
    """A trigger as the API shows it."""

    id: str
    active: bool
    cron: str
    rule: EventRule | None = None


@dataclass
class Evidence:
    """All that was seen of a server once it had nothing left to do, at `settled_at`."""

    settled_at: datetime
    rows: list[Row] = field(default_factory=list)
    deliveries: list[Delivery] = field(default_factory=list)
    triggers: dict[str, list[Shown]] = field(default_factory=dict)
    """By name."""
    intakes: dict[str, Intake] = field(default_factory=dict)
    """By the trigger's name; only of those that listen."""
    operations: set[str] = field(default_factory=set)
    """The ids of those that the API knows, and says are done."""
    executions: dict[str, str] = field(default_factory=dict)
    """What the API says of each id: `response`, `error`, `running` or `missing`."""


@dataclass(frozen=True)
class Problem:
    kind: str
    what: str


@dataclass
class Report:
    """What was compared, and all that is wrong."""

    counts: dict[str, int] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)

    def found(self, kind: str, what: str) -> None:
        self.problems.append(Problem(kind, what))

    @property
    def kinds(self) -> set[str]:
        return {problem.kind for problem in self.problems}

    def __str__(self) -> str:
        lines = [f"{count:>8}  {name}" for name, count in self.counts.items()]
        lines += [f"  {problem.kind}: {problem.what}" for problem in self.problems[:40]]
        return "\n".join(lines)
