"""What a trigger was at which time, as far as its clients can know."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from faults.checking.journal import Call, Kind, Trigger
from faults.load.events import EventRule
from schedule.cron_model import Model

FOR_EVER = datetime(2099, 12, 31, tzinfo=UTC)
MOMENT = timedelta(microseconds=1)
ON = (Kind.CREATE, Kind.RESUME)
OFF = (Kind.PAUSE, Kind.DELETE)


@dataclass(frozen=True)
class State:
    """What a call leaves, until the next one: what the trigger means, and whether it fires."""

    call: Call
    following: Call | None
    cron: Model | None
    rule: EventRule | None
    active: bool

    @property
    def certain(self) -> tuple[datetime, datetime] | None:
        """While it was so beyond doubt: from the answer until the next call was asked for."""
        if self.call.answered is None:
            return None
        return self.call.answered, self.following.asked if self.following else FOR_EVER

    @property
    def possible(self) -> tuple[datetime, datetime]:
        """While it may have been so: from the question until the next call was answered."""
        answered = self.following and self.following.answered
        return self.call.asked, answered or FOR_EVER


def states(trigger: Trigger) -> Iterator[State]:
    active, cron, rule = False, None, None
    for call, following in zip(trigger.calls, [*trigger.calls[1:], None], strict=True):
        active = call.kind in ON or (active and call.kind not in OFF)
        cron, rule = call.cron or cron, call.rule or rule
        assert cron or rule, f"{trigger.name} begins with {call.kind}"
        yield State(call, following, cron, rule, active)


@dataclass(frozen=True)
class Span:
    """While a timer has a cron, from beyond `start` up to `end`."""

    start: datetime
    end: datetime
    cron: Model

    def ticks(self, since: datetime, until: datetime) -> Iterator[datetime]:
        """Its instants from `since` up to and including `until`."""
        for tick in self.cron.instants(since - MOMENT, until.date()):
            if tick > until:
                return
            yield tick


def certain_spans(trigger: Trigger) -> Iterator[Span]:
    """While it was an active timer beyond doubt."""
    for state in states(trigger):
        if state.active and state.cron and (certain := state.certain):
            yield Span(*certain, state.cron)


def possible_spans(trigger: Trigger) -> Iterator[Span]:
    """While it may have been an active timer."""
    for state in states(trigger):
        if state.active and state.cron:
            yield Span(*state.possible, state.cron)
