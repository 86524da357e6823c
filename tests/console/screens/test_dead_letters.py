"""Dead letters: by cause, one by one, and on their way again."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from console.rest import failing_timer, fire, state, trigger
from stand.apis.steering import QueueService
from stand.processes import eventually
from stand.recording_target import Answer, RecordingTarget
from stand.tocsin_process import Tocsin

LETTERS = 3


@pytest.fixture
def letters(
    server: Tocsin, target: RecordingTarget, queues: QueueService, folder: str
) -> list[str]:
    """Dead letters of two triggers, whose targets fail each in its way."""
    ids = []
    for name, words, number in (("printer", b"out of paper", LETTERS), ("mailer", b"no route", 1)):
        path = f"{folder}-{name}"
        target.answers[f"/functions/{path}"] = lambda _, words=words: Answer(503, words)
        made = trigger(server, folder, name, failing_timer(path, queues.create(path)))
        ids += [fire(server, made) for _ in range(number)]
    eventually(lambda: all(state(server, each) == "STATE_DEAD_LETTERED" for each in ids))
    return ids


def test_they_are_grouped_by_cause_and_browsed(page: Page, letters: list[str], folder: str) -> None:
    page.goto(f"/#/dead-letters?folder={folder}")
    causes = page.locator("section", has_text="By cause").locator("li")
    expect(causes).to_have_count(2)
    expect(causes.first).to_contain_text("out of paper")
    expect(causes.first.locator("strong")).to_have_text(str(LETTERS))
    expect(page.locator("tbody tr")).to_have_count(len(letters))
    causes.last.get_by_role("button", name="Browse").click()
    expect(page.locator("tbody tr")).to_have_count(1)
    expect(page.locator("tbody tr")).to_contain_text("mailer")


def test_a_cause_is_redriven_with_progress(
    page: Page, server: Tocsin, target: RecordingTarget, letters: list[str], folder: str
) -> None:
    del target.answers[f"/functions/{folder}-printer"]
    page.goto(f"/#/dead-letters?folder={folder}")
    page.get_by_role("button", name="Redrive them …").first.click()
    page.get_by_role("button", name=f"Redrive: {LETTERS} dead letters").click()
    expect(page.get_by_text(f"{LETTERS} of {LETTERS} changed; it is done.")).to_be_visible()
    expect(page.locator("tbody tr")).to_have_count(1)
    assert [state(server, each) for each in letters[:LETTERS]] == ["STATE_SUCCEEDED"] * LETTERS


def test_one_is_redriven(
    page: Page, server: Tocsin, target: RecordingTarget, letters: list[str], folder: str
) -> None:
    del target.answers[f"/functions/{folder}-mailer"]
    page.goto(f"/#/dead-letters?folder={folder}")
    page.locator("tbody tr", has_text="mailer").get_by_label("Select").check()
    page.get_by_role("button", name="Redrive …").click()
    page.get_by_role("button", name="Redrive: 1 dead letter").click()
    eventually(lambda: state(server, letters[-1]) == "STATE_SUCCEEDED")
    expect(page.locator("tbody tr")).to_have_count(LETTERS)


def test_the_screen_is_for_everybody(
    page: Page, letters: list[str], folder: str, axe: Callable[[Page], None]
) -> None:
    page.goto(f"/#/dead-letters?folder={folder}")
    expect(page.locator("tbody tr")).to_have_count(len(letters))
    axe(page)
    page.goto("/#/dead-letters?folder=none-here")
    expect(page.get_by_text("There are no dead letters in this folder.")).to_be_visible()
    axe(page)
