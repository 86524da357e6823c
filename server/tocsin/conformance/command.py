"""Does what `tocsin conformance` is asked to do."""

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

import grpc

from tocsin.conformance.clauses import Clause
from tocsin.conformance.credentials import check_credential, open_channel
from tocsin.conformance.declared import known_failing
from tocsin.conformance.declared.features import read_features
from tocsin.conformance.declared.known_failing import KnownFailing, rewritten
from tocsin.conformance.options import PROFILES, OptionError, Options, fresh_folder
from tocsin.conformance.outcomes import Outcome, Result, Verdict, verdict
from tocsin.conformance.patience import monotonic, unix_seconds
from tocsin.conformance.report import terminal
from tocsin.conformance.report.summary import Run
from tocsin.conformance.report.terminal import Say
from tocsin.conformance.running import Collector, collect, run
from tocsin.conformance.wire.rest import unreachable

CONNECT_SECONDS = 5
USAGE = 2

_STATUS = {
    Verdict.CONFORMS: 0,
    Verdict.IN_PART: 0,
    Verdict.FAILS: 1,
    Verdict.NOTHING: USAGE,
    Verdict.INTERRUPTED: USAGE,
}


@dataclass(frozen=True, slots=True)
class Asked:
    """What the command is to do, beside what the checks have to know."""

    expression: str | None = None
    stop_at_first: bool = False
    workers: int = 0
    list_only: bool = False
    update_known_failing: bool = False
    report: Path | None = None


def execute(options: Options, asked: Asked, say: Say) -> int:
    """Runs the command; returns its exit status: 0 conforms, 1 does not, 2 could not be checked.

    Raises:
        OptionError: an option or a file is wrong, or nothing answers.
    """
    profiles = _profiles(options, list_only=asked.list_only)
    options = replace(options, profiles=profiles, folder=options.folder or fresh_folder())
    if asked.list_only:
        for clause in collect(options, asked.expression):
            say(f"{clause.id}  ({clause.level})  {clause.sentence}")
        return 0
    missing, known = _files(options, asked)
    started, began = _now(), monotonic()
    clauses, found = _run(options, asked, say)
    results = [_result(clause, found) for clause in clauses]
    whole = Run(
        options=options,
        suite=f"tocsin conformance {version('tocsin')}",
        started=started,
        seconds=round(monotonic() - began, 1),
        expression=asked.expression,
        missing=missing,
        results=results,
        verdict=Verdict.INTERRUPTED
        if found.interrupted
        else verdict(results, whole=asked.expression is None),
        left_behind=found.left_behind,
    )
    for line in terminal.ending(whole):
        say(line)
    if asked.report is not None:
        from tocsin.conformance.report.writing import write

        say(f"Written: {', '.join(map(str, write(asked.report, whole)))}")
    if asked.update_known_failing and known.file is not None and not found.interrupted:
        known_failing.write(known.file, rewritten(known, results))
        say(f"Rewritten: {known.file}")
    return _STATUS[whole.verdict]


def _files(options: Options, asked: Asked) -> tuple[dict[str, str], KnownFailing]:
    """Reads and prepares all files before the first call, so that a run is not for nothing."""
    if not options.target:
        raise OptionError("--target HOST:PORT is missing: name the server's gRPC address")
    if options.rest is not None and not options.rest.startswith(("http://", "https://")):
        raise OptionError(f"--rest {options.rest}: must begin with http:// or https://")
    if options.token_file and options.key_file:
        raise OptionError("--token-file and --key are both given: give one of them")
    if asked.update_known_failing and options.known_failing is None:
        raise OptionError("--update-known-failing needs --known-failing FILE, which it rewrites")
    check_credential(options)
    if asked.report is not None:
        from tocsin.conformance.report.writing import prepare

        prepare(asked.report)
    missing = read_features(Path(options.features)) if options.features else {}
    return missing, KnownFailing.read(options.known_failing)


def _run(options: Options, asked: Asked, say: Say) -> tuple[list[Clause], Collector]:
    chosen: list[Clause] = []

    def begin(clauses: list[Clause]) -> None:
        if not clauses:
            raise OptionError(f"no check fits -k {asked.expression!r}: --list lists them")
        _reach(options)
        chosen.extend(clauses)
        for line in terminal.beginning(options, clauses):
            say(line)

    def tell(result: Result) -> None:
        for line in terminal.one(result):
            say(line)

    found = run(
        options,
        asked.expression,
        stop_at_first=asked.stop_at_first,
        workers=asked.workers,
        begin=begin,
        tell=tell,
    )
    return chosen, found


def _result(clause: Clause, found: Collector) -> Result:
    ended = Result(clause, Outcome.NOT_RUN, "the run ended before it")
    return found.results.get(clause.id, ended)


def _now() -> str:
    return datetime.fromtimestamp(unix_seconds(), UTC).isoformat(timespec="seconds")


def _profiles(options: Options, *, list_only: bool) -> tuple[str, ...]:
    for profile in options.profiles:
        if profile not in PROFILES:
            raise OptionError(f"--profile {profile}: the profiles are {', '.join(PROFILES)}")
        missing = options.missing_for(profile)
        if missing and not list_only:
            raise OptionError(f"--profile {profile} needs {' and '.join(missing)}")
    if options.profiles:
        return options.profiles
    return tuple(each for each in PROFILES if list_only or not options.missing_for(each))


def _reach(options: Options) -> None:
    """Asks that something listens, before each of the checks finds out that nothing does."""
    with open_channel(options) as channel:
        try:
            grpc.channel_ready_future(channel).result(CONNECT_SECONDS)
        except grpc.FutureTimeoutError:
            raise OptionError(
                f"no gRPC server answers at {options.target} within {CONNECT_SECONDS} seconds, "
                + ("without TLS (--ca FILE means TLS)" if options.ca is None else "with TLS")
            ) from None
    if options.rest is not None and (why := unreachable(options.rest, options.ca, CONNECT_SECONDS)):
        raise OptionError(f"--rest {options.rest}: nothing answers there: {why}")
