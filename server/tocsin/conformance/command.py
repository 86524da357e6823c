"""Does what `tocsin conformance` is asked to do."""

from dataclasses import dataclass, replace
from pathlib import Path

import grpc

from tocsin.conformance.clauses import Clause
from tocsin.conformance.declared import known_failing
from tocsin.conformance.declared.features import read_features
from tocsin.conformance.declared.known_failing import KnownFailing, rewritten
from tocsin.conformance.options import PROFILES, OptionError, Options, fresh_folder
from tocsin.conformance.outcomes import Result, Verdict, verdict
from tocsin.conformance.report import terminal
from tocsin.conformance.report.terminal import Say
from tocsin.conformance.running import collect, run

CONNECT_SECONDS = 10

_STATUS = {
    Verdict.CONFORMS: 0,
    Verdict.IN_PART: 0,
    Verdict.FAILS: 1,
    Verdict.NOTHING: 2,
}


@dataclass(frozen=True, slots=True)
class Asked:
    """What the command is to do, beside what the checks have to know."""

    expression: str | None = None
    stop_at_first: bool = False
    workers: int = 0
    list_only: bool = False
    update_known_failing: bool = False


def execute(options: Options, asked: Asked, say: Say) -> int:
    """Runs the command; returns its exit status: 0 conforms, 1 does not, 2 could not be checked.

    Raises:
        OptionError: an option or a file is wrong, or nothing answers.
    """
    if not asked.list_only and not options.target:
        raise OptionError("--target HOST:PORT is missing: name the server's gRPC address")
    profiles = _profiles(options, list_only=asked.list_only)
    options = replace(options, profiles=profiles, folder=options.folder or fresh_folder())
    if options.token_file and options.key_file:
        raise OptionError("--token-file and --key are both given: give one of them")
    if asked.update_known_failing and options.known_failing is None:
        raise OptionError("--update-known-failing needs --known-failing FILE, which it rewrites")
    options.authorization()
    if options.features:
        read_features(Path(options.features))
    known = KnownFailing.read(options.known_failing)
    if asked.list_only:
        for line in listed(collect(options, asked.expression)):
            say(line)
        return 0
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
    results = [found.results[c.id] for c in chosen if c.id in found.results]
    said = verdict(results)
    for line in terminal.ending(results, said, found.left_behind):
        say(line)
    if asked.update_known_failing and options.known_failing is not None:
        known_failing.write(Path(options.known_failing), rewritten(known, results))
        say(f"{options.known_failing} is rewritten.")
    return _STATUS[said]


def listed(clauses: list[Clause]) -> list[str]:
    """Returns a line for each check."""
    width = max((len(clause.id) for clause in clauses), default=0)
    return [f"{c.id:<{width}}  {c.level:<6}  {c.sentence}" for c in clauses]


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
    if options.ca is None:
        channel = grpc.insecure_channel(options.target)
    else:
        try:
            trusted = Path(options.ca).read_bytes()
        except OSError as error:
            raise OptionError(f"--ca {options.ca}: can't be read: {error.strerror}") from error
        channel = grpc.secure_channel(options.target, grpc.ssl_channel_credentials(trusted))
    with channel:
        try:
            grpc.channel_ready_future(channel).result(CONNECT_SECONDS)
        except grpc.FutureTimeoutError:
            raise OptionError(
                f"no gRPC server answers at {options.target} within {CONNECT_SECONDS} seconds"
            ) from None
