"""Runs the checks of the suite against wrong servers, in one session of its own engine."""

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import pytest

from mutants.declaring import Mutant
from tocsin.conformance.clauses import Clause
from tocsin.conformance.options import Options
from tocsin.conformance.outcomes import FAILURES, Outcome, Result
from tocsin.conformance.plugin import RESULT, clause_of
from tocsin.conformance.running import run

HONEST = "honest"

Step = tuple[Mutant | None, str]
"""A wrong server, or None for the honest one, and the clause whose check it meets."""


@dataclass(frozen=True, slots=True)
class Seen:
    """What one check said of one server."""

    mutant: str
    """Its id; `honest` for the server without a change."""
    clause: str
    outcome: str
    """Of the suite: passed, failed, not run."""
    reason: str
    seconds: float

    def to_json(self) -> str:
        return json.dumps(asdict(self))


class Catching:
    """Takes the place of pytest's loop: each check runs as often as there are servers for it."""

    def __init__(
        self,
        plan: Callable[[Sequence[Clause]], Iterator[Step]],
        become: Callable[[Mutant | None], None],
        tell: Callable[[Seen], None],
        *,
        keeps: bool,
    ) -> None:
        self._keeps = keeps
        self._plan = plan
        self._become = become
        self._tell = tell
        self._reports: list[pytest.TestReport] = []

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        """Runs the plan: pairs of a wrong server and a clause."""
        items = {item.name: item for item in session.items}
        steps = list(self._plan([clause_of(item) for item in session.items]))
        for step, following in zip(steps, [*steps[1:], (None, "")], strict=True):
            wrong, clause = step
            name = HONEST if wrong is None else wrong.id
            if clause not in items:
                self._tell(Seen(name, clause, "unknown", "the suite has no such clause", 0))
                continue
            self._become(wrong)
            try:
                self._tell(self._ran(items[clause], name, self._next(step, following, items)))
            finally:
                self._become(None)
        return True

    def _next(self, step: Step, following: Step, items: dict[str, pytest.Item]) -> Any:
        """Returns the item for which pytest leaves fixtures set up.

        What fixtures remember of one server, no other is held to.
        """
        if self._keeps:
            return _Next(items[step[1]])
        return items.get(following[1]) if step[0] is following[0] is None else None

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Keeps what the check said."""
        self._reports.append(report)

    def _ran(self, item: pytest.Item, name: str, following: Any) -> Seen:
        self._reports.clear()
        item.ihook.pytest_runtest_protocol(item=item, nextitem=following)
        return _seen(item, name, self._reports)


class _Next:
    """Stands for an item that shares nothing with the one before but the session's fixtures."""

    def __init__(self, before: pytest.Item) -> None:
        self._session = before.session

    def listchain(self) -> list[pytest.Session]:
        """Returns what pytest leaves set up for it."""
        return [self._session]


def _seen(item: pytest.Item, name: str, reports: Sequence[pytest.TestReport]) -> Seen:
    results = [Result.from_json(text) for each in reports if (text := getattr(each, RESULT, None))]
    worst = next((each for each in results if each.outcome in FAILURES), None)
    result = worst or next(iter(results), None)
    seconds = round(sum(each.duration for each in reports), 3)
    if result is None:
        return Seen(name, item.name, Outcome.FAILED, "the check said nothing", seconds)
    return Seen(name, item.name, result.outcome, result.reason, seconds)


def catch(
    options: Options,
    plan: Callable[[Sequence[Clause]], Iterator[Step]],
    become: Callable[[Mutant | None], None],
    tell: Callable[[Seen], None],
    *,
    keeps: bool = False,
    only: str | None = None,
) -> None:
    """Runs a plan in one session of pytest.

    Args:
        options: of the suite; they name the proxies.
        plan: given the clauses of the suite, yields which server meets which check.
        become: makes the proxies this wrong server, or the honest one.
        tell: called with what each check said.
        keeps: whether fixtures of the session stay from one server to the next.
        only: which checks are collected, as for -k; None for all.
    """
    run(
        options,
        only,
        stop_at_first=False,
        workers=0,
        begin=lambda _: None,
        tell=lambda _: None,
        plugins=[Catching(plan, become, tell, keeps=keeps)],
    )
