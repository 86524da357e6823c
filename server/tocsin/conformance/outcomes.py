"""Decides what the result of a check is, and what all results together mean."""

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass, replace
from enum import StrEnum
from typing import Any

from tocsin.conformance.clauses import Clause, Level
from tocsin.conformance.wire.exchanges import Exchange


class Outcome(StrEnum):
    """What became of one check."""

    PASSED = "passed"
    FAILED = "failed"
    REPORTED = "reported"
    """A MAY that the server does otherwise: told, and no fault."""
    KNOWN = "known failing"
    FIXED = "fixed"
    """It is listed as known failing and passes: the list is out of date, and the run fails."""
    NOT_RUN = "not run"
    """It needs a feature that is declared missing, or an option that is not given."""


FAILURES = frozenset({Outcome.FAILED, Outcome.FIXED})


class Verdict(StrEnum):
    """What a run says of the server."""

    CONFORMS = "conforms"
    IN_PART = "conforms in part"
    """Nothing failed that was not declared, but a MUST or a SHOULD failed or did not run."""
    FAILS = "does not conform"
    NOTHING = "nothing was checked"
    INTERRUPTED = "interrupted"
    """The run was broken off, so what it found is no verdict."""


@dataclass(frozen=True, slots=True)
class Result:
    """What one check found."""

    clause: Clause
    outcome: Outcome
    reason: str = ""
    """What was wrong, or why the check did not run."""
    declared: str = ""
    """The reason that the list of known failures gives."""
    exchanges: tuple[Exchange, ...] = ()
    seconds: float = 0.0
    rerun: str = ""
    """The command that runs this check again."""

    def to_json(self) -> str:
        """Returns it as text: it crosses from the process of the check to that of the run."""
        return json.dumps(asdict(self))

    @staticmethod
    def from_json(text: str) -> "Result":
        """Reads what `to_json` returned."""
        values: dict[str, Any] = json.loads(text)
        clause = values.pop("clause")
        features = tuple(clause["features"])
        return Result(
            clause=Clause(**{**clause, "level": Level(clause["level"]), "features": features}),
            outcome=Outcome(values.pop("outcome")),
            exchanges=tuple(Exchange.from_dict(each) for each in values.pop("exchanges")),
            **values,
        )


def judged(found: Result, known: str | None) -> Result:
    """Returns the result of a check in the light of its level and of the known failures.

    Args:
        found: PASSED, FAILED or NOT_RUN.
        known: the reason in the list of known failures; None if the check is not in it.
    """
    if found.outcome is Outcome.NOT_RUN:
        return found
    if known is not None:
        failed = found.outcome is Outcome.FAILED
        return replace(found, outcome=Outcome.KNOWN if failed else Outcome.FIXED, declared=known)
    if found.outcome is Outcome.FAILED and found.clause.level is Level.MAY:
        return replace(found, outcome=Outcome.REPORTED)
    return found


def verdict(results: Iterable[Result], *, whole: bool) -> Verdict:
    """Returns what the results mean. What did not run is no pass.

    Args:
        results: of all checks that were chosen.
        whole: whether all checks of their profiles were chosen.
    """
    results = list(results)
    if not any(result.outcome is not Outcome.NOT_RUN for result in results):
        return Verdict.NOTHING
    if any(result.outcome in FAILURES for result in results):
        return Verdict.FAILS
    if not whole or any(binding(r) for r in results if r.outcome is not Outcome.PASSED):
        return Verdict.IN_PART
    return Verdict.CONFORMS


def binding(result: Result) -> bool:
    """Returns whether the clause is more than a MAY."""
    return result.clause.level is not Level.MAY
