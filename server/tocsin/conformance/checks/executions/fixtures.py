"""What the checks of executions share."""

from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from tocsin.conformance.checks.executions.cases import TEXT
from tocsin.conformance.checks.executions.runs import Runs
from tocsin.conformance.made import Made
from tocsin.conformance.patience import unix_seconds
from tocsin.conformance.peer import Peer


@dataclass(frozen=True, slots=True)
class Three:
    """Holds the ids of three executions, which were made in this order."""

    runs: Runs
    waiting: str
    cancelled: str
    done: str
    """It has the parameters `text`, TEXT, and `n`, 7."""
    began: float
    """Seconds since 1970, before they were made."""

    @property
    def ids(self) -> list[str]:
        return [self.waiting, self.cancelled, self.done]

    def named(self, ids: list[str]) -> set[str]:
        """Returns what these ids are called here."""
        names = {self.waiting: "waiting", self.cancelled: "cancelled", self.done: "done"}
        return {names.get(each, each) for each in ids}

    def id_of(self, name: str) -> str:
        """Returns the id of the one that is called so here."""
        return {"waiting": self.waiting, "cancelled": self.cancelled, "done": self.done}[name]


@pytest.fixture
def runs(peer: Peer, made: Made) -> Runs:
    return Runs(peer, made)


@pytest.fixture(scope="module")
def three(peer: Peer) -> Iterator[Three]:
    """One execution that waits, one that is cancelled, one that succeeded."""
    made = Made(peer)
    runs, began = Runs(peer, made), unix_seconds()
    parameters = {"text": {"stringValue": TEXT}, "n": {"intValue": "7"}}
    try:
        waiting, cancelled = runs.waiting(), runs.cancelled()
        yield Three(runs, waiting, cancelled, runs.done(inputParameters=parameters), began)
    finally:
        left = made.undo()
    assert not left, f"left behind: {'; '.join(left)}"
