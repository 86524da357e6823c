"""A newcomer with nothing but a browser makes a timer, sees it fail, and mends it."""

import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from playwright.sync_api import Page, expect

from console.servers import served
from stand.apis.steering import QueueService
from stand.recording_target import Answer, RecordingTarget
from stand.tocsin_process import Tocsin


def new_database(request: pytest.FixtureRequest) -> str:
    url: str = request.getfixturevalue("postgres").new_database()
    return url


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def server(
    request: pytest.FixtureRequest, target: RecordingTarget, queues: QueueService
) -> Iterator[Tocsin]:
    """The whole page in one walk, on each store."""
    database = None
    if request.param == "postgresql":
        # The browser's event loop is in this thread, and no other may run beside it.
        with ThreadPoolExecutor(1) as apart:
            database = apart.submit(new_database, request).result()
    with served(target, queues, database) as tocsin:
        yield tocsin


def test_from_the_first_timer_to_a_redrive(
    page: Page, target: RecordingTarget, folder: str
) -> None:
    path = f"/functions/{folder}"
    page.goto("/")
    page.get_by_role("link", name="Triggers").click()
    page.get_by_role("link", name="New trigger").click()

    page.get_by_role("textbox", name="Folder").fill(folder)
    page.get_by_label("Name").fill("first-timer")
    page.get_by_label("Cron expression").fill("0 0 1 1 ? *")
    page.get_by_label("with the id").fill(folder)
    expect(page.get_by_text("It fires next:")).to_be_visible()
    page.get_by_role("button", name="Create the timer").click()

    expect(page.get_by_role("heading", name="first-timer")).to_be_visible()
    expect(page.get_by_text("It has not fired yet.")).to_be_visible()
    page.get_by_role("link", name="fire it now").click()
    page.get_by_role("button", name="Fire", exact=True).click()
    expect(page.get_by_role("main").get_by_text("succeeded").first).to_be_visible()

    target.answers[path] = lambda _: Answer(500, b"the disk is full")
    page.get_by_role("link", name="first-timer").click()
    page.get_by_role("link", name="Fire now").click()
    page.get_by_role("button", name="Fire", exact=True).click()
    expect(page.get_by_role("main").get_by_text("failed").first).to_be_visible()
    expect(page.get_by_text(re.compile("Why it failed:.*500")).first).to_be_visible()

    del target.answers[path]
    page.get_by_role("button", name="Deliver again").click()
    expect(page.get_by_role("main").get_by_text("succeeded").first).to_be_visible()
    assert len(target.all(lambda each: each.path == path)) == 3
