"""Writes to the terminal what a run will do, what it finds, and what that means."""

from collections import Counter
from collections.abc import Callable, Iterator

from tocsin.conformance.clauses import Clause, Level
from tocsin.conformance.options import PROFILES, Options
from tocsin.conformance.outcomes import FAILURES, Outcome, Result
from tocsin.conformance.report.summary import Run
from tocsin.printable import printable

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
    if result.outcome in (Outcome.PASSED, Outcome.NOT_RUN):
        return  # the ending counts what did not run, by reason
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
        yield f"    {printable(line)}".rstrip()


def ending(run: Run) -> Iterator[str]:
    """Yields what the results mean."""
    for what in run.left_behind:
        yield printable(f"Left behind: {what}")
    yield from _failures(run)
    yield from _not_run(run)
    yield ""
    yield f"{'':<8}" + "".join(f"{outcome:>15}" for outcome in Outcome)
    for level in Level:
        counts = run.counts(level=level)
        yield f"{level:<8}" + "".join(f"{counts[outcome]:>15}" for outcome in Outcome)
    yield ""
    yield f"{run.sentence()}, in {run.seconds:.0f} seconds."


def _failures(run: Run) -> Iterator[str]:
    """Yields a line for each failure: their exchanges, above, may be many screens."""
    failed = [result for result in run.results if result.outcome in FAILURES]
    if failed:
        yield "Failed:"
    for result in failed:
        why = result.reason or "it passes, but is listed as known failing"
        first, *more = why.splitlines()
        if first.endswith(":") and more:
            first = f"{first} {more[0].strip()}"
        yield printable(f"    {result.clause.id}  ({result.clause.level}): {first}")


def _not_run(run: Run) -> Iterator[str]:
    """Yields why checks did not run, with the id where a reason is that of one check alone."""
    skipped = [result for result in run.results if result.outcome is Outcome.NOT_RUN]
    if skipped:
        yield "Not run, and so not passed:"
    for reason, count in Counter(result.reason for result in skipped).most_common():
        one = next(result.clause for result in skipped if result.reason == reason)
        what = f"{one.id}  ({one.level})" if count == 1 else f"{count} checks"
        yield printable(f"    {what}: {reason}")
