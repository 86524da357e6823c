"""Runs the checks under pytest: gives them the server, and makes reports of what they find.

It is loaded in the process of the run and in each of its workers.
"""

import shlex
from collections.abc import Callable, Generator, Iterator
from pathlib import Path
from typing import Any

import pytest

from tocsin.conformance.changes import Changes
from tocsin.conformance.clauses import MARK, Clause, ClauseError
from tocsin.conformance.credentials import authorization
from tocsin.conformance.declared.features import FEATURES, read_features
from tocsin.conformance.declared.known_failing import KnownFailing
from tocsin.conformance.made import Made, create_request
from tocsin.conformance.options import Options
from tocsin.conformance.outcomes import FAILURES, Outcome, Result, judged
from tocsin.conformance.peer import NotGivenError, Peer
from tocsin.conformance.wire.exchanges import Exchange, Recorder
from tocsin.conformance.wire.redaction import Redactor

OPTIONS = "--conformance-options"
EXPRESSION = "--conformance-checks"
CHECKING = "conformance-checking"
RESULT = "conformance_result"
"""The attribute of pytest's report that holds a Result as JSON."""
LEFT_BEHIND = "conformance_left_behind"
"""The attribute that lists what could not be cleaned up."""

_LEFT: pytest.StashKey[list[str]] = pytest.StashKey()
_CLAUSE: pytest.StashKey[Clause] = pytest.StashKey()
_UNIMPLEMENTED = (
    "an answer was UNIMPLEMENTED, and no feature that the check needs is declared missing"
)


def pytest_addoption(parser: pytest.Parser) -> None:
    """Adds what `tocsin conformance` passes on; workers are given the same."""
    group = parser.getgroup("conformance")
    group.addoption(OPTIONS, help="the options of the run, as JSON")
    group.addoption(EXPRESSION, help="which checks to run, like -k")


def pytest_configure(config: pytest.Config) -> None:
    """Reads the options and the files of the run."""
    config.addinivalue_line("markers", f"{MARK}(clause): what the check holds a server to")
    options = Options.from_json(config.getoption(OPTIONS))
    config.pluginmanager.register(Checking(options), CHECKING)


def clause_of(item: pytest.Item) -> Clause:
    """Returns the clause of a check.

    Raises:
        ClauseError: the check has none, or does not say what it must.
    """
    mark = item.get_closest_marker(MARK)
    if mark is None or not mark.args or not isinstance(mark.args[0], Clause):
        raise ClauseError(f"{item.nodeid} has no clause")
    found: Clause = mark.args[0]
    if item.path.parent.name != found.profile:
        raise ClauseError(
            f"{found.id} is in the folder {item.path.parent.name}: an id begins with its profile"
        )
    if unknown := set(found.features) - set(FEATURES):
        raise ClauseError(f"{found.id}: declared/features.py has no {', '.join(sorted(unknown))}")
    return found


class Checking:
    """Holds what the checks of one process share."""

    def __init__(self, options: Options) -> None:
        self.options = options
        self.authorization = authorization(options)
        known = [self.authorization.split(" ", 1)[1]] if self.authorization else []
        self.recorder = Recorder(Redactor(known))
        self.missing = read_features(Path(options.features)) if options.features else {}
        self.chosen = False
        """Whether the checks are chosen: pytest says that it has collected even if that failed."""
        self.known = KnownFailing.read(options.known_failing)

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_collection_modifyitems(
        self, config: pytest.Config, items: list[pytest.Item]
    ) -> Generator[None, None, None]:
        """Names each check by the id of its clause, and keeps those that were asked for."""
        checks: dict[str, pytest.Item] = {}
        for item in items:
            found = clause_of(item)
            if found.id in checks:
                raise ClauseError(f"{found.id} is the id of two checks")
            checks[found.id] = item
            item.stash[_CLAUSE] = found
            item.name = found.id
            vars(item)["_nodeid"] = found.id  # what reports and workers call it
        self.known.refuse_unknown(checks)
        profiles = self.options.profiles
        wanted = [item for id, item in checks.items() if id.partition(".")[0] in profiles]
        expression = config.getoption(EXPRESSION)
        if expression in checks:
            # The whole id means that check, although others may begin with it.
            wanted = [item for item in wanted if item.name == expression]
        elif expression:
            config.option.keyword = expression
        items[:] = wanted
        yield  # pytest's own -k
        self.chosen = True

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_setup(self, item: pytest.Item) -> None:
        """Begins a check; one that needs what is missing is not run."""
        self.recorder.clear()
        for feature in item.stash[_CLAUSE].features:
            if feature in self.missing:
                raise _NotRun(f"{feature} is declared missing: {self.missing[feature]}")

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(
        self, item: pytest.Item, call: pytest.CallInfo[None]
    ) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        """Puts the result of a check into pytest's report."""
        report = yield
        result = self._found(item, call, report)
        if result is not None:
            result = judged(result, self.known.reason(result.clause.id))
            report.outcome = "failed" if result.outcome in FAILURES else "passed"
            report.longrepr = None
            if report.when == "setup" and report.passed:
                report.outcome = "skipped"  # so that pytest does not go on to the check itself
                report.longrepr = (str(item.path), 0, result.reason)
            setattr(report, RESULT, result.to_json())
        if report.when == "teardown":
            setattr(report, LEFT_BEHIND, item.stash.get(_LEFT, []))
        return report

    def _found(
        self, item: pytest.Item, call: pytest.CallInfo[None], report: pytest.TestReport
    ) -> Result | None:
        outcome, reason = Outcome.PASSED, ""
        if call.excinfo is not None:
            error = call.excinfo.value
            outcome, reason = Outcome.FAILED, _reason(call.excinfo)
            if isinstance(error, _NotRun | NotGivenError):
                outcome = Outcome.NOT_RUN
                reason = f"needs {error}" if isinstance(error, NotGivenError) else str(error)
        elif report.when == "call" and self.recorder.unimplemented:
            if not item.stash[_CLAUSE].unimplemented:
                outcome, reason = Outcome.FAILED, _UNIMPLEMENTED
        elif report.when != "call":
            return None
        exchanges: tuple[Exchange, ...] = ()
        if outcome is Outcome.FAILED:
            exchanges = tuple(self.recorder.exchanges)
        return Result(
            clause=item.stash[_CLAUSE],
            outcome=outcome,
            reason=self.recorder.redacted(reason),
            exchanges=exchanges,
            seconds=round(call.duration, 4),
            rerun=rerun_line(self.options, item.stash[_CLAUSE].id),
        )


@pytest.fixture(scope="session")
def peer(pytestconfig: pytest.Config) -> Iterator[Peer]:
    """The server under test."""
    checking: Checking = pytestconfig.pluginmanager.getplugin(CHECKING)
    peer = Peer(checking.options, checking.recorder, checking.authorization)
    yield peer
    peer.close()


@pytest.fixture
def made(peer: Peer, request: pytest.FixtureRequest) -> Iterator[Made]:
    """Registers what a check makes, and takes it away afterwards."""
    made = Made(peer)
    yield made
    request.node.stash[_LEFT] = made.undo()


@pytest.fixture
def changes(peer: Peer, made: Made) -> Changes:
    """Makes changes of triggers, and waits until they are done."""
    return Changes(peer, made)


@pytest.fixture
def trigger(peer: Peer, made: Made) -> Any:
    """A timer of this check's own, which does not tick while the run lasts."""
    return made.trigger(peer.triggers.Create(create_request(peer)))


@pytest.fixture(scope="session")
def other_caller(peer: Peer) -> Callable[[str | None], Peer]:
    """Returns the server as another caller sees it: without a credential, or with that one."""
    return peer.stranger


class _NotRun(Exception):
    """A check is not run; the text says why."""


def _reason(error: pytest.ExceptionInfo[BaseException]) -> str:
    if isinstance(error.value, pytest.skip.Exception):
        return f"the check skipped itself, which none may: {error.value}"
    if isinstance(error.value, AssertionError):
        # Behind the message of an assertion pytest writes the values of its expression.
        message, _, _ = str(error.value).partition("\nassert ")
        return message or _asserted(error)
    return f"{error.typename}: {error.value}\n{error.getrepr(style='short')}"


def _asserted(error: pytest.ExceptionInfo[BaseException]) -> str:
    return f"not true: {error.traceback[-1].statement}"


def rerun_line(options: Options, check: str) -> str:
    """Returns the command that runs one check again with the same options."""
    words = ["tocsin", "conformance", "--target", options.target]
    for option, value in (
        ("--rest", options.rest),
        ("--ca", options.ca),
        ("--token-file", options.token_file),
        ("--key", options.key_file),
        ("--folder", options.folder),
        ("--location", options.location),
        ("--integration", options.integration),
        ("--trigger-id", options.trigger_id),
        ("--target-listen", options.target_listen),
        ("--features", options.features),
        ("--known-failing", options.known_failing),
    ):
        if value is not None:
            words += [option, value]
    return shlex.join([*words, "-k", check])
