"""A server that goes away under an open page, and comes back."""

import re
from pathlib import Path

from playwright.sync_api import Browser, Page, expect

from console.browser import Faults
from console.rest import fire, timer, trigger
from stand.recording_target import RecordingTarget
from stand.tocsin_process import serving


def test_the_page_says_so_and_goes_on_by_itself(
    browser: Browser, target: RecordingTarget, tmp_path: Path, folder: str
) -> None:
    config = f'[targets]\nfunction = "{target.url}/functions/{{function_id}}"\n'
    with serving(tmp_path, config) as server:
        made = trigger(server, folder, "steady", timer())
        address = server.http_address
        page = browser.new_page()
        page.goto(f"http://{address}/#/triggers?folder={folder}")
        expect(page.get_by_role("link", name="steady")).to_be_visible()
        expect(page.get_by_text("Live", exact=True)).to_be_visible()
    expect(page.get_by_role("alert")).to_contain_text("does not answer")
    with serving(tmp_path, config, http=address) as server:
        expect(page.get_by_text("Live", exact=True)).to_be_visible(timeout=30_000)
        fire(server, made)
        expect(page.locator("tbody tr")).to_contain_text(re.compile("succeeded"))
    page.close()


def test_the_page_says_that_the_server_has_another_version(page: Page, faults: Faults) -> None:
    faults.expect("/watch|ERR_FAILED")
    page.route("**/tocsin/v1/watch*", lambda route: route.abort())
    page.goto("/")
    expect(page.get_by_role("alert")).to_contain_text("does not answer")
    index = page.evaluate("document.querySelector('script[type=module]').getAttribute('src')")
    other = f"<script src={index.replace('/assets/', '/assets/0')}></script>"
    page.route(re.compile(r"://[^/]+/$"), lambda route: route.fulfill(body=other))
    page.unroute("**/tocsin/v1/watch*")
    expect(page.get_by_role("alert")).to_contain_text("has another version")
    page.unroute(re.compile(r"://[^/]+/$"))
    page.get_by_role("button", name="Load it").click()
    expect(page.get_by_text("Live", exact=True)).to_be_visible()
    expect(page.get_by_role("alert")).to_be_hidden()
