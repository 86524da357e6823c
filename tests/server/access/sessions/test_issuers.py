"""People sign in on the page by an outside issuer: the code flow with PKCE, and attacks on it."""

import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from stand.access.oidc_provider import CLIENT, Provider, provider
from stand.access.secured import Secured, secured
from stand.access.tab import Answer, Tab

PAGE = "http://localhost/tocsin/"


@pytest.fixture(scope="module")
def corp() -> Iterator[Provider]:
    with provider() as running:
        yield running


@pytest.fixture(scope="module")
def server(corp: Provider) -> Iterator[Secured]:
    others = """
        [access.issuers.machines]
        issuer = "http://127.0.0.1:1"
        audience = "tocsin"

        [access.issuers.silent]
        issuer = "http://127.0.0.1:1/silent"
        audience = "tocsin"
        client_id = "tocsin-console"

        [[access.bindings]]
        resource = "folders/annas"
        subject = "federatedUser:corp:anna"
        role = "editor"
    """
    with (
        tempfile.TemporaryDirectory() as made,
        secured(Path(made), corp.config() + others) as running,
    ):
        yield running


@pytest.fixture
def page(server: Secured, corp: Provider) -> Tab:
    corp.claims, corp.life_seconds, corp.answers_in_fragment = {}, 300, False
    return Tab(server.server.http_address)


def begin(page: Tab, issuer: str = "corp", redirect_uri: str = PAGE) -> Answer:
    asked = {"issuer": issuer, "redirectUri": redirect_uri}
    return page.ask("POST", "/tocsin/v1/session:beginSignIn", asked)


def returned(page: Tab, corp: Provider) -> dict[str, str]:
    """Begins, and signs in at the issuer; returns what it sends back to the page."""
    url = begin(page).json["authorizationUrl"]
    assert url.startswith(f"{corp.url}/authorize?tenant=test&")
    back = urlsplit(corp.back({name: v for name, [v] in parse_qs(urlsplit(url).query).items()}))
    assert f"{back.scheme}://{back.netloc}{back.path}" == PAGE
    return {name: value for name, [value] in parse_qs(back.query or back.fragment).items()}


def complete(page: Tab, sent: dict[str, str], **changed: str) -> Answer:
    body = {"redirectUri": PAGE, **sent, **changed}
    return page.ask("POST", "/tocsin/v1/session:completeSignIn", body)


def refused(answer: Answer) -> bool:
    return (answer.status, answer.reason) == (401, "SIGN_IN_REFUSED")


def test_somebody_signs_in(page: Tab, corp: Provider) -> None:
    options = page.ask("GET", "/tocsin/v1/session").json
    assert options["issuers"] == [
        {"name": "corp", "title": "Example Corp"},
        {"name": "silent", "title": "silent"},
    ]
    answer = complete(page, returned(page, corp))
    assert (answer.status, answer.json["subject"]) == (200, "federatedUser:corp:anna")
    [name] = page.cookies  # that of the attempt is gone
    assert "session" in name
    told = page.who().json
    assert (told["subject"], told["name"]) == ("federatedUser:corp:anna", "anna@example.com")
    assert page.ask("GET", "/triggers/v1/triggers?folderId=annas").status == 200
    assert page.ask("GET", "/triggers/v1/triggers?folderId=others").status == 403
    # Google's methods ask tokens for a scope; a person who is signed in has no less.
    assert page.ask("GET", "/v1/projects/p/locations/l/operations").status == 403
    stolen = Tab(page.address, cookies=dict(page.cookies))
    assert page.ask("POST", "/tocsin/v1/session:signOut", {}).status == 200
    assert stolen.who().status == 401


def test_the_code_is_kept_from_servers_where_the_issuer_can(page: Tab, corp: Provider) -> None:
    """An issuer's configuration is kept for minutes, so this takes a server of its own."""
    corp.answers_in_fragment = True
    with tempfile.TemporaryDirectory() as made, secured(Path(made), corp.config()) as it:
        own = Tab(it.server.http_address)
        asked = parse_qs(urlsplit(begin(own).json["authorizationUrl"]).query)
        assert asked["response_mode"] == ["fragment"]


def test_the_issuer_is_asked_with_what_nobody_can_guess(page: Tab, corp: Provider) -> None:
    both = [
        {name: value for name, [value] in parse_qs(urlsplit(url).query).items()}
        for url in (begin(Tab(page.address)).json["authorizationUrl"] for _ in range(2))
    ]
    for name in ("state", "nonce", "code_challenge"):
        assert both[0][name] != both[1][name]
        assert len(both[0][name]) == 43
    assert (both[0]["client_id"], both[0]["scope"]) == (CLIENT, "openid email")
    [written] = begin(page).headers.get_all("set-cookie")
    assert {"HttpOnly", "SameSite=Strict", "Max-Age=600"} <= set(written.split("; "))


def test_a_code_counts_once(page: Tab, corp: Provider) -> None:
    sent = returned(page, corp)
    attempt = dict(page.cookies)
    assert complete(page, sent).status == 200
    page.cookies = attempt
    assert refused(complete(page, sent))


def test_the_code_of_another_browser_is_not_taken(page: Tab, corp: Provider) -> None:
    """Otherwise a link would sign its visitor in as whoever made it."""
    sent = returned(Tab(page.address), corp)
    assert refused(complete(page, sent))
    returned(page, corp)
    assert refused(complete(page, sent))
    assert "session" not in "".join(page.cookies)


@pytest.mark.parametrize(
    "changed",
    [
        {"state": "x"},
        {"state": "é"},
        {"code": "x"},
        {"redirectUri": "http://localhost/elsewhere"},
        {"iss": "https://evil.example"},
    ],
    ids=str,
)
def test_what_does_not_fit_is_refused(page: Tab, corp: Provider, changed: dict[str, str]) -> None:
    assert refused(complete(page, returned(page, corp), **changed))
    assert "tocsin-session" not in "".join(page.cookies)


@pytest.mark.parametrize(
    "claims",
    [
        {"nonce": "another"},
        {"nonce": None},
        {"aud": "another-client"},
        {"aud": "tocsin-api"},
        {"aud": [CLIENT, "another"]},
        {"azp": "another-client"},
        {"iss": "https://evil.example"},
        {"exp": 1},
        {"exp": None},
        {"sub": None},
        {"sub": "x\ny"},
    ],
    ids=str,
)
def test_a_token_that_is_for_others_proves_nobody(
    page: Tab, corp: Provider, claims: dict[str, object]
) -> None:
    corp.claims = claims
    assert refused(complete(page, returned(page, corp)))


def test_a_token_for_several_names_the_client(page: Tab, corp: Provider) -> None:
    corp.claims = {"aud": [CLIENT, "another"], "azp": CLIENT}
    assert complete(page, returned(page, corp)).status == 200


def test_a_cookie_that_was_changed_begins_nothing(page: Tab, corp: Provider) -> None:
    sent = returned(page, corp)
    [(name, value)] = page.cookies.items()
    issuer, began_at, secret = value.split(".")
    for forged in (
        f"silent.{began_at}.{secret}",
        f"{issuer}.{int(began_at) + 1}.{secret}",
        f"{issuer}.{began_at}.{secret}x",
        f"{issuer}..{secret}",
        f"{issuer}.-1.{secret}",
        f"machines.{began_at}.{secret}",
        "x",
        "x" * 5000,
    ):
        page.cookies = {name: forged}
        assert refused(complete(page, sent)), forged


def test_a_session_does_not_outlive_the_token(page: Tab, corp: Provider) -> None:
    corp.life_seconds = -27  # 30 seconds are for clocks that differ
    answer = complete(page, returned(page, corp))
    assert answer.status == 200
    kept = dict(page.cookies)
    time.sleep(4)
    assert Tab(page.address, cookies=kept).who().reason == "SESSION_ENDED"


def test_a_setting_keeps_it_longer(corp: Provider) -> None:
    corp.claims, corp.life_seconds = {}, -27
    config = corp.config(session_hours=8)
    with tempfile.TemporaryDirectory() as made, secured(Path(made), config) as it:
        page = Tab(it.server.http_address)
        assert complete(page, returned(page, corp)).status == 200
        time.sleep(4)
        assert page.who().status == 200


@pytest.mark.parametrize(
    ("issuer", "redirect_uri", "field"),
    [
        ("machines", PAGE, "issuer"),
        ("nobody", PAGE, "issuer"),
        ("corp", "http://evil.example/", "redirect_uri"),
        ("corp", "https://localhost/", "redirect_uri"),
        ("corp", "http://localhost@evil.example/", "redirect_uri"),
        ("corp", "http://localhost/?next=x", "redirect_uri"),
        ("corp", "http://localhost/#x", "redirect_uri"),
        ("corp", "javascript:alert(1)", "redirect_uri"),
        ("corp", "http://[", "redirect_uri"),
    ],
)
def test_a_browser_is_sent_to_known_issuers_and_back_to_the_page(
    page: Tab, issuer: str, redirect_uri: str, field: str
) -> None:
    answer = begin(page, issuer, redirect_uri)
    assert (answer.status, answer.reason) == (400, "INVALID_FIELDS")
    [violations] = [
        each["fieldViolations"] for each in answer.json["details"] if each.get("fieldViolations")
    ]
    assert [each["field"] for each in violations] == [field]


def test_an_issuer_that_does_not_answer_is_told_of(page: Tab, server: Secured) -> None:
    answer = begin(page, "silent")
    assert (answer.status, answer.reason) == (503, "ISSUER_UNAVAILABLE")


def test_nothing_secret_is_in_the_log(corp: Provider, tmp_path: Path) -> None:
    corp.claims, corp.life_seconds = {}, 300
    audit = tmp_path / "audit.jsonl"
    config = f'{corp.config()}\n[audit]\nto = "{audit}"\n'
    with secured(tmp_path, config, "--log-level", "debug") as it:
        page = Tab(it.server.http_address)
        sent = returned(page, corp)
        attempt = dict(page.cookies)
        complete(page, sent)
        session = page.session
        page.cookies = attempt
        complete(page, sent)
        log = it.server.log
    written = log.read_text() + audit.read_text()
    assert "invalid_grant" in written
    [attempted] = attempt.values()
    for secret in (sent["code"], sent["state"], session, attempted.split(".")[2], "s3cret"):
        assert secret not in written
