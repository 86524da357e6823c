"""A real Chromium, and what a test finds wrong on the page in it."""

import os
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Page, Request, Response, sync_playwright

from clients.toolchains import node_project

USUAL = ("/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome")
MISSING = (
    "no Chromium here: install one (Debian: apt install chromium), "
    "or name its program in TOCSIN_CHROMIUM"
)

# A policy that was broken, which a script could hide, becomes an error of the console.
_TELLS_OF_POLICY = """
document.addEventListener("securitypolicyviolation", (event) => {
  console.error(`policy broken: ${event.violatedDirective} by ${event.blockedURI}`);
});
"""
_WRONG_FROM = 400


def chromium_path() -> str:
    """The browser's program. Without one the test is skipped, or fails in CI."""
    named = os.environ.get("TOCSIN_CHROMIUM")
    found = named or next(filter(os.path.exists, USUAL), None) or shutil.which("chromium")
    if found is not None:
        return found
    if os.environ.get("CI") == "true":
        pytest.fail(f"{MISSING}; in CI it is there", pytrace=False)
    pytest.skip(MISSING)


@contextmanager
def chromium() -> Iterator[Browser]:
    """A browser without a window; root, as CI is, has no sandbox."""
    arguments = ["--no-sandbox"] if hasattr(os, "geteuid") and os.geteuid() == 0 else []
    program = chromium_path()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=arguments)
        yield browser
        browser.close()


class Faults:
    """What went wrong on a page: errors of its console and scripts, refused and failed requests.

    A request that the page itself gives up is none.
    """

    def __init__(self, page: Page) -> None:
        self._seen: list[str] = []
        self._expected: list[re.Pattern[str]] = []
        page.on("console", self._console)
        page.on("pageerror", lambda error: self._seen.append(f"script: {error}"))
        page.on("requestfailed", self._failed)
        page.on("response", self._answered)
        page.add_init_script(_TELLS_OF_POLICY)

    def expect(self, pattern: str) -> None:
        """Lets pass what fits a pattern anywhere, such as `409 POST .*:pause`."""
        self._expected.append(re.compile(pattern))

    def unexpected(self) -> list[str]:
        return [
            fault
            for fault in self._seen
            if not any(pattern.search(fault) for pattern in self._expected)
        ]

    def _console(self, message: ConsoleMessage) -> None:
        # Of what was refused there is a line of its own.
        told_of = message.text.startswith("Failed to load resource")
        if message.type in ("error", "warning") and not told_of:
            self._seen.append(f"console: {message.text}")

    def _failed(self, request: Request) -> None:
        if request.failure != "net::ERR_ABORTED":
            self._seen.append(f"failed {request.method} {request.url}: {request.failure}")

    def _answered(self, response: Response) -> None:
        if response.status >= _WRONG_FROM:
            request = response.request
            self._seen.append(f"{response.status} {request.method} {request.url}")


def accessibility_faults(page: Page, tools: Path) -> list[str]:
    """What axe-core finds wrong on the page as it stands, once nothing fades in any more."""
    page.evaluate("() => Promise.all(document.getAnimations().map((each) => each.finished))")
    source = (tools / "node_modules" / "axe-core" / "axe.min.js").read_text()
    page.evaluate(source)
    found = page.evaluate("async () => (await axe.run()).violations")
    return [
        f"{fault['id']} ({fault['impact']}): {fault['help']}: {node['html']}"
        for fault in found
        for node in fault["nodes"]
    ]


def console_tools() -> Path:
    """The folder with TypeScript, ESLint and axe-core, of the versions of package-lock.json."""
    return node_project(Path(__file__).with_name("tools"))
