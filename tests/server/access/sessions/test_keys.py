"""People sign in on the page with an API key: what the session is, and with what it ends."""

import json
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from stand.access.secured import Secured, secured
from stand.access.tab import Tab
from stand.apis.wire import Refused
from stand.services.postgres_server import PostgresServer
from stand.tocsin_process import serving
from tocsin.store.access.sessions import MOST_OF_SUBJECT

PATIENCE = 30
# A node that was not told asks the store again after a second.
ENDED_WITHIN = 10


def tab(it: Secured, **more: str) -> Tab:
    return Tab(it.server.http_address, **more)


def person(it: Secured, folder: str, **more: object) -> tuple[str, str]:
    """Somebody who may edit a folder: the account's id and an API key."""
    account = it.account(folder, "KIND_USER_ACCOUNT")
    return account, it.secret(account, **more)[1]


def until(true: Callable[[], bool], seconds: float = ENDED_WITHIN) -> bool:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if true():
            return True
        time.sleep(0.05)
    return False


def test_whoever_signs_in_may_do_what_their_roles_allow(it: Secured, folder: str) -> None:
    account, key = person(it, folder)
    page = tab(it)
    assert page.ask("GET", "/tocsin/v1/session").json == {
        "accessControl": True,
        "apiKey": True,
        "issuers": [],
        "hasSession": False,
    }
    answer = page.sign_in(f" {key}\n")  # as it is pasted
    assert (answer.status, answer.json["subject"]) == (200, f"userAccount:{account}")
    assert answer.headers["cache-control"] == "no-store"
    assert page.ask("GET", "/tocsin/v1/session").json["hasSession"]
    assert page.ask("GET", f"/triggers/v1/triggers?folderId={folder}").status == 200
    assert page.ask("GET", "/triggers/v1/triggers?folderId=another").status == 403


def test_it_tells_who_is_signed_in_and_what_they_may_do(it: Secured, folder: str) -> None:
    account, key = person(it, folder)
    page = tab(it)
    assert (page.who().status, page.who().reason) == (401, "CREDENTIALS_MISSING")
    page.sign_in(key)
    told = page.who().json
    assert (told["accessControl"], told["subject"]) == (True, f"userAccount:{account}")
    allowed = {each["resource"]: each["permissions"] for each in told["allowed"]}
    assert "serverless.triggers.create" in allowed[f"folders/{folder}"]
    assert "tocsin.access.manage" not in allowed[f"folders/{folder}"]
    # What everybody may, too.
    assert "serverless.triggers.get" in allowed["folders/everybodys"]
    assert datetime.fromisoformat(told["expiresAt"]) < datetime.now(UTC) + timedelta(hours=12.1)
    assert (
        it.api("grpc", f"Api-Key {key}").call("AccessService.WhoAmI", {})["subject"]
        == (told["subject"])
    )


def test_no_script_reads_the_cookie_and_no_other_site_sends_it(it: Secured, folder: str) -> None:
    _, key = person(it, folder)
    [http] = tab(it).sign_in(key).headers.get_all("set-cookie")[:1]
    name, *attributes = http.split("; ")
    assert name.startswith("tocsin-session-")
    assert {"HttpOnly", "SameSite=Strict", "Path=/"} <= set(attributes)
    assert "Secure" not in attributes
    proxied = tab(it, origin="https://tocsin.example.com").sign_in(key)
    [https] = proxied.headers.get_all("set-cookie")[:1]
    name, *attributes = https.split("; ")
    assert name.startswith("__Host-tocsin-session-")
    assert {"HttpOnly", "SameSite=Strict", "Path=/", "Secure"} <= set(attributes)


def test_the_key_is_in_no_log_and_in_no_answer(tmp_path: Path) -> None:
    audit = tmp_path / "audit.jsonl"
    config = f'[audit]\nto = "{audit}"\n'
    with secured(tmp_path, config, "--log-level", "debug") as it:
        page = tab(it)
        answer = page.sign_in(it.admin_key)
        page.sign_in("tocsin_key_nobodys")
        session = page.session
        page.sign_out()
        server = it.server
    lines = [json.loads(line) for line in audit.read_text().splitlines()]
    told = [(line["event"], line["outcome"]["code"]) for line in lines]
    assert told[-3:] == [
        ("tocsin.v1.SignIn", "OK"),
        ("tocsin.v1.SignIn", "UNAUTHENTICATED"),
        ("tocsin.v1.SignOut", "OK"),
    ]
    assert lines[-3]["subject"] == lines[-1]["subject"] == answer.json["subject"]
    written = server.log.read_text() + audit.read_text() + answer.body.decode()
    for secret in (it.admin_key, session, "nobodys"):
        assert secret not in written


@pytest.mark.parametrize("key", ["tocsin_key_nobodys", "nonsense", "tocsin_oauth_x", "é" * 100])
def test_a_wrong_key_signs_nobody_in(it: Secured, key: str) -> None:
    page = tab(it)
    answer = page.sign_in(key)
    assert (answer.status, answer.reason) == (401, "SIGN_IN_REFUSED")
    assert page.cookies == {}


def test_guesses_count_against_the_limit_of_wrong_credentials(tmp_path: Path) -> None:
    with secured(tmp_path, limits="[limits]\nbad_credentials_per_minute = 3\n") as it:
        page = tab(it)
        page.sign_in(it.admin_key)
        assert page.who().status == 200
        answers = [tab(it).sign_in(f"tocsin_key_{number}") for number in range(6)]
        assert [answer.status for answer in answers[:3]] == [401] * 3
        assert answers[-1].status == 429
        assert int(answers[-1].headers["retry-after"]) > 0
        # Who was in stays in, and a key that was right lately is taken.
        assert page.who().status == 200
        assert tab(it).sign_in(it.admin_key).status == 200


def test_signing_out_kills_the_cookie_and_tokens_made_with_it(it: Secured, folder: str) -> None:
    account, key = person(it, folder)
    it.admin.call(
        "AccessService.AddBinding",
        {
            "binding": {
                "resource": f"folders/{folder}",
                "subject": f"userAccount:{account}",
                "role": "iam.serviceAccounts.tokenCreator",
            }
        },
    )
    robot = it.account(folder)
    page, other = tab(it), tab(it)
    page.sign_in(key)
    other.sign_in(key)
    made = page.ask(
        "POST", "/iam/v1/tokens:createForServiceAccount", {"serviceAccountId": robot}
    ).json
    bearer = f"Bearer {made['iamToken']}"
    assert it.refusal("rest", bearer, folder) is None
    stolen = dict(page.cookies)
    answer = page.sign_out()
    assert (answer.status, page.cookies) == (200, {})
    assert tab(it, cookies=stolen).who().status == 401  # type: ignore[arg-type]
    assert it.refusal("rest", bearer, folder) == "UNAUTHENTICATED"
    assert other.who().status == 200


def test_a_call_with_another_credential_has_no_session_to_end(it: Secured) -> None:
    with pytest.raises(Refused) as refused:
        it.admin.call("SessionService.SignOut", {})
    assert refused.value.reasons[0] == "SESSION_MISSING"


def test_a_session_ends_with_its_key(it: Secured, folder: str) -> None:
    account = it.account(folder)
    credential, key = it.secret(account)
    page = tab(it)
    page.sign_in(key)
    it.admin.call("AccessService.DeleteCredential", {"credentialId": credential})
    assert until(lambda: page.who().status == 401)


def test_a_session_ends_when_its_key_expires(it: Secured, folder: str) -> None:
    soon = datetime.now(UTC) + timedelta(seconds=4)
    _, key = person(it, folder, expiresAt=soon.isoformat())
    page = tab(it)
    answer = page.sign_in(key)
    assert datetime.fromisoformat(answer.json["expiresAt"]) <= soon
    stolen = dict(page.cookies)
    assert until(lambda: tab(it, cookies=stolen).who().status == 401)  # type: ignore[arg-type]


def test_a_session_ends_when_all_tokens_of_its_account_are_revoked(
    it: Secured, folder: str
) -> None:
    account, key = person(it, folder)
    page = tab(it)
    page.sign_in(key)
    it.admin.call("AccessService.RevokeTokens", {"accountId": account})
    assert until(lambda: page.who().status == 401)
    assert page.sign_in(key).status == 200


def test_an_ended_session_is_taken_from_the_browser(it: Secured, folder: str) -> None:
    """So an open page does not go on showing what counts as a guess."""
    _, key = person(it, folder)
    page = tab(it)
    page.sign_in(key)
    stolen = dict(page.cookies)
    page.sign_out()
    page.cookies = stolen
    answer = page.who()
    assert (answer.status, answer.reason) == (401, "SESSION_ENDED")
    assert page.cookies == {}


def test_the_oldest_of_too_many_sessions_ends(it: Secured, folder: str) -> None:
    _, key = person(it, folder)
    pages = [tab(it) for _ in range(MOST_OF_SUBJECT + 1)]
    for page in pages:
        assert page.sign_in(key).status == 200
    assert [page.who().status for page in pages[1:]] == [200] * MOST_OF_SUBJECT
    assert pages[0].who().status == 401


def test_signing_out_counts_on_every_node(postgres: PostgresServer, tmp_path: Path) -> None:
    url = postgres.new_database()
    first, second = tmp_path / "1", tmp_path / "2"
    first.mkdir()
    second.mkdir()
    with (
        secured(first, database=url) as it,
        serving(second, "", "--access", "--database", url) as node,
    ):
        here = tab(it)
        here.sign_in(it.admin_key)
        there = Tab(node.http_address, cookies=dict(here.cookies))
        assert there.who().json == here.who().json
        there.sign_out()
        assert until(lambda: here.who().status == 401)


def test_without_access_control_nobody_need_sign_in(tmp_path: Path) -> None:
    with serving(tmp_path) as server:
        page = Tab(server.http_address)
        options = page.ask("GET", "/tocsin/v1/session").json
        assert (options["accessControl"], options["apiKey"]) == (False, False)
        told = page.who().json
        assert (told["accessControl"], told["subject"]) == (False, "")
        [allowed] = told["allowed"]
        assert allowed["resource"] == "*"
        assert "tocsin.triggers.fire" in allowed["permissions"]
        assert page.sign_in("tocsin_key_x").reason == "ACCESS_CONTROL_OFF"


def test_without_the_page_nobody_signs_in(it: Secured, tmp_path: Path) -> None:
    with secured(tmp_path, "", "--console", "off") as closed:
        page = tab(closed)
        assert page.sign_in(closed.admin_key).reason == "METHOD_NOT_FOUND"
        signed_in = tab(it)
        signed_in.sign_in(it.admin_key)
        page.cookies = {"tocsin-session-00000000": signed_in.session}
        assert page.who().reason == "CREDENTIALS_MISSING"
