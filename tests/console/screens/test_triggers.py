"""The triggers of a folder, and one of them."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from console.browser import Faults
from console.rest import called, fire, timer, trigger
from stand.tocsin_process import Tocsin


def shown(page: Page) -> list[str]:
    return page.locator("tbody tr td:nth-child(2) a").all_inner_texts()


def test_a_list_is_searched_and_sorted(page: Page, server: Tocsin, folder: str) -> None:
    for name in ("alpha", "beta-one", "beta-two"):
        trigger(server, folder, name, timer())
    page.goto(f"/#/triggers?folder={folder}")
    expect(page.locator("tbody tr")).to_have_count(3)
    page.get_by_role("button", name="Name").click()
    page.get_by_role("button", name="Name").click()
    expect(page.locator("tbody tr").first).to_contain_text("beta-two")
    page.get_by_label("Search").fill("beta")
    expect(page.locator("tbody tr")).to_have_count(2)
    assert shown(page) == ["beta-two", "beta-one"]


def test_it_follows_what_happens_without_reloading(page: Page, server: Tocsin, folder: str) -> None:
    first = trigger(server, folder, "first", timer())
    page.goto(f"/#/triggers?folder={folder}")
    expect(page.get_by_text("never fired")).to_be_visible()
    expect(page.get_by_text("Live", exact=True)).to_be_visible()

    fire(server, first)
    expect(page.locator("tbody tr").first).to_contain_text("succeeded")
    called(server, "POST", f"/triggers/v1/triggers/{first}:pause", {})
    expect(page.locator("tbody tr").first).to_contain_text("paused")
    trigger(server, folder, "second", timer())
    expect(page.locator("tbody tr")).to_have_count(2)
    called(server, "DELETE", f"/triggers/v1/triggers/{first}")
    expect(page.locator("tbody tr")).to_have_count(1)


@pytest.mark.parametrize("chosen", [["one", "two"], []])
def test_many_are_paused_at_once(
    page: Page, server: Tocsin, folder: str, chosen: list[str]
) -> None:
    """Those that are selected, or else all that the filter finds; the number is confirmed."""
    ids = {name: trigger(server, folder, name, timer()) for name in ("one", "two", "three")}
    page.goto(f"/#/triggers?folder={folder}")
    for name in chosen:
        page.get_by_label(f"Select {name}", exact=True).check()
    page.get_by_role("button", name="Pause …").click()
    number = len(chosen) or 3
    page.get_by_role("button", name=f"Pause {number} triggers").click()
    expect(page.locator("tbody").get_by_text("paused")).to_have_count(number)
    states = {
        name: called(server, "GET", f"/triggers/v1/triggers/{each}")["status"]
        for name, each in ids.items()
    }
    assert {name for name, status in states.items() if status == "PAUSED"} == set(chosen or ids)


def test_keys_walk_the_rows(page: Page, server: Tocsin, folder: str) -> None:
    for name in ("one", "two"):
        trigger(server, folder, name, timer())
    page.goto(f"/#/triggers?folder={folder}&order=name")
    expect(page.locator("tbody tr")).to_have_count(2)
    page.keyboard.press("?")
    expect(page.get_by_role("dialog")).to_contain_text("Next row")
    page.keyboard.press("Escape")
    page.keyboard.press("j")
    page.keyboard.press("j")
    page.keyboard.press("k")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="one")).to_be_visible()
    page.keyboard.press("t")
    page.wait_for_url(re.compile("#/triggers$"))
    expect(page.get_by_label("Search")).to_be_visible()
    page.keyboard.press("/")
    expect(page.get_by_label("Search")).to_be_focused()


def test_an_edit_is_refused_at_its_line_and_then_made(
    page: Page, server: Tocsin, folder: str
) -> None:
    made = trigger(server, folder, "before", timer())
    page.goto(f"/#/triggers/{made}/edit")
    text = page.get_by_label("The trigger as YAML")
    wrong = text.input_value().replace("0 0 1 1 ? *", "0 0 99 1 ? *")
    text.fill(wrong)
    page.get_by_role("button", name="Save").click()
    line = 1 + wrong[: wrong.index("0 0 99 1 ? *")].count("\n")
    expect(page.get_by_role("button", name=f"Line {line}")).to_be_visible()
    assert called(server, "GET", f"/triggers/v1/triggers/{made}")["name"] == "before"

    text.fill(wrong.replace("0 0 99 1 ? *", "5 0 1 1 ? *").replace("before", "after"))
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("heading", name="after")).to_be_visible()
    stored = called(server, "GET", f"/triggers/v1/triggers/{made}")
    assert stored["rule"]["timer"]["cronExpression"] == "5 0 1 1 ? *"


def test_it_says_why_it_did_not_fire(page: Page, server: Tocsin, folder: str) -> None:
    made = trigger(server, folder, "quiet", timer())
    page.goto(f"/#/triggers/{made}/why?at=2026-01-02T03:04:00Z")
    expect(page.get_by_role("heading", name="trigger did not exist")).to_be_visible()
    page.get_by_label("Zone").select_option("utc")
    page.get_by_label("At").fill("2020-01-01T00:00")
    page.get_by_role("button", name="Explain").click()
    expect(page.locator(".answer")).to_contain_text("2020")


@pytest.mark.parametrize("form", ["Copy as YAML", "as curl", "as Terraform"])
def test_it_is_copied(page: Page, server: Tocsin, folder: str, form: str) -> None:
    made = trigger(server, folder, "copied", timer())
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.goto(f"/#/triggers/{made}")
    page.get_by_role("button", name=form, exact=True).click()
    expect(page.get_by_text("Copied.")).to_be_visible()
    assert "copied" in page.evaluate("navigator.clipboard.readText()")


def test_a_trigger_that_is_not_there(page: Page, faults: Faults) -> None:
    faults.expect("404")
    page.goto("/#/triggers/a1snone")
    expect(page.get_by_role("alert").first).to_contain_text("a1snone")


def test_screens_are_for_everybody(
    page: Page, server: Tocsin, folder: str, axe: Callable[[Page], None]
) -> None:
    made = trigger(server, folder, "seen", timer(), labels={"team": "night"})
    fire(server, made)
    for place in (
        f"triggers?folder={folder}",
        "triggers/new",
        f"triggers/{made}",
        f"triggers/{made}/why?at=2026-01-02T03:04:00Z",
        f"triggers/{made}/fire",
        f"triggers/{made}/edit",
    ):
        page.goto(f"/#/{place}")
        expect(page.locator("main h1")).to_be_visible()
        expect(page.get_by_text("Reading …")).to_have_count(0)
        axe(page)
