"""Holds a run and what came of it, for all forms of the report."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from tocsin.conformance.clauses import Level
from tocsin.conformance.options import PROFILES, Options
from tocsin.conformance.outcomes import Outcome, Result, Verdict

# The order in which people want to read results.
SEVERITY = (
    Outcome.FAILED,
    Outcome.FIXED,
    Outcome.KNOWN,
    Outcome.REPORTED,
    Outcome.NOT_RUN,
    Outcome.PASSED,
)


@dataclass(frozen=True, slots=True)
class Run:
    """A run that is over."""

    options: Options
    suite: str
    """Name and version of what has checked."""
    started: str
    """When it began, as RFC 3339 in UTC."""
    seconds: float
    expression: str | None
    """The -k of the run; with it not all clauses of a profile were chosen."""
    missing: dict[str, str]
    """The features that are declared missing, each with its reason."""
    results: Sequence[Result]
    verdict: Verdict
    left_behind: Sequence[str]

    def ran(self) -> list[Result]:
        """Returns the results of the checks that were executed."""
        return [result for result in self.results if result.outcome is not Outcome.NOT_RUN]

    def passed(self) -> int:
        """Returns how many checks passed."""
        return sum(result.outcome is Outcome.PASSED for result in self.results)

    def sentence(self) -> str:
        """Returns the verdict with its numbers."""
        return f"{SAID[self.verdict]}: {self.passed()} of {len(self.ran())} executed checks passed"

    def counts(self, profile: str | None = None, level: Level | None = None) -> Counter[Outcome]:
        """Returns how often each outcome was found, in a profile, at a level, or in all."""
        return Counter(
            result.outcome
            for result in self.results
            if profile in (None, result.clause.profile) and level in (None, result.clause.level)
        )

    def profiles(self) -> list[str]:
        """Returns the profiles of which checks were chosen, in their order."""
        there = {result.clause.profile for result in self.results}
        return [profile for profile in PROFILES if profile in there]

    def profiles_left_out(self) -> dict[str, str]:
        """Returns the profiles of which nothing was chosen, each with what it needs."""
        chosen = set(self.profiles())
        return {
            profile: f"needs {' and '.join(missing)}"
            if (missing := self.options.missing_for(profile))
            else "was not asked for"
            for profile in PROFILES
            if profile not in chosen
        }

    def by_severity(self) -> list[Result]:
        """Returns the results, failures first, each kind in the order of the ids."""
        return sorted(self.results, key=lambda r: (SEVERITY.index(r.outcome), r.clause.id))


SAID = {
    Verdict.CONFORMS: "The server conforms",
    Verdict.IN_PART: "The server conforms in part",
    Verdict.FAILS: "The server does not conform",
    Verdict.NOTHING: "Nothing was checked",
    Verdict.INTERRUPTED: "The run was interrupted",
}
