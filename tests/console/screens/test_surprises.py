"""What may surprise people of a cron expression is said beside it, before and after it is saved."""

import re
from collections.abc import Callable

from playwright.sync_api import Page, expect

from console.rest import called
from stand.tocsin_process import Tocsin

DAYS = "day-of-week 1-5 is SUN-THU, as SUN is 1: for Unix cron's 1-5 write MON-FRI"


def test_weekdays_by_number_are_explained_in_the_form_and_beside_the_saved_timer(
    page: Page, server: Tocsin, folder: str, axe: Callable[[Page], None]
) -> None:
    page.goto("/#/triggers/new")
    page.get_by_role("textbox", name="Folder").fill(folder)
    page.get_by_label("Name").fill("mornings")
    page.get_by_label("with the id").fill("hello")
    cron = page.get_by_label("Cron expression")
    cron.fill("0 9 ? * MON-FRI *")
    expect(page.get_by_text("It fires next:")).to_be_visible()
    expect(page.get_by_role("note")).to_have_count(0)
    cron.fill("0 9 ? * 1-5 *")
    expect(page.get_by_role("note")).to_have_text(DAYS)
    axe(page)
    page.get_by_role("button", name="Create the timer").click()
    expect(page.get_by_role("heading", name="mornings")).to_be_visible()
    expect(page.locator("section", has_text="Next fires").get_by_role("note")).to_have_text(DAYS)
    axe(page)


def test_an_edit_shows_it_and_the_next_one_takes_it_away(
    page: Page, server: Tocsin, folder: str
) -> None:
    timer = {"cronExpression": "0 9 ? * MON-FRI *", "invokeFunction": {"functionId": "f"}}
    body = {"folderId": folder, "name": "mornings", "rule": {"timer": timer}}
    made = called(server, "POST", "/triggers/v1/triggers", body)["metadata"]["triggerId"]
    page.goto(f"/#/triggers/{made}")
    fires = page.locator("section", has_text="Next fires")
    expect(fires.locator("tr")).to_have_count(10)
    expect(fires.get_by_role("note")).to_have_count(0)
    for old, new, notes in (("MON-FRI", "1-5", 1), ("1-5", "MON-FRI", 0)):
        page.goto(f"/#/triggers/{made}/edit")
        text = page.get_by_label("The trigger as YAML")
        expect(text).to_have_value(re.compile(re.escape(old)))
        text.fill(text.input_value().replace(old, new))
        page.get_by_role("button", name="Save").click()
        expect(page).to_have_url(re.compile(f"{made}$"))
        expect(fires.get_by_role("note")).to_have_count(notes)


def test_a_schedule_says_what_its_clocks_do(page: Page, server: Tocsin, folder: str) -> None:
    location = f"projects/{folder}/locations/local"
    body = {
        "integration": f"{location}/integrations/nightly",
        "cronExpression": "30 2 ? * 1-7",
        "timeZone": "Europe/Berlin",
        "triggerId": "api_trigger/nightly",
    }
    called(server, "POST", f"/tocsin/v1/{location}/schedules?scheduleId=nights", body)
    page.goto(f"/#/schedules/{location.replace('/', '%2F')}%2Fschedules%2Fnights")
    note = page.locator("section", has_text="Next runs").get_by_role("note")
    expect(note).to_contain_text("the clocks change: skipped on 20")
