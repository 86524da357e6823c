"""What the first screen costs a browser."""

from datetime import UTC, datetime, timedelta

import pytest
from playwright.sync_api import Page, Request, expect

from console.rest import fire, timer, trigger
from stand.tocsin_process import Tocsin

MOST_BYTES = 100_000
MOST_REQUESTS = 10


def test_it_is_small_and_comes_from_this_server_alone(
    page: Page, server: Tocsin, folder: str
) -> None:
    trigger(server, folder, "one", timer())
    requests: list[Request] = []
    page.on("request", lambda each: requests.append(each))
    page.goto(f"/#/triggers?folder={folder}")
    expect(page.get_by_role("link", name="one")).to_be_visible()
    here = f"http://{server.http_address}/"
    assert [each.url for each in requests if not each.url.startswith(here)] == []
    finished = [each for each in requests if "watch" not in each.url]
    sizes = [each.sizes() for each in finished]
    assert (
        sum(each["responseBodySize"] + each["responseHeadersSize"] for each in sizes) < MOST_BYTES
    )
    assert len(requests) < MOST_REQUESTS


@pytest.mark.parametrize("screen", ["triggers", "invocations", "a trigger"])
def test_a_list_is_read_once(page: Page, server: Tocsin, folder: str, screen: str) -> None:
    """Changes of it are heard of before it is read, so none is missed between."""
    made = trigger(server, folder, "one", timer())
    fire(server, made)
    place, path = {
        "triggers": (f"triggers?folder={folder}", f"/folders/{folder}/triggers"),
        "invocations": (f"invocations?folder={folder}", "/tocsin/v1/invocations"),
        "a trigger": (f"triggers/{made}", "/tocsin/v1/invocations"),
    }[screen]
    page.goto(f"/#/{place}")
    expect(page.locator("tbody tr a").first).to_be_visible()
    # It never tires of waiting for the stream, however slow this machine is.
    page.clock.install()
    page.clock.pause_at(datetime.now(UTC) + timedelta(hours=1))
    read: list[str] = []
    page.on("request", lambda each: read.append(each.url.partition("?")[0]))
    page.reload()
    expect(page.locator("tbody tr a").first).to_be_visible()
    expect(page.get_by_text("Live", exact=True)).to_be_visible()
    assert len([each for each in read if each.endswith(path)]) == 1


def test_another_visit_asks_only_for_what_can_change(
    page: Page, server: Tocsin, folder: str
) -> None:
    trigger(server, folder, "one", timer())
    page.goto(f"/#/triggers?folder={folder}")
    expect(page.get_by_role("link", name="one")).to_be_visible()
    page.goto("about:blank")
    asked: list[str] = []
    page.on("response", lambda each: None if each.from_service_worker else asked.append(each.url))
    page.goto(f"/#/triggers?folder={folder}")
    expect(page.get_by_role("link", name="one")).to_be_visible()
    assert (
        page.evaluate(
            "performance.getEntriesByType('resource')"
            ".filter((each) => each.name.includes('/assets/') && each.transferSize > 0).length"
        )
        == 0
    )
