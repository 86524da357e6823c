"""Deliveries: found, understood, repeated."""

from collections.abc import Callable

from playwright.sync_api import Page, expect

from console.rest import called, failing_timer, fire, state, timer, trigger
from stand.processes import eventually
from stand.recording_target import Answer, RecordingTarget
from stand.tocsin_process import Tocsin


def failed(server: Tocsin, target: RecordingTarget, folder: str, number: int = 1) -> list[str]:
    """Invocations of a target that fails."""
    target.answers[f"/functions/{folder}"] = lambda _: Answer(503, b"out of paper")
    made = trigger(server, folder, "printer", failing_timer(folder))
    ids = [fire(server, made) for _ in range(number)]
    eventually(lambda: all(state(server, each) == "STATE_FAILED" for each in ids))
    return ids


def test_the_list_is_narrowed_by_state_and_error(
    page: Page, server: Tocsin, target: RecordingTarget, folder: str
) -> None:
    failed(server, target, folder, 2)
    fire(server, trigger(server, folder, "greeter", timer()))
    page.goto(f"/#/invocations?folder={folder}")
    expect(page.locator("tbody tr")).to_have_count(3)
    page.get_by_label("State").select_option("FAILED")
    expect(page.locator("tbody tr")).to_have_count(2)
    expect(page.locator("tbody tr").first).to_contain_text("printer")
    page.get_by_label("Error").fill("503")
    expect(page.locator("tbody tr")).to_have_count(2)
    page.get_by_label("Error").fill("no such text")
    expect(page.get_by_text("No invocation is like that.")).to_be_visible()
    page.reload()
    expect(page.get_by_label("Error")).to_have_value("no such text")


def test_new_ones_appear_on_top(page: Page, server: Tocsin, folder: str) -> None:
    greeter = trigger(server, folder, "greeter", timer())
    page.goto(f"/#/invocations?folder={folder}")
    expect(page.get_by_text("Nothing has fired in this folder yet.")).to_be_visible()
    expect(page.get_by_text("Live", exact=True)).to_be_visible()
    fire(server, greeter)
    expect(page.locator("tbody tr")).to_have_count(1)
    expect(page.locator("tbody tr").first).to_contain_text("succeeded")


def test_all_that_failed_are_delivered_again(
    page: Page, server: Tocsin, target: RecordingTarget, folder: str
) -> None:
    ids = failed(server, target, folder, 3)
    del target.answers[f"/functions/{folder}"]
    page.goto(f"/#/invocations?folder={folder}&state=FAILED")
    expect(page.locator("tbody tr")).to_have_count(3)
    page.get_by_role("button", name="Deliver again …").click()
    page.get_by_role("button", name="Deliver again: 3 invocations").click()
    eventually(lambda: all(state(server, each) == "STATE_SUCCEEDED" for each in ids))


def test_one_tells_its_whole_story(
    page: Page, server: Tocsin, target: RecordingTarget, folder: str
) -> None:
    [invocation] = failed(server, target, folder)
    page.goto(f"/#/invocations/{invocation}")
    expect(page.get_by_text("Why it failed:")).to_be_visible()
    attempts = page.get_by_role("region", name="Attempts")
    expect(attempts).to_contain_text("call 1")
    expect(attempts).to_contain_text("HTTP 503")
    page.get_by_text("Headers").click()
    expect(page.get_by_text("X-Request-Id")).to_be_visible()


def test_it_is_sent_again_with_another_payload(
    page: Page, server: Tocsin, target: RecordingTarget, folder: str
) -> None:
    greeter = trigger(server, folder, "greeter", timer(folder, payload="one"))
    page.goto(f"/#/invocations/{fire(server, greeter)}")
    page.get_by_text("Send again with changes").click()
    expect(page.get_by_text("Nothing is changed yet.")).to_be_visible()
    payload = page.get_by_label("Payload")
    payload.fill(payload.input_value().replace("one", "two"))
    expect(page.get_by_label("What is changed").locator("ins")).to_contain_text("two")
    expect(page.get_by_label("What is changed").locator("del")).to_contain_text("one")
    page.get_by_role("button", name="Send it").click()
    expect(page.get_by_text("Sent again from")).to_be_visible()
    target.wait_for(
        lambda each: each.path == f"/functions/{folder}" and b"two" in each.body, count=1
    )


def test_screens_are_for_everybody(
    page: Page,
    server: Tocsin,
    target: RecordingTarget,
    folder: str,
    axe: Callable[[Page], None],
) -> None:
    [invocation] = failed(server, target, folder)
    called(server, "POST", f"/tocsin/v1/invocations/{invocation}:retry", {})
    for place in (f"invocations?folder={folder}", f"invocations/{invocation}", "executions"):
        page.goto(f"/#/{place}")
        expect(page.locator("main h1")).to_be_visible()
        expect(page.get_by_text("Reading …")).to_have_count(0)
        axe(page)
