"""A copied command does from a terminal what the page would do."""

import json
import shlex

import pytest
from playwright.sync_api import Page, expect

from console.rest import Json, called, timer, trigger
from stand.apis.wire import send
from stand.tocsin_process import Tocsin


@pytest.fixture
def page(page: Page) -> Page:
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    return page


def run(server: Tocsin, command: str) -> None:
    """Does what `curl` would do; the host needs no curl."""
    program, *words = shlex.split(command)
    assert program == "curl"
    verb = words[words.index("-X") + 1]
    [url] = [word for word in words if word.startswith("http")]
    address, _, path = url.removeprefix("http://").partition("/")
    assert address == server.http_address
    body = words[words.index("-d") + 1].encode() if "-d" in words else None
    reply = send(address, verb, f"/{path}", body)
    assert reply.status == 200, reply.text


def copied(page: Page) -> str:
    expect(page.get_by_text("Copied.").last).to_be_visible()
    command: str = page.evaluate("navigator.clipboard.readText()")
    return command


def read(server: Tocsin, trigger_id: str) -> Json:
    return called(server, "GET", f"/triggers/v1/triggers/{trigger_id}")


@pytest.mark.parametrize("chosen", [["one"], []])
def test_of_many(page: Page, server: Tocsin, folder: str, chosen: list[str]) -> None:
    ids = {name: trigger(server, folder, name, timer()) for name in ("one", "two")}
    page.goto(f"/#/triggers?folder={folder}")
    for name in chosen:
        page.get_by_label(f"Select {name}").check()
    page.get_by_role("button", name="Pause …").click()
    page.get_by_role("dialog").get_by_role("button", name="Copy as curl").click()
    run(server, copied(page))
    paused = {name for name, made in ids.items() if read(server, made)["status"] == "PAUSED"}
    assert paused == set(chosen or ids)


def test_of_a_deletion(page: Page, server: Tocsin, folder: str) -> None:
    made = trigger(server, folder, "gone", timer())
    page.goto(f"/#/triggers/{made}")
    page.get_by_role("button", name="Delete …").click()
    page.get_by_role("dialog").get_by_role("button", name="Copy as curl").click()
    run(server, copied(page))
    assert send(server.http_address, "GET", f"/triggers/v1/triggers/{made}").status == 404


def test_of_an_edit(page: Page, server: Tocsin, folder: str) -> None:
    made = trigger(server, folder, "before", timer())
    page.goto(f"/#/triggers/{made}/edit")
    text = page.get_by_label("The trigger as YAML")
    page.locator("form").get_by_role("button", name="Copy as curl").click()
    expect(page.get_by_text("Nothing is changed yet.")).to_be_visible()
    text.fill(text.input_value().replace("before", "after"))
    page.locator("form").get_by_role("button", name="Copy as curl").click()
    command = copied(page)
    assert json.loads(shlex.split(command)[-1])["updateMask"] == "name"
    run(server, command)
    assert read(server, made)["name"] == "after"
