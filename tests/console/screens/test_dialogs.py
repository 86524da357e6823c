"""Dialogs and forms, open and refused, are for people with a screen reader and a keyboard, too."""

from collections.abc import Callable

from playwright.sync_api import Page, expect

from console.browser import Faults
from console.rest import fire, timer, trigger
from stand.tocsin_process import Tocsin

Axe = Callable[[Page], None]


def open_from(page: Page, name: str) -> None:
    page.get_by_role("button", name=name, exact=True).first.click()
    expect(page.get_by_role("dialog")).to_be_visible()


def test_dialogs(page: Page, server: Tocsin, folder: str, axe: Axe) -> None:
    made = trigger(server, folder, "asked", timer())
    fire(server, made)
    for place, buttons in (
        (f"triggers?folder={folder}", ("Pause …", "Delete …", "Keys")),
        (f"triggers/{made}", ("Delete …",)),
        (f"invocations?folder={folder}&state=SUCCEEDED", ("Deliver again …",)),
    ):
        page.goto(f"/#/{place}")
        expect(page.locator("main h1")).to_be_visible()
        for button in buttons:
            open_from(page, button)
            # In it the keyboard begins, and only in it.
            assert page.evaluate("document.activeElement.closest('dialog') !== null")
            axe(page)
            page.keyboard.press("Escape")
            expect(page.get_by_role("dialog")).to_be_hidden()
            expect(page.get_by_role("button", name=button, exact=True).first).to_be_focused()


def test_a_form_that_is_refused(
    page: Page, server: Tocsin, folder: str, axe: Axe, faults: Faults
) -> None:
    faults.expect("400 POST")
    made = trigger(server, folder, "refused", timer())
    page.goto(f"/#/triggers/{made}/edit")
    page.get_by_label("The trigger as YAML").fill("name: x\nrule: {}\n")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("alert")).to_contain_text("wrong")
    axe(page)
    page.goto("/#/triggers/new")
    page.get_by_role("button", name="Create").first.click()
    expect(page.locator("main h1")).to_be_visible()
    axe(page)
