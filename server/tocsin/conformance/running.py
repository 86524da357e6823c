"""Runs the checks under pytest and collects what they find."""

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tocsin.conformance.clauses import Clause
from tocsin.conformance.options import OptionError, Options
from tocsin.conformance.outcomes import FAILURES, Result
from tocsin.conformance.plugin import CHECKING, EXPRESSION, LEFT_BEHIND, OPTIONS, RESULT, clause_of

CHECKS = Path(__file__).with_name("checks")

_ARGUMENTS = (
    "--rootdir",
    str(CHECKS),
    "--import-mode=importlib",
    "--noconftest",
    "--capture=no",
    "-c",
    os.devnull,
    "-p",
    "tocsin.conformance.plugin",
    "-p",
    "no:cacheprovider",
)


class Collector:
    """Collects clauses and results in the process of the run; workers send theirs to it."""

    def __init__(
        self, begin: Callable[[list[Clause]], None], tell: Callable[[Result], None]
    ) -> None:
        self._begin = begin
        self._tell = tell
        self.refused: OptionError | None = None
        self.clauses: list[Clause] = []
        self.results: dict[str, Result] = {}
        self.left_behind: list[str] = []
        self.interrupted = False
        self.errors: list[str] = []
        """What went wrong with the suite itself."""

    @pytest.hookimpl(trylast=True)
    def pytest_configure(self, config: pytest.Config) -> None:
        """Silences pytest: this suite speaks for itself."""
        config.pluginmanager.unregister(name="terminalreporter")

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        """Keeps the clauses that were chosen, and lets the run begin."""
        checking = session.config.pluginmanager.getplugin(CHECKING)
        if checking is None or not checking.chosen or self.errors:
            return
        self.clauses = [clause_of(item) for item in session.items]
        self._begin(self.clauses)

    def pytest_internalerror(self, excinfo: pytest.ExceptionInfo[BaseException]) -> bool:
        """Keeps an error that is the caller's, which `run` raises again."""
        if isinstance(excinfo.value, OptionError):
            self.refused = excinfo.value
        return self.refused is not None

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        """Keeps why a module of checks could not be loaded."""
        if report.failed:
            self.errors.append(f"{report.nodeid}: {report.longreprtext}")

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Keeps a result; what went wrong after a check counts as that check's."""
        self.left_behind += getattr(report, LEFT_BEHIND, [])
        text = getattr(report, RESULT, None)
        if text is not None:
            result = Result.from_json(text)
            earlier = self.results.get(result.clause.id)
            if earlier is None or earlier.outcome not in FAILURES:
                self.results[result.clause.id] = result
                self._tell(result)
        elif report.failed:
            self.errors.append(f"{report.nodeid}: {report.longreprtext}")

    @pytest.hookimpl(optionalhook=True)
    def pytest_xdist_make_scheduler(self, config: pytest.Config, log: Any) -> Any:
        """Gives out the checks of several processes; all of firing go to one, which listens."""
        if "firing" not in Options.from_json(config.getoption(OPTIONS)).profiles:
            return None
        from xdist.scheduler import LoadScopeScheduling  # there are no processes without it

        scheduling = LoadScopeScheduling(config, log)
        scheduling._split_scope = _scope
        return scheduling


def _scope(check: str) -> str:
    return "firing" if check.startswith("firing/") else check


def collect(options: Options, expression: str | None) -> list[Clause]:
    """Returns the clauses of the checks that the options choose, in the order in which they run.

    Raises:
        OptionError: a file or an expression is wrong.
    """
    collector = Collector(lambda _: None, lambda _: None)
    _pytest(collector, options, expression, "--collect-only")
    return collector.clauses


def run(
    options: Options,
    expression: str | None,
    *,
    stop_at_first: bool,
    workers: int,
    begin: Callable[[list[Clause]], None],
    tell: Callable[[Result], None],
    plugins: Sequence[object] = (),
) -> Collector:
    """Runs the checks that the options choose and returns what they found.

    Args:
        options: what the command line says.
        expression: which checks, as for pytest's -k, or the whole id of one; None for all.
        stop_at_first: whether the first failure ends the run.
        workers: how many processes run them; 0 for this one.
        begin: called with the clauses before the first check runs; may raise OptionError.
        tell: called with each result as it comes.
        plugins: of pytest, for who runs the checks in another order.

    Raises:
        OptionError: a file or an expression is wrong.
    """
    more = ["-x"] if stop_at_first else []
    collector = Collector(begin, tell)
    if workers:
        # Workers find the checks for themselves, and tell only what became of them.
        begin(collect(options, expression))
        collector = Collector(lambda _: None, tell)
        more += ["-p", "xdist.plugin", "-n", str(workers)]
    _pytest(collector, options, expression, *more, plugins=plugins)
    return collector


def _pytest(
    collector: Collector,
    options: Options,
    expression: str | None,
    *more: str,
    plugins: Sequence[object] = (),
) -> None:
    # Otherwise pytest lists all folders from the root of the machine down to the checks.
    below = ("--confcutdir", str(CHECKS))
    words = [*_ARGUMENTS, *below, OPTIONS, options.to_json(), *more, str(CHECKS)]
    if expression:
        words += [EXPRESSION, expression]
    with _alone():
        status = pytest.main(words, plugins=[collector, *plugins])
    collector.interrupted = status == pytest.ExitCode.INTERRUPTED
    if collector.refused is not None:
        raise collector.refused
    if collector.errors:
        raise SuiteError("\n".join(collector.errors))
    if status in (pytest.ExitCode.USAGE_ERROR, pytest.ExitCode.INTERNAL_ERROR):
        raise SuiteError("the checks could not be run: see above")


class SuiteError(OptionError):
    """The suite itself is broken; the text says where."""


@contextmanager
def _alone() -> Iterator[None]:
    """Keeps the settings and plugins of other people's tests away, here and in workers."""
    before = dict(os.environ)
    os.environ.pop("PYTEST_ADDOPTS", None)
    os.environ.pop("PYTEST_PLUGINS", None)
    os.environ["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)
