"""Times where the reader is: across a change of the clocks, and in zones of odd offsets."""

import json
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from playwright.sync_api import Browser, Page, Route, expect

from console.browser import Faults
from console.rest import timer, trigger
from stand.tocsin_process import Tocsin

HOUR = timedelta(hours=1)


@contextmanager
def read_in(
    zone: str, browser: Browser, server: Tocsin, faults_of: Callable[[Page], Faults]
) -> Iterator[Page]:
    """A page of a reader who lives there."""
    with browser.new_context(
        base_url=f"http://{server.http_address}", locale="en-GB", timezone_id=zone
    ) as context:
        page = context.new_page()
        faults_of(page)
        yield page


def next_change(zone: str) -> datetime:
    """The next instant, in UTC, at which the clocks of a zone are changed."""
    at = datetime.now(UTC).replace(minute=0, second=0, microsecond=0) + 48 * HOUR
    while offset(zone, at) == offset(zone, at - HOUR):
        at += HOUR
    return at


def offset(zone: str, at: datetime) -> timedelta | None:
    return at.astimezone(ZoneInfo(zone)).utcoffset()


@pytest.mark.parametrize(
    "zone", ["Europe/Berlin", "America/New_York", "Asia/Kathmandu", "Pacific/Chatham", "UTC"]
)
def test_next_fires_are_written_in_both_zones(
    zone: str,
    browser: Browser,
    server: Tocsin,
    folder: str,
    faults_of: Callable[[Page], Faults],
) -> None:
    """An hour before clocks change, then, and an hour after."""
    change = next_change("Europe/Berlin" if zone in ("UTC", "Asia/Kathmandu") else zone)
    ticks = [change - HOUR, change, change + HOUR]
    rule = timer()
    rule["timer"]["cronExpression"] = (
        f"{change.minute} {','.join(str(each.hour) for each in ticks)} "
        f"{change.day} {change.month} ? {change.year}"
    )
    made = trigger(server, folder, "changing", rule)
    with read_in(zone, browser, server, faults_of) as page:
        page.goto(f"/#/triggers/{made}")
        rows = page.locator("section", has_text="Next fires").locator("tr")
        expect(rows).to_have_count(3)
        for row, tick in zip(rows.all(), ticks, strict=True):
            there = tick.astimezone(ZoneInfo(zone))
            expect(row).to_contain_text(f"{there:%H:%M:%S}")
            expect(row).to_contain_text(f"{tick:%H:%M:%S} UTC")
            assert (
                row.locator("time").first.get_attribute("datetime") == f"{tick:%Y-%m-%dT%H:%M:%SZ}"
            )


@pytest.mark.parametrize(
    ("zone", "start", "rows", "first"),
    [
        # The clocks go from 02:00 to 03:00, and from 03:00 back to 02:00.
        ("Europe/Berlin", "2027-03-27T23:00:00Z", ["00:00", "01:00", "03:00", "04:00"], "03:00"),
        ("Europe/Berlin", "2026-10-24T23:00:00Z", ["01:00", "02:00", "02:00", "03:00"], "02:00"),
        ("Asia/Kathmandu", "2027-01-01T00:15:00Z", ["06:00", "07:00", "08:00"], "08:00"),
        # Half an hour, so that rows begin at half hours then.
        ("Australia/Lord_Howe", "2027-10-02T13:30:00Z", ["00:00", "01:00", "02:30"], "02:30"),
    ],
)
def test_the_forecast_has_the_hours_of_the_reader(
    zone: str,
    start: str,
    rows: list[str],
    first: str,
    browser: Browser,
    server: Tocsin,
    faults_of: Callable[[Page], Faults],
) -> None:
    """What fires two hours after the start stands at its own minute."""

    def moved(route: Route) -> None:
        answer = route.fetch().json()
        minutes = ["0"] * 1440
        minutes[120] = "3"
        answer["forecast"] |= {"start": start, "minutes": minutes}
        route.fulfill(body=json.dumps(answer), content_type="application/json")

    with read_in(zone, browser, server, faults_of) as page:
        page.route("**/tocsin/v1/overview*", moved)
        page.goto("/#/")
        heat = page.locator(".heat")
        expect(heat.locator("rect title")).to_have_text(re.compile(rf"^{first} .*: 3 times$"))
        names = [text for text in heat.locator("text").all_text_contents() if text[0] != ":"]
        assert [name.split()[0] for name in names[: len(rows)]] == rows


def test_an_instant_that_no_clock_shows_is_explained_as_the_one_that_it_means(
    browser: Browser, server: Tocsin, folder: str, faults_of: Callable[[Page], Faults]
) -> None:
    made = trigger(server, folder, "asleep", timer())
    with read_in("Europe/Berlin", browser, server, faults_of) as page:
        page.goto(f"/#/triggers/{made}/why?at=2026-01-02T03:04:00Z")
        expect(page.get_by_label("At")).to_have_value("2026-01-02T04:04")
        page.get_by_label("At").fill("2026-03-29T02:30")
        page.get_by_role("button", name="Explain").click()
        minute = page.locator(".answer dd").first
        expect(minute).to_contain_text("03:30:00 CEST")
        expect(minute).to_contain_text("01:30:00 UTC")
