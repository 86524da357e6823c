"""A cookie goes along with whatever a page makes a browser ask for: only our page gets anywhere."""

import pytest

from stand.access.secured import Secured
from stand.access.tab import PAGES, Tab
from stand.apis.triggers import TIMER

TRIGGERS = "/triggers/v1/triggers"


@pytest.fixture
def page(it: Secured, folder: str) -> Tab:
    account = it.account(folder, "KIND_USER_ACCOUNT")
    page = Tab(it.server.http_address)
    assert page.sign_in(it.secret(account)[1]).status == 200
    return page


def new_trigger(page: Tab, folder: str) -> str:
    body = {"folderId": folder, "name": "", "rule": TIMER}
    answer = page.ask("POST", TRIGGERS, body)
    assert answer.status == 200, answer.body
    found: str = answer.json["metadata"]["triggerId"]
    return found


# What pages of others can make a browser send: no header of ours, and the truth about themselves.
FOREIGN = {
    "a form of another site": {
        "origin": "http://evil.example",
        "sec_fetch_site": "cross-site",
        "tocsin_console": None,
        "content_type": "text/plain",
    },
    "a form of another port": {
        "origin": "http://localhost:3000",
        "sec_fetch_site": "same-site",
        "tocsin_console": None,
        "content_type": "application/x-www-form-urlencoded",
    },
    "a form without an origin": {
        "origin": None,
        "sec_fetch_site": None,
        "tocsin_console": None,
        "content_type": "text/plain",
    },
    "a sandboxed form": {"origin": "null", "sec_fetch_site": "cross-site", "tocsin_console": None},
    "an old browser": {
        "origin": "http://localhost:3000",
        "sec_fetch_site": None,
        "tocsin_console": None,
    },
    "a script of another port": {"origin": "http://localhost:3000", "sec_fetch_site": "same-site"},
    "another origin": {"origin": "http://localhost:3000", "sec_fetch_site": None},
    "another scheme": {"origin": PAGES.replace("http", "https"), "sec_fetch_site": None},
}


@pytest.mark.parametrize("forged", FOREIGN.values(), ids=FOREIGN.keys())
@pytest.mark.parametrize(
    ("verb", "path", "body"),
    [
        ("POST", TRIGGERS, True),
        ("DELETE", f"{TRIGGERS}/TRIGGER", None),
        ("POST", f"{TRIGGERS}/TRIGGER:pause", {}),
        ("PATCH", f"{TRIGGERS}/TRIGGER", {"name": "forged", "updateMask": "name"}),
        # The vendor's way to cancel, by GET.
        ("GET", "/operations/OPERATION:cancel", None),
        ("POST", "/tocsin/v1/session:signOut", {}),
    ],
)
def test_a_foreign_page_changes_nothing(
    page: Tab, folder: str, verb: str, path: str, body: object, forged: dict[str, str | None]
) -> None:
    trigger = new_trigger(page, folder)
    before = page.ask("GET", f"{TRIGGERS}/{trigger}").body
    whole = {"folderId": folder, "name": "forged", "rule": TIMER} if body is True else body
    answer = page.ask(verb, path.replace("TRIGGER", trigger), whole, **forged)  # type: ignore[arg-type]
    assert (answer.status, answer.reason) in [
        (403, "NOT_FROM_PAGE"),
        (403, "PAGE_OR_HOST_REFUSED"),
    ]
    assert page.ask("GET", f"{TRIGGERS}/{trigger}").body == before
    assert len(page.ask("GET", f"{TRIGGERS}?folderId={folder}").json["triggers"]) == 1


@pytest.mark.parametrize(
    "forged",
    [
        {"sec_fetch_site": "cross-site", "tocsin_console": None},
        {"sec_fetch_site": "same-site", "tocsin_console": None},
        {"sec_fetch_site": "same-site"},
        {"sec_fetch_site": None, "tocsin_console": None},
        {"sec_fetch_site": "none", "tocsin_console": None},
    ],
)
def test_a_foreign_page_reads_nothing(page: Tab, forged: dict[str, str | None]) -> None:
    answer = page.who(**forged)
    assert (answer.status, answer.reason) == (403, "NOT_FROM_PAGE")


def test_the_page_reads_by_what_can_set_no_header(page: Tab) -> None:
    """Such as `EventSource`, or a link to a download."""
    assert page.who(tocsin_console=None).status == 200


def test_the_page_works_where_browsers_say_nothing_of_sites(page: Tab, folder: str) -> None:
    """As over HTTP to another machine."""
    page.site = None
    assert page.who().status == 200
    new_trigger(page, folder)


def test_a_large_body_with_a_session_passes(page: Tab, folder: str) -> None:
    """Envoy asks who calls before it reads one."""
    body = {"folderId": folder, "name": "", "rule": TIMER, "description": "x" * 200_000}
    answer = page.ask("POST", TRIGGERS, body)
    assert (answer.status, answer.reason) == (400, "INVALID_FIELDS")
    forged = page.ask("POST", TRIGGERS, body, tocsin_console=None)
    assert (forged.status, forged.reason) == (403, "NOT_FROM_PAGE")


@pytest.mark.parametrize(
    "forged",
    [
        {"tocsin_console": None},
        {"origin": None},
        {"origin": "http://localhost:3000", "sec_fetch_site": "same-site"},
        {"sec_fetch_site": "cross-site"},
    ],
)
def test_no_foreign_page_signs_its_visitor_in(
    it: Secured, folder: str, forged: dict[str, str | None]
) -> None:
    """Otherwise the visitor would work in the account of whoever made that page."""
    _, key = it.secret(it.account(folder))
    page = Tab(it.server.http_address)
    answer = page.sign_in(key, **forged)
    assert (answer.status, answer.reason) == (400, "NOT_FROM_PAGE")
    assert page.cookies == {}


def test_a_session_is_none_of_grpc(it: Secured, page: Tab, folder: str) -> None:
    [(name, value)] = page.cookies.items()
    with it.server.channel() as channel:
        call = channel.unary_unary("/tocsin.v1.AccessService/WhoAmI")
        from grpc import RpcError

        metadata = [("cookie", f"{name}={value}"), ("tocsin-console", "1")]
        with pytest.raises(RpcError) as refused:
            call(b"", metadata=metadata, timeout=30)
    assert refused.value.code().name == "UNAUTHENTICATED"


def test_another_credential_goes_before_the_cookie(it: Secured, page: Tab) -> None:
    answer = page.who(authorization=f"Api-Key {it.admin_key}", tocsin_console=None, origin=None)
    assert answer.status == 200
    assert answer.json["subject"].startswith("userAccount:")
    assert page.who(authorization="Api-Key tocsin_key_wrong").status == 401
