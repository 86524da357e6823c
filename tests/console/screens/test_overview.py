"""The overview: what fires, what failed, what is late."""

import re
from collections.abc import Callable

from playwright.sync_api import Page, expect

from console.rest import failing_timer, fire, state, timer, trigger
from stand.processes import eventually
from stand.recording_target import Answer, RecordingTarget
from stand.tocsin_process import Tocsin


def test_it_shows_what_fires_and_what_failed(
    page: Page,
    server: Tocsin,
    target: RecordingTarget,
    folder: str,
    axe: Callable[[Page], None],
) -> None:
    hourly = timer()
    hourly["timer"]["cronExpression"] = "0 * ? * * *"
    trigger(server, folder, "hourly", hourly)
    target.answers[f"/functions/{folder}"] = lambda _: Answer(500, b"out of paper")
    invocation = fire(server, trigger(server, folder, "printer", failing_timer(folder)))
    eventually(lambda: state(server, invocation) == "STATE_FAILED")

    page.goto(f"/#/?folder={folder}&of=folder")
    figures = page.locator(".figure")
    expect(figures.filter(has_text="Fires in 24 h")).to_contain_text("24")
    expect(figures.filter(has_text="Failed in the last hour")).to_contain_text("1")
    expect(page.get_by_role("img", name=re.compile("What fires, by hour"))).to_be_visible()
    expect(page.locator(".heat rect")).to_have_count(24)
    expect(page.locator("section", has_text="Failures of the last 24 hours")).to_contain_text(
        "out of paper"
    )
    axe(page)
    page.get_by_label("Of what").select_option("All that I may see")
    expect(page.get_by_role("region", name="Nodes").locator("tbody tr")).to_have_count(1)
    axe(page)


def test_an_empty_server_teaches_the_first_step(page: Page, folder: str) -> None:
    page.goto(f"/#/?folder={folder}&of=folder")
    expect(page.get_by_text("Nothing fires here yet.")).to_be_visible()
    expect(page.get_by_text("curl -X POST")).to_be_visible()
    page.get_by_role("link", name="Make the first trigger").click()
    expect(page.get_by_role("heading", name="New trigger")).to_be_visible()
