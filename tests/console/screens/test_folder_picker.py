"""A folder is chosen from a few, or found among very many."""

from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Page, expect

from console.rest import timer, trigger
from console.servers import served
from stand.apis.steering import QueueService
from stand.recording_target import RecordingTarget
from stand.tocsin_process import Tocsin

MANY = 101


@pytest.fixture(scope="module")
def server(target: RecordingTarget, queues: QueueService) -> Iterator[Tocsin]:
    """One that has only the folders of this module."""
    with served(target, queues) as tocsin:
        yield tocsin


def test_a_folder_is_chosen(page: Page, server: Tocsin, axe: Callable[[Page], None]) -> None:
    for name in ("zone", "zoo"):
        trigger(server, name, "one", timer())
    page.goto("/#/triggers?folder=zone")
    page.get_by_label("Folder").select_option("zoo (1)")
    expect(page.locator("tbody tr")).to_have_count(1)
    # More than anybody looks through: they are searched then.
    for number in range(MANY):
        trigger(server, f"folder-{number:04}", "one", timer())
    page.reload()
    page.get_by_role("button", name="zoo …").click()
    choices = page.get_by_role("dialog").get_by_role("listitem")
    expect(choices).to_have_count(100)
    expect(page.get_by_role("dialog")).to_contain_text("100 folders shown, there are more")
    axe(page)
    page.get_by_role("button", name="Show more").click()
    expect(choices).to_have_count(MANY + 2)
    page.get_by_label("Its id begins with").fill("folder-009")
    expect(choices).to_have_text([f"folder-{number:04} (1)" for number in range(90, 100)])
    choices.get_by_role("button", name="folder-0099").click()
    expect(page.get_by_role("dialog")).to_be_hidden()
    expect(page.get_by_role("button", name="folder-0099 …")).to_be_visible()
    expect(page.locator("tbody tr")).to_have_count(1)
