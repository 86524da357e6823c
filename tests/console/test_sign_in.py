"""People sign in on the page, in a real browser: with an API key, by an issuer, and out again."""

import json
import re
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from console.browser import Faults
from stand.access.oidc_provider import Provider, provider
from stand.access.secured import Secured, secured
from stand.access.tab import Tab
from stand.apis.wire import send
from stand.tocsin_process import Tocsin

REFUSED = r"^401 "


@pytest.fixture(scope="module")
def corp() -> Iterator[Provider]:
    """Its pages are of another site than the server's, which is `localhost` in these tests."""
    with provider() as running:
        yield running


@pytest.fixture(scope="module")
def secure(corp: Provider) -> Iterator[Secured]:
    config = f"""
        {corp.config()}

        [[access.bindings]]
        resource = "folders/annas"
        subject = "federatedUser:corp:anna"
        role = "viewer"
    """
    with tempfile.TemporaryDirectory() as made, secured(Path(made), config) as running:
        yield running


@pytest.fixture
def server(secure: Secured) -> Tocsin:
    return secure.server


@pytest.fixture
def window(browser: Browser, server: Tocsin) -> Iterator[BrowserContext]:
    port = server.http_address.rpartition(":")[2]
    context = browser.new_context(base_url=f"http://localhost:{port}")
    context.set_default_timeout(15_000)
    yield context
    context.close()


def person(secure: Secured, folder: str) -> tuple[str, str]:
    """Somebody who may edit a folder: their credential's id and an API key."""
    return secure.secret(secure.account(folder, "KIND_USER_ACCOUNT"))


def with_key(page: Page, key: str) -> None:
    page.get_by_label("API key").fill(key)
    page.get_by_role("button", name="Sign in", exact=True).click()


def signed_in(page: Page) -> None:
    expect(page.get_by_role("button", name="Sign out")).to_be_visible()
    expect(page.get_by_role("heading", name="Sign in")).to_have_count(0)


def test_somebody_signs_in_with_a_key_and_out(
    page: Page, secure: Secured, folder: str, axe: Callable[[Page], None], faults: Faults
) -> None:
    _, key = person(secure, folder)
    page.goto(f"/#/triggers?folder={folder}")
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
    axe(page)
    faults.expect(f"{REFUSED}POST .*signIn")
    with_key(page, "tocsin_key_wrong")
    expect(page.get_by_role("alert")).to_contain_text("did not succeed")
    with_key(page, f" {key} ")
    signed_in(page)
    # Where the reader wanted to go; and a reload asks for nothing.
    assert page.url.endswith(f"#/triggers?folder={folder}")
    page.reload()
    signed_in(page)
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
    page.reload()
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()


def test_no_script_and_no_storage_has_the_session(
    page: Page, secure: Secured, folder: str, window: BrowserContext
) -> None:
    _, key = person(secure, folder)
    page.goto("/")
    with_key(page, key)
    signed_in(page)
    [cookie] = window.cookies()
    assert cookie["value"].startswith("tocsin_session_")
    assert (cookie["httpOnly"], cookie["sameSite"], cookie["path"]) == (True, "Strict", "/")
    seen = page.evaluate(
        "() => [document.cookie, JSON.stringify(localStorage), JSON.stringify(sessionStorage),"
        " location.href, document.documentElement.outerHTML].join('')"
    )
    assert "tocsin_session_" not in seen
    assert key not in seen


@pytest.mark.parametrize("asks", [False, True], ids=["known to the issuer", "asked there"])
def test_somebody_signs_in_by_an_issuer(
    page: Page, corp: Provider, asks: bool, axe: Callable[[Page], None]
) -> None:
    corp.asks, corp.claims, corp.life_seconds = asks, {}, 300
    page.goto("/#/triggers?folder=annas")
    page.get_by_role("button", name="Sign in with Example Corp").click()
    if asks:
        page.get_by_role("button", name="I am Anna").click()
    signed_in(page)
    expect(page.get_by_text("anna@example.com")).to_be_visible()
    assert page.url.endswith("/#/triggers?folder=annas")
    assert "code" not in page.url
    # The code is not in the history either.
    page.goto("about:blank")
    page.go_back()
    signed_in(page)
    assert "code" not in page.url


def test_the_code_may_come_in_the_fragment(
    browser: Browser, faults_of: Callable[[Page], Faults], tmp_path: Path
) -> None:
    with provider() as corp:
        corp.answers_in_fragment = True
        with secured(tmp_path, corp.config()) as it:
            port = it.server.http_address.rpartition(":")[2]
            page = browser.new_page(base_url=f"http://localhost:{port}")
            faults_of(page)
            page.goto("/#/invocations")
            page.get_by_role("button", name="Sign in with Example Corp").click()
            expect(page.get_by_role("heading", name="no role")).to_be_visible()
            expect(page.get_by_text("bindings add 'federatedUser:corp:anna'")).to_be_visible()
            assert page.url.endswith("/#/invocations")
            page.close()


def test_a_link_with_somebody_elses_code_signs_nobody_in(
    page: Page, corp: Provider, secure: Secured, window: BrowserContext, faults: Faults
) -> None:
    faults.expect(f"{REFUSED}POST .*completeSignIn")
    page.goto("/?code=stolen&state=theirs#/triggers")
    expect(page.get_by_role("alert")).to_contain_text("did not succeed")
    assert "code" not in page.url
    assert window.cookies() == []


def test_a_refusal_of_the_issuer_is_told_as_text(page: Page) -> None:
    page.goto("/?error=access_denied&error_description=%3Cimg%20src%3Dx%3Eno&state=s")
    expect(page.get_by_role("alert")).to_contain_text("<img src=x>no")
    assert page.locator("img").count() == 0


def test_a_session_that_ends_asks_to_sign_in_again_and_keeps_the_screen(
    page: Page, secure: Secured, folder: str, faults: Faults
) -> None:
    faults.expect(r"^40[13] ")
    credential, key = person(secure, folder)
    account = secure.admin.call("AccessService.ListAccounts", {"folderId": folder})["accounts"]
    page.goto(f"/#/triggers?folder={folder}")
    with_key(page, key)
    signed_in(page)
    _, another = secure.secret(account[0]["id"])
    secure.admin.call("AccessService.DeleteCredential", {"credentialId": credential})
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible(timeout=40_000)
    with_key(page, another)
    signed_in(page)
    assert page.url.endswith(f"#/triggers?folder={folder}")


FORM = """<!doctype html><title>Evil</title>
<form id="f" method="post" action="{url}" enctype="text/plain" target="frame">
<input name='{{"x":"' value='"}}'></form><iframe name="frame"></iframe>
<img src="{read}"><script src="{read}"></script>"""


@contextmanager
def evil(host: str, url: str, read: str) -> Iterator[str]:
    """A page of another site, or another port, with a form, an image and a script that aim here."""
    written = FORM.format(url=url, read=read).encode()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.end_headers()
            self.wfile.write(written)

        def log_message(self, *_: object) -> None:
            """Says nothing."""

    pages = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=pages.serve_forever, daemon=True).start()
    yield f"http://{host}:{pages.server_address[1]}/"
    pages.shutdown()
    pages.server_close()


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"], ids=["another site", "another port"])
def test_another_page_does_nothing_in_the_name_of_its_visitor(
    window: BrowserContext, secure: Secured, folder: str, host: str
) -> None:
    _, key = person(secure, folder)
    home = window.new_page()
    home.goto("/")
    with_key(home, key)
    signed_in(home)
    [cookie] = window.cookies()
    base = home.url.partition("#")[0]
    tab = Tab(secure.server.http_address, origin=base.rstrip("/"))
    tab.cookies = {cookie["name"]: cookie["value"]}
    with evil(host, f"{base}tocsin/v1/session:signOut", f"{base}tocsin/v1/access/whoami") as url:
        visitor = window.new_page()
        answers: dict[str, int] = {}
        visitor.on(
            "response",
            lambda each: answers.update({f"{each.request.method} {each.url}": each.status}),
        )
        visitor.goto(url)
        with visitor.expect_response(lambda each: "signOut" in each.url):
            visitor.evaluate("document.getElementById('f').submit()")
        outcome = visitor.evaluate(
            """async (url) => {
              const ask = (options) => fetch(url, options).then((r) => r.status, () => "blocked");
              return Promise.all([
                ask({ credentials: "include" }),
                ask({ credentials: "include", headers: { "tocsin-console": "1" } }),
                ask({ credentials: "include", mode: "no-cors" }),
              ]);
            }""",
            f"{base}tocsin/v1/access/whoami",
        )
        visitor.close()
    assert outcome[:2] == ["blocked", "blocked"]
    aimed = {each: status for each, status in answers.items() if each.split()[1].startswith(base)}
    assert aimed
    assert set(aimed.values()) <= {401, 403}
    # The visitor is still signed in.
    assert tab.who().status == 200


def test_somebody_who_only_looks_sees_no_button_that_would_be_refused(
    page: Page, secure: Secured, folder: str
) -> None:
    authorization = {"authorization": f"Api-Key {person(secure, folder)[1]}"}

    def post(path: str, body: object) -> Any:
        sent = json.dumps(body).encode()
        return send(secure.server.http_address, "POST", path, sent, authorization).json

    timer = {"cronExpression": "0 0 1 1 ? *", "invokeFunction": {"functionId": "hello"}}
    request = {"folderId": folder, "name": "every-year", "rule": {"timer": timer}}
    made = post("/triggers/v1/triggers", request)["response"]["id"]
    invocation = post(f"/tocsin/v1/triggers/{made}:fire", {})["invocations"][0]["id"]
    account = secure.admin.call(
        "AccessService.CreateAccount", {"kind": "KIND_USER_ACCOUNT", "folderId": folder}
    )["account"]["id"]
    binding = {"resource": f"folders/{folder}", "subject": f"userAccount:{account}"}
    secure.admin.call("AccessService.AddBinding", {"binding": {**binding, "role": "viewer"}})
    page.goto(f"/#/triggers?folder={folder}")
    with_key(page, secure.secret(account)[1])
    signed_in(page)
    refused = re.compile(
        r"^(New|Make|Pause|Resume|Delete|Deliver|Redrive|Cancel|Fire|Edit|Save|Send|With )"
    )
    for place, sign in (
        (f"triggers?folder={folder}", "every-year"),
        (f"triggers/{made}", "every-year"),
        ("invocations", "every-year"),
        (f"invocations/{invocation}", "every-year"),
        ("dead-letters", "There are no dead letters"),
        ("executions", "No integration has run"),
        ("", "What fires in the next"),
    ):
        page.goto(f"/#/{place}")
        expect(page.get_by_role("main").get_by_text(sign).first).to_be_visible()
        expect(page.get_by_text("Reading …")).to_have_count(0)
        assert (
            page.locator("main")
            .locator("a, button, summary")
            .filter(has_text=refused)
            .all_inner_texts()
            == []
        )
    expect(page.get_by_role("alert")).to_have_count(0)
