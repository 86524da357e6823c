"""Integrations that run again and again, and their executions."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from console.rest import Json, called
from stand.tocsin_process import Tocsin


@pytest.fixture
def location(folder: str) -> str:
    return f"projects/{folder}/locations/local"


@pytest.fixture
def schedule(server: Tocsin, location: str) -> str:
    body: Json = {
        "integration": f"{location}/integrations/nightly",
        "triggerId": "api_trigger/nightly",
        "cronExpression": "0 9 ? * MON-FRI",
        "timeZone": "Europe/Berlin",
    }
    path = f"/tocsin/v1/{location}/schedules?scheduleId=mornings"
    name: str = called(server, "POST", path, body)["name"]
    return name


def at(page: Page, location: str, place: str) -> None:
    page.goto("/#/test-event")
    page.evaluate("(name) => localStorage.setItem('tocsin.location', name)", location)
    page.goto(f"/?{place}#/{place}")


def test_a_schedule_is_paused_with_a_note_and_resumed(
    page: Page, location: str, schedule: str, axe: Callable[[Page], None]
) -> None:
    at(page, location, "schedules")
    row = page.locator("tbody tr", has_text="mornings")
    expect(row).to_contain_text("Europe/Berlin")
    axe(page)
    row.get_by_role("link", name="mornings").click()
    expect(page.get_by_role("heading", name="mornings")).to_be_visible()
    expect(page.locator("section", has_text="Next runs").locator("tr")).to_have_count(10)
    axe(page)
    page.get_by_role("button", name="Pause …").click()
    page.get_by_label("Why (others see it)").fill("the office is closed")
    page.get_by_role("button", name="Pause it").click()
    expect(page.get_by_text("the office is closed")).to_be_visible()
    page.get_by_role("button", name="Resume").click()
    expect(page.get_by_text("the office is closed")).to_have_count(0)


def test_executions_appear_and_are_sent_again_with_another_parameter(
    page: Page, server: Tocsin, location: str
) -> None:
    at(page, location, "executions")
    expect(page.get_by_text("No integration has run here.")).to_be_visible()
    expect(page.get_by_text("Live", exact=True)).to_be_visible()
    answer = called(
        server,
        "POST",
        f"/v1/{location}/integrations/nightly:schedule",
        {"triggerId": "api_trigger/nightly", "inputParameters": {"who": {"stringValue": "ann"}}},
    )
    [made] = answer["executionInfoIds"]
    row = page.locator("tbody tr")
    expect(row).to_contain_text("succeeded")
    row.get_by_role("link").last.click()
    page.get_by_text("Send again with changes").click()
    parameters = page.get_by_label("Input parameters, as JSON")
    parameters.fill(parameters.input_value().replace("ann", "bob"))
    page.get_by_role("button", name="Send it").click()
    expect(page.get_by_role("link", name=made)).to_be_visible()
    expect(page.locator("section", has_text="What was sent").locator("pre").last).to_contain_text(
        "bob"
    )
