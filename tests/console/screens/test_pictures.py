"""Every screen, wide and narrow, light and dark: nothing sticks out, and the pictures of the docs.

`make pictures` puts the pictures into `docs/console/`.
"""

import os
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from console.rest import called, failing_timer, fire, state, timer, trigger
from stand.apis.steering import QueueService
from stand.processes import eventually
from stand.recording_target import Answer, RecordingTarget
from stand.tocsin_process import Tocsin

PICTURES = os.environ.get("TOCSIN_PICTURES")
WIDE, NARROW = (1280, 800), (400, 800)
SHAPES = [("light", NARROW), ("dark", WIDE), ("light", WIDE), ("dark", NARROW)]
RHYTHMS = {
    "hourly-stock": "0 * ? * * *",
    "prices": "0/15 6-18 ? * * *",
    "rates": "0 6-18 ? * * *",
    "backup": "30 2 * * ? *",
}
# Those that docs/console.md shows.
SHOWN = {
    "overview-wide-light",
    "overview-wide-dark",
    "triggers-wide-light",
    "trigger-wide-light",
    "new-trigger-wide-light",
    "why-wide-light",
    "fire-wide-light",
    "edit-wide-light",
    "invocations-wide-light",
    "invocation-wide-light",
    "dead-letters-wide-light",
    "executions-wide-light",
    "schedules-wide-light",
    "schedule-wide-light",
    "test-event-wide-light",
    "triggers-narrow-dark",
}


@pytest.fixture(scope="module")
def scene(server: Tocsin, target: RecordingTarget, queues: QueueService) -> dict[str, str]:
    """The places of a folder in which something is going on, by the names of their pictures."""
    folder, location = "shop", "projects/shop/locations/local"
    target.answers["/functions/printer"] = lambda _: Answer(503, b'{"error": "out of paper"}')
    reports = trigger(
        server,
        folder,
        "nightly-report",
        {"timer": {**timer("report")["timer"], "cronExpression": "0 9 ? * MON-FRI *"}},
        description="Sends the figures of the day before",
        labels={"team": "office"},
    )
    for name, cron in RHYTHMS.items():
        rule = timer("sync")
        rule["timer"]["cronExpression"] = cron
        trigger(server, folder, name, rule)
    trigger(server, folder, "new-pictures", storage("thumbnails"))
    prints = trigger(
        server, folder, "print-orders", failing_timer("printer", queues.create("orders"))
    )
    asleep = trigger(server, folder, "clean-up", timer("cleaner"))
    called(server, "POST", f"/triggers/v1/triggers/{asleep}:pause", {})
    for _ in range(12):
        fire(server, reports)
    letters = [fire(server, prints) for _ in range(4)]
    eventually(lambda: all(state(server, each) == "STATE_DEAD_LETTERED" for each in letters))
    called(
        server,
        "POST",
        f"/tocsin/v1/{location}/schedules?scheduleId=mornings",
        {
            "integration": f"{location}/integrations/nightly",
            "triggerId": "api_trigger/nightly",
            "cronExpression": "0 9 ? * MON-FRI",
            "timeZone": "Europe/Berlin",
        },
    )
    called(
        server,
        "POST",
        f"/v1/{location}/integrations/nightly:schedule",
        {"triggerId": "api_trigger/nightly"},
    )
    return {
        "overview": f"?folder={folder}&of=folder",
        "triggers": f"triggers?folder={folder}",
        "new-trigger": "triggers/new",
        "trigger": f"triggers/{reports}",
        "why": f"triggers/{reports}/why?at=2026-01-02T03:04:00Z",
        "fire": f"triggers/{reports}/fire",
        "edit": f"triggers/{reports}/edit",
        "invocations": f"invocations?folder={folder}",
        "invocation": f"invocations/{letters[0]}",
        "dead-letters": f"dead-letters?folder={folder}",
        "executions": "executions",
        "schedules": "schedules",
        "schedule": f"schedules/{location.replace('/', '%2F')}%2Fschedules%2Fmornings",
        "test-event": f"test-event?folder={folder}",
    }


def storage(function: str) -> dict[str, object]:
    return {
        "objectStorage": {
            "eventType": ["OBJECT_STORAGE_EVENT_TYPE_CREATE_OBJECT"],
            "bucketId": "pictures",
            "suffix": ".jpg",
            "invokeFunction": {"functionId": function},
        }
    }


@pytest.mark.parametrize(("colours", "size"), SHAPES if PICTURES else SHAPES[:2])
def test_nothing_sticks_out(
    browser: Browser,
    server: Tocsin,
    scene: dict[str, str],
    tmp_path: Path,
    colours: str,
    size: tuple[int, int],
) -> None:
    shape = "wide" if size == WIDE else "narrow"
    context = browser.new_context(
        base_url=f"http://{server.http_address}",
        color_scheme="dark" if colours == "dark" else "light",
        viewport={"width": size[0], "height": size[1]},
        locale="en-GB",
        timezone_id="Europe/Berlin",
    )
    context.add_init_script(
        "localStorage.setItem('tocsin.location', 'projects/shop/locations/local')"
    )
    page = context.new_page()
    for name, place in scene.items():
        # Loaded anew, as by who opens it; a new page would be a new process of the browser.
        page.goto(f"/?{name}#/{place}")
        ready(page)
        assert page.evaluate("document.documentElement.scrollWidth") <= size[0], name
        shot = f"{name}-{shape}-{colours}"
        folder = Path(PICTURES) if PICTURES and shot in SHOWN else tmp_path
        picture = folder / f"{shot}.png"
        page.screenshot(path=picture)
        assert picture.stat().st_size > 0
    context.close()


def ready(page: Page) -> None:
    expect(page.locator("main h1, main h2").first).to_be_visible()
    expect(page.get_by_text("Live", exact=True)).to_be_visible()
    expect(page.get_by_text("Reading …")).to_have_count(0)
