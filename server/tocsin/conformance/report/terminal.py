"""Writes to the terminal what a run will do, what it finds, and what that means."""

from collections.abc import Callable, Iterable, Iterator

from tocsin.conformance.clauses import Clause, Level
from tocsin.conformance.options import PROFILES, Options
from tocsin.conformance.outcomes import FAILURES, Outcome, Result, Verdict, binding

Say = Callable[[str], None]


def beginning(options: Options, clauses: list[Clause]) -> Iterator[str]:
    """Yields what the run will do, before it does anything."""
    rest = f" and REST at {options.rest}" if options.rest else ""
    yield f"{len(clauses)} checks against gRPC at {options.target}{rest}"
    chosen = ", ".join(
        f"{profile} ({count})"
        for profile in PROFILES
        if (count := sum(clause.profile == profile for clause in clauses))
    )
    yield f"Profiles: {chosen or 'none'}"
    for profile in PROFILES:
        if profile not in options.profiles and (missing := options.missing_for(profile)):
            yield f"Not run: {profile}, which needs {' and '.join(missing)}"
    yield f"It creates triggers in the folder {options.folder}, each with a name of its own"
    if "schedule" in options.profiles:
        yield f"It schedules {options.location}/integrations/{options.integration}"
    yield "It deletes what it has created."
    yield ""


def one(result: Result) -> Iterator[str]:
    """Yields what a check found, if anyone needs to know."""
    clause = result.clause
    if result.outcome is Outcome.PASSED:
        return
    yield f"{result.outcome.upper()}  {clause.id}  ({clause.level})"
    if result.outcome not in FAILURES:
        yield from _indented(result.declared or result.reason.splitlines()[0])
        return
    yield from _indented(clause.sentence)
    yield from _indented(f"Source: {clause.source}")
    if result.outcome is Outcome.FIXED:
        yield from _indented(
            f"It passes, but is listed as known failing ({result.declared}). "
            "Take it out of the list, or use --update-known-failing."
        )
    yield from _indented(result.reason)
    for exchange in result.exchanges[-SHOWN:]:
        yield ""
        yield from _indented("\n".join(exchange.lines()))
    if len(result.exchanges) > SHOWN:
        yield from _indented(
            f"({len(result.exchanges) - SHOWN} exchanges before; --report has all)"
        )
    yield ""
    yield from _indented(f"Again: {result.rerun}")
    yield ""


SHOWN = 6


def _indented(text: str) -> Iterator[str]:
    for line in text.splitlines():
        yield f"    {line}".rstrip()


def ending(results: Iterable[Result], verdict: Verdict, left_behind: list[str]) -> Iterator[str]:
    """Yields what the results mean."""
    results = list(results)
    for what in left_behind:
        yield f"Left behind: {what}"
    skipped = [r for r in results if r.outcome is Outcome.NOT_RUN and binding(r)]
    if skipped:
        yield "Not run, and so not passed:"
        for result in skipped:
            yield f"    {result.clause.id}  ({result.clause.level}): {result.reason}"
    yield ""
    yield "          " + "".join(f"{outcome:>15}" for outcome in Outcome)
    for level in Level:
        counts = [sum(r.outcome is o and r.clause.level is level for r in results) for o in Outcome]
        yield f"{level:<10}" + "".join(f"{count:>15}" for count in counts)
    yield ""
    ran = sum(r.outcome is not Outcome.NOT_RUN for r in results)
    passed = sum(r.outcome is Outcome.PASSED for r in results)
    yield f"The server {_VERDICTS[verdict]}: {passed} of {ran} executed checks passed."


_VERDICTS = {
    Verdict.CONFORMS: "conforms",
    Verdict.IN_PART: "conforms in part",
    Verdict.FAILS: "does not conform",
    Verdict.NOTHING: "was not checked",
}
