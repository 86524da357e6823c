"""Gives pytest the fixture `tocsin`.

pytest loads this module in every run where Tocsin is installed, so it imports nothing but pytest.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator

    from tocsin.testing.scene import Tocsin
    from tocsin.testing.stage import Stage

START = "2026-01-01T00:00:00Z"
LOG_START: pytest.StashKey[tuple[Stage, int]] = pytest.StashKey()


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addini(
        "tocsin_server",
        "HOST:PORT of a server with --clock manual that tests use; by default each has its own",
        default="",
    )
    parser.addini(
        "tocsin_target",
        "HOST:PORT at which functions of tests are served, for the targets of tocsin_server",
        default="127.0.0.1:0",
    )


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line(
        "markers", f"tocsin(start): when the clock of the fixture `tocsin` starts; {START} if not"
    )


@pytest.fixture(scope="session")
def _tocsin_stage(
    pytestconfig: pytest.Config, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Stage]:
    """What the tests of a session, or of an xdist worker, share: two processes' ends."""
    from tocsin.testing.stage import Stage

    stage = Stage(
        tmp_path_factory.mktemp("tocsin"),
        named=pytestconfig.getini("tocsin_server"),
        target=pytestconfig.getini("tocsin_target"),
    )
    yield stage
    stage.close()


@pytest.fixture
def tocsin(_tocsin_stage: Stage, request: pytest.FixtureRequest) -> Iterator[Tocsin]:
    """A Tocsin server of the test's own, whose time stands still until the test moves it."""
    request.node.stash[LOG_START] = (_tocsin_stage, _tocsin_stage.log_end())
    marker = request.node.get_closest_marker("tocsin")
    start = marker.kwargs.get("start", START) if marker is not None else START
    with _tocsin_stage.scene(start) as scene:
        yield scene


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item,
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    if report.failed and LOG_START in item.stash:
        stage, start = item.stash[LOG_START]
        report.sections.append(("Tocsin's log", stage.logged(start) or "(nothing)"))
    return report
