"""What happens meanwhile takes nothing from the hands of who works on the page."""

import re
from pathlib import Path

from playwright.sync_api import Browser, Page, expect

from console.browser import Faults
from console.rest import called, fire, timer, trigger
from stand.recording_target import RecordingTarget
from stand.tocsin_process import Tocsin, serving

AN_HOUR_SLOW = """
const Real = Date;
const slow = () => Real.now() - 3_600_000;
globalThis.Date = class extends Real {
  constructor(...given) { super(...(given.length > 0 ? given : [slow()])); }
  static now() { return slow(); }
};
"""


def test_enter_presses_the_button_that_has_the_focus(
    page: Page, server: Tocsin, folder: str
) -> None:
    trigger(server, folder, "one", timer())
    page.goto(f"/#/triggers?folder={folder}")
    expect(page.locator("tbody tr")).to_have_count(1)
    page.get_by_role("button", name="Pause …").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("dialog")).to_contain_text("Pause 1 trigger?")
    page.go_back()
    expect(page.get_by_role("dialog")).to_have_count(0)


def test_a_change_takes_neither_the_focus_nor_the_row(
    page: Page, server: Tocsin, folder: str
) -> None:
    first = trigger(server, folder, "one", timer())
    page.goto(f"/#/triggers?folder={folder}")
    expect(page.get_by_text("Live", exact=True)).to_be_visible()
    expect(page.locator("tbody tr")).to_have_count(1)
    page.keyboard.press("j")
    button = page.get_by_role("button", name="Pause …")
    button.focus()
    fire(server, first)
    expect(page.locator("tbody tr")).to_contain_text("succeeded")
    trigger(server, folder, "two", timer())
    expect(page.locator("tbody tr")).to_have_count(2)
    expect(button).to_be_focused()
    expect(page.locator("tr[data-here]")).to_contain_text("one")


def test_what_is_not_shown_is_not_selected(page: Page, server: Tocsin, folder: str) -> None:
    for name in ("one", "two"):
        trigger(server, folder, name, timer())
    page.goto(f"/#/triggers?folder={folder}")
    page.locator("tbody tr", has_text="one").get_by_label("Select").check()
    expect(page.get_by_text("With 1 selected trigger:")).to_be_visible()
    page.get_by_label("Search").fill("two")
    expect(page.locator("tbody tr")).to_have_count(1)
    expect(page.get_by_text("With all that the filter finds:")).to_be_visible()


def test_a_field_says_what_the_list_was_asked_for(page: Page, server: Tocsin, folder: str) -> None:
    trigger(server, folder, "one", timer())
    page.goto(f"/#/triggers?folder={folder}")
    page.get_by_label("Search").fill("nowhere")
    page.get_by_role("link", name="Show all").click()
    expect(page.locator("tbody tr")).to_have_count(1)
    expect(page.get_by_label("Search")).to_have_value("")


def test_an_edit_outlives_its_trigger(
    page: Page, server: Tocsin, folder: str, faults: Faults
) -> None:
    faults.expect("404 GET .*/triggers/")
    made = trigger(server, folder, "one", timer())
    page.goto(f"/#/triggers/{made}/edit")
    text = page.get_by_label("The trigger as YAML")
    text.fill("name: hours of work")
    expect(page.get_by_text("Live", exact=True)).to_be_visible()
    called(server, "DELETE", f"/triggers/v1/triggers/{made}")
    expect(page.get_by_role("alert")).to_contain_text("not found")
    expect(text).to_have_value("name: hours of work")


def test_an_edit_outlives_the_server(
    browser: Browser, target: RecordingTarget, tmp_path: Path, folder: str
) -> None:
    config = f'[targets]\nfunction = "{target.url}/functions/{{function_id}}"\n'
    with serving(tmp_path, config) as server:
        made = trigger(server, folder, "one", timer())
        address = server.http_address
        page = browser.new_page()
        page.goto(f"http://{address}/#/triggers/{made}/edit")
        text = page.get_by_label("The trigger as YAML")
        text.fill("name: hours of work")
        expect(page.get_by_text("Live", exact=True)).to_be_visible()
    expect(page.get_by_text("Not live")).to_be_visible()
    with serving(tmp_path, config, http=address):
        expect(page.get_by_text("Live", exact=True)).to_be_visible(timeout=30_000)
        expect(page.get_by_role("alert")).to_have_count(0)
        expect(text).to_have_value("name: hours of work")
    page.close()


def test_an_edit_does_not_undo_what_somebody_else_changed(
    page: Page, server: Tocsin, folder: str
) -> None:
    made = trigger(server, folder, "one", timer())
    path = f"/triggers/v1/triggers/{made}"
    page.goto(f"/#/triggers/{made}/edit")
    text = page.get_by_label("The trigger as YAML")
    text.fill(text.input_value().replace("name: one", "name: mine"))
    called(server, "PATCH", path, {"updateMask": "description", "description": "theirs"})
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("heading", name="mine")).to_be_visible()
    assert called(server, "GET", path)["description"] == "theirs"

    page.get_by_role("link", name="Edit").click()
    text.fill(text.input_value().replace("name: mine", "name: yours"))
    called(server, "PATCH", path, {"updateMask": "name", "name": "theirs"})
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("alert")).to_contain_text("Somebody else has changed the name")
    assert called(server, "GET", path)["name"] == "theirs"


def test_a_clock_that_is_slow_makes_nothing_late(page: Page, server: Tocsin, folder: str) -> None:
    page.add_init_script(AN_HOUR_SLOW)
    made = trigger(server, folder, "one", timer())
    fire(server, made)
    page.goto(f"/#/invocations?folder={folder}&range=15m")
    expect(page.locator("tbody tr")).to_have_count(1)
    page.goto(f"/#/triggers?folder={folder}")
    expect(page.locator("tbody tr")).to_contain_text(re.compile(r"succeeded (now|\d+ s ago)"))


def test_what_can_not_be_copied_is_said(page: Page, server: Tocsin, folder: str) -> None:
    queue = {"queueId": "yrn:yc:ymq:ru-central1:b1g:q", "serviceAccountId": "account"}
    action = {"invokeFunction": {"functionId": "hello"}}
    rule = {"messageQueue": {**queue, "batchSettings": {"size": "1", "cutoff": "1s"}, **action}}
    made = trigger(server, folder, "queue", rule)
    page.goto(f"/#/triggers/{made}/fire")
    page.get_by_label("Body, as JSON").fill("{")
    page.locator("form").get_by_role("button", name="Copy as curl").click()
    expect(page.get_by_text("This is not JSON")).to_be_visible()


def test_a_document_makes_one_trigger_and_makes_it_as_it_says(
    page: Page, server: Tocsin, folder: str
) -> None:
    page.goto(f"/#/triggers/new?folder={folder}")
    text = page.get_by_label("The trigger as YAML")
    one = text.input_value()
    create = page.get_by_role("button", name="Create the trigger")
    text.fill(f"{one}---\n{one}")
    create.click()
    expect(page.get_by_role("alert")).to_contain_text("several triggers")
    text.fill(f"{one}status: PAUSED\n")
    create.click()
    expect(page.get_by_role("button", name="Resume")).to_be_visible()
    [row] = called(server, "GET", f"/tocsin/v1/folders/{folder}/triggers")["triggers"]
    assert row["state"] == "STATE_PAUSED"


def test_what_strangers_wrote_at_length_widens_no_screen(
    page: Page, server: Tocsin, folder: str
) -> None:
    page.set_viewport_size({"width": 380, "height": 760})
    long = {"description": "d" * 250, "labels": {"l" * 60: "v" * 60}}
    made = trigger(server, folder, "a" * 63, timer("f" * 50, payload="w" * 2000), **long)
    invocation = fire(server, made)
    for place in (f"triggers/{made}", f"invocations/{invocation}", f"triggers?folder={folder}"):
        page.goto(f"/#/{place}")
        expect(page.locator("main").get_by_text("a" * 63).first).to_be_visible()
        expect(page.get_by_text("Reading …")).to_have_count(0)
        width = page.evaluate("document.documentElement.scrollWidth")
        assert width == page.evaluate("document.documentElement.clientWidth"), place


def test_the_last_hour_has_a_second_page(page: Page, server: Tocsin, folder: str) -> None:
    made = trigger(server, folder, "one", timer())
    for _ in range(52):
        fire(server, made)
    page.goto(f"/#/invocations?folder={folder}&range=1h")
    expect(page.locator("tbody tr")).to_have_count(50)
    page.get_by_role("button", name="Show more").click()
    expect(page.locator("tbody tr")).to_have_count(52)
