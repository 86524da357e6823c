"""Trying an event: which triggers would it fire, and what speaks against it?"""

import json
from collections.abc import Callable

from playwright.sync_api import Page, expect

from console.rest import called, trigger
from stand.tocsin_process import Tocsin

ACTION = {"invokeFunction": {"functionId": "hello"}}
CREATED = "OBJECT_STORAGE_EVENT_TYPE_CREATE_OBJECT"


def test_it_says_who_would_fire_and_who_would_not(
    page: Page, server: Tocsin, folder: str, axe: Callable[[Page], None]
) -> None:
    def storage(**more: str) -> dict[str, object]:
        return {"objectStorage": {"eventType": [CREATED], "bucketId": "b", **more, **ACTION}}

    trigger(server, folder, "all", storage())
    trigger(server, folder, "pictures", storage(suffix=".jpg"))
    asleep = trigger(server, folder, "asleep", storage())
    called(server, "POST", f"/triggers/v1/triggers/{asleep}:pause", {})
    page.goto(f"/#/test-event?folder={folder}")
    page.get_by_label("Kind").select_option("Object storage")
    text = page.get_by_label("The event as JSON")
    event = json.loads(text.input_value())
    event["objectStorage"] |= {"bucketId": "b", "objectId": "letter.txt"}
    text.fill(json.dumps(event))
    page.get_by_role("button", name="Test it").click()
    expect(page.get_by_role("heading", name="It would fire 1 trigger.")).to_be_visible()
    verdicts = page.locator(".verdicts > li")
    expect(verdicts.filter(has_text="pictures")).to_contain_text('must be what ends with ".jpg"')
    expect(verdicts.filter(has_text="asleep")).to_contain_text("It is paused.")
    axe(page)


def test_what_is_wrong_with_it_is_named(page: Page, folder: str) -> None:
    page.goto(f"/#/test-event?folder={folder}")
    page.get_by_label("The event as JSON").fill("{not json")
    page.get_by_role("button", name="Test it").click()
    expect(page.get_by_role("alert")).to_contain_text("JSON")
