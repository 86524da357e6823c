"""One browser and one server for all tests of the page; each test has a window of its own.

Tests don't meet on the server, since each takes a folder of its own.
"""

import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page

from console.browser import Faults, accessibility_faults, chromium, console_tools
from console.servers import served
from stand.apis.steering import QueueService
from stand.recording_target import RecordingTarget
from stand.tocsin_process import Tocsin


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """A browser; not of the session, as no other event loop runs in a thread beside its own."""
    with chromium() as running:
        yield running


@pytest.fixture(scope="session")
def target() -> Iterator[RecordingTarget]:
    target = RecordingTarget()
    yield target
    target.close()


@pytest.fixture(scope="session")
def queues() -> Iterator[QueueService]:
    service = QueueService()
    yield service
    service.close()


@pytest.fixture(scope="session")
def server(target: RecordingTarget, queues: QueueService) -> Iterator[Tocsin]:
    with served(target, queues) as tocsin:
        yield tocsin


@pytest.fixture
def folder() -> str:
    """A folder that no other test knows."""
    return f"b1g{uuid.uuid4().hex[:17]}"


@pytest.fixture
def window(browser: Browser, server: Tocsin) -> Iterator[BrowserContext]:
    """A window without cookies, whose pages open paths of the server: `page.goto("/#/triggers")`.

    A module that starts a server of its own has a fixture `server`, too.
    """
    context = browser.new_context(
        base_url=f"http://{server.http_address}",
        locale="en-GB",
        timezone_id="Europe/Berlin",
        viewport={"width": 1280, "height": 800},
    )
    context.set_default_timeout(15_000)
    yield context
    context.close()


@pytest.fixture
def page(window: BrowserContext, faults_of: Callable[[Page], Faults]) -> Page:
    """A blank page. The test fails if anything on it goes wrong that it does not expect."""
    page = window.new_page()
    faults_of(page)
    return page


@pytest.fixture
def faults_of() -> Iterator[Callable[[Page], Faults]]:
    """Watches a page, once; at the end nothing unexpected has gone wrong on any."""
    watched: dict[Page, Faults] = {}

    def watch(page: Page) -> Faults:
        if page not in watched:
            watched[page] = Faults(page)
        return watched[page]

    yield watch
    assert [fault for faults in watched.values() for fault in faults.unexpected()] == []


@pytest.fixture
def faults(page: Page, faults_of: Callable[[Page], Faults]) -> Faults:
    """What goes wrong on `page`: a test names here what it wants to go wrong."""
    return faults_of(page)


@pytest.fixture(scope="session")
def tools() -> Path:
    """The folder with TypeScript, ESLint and axe-core."""
    return console_tools()


@pytest.fixture
def axe(tools: Path) -> Callable[[Page], None]:
    """Finds a page as it stands usable with a screen reader, a keyboard, and weak eyes."""

    def check(page: Page) -> None:
        assert accessibility_faults(page, tools) == []

    return check
