"""A server that goes away under an open page, and comes back."""

import re
from pathlib import Path

from playwright.sync_api import Browser, expect

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
