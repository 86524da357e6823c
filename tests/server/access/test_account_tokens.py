"""Calls for a service account carry a token that a target can check with any JWT library.

The target here knows nothing of the server but its issuer's URL, and checks with PyJWT.
"""

import asyncio
import json
import tempfile
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import jwt
import pytest

from stand.apis.rules import ACCOUNT
from stand.apis.tocsin import TocsinGrpc
from stand.apis.triggers import GrpcApi, create
from stand.apis.wire import send
from stand.recording_target import Answer, Received, RecordingTarget
from stand.tocsin_process import Tocsin, serving
from stand.vendors.client import VendorClient
from tocsin.store.access.accounts import Account, insert_account
from tocsin.store.access.signing_keys import add_signing_key, delete_signing_keys, signing_keys
from tocsin.store.driver.opening import open_database
from tocsin.store.driver.transaction import Transaction

ISSUER = "https://tocsin.example"
ENABLED = "[access]\nenabled = true\n"
CHECKED = f"{ENABLED}issuer = '{ISSUER}'\n"
UNKNOWN = "aje0000000000000none"
RETRIED = {"retryAttempts": "1", "interval": "10s"}


@pytest.fixture(autouse=True)
def _direct(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever proxy this machine has for the world, the server is on loopback."""
    monkeypatch.setenv("no_proxy", "127.0.0.1")


@dataclass(frozen=True)
class Before:
    """What is in a directory before the server of a test runs there."""

    directory: Path
    vendor: VendorClient

    def change(self, work: Callable[[Transaction], None]) -> None:
        """Changes the store of a server that does not run."""

        async def run() -> None:
            database = open_database(f"sqlite:///{self.directory / 'tocsin.db'}")
            try:
                await database.write(work)
            finally:
                await database.close()

        asyncio.run(run())

    def account(self) -> None:
        """There is the service account."""
        now = datetime.now(UTC)
        account = Account(ACCOUNT, "serviceAccount", "b1g1", "caller", now, now)
        self.change(lambda tx: insert_account(tx, account))

    def keys_are(self, *ages: timedelta) -> None:
        """The keys, the oldest first, sign since so long."""

        def age(tx: Transaction) -> None:
            keys = signing_keys(tx)
            assert len(keys) == len(ages)
            delete_signing_keys(tx, before=keys[-1].number + 1)
            for key, old in zip(keys, ages, strict=True):
                add_signing_key(tx, replace(key, signs_from=datetime.now(UTC) - old))

        self.change(age)

    def due(self, *calls: tuple[str, str]) -> None:
        """Functions are due to be called, each for an account.

        A server that asks nobody who he is, and knows no target, has tried it a minute ago.
        """
        past = (datetime.now(UTC) - timedelta(minutes=1)).isoformat()
        manual = ("--clock", "manual", "--clock-start", past)
        options = (*manual, "--ignore-accounts")
        with serving(self.directory, "", *options, http="off") as server:
            api = TocsinGrpc(server.grpc_address)
            triggers = GrpcApi(self.vendor, server.grpc_address)
            for function, account in calls:
                action = {
                    "functionId": function,
                    "serviceAccountId": account,
                    "retrySettings": RETRIED,
                }
                rule = {"cronExpression": "0 0 1 1 ? 2099", "invokeFunctionWithRetry": action}
                trigger = create(triggers, function, rule={"timer": rule})["id"]
                api.call("FiringService.FireTrigger", {"triggerId": trigger})
            api.call("ClockService.Advance", {"duration": "0s"})
            server.stop()


@pytest.fixture
def before(directory: Path, vendor: VendorClient) -> Before:
    return Before(directory, vendor)


@pytest.fixture(scope="module")
def mapped(target: RecordingTarget) -> str:
    return f"[targets]\nfunction = '{target.url}/functions/{{function_id}}'\n"


@pytest.fixture(scope="module")
def issuing(vendor: VendorClient, target: RecordingTarget, mapped: str) -> Iterator[Tocsin]:
    """A server that has three functions to call."""
    elsewhere = Answer(307, headers={"Location": f"{target.url}/elsewhere"})
    target.answers["/functions/redirecting"] = lambda _: elsewhere
    with tempfile.TemporaryDirectory() as made:
        before = Before(Path(made), vendor)
        before.due(("checking", ACCOUNT), ("redirecting", ACCOUNT), ("unknown", UNKNOWN))
        before.account()
        with serving(Path(made), mapped + CHECKED) as server:
            yield server


def called(target: RecordingTarget, function: str, count: int = 1) -> Sequence[Received]:
    return target.wait_for(lambda call: call.path == f"/functions/{function}", count)


def token_of(call: Received) -> str:
    scheme, _, token = call.headers["authorization"].partition(" ")
    assert scheme == "Bearer"
    return token


def checked(http: str, token: str, audience: str, issuer: str) -> dict[str, Any]:
    """What a target does: it asks for the issuer's keys, and checks."""
    with urllib.request.urlopen(f"http://{http}/.well-known/openid-configuration") as answer:
        configuration = json.load(answer)
    assert configuration["issuer"] == issuer
    keys = jwt.PyJWKClient(f"http://{http}/.well-known/jwks.json")
    claims: dict[str, Any] = jwt.decode(
        token,
        keys.get_signing_key_from_jwt(token).key,
        algorithms=configuration["id_token_signing_alg_values_supported"],
        audience=audience,
        issuer=issuer,
        options={"require": ["iss", "sub", "aud", "iat", "exp", "jti"]},
    )
    return claims


def test_a_target_checks_who_calls_it(issuing: Tocsin, target: RecordingTarget) -> None:
    [call] = called(target, "checking")
    claims = checked(issuing.http_address, token_of(call), target.url, ISSUER)
    assert claims["sub"] == ACCOUNT
    assert claims["exp"] - claims["iat"] == 3600


def test_a_token_is_for_one_target_and_can_not_be_changed(
    issuing: Tocsin, target: RecordingTarget
) -> None:
    token = token_of(called(target, "checking")[0])
    with pytest.raises(jwt.InvalidAudienceError):
        checked(issuing.http_address, token, "https://other.example", ISSUER)
    head, body, signature = token.split(".")
    forged = ".".join((head, body[:-4] + "AAAA", signature))
    with pytest.raises(jwt.InvalidTokenError):
        checked(issuing.http_address, forged, target.url, ISSUER)


def test_no_token_is_in_the_log(issuing: Tocsin, target: RecordingTarget) -> None:
    head, body, signature = token_of(called(target, "checking")[0]).split(".")
    log = issuing.log.read_text()
    assert not any(part in log for part in (head, body, signature))


def test_no_token_is_sent_where_a_redirect_leads(issuing: Tocsin, target: RecordingTarget) -> None:
    assert token_of(called(target, "redirecting")[0])
    assert target.all(lambda call: call.path.startswith("/elsewhere")) == []


def test_who_is_no_service_account_has_no_token(issuing: Tocsin, target: RecordingTarget) -> None:
    [call] = called(target, "unknown")
    assert "authorization" not in call.headers
    assert "the rule's service account is unknown" in issuing.log.read_text()


@pytest.mark.parametrize("path", ["openid-configuration", "jwks.json"])
def test_the_keys_are_public_and_may_be_kept(issuing: Tocsin, path: str) -> None:
    reply = send(issuing.http_address, "GET", f"/.well-known/{path}")
    assert reply.status == 200
    assert reply.headers["content-type"] == "application/json"
    assert reply.headers["cache-control"] == "public, max-age=300"


def test_the_keys_that_are_shown_are_public_halves(issuing: Tocsin) -> None:
    document = send(issuing.http_address, "GET", "/.well-known/jwks.json").json
    assert document["keys"]
    for key in document["keys"]:
        assert set(key) == {"kty", "n", "e", "kid", "use", "alg"}


def test_the_configuration_is_what_discovery_asks_for(issuing: Tocsin) -> None:
    document = send(issuing.http_address, "GET", "/.well-known/openid-configuration").json
    assert document["issuer"] == ISSUER
    assert document["jwks_uri"] == f"{ISSUER}/.well-known/jwks.json"
    assert document["id_token_signing_alg_values_supported"] == ["RS256"]
    assert document["response_types_supported"]
    assert document["subject_types_supported"] == ["public"]


def test_without_a_setting_the_issuer_is_where_rest_is(
    before: Before, mapped: str, target: RecordingTarget, folder: str
) -> None:
    before.due((folder, ACCOUNT))
    before.account()
    with serving(before.directory, mapped + ENABLED) as server:
        [call] = called(target, folder)
        issuer = f"http://{server.http_address}"
        assert checked(server.http_address, token_of(call), target.url, issuer)["iss"] == issuer


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (ENABLED, 1),
        # Who could be anybody proves nothing by a token.
        (f"[access]\nissuer = '{ISSUER}'\n", 0),
    ],
    ids=["no issuer", "access is off"],
)
def test_no_token_is_sent(
    before: Before, mapped: str, target: RecordingTarget, folder: str, options: str, said: int
) -> None:
    before.due((folder, ACCOUNT), (folder, ACCOUNT))
    before.account()
    with serving(before.directory, mapped + options, "--ignore-accounts", http="off") as server:
        calls = called(target, folder, 2)
        assert all("authorization" not in call.headers for call in calls)
        server.stop()
        assert server.log.read_text().count("set issuer in [access]") == said


def test_keys_change_and_targets_that_keep_them_do_not_notice(
    before: Before, mapped: str, target: RecordingTarget, folder: str
) -> None:
    before.due((folder, ACCOUNT))
    before.account()
    # A month old: its successor is shown, and does not sign yet.
    before.keys_are(timedelta(days=31))
    with serving(before.directory, mapped + CHECKED) as server:
        old = token_of(called(target, folder)[0])
        document = send(server.http_address, "GET", "/.well-known/jwks.json").text
        server.stop()
    kept = jwt.PyJWKSet.from_json(document)
    first, second = (str(key.key_id) for key in kept.keys)
    assert jwt.get_unverified_header(old)["kid"] == first
    # A day later it signs.
    before.keys_are(timedelta(days=32), timedelta(hours=2))
    before.due((folder, ACCOUNT))
    with serving(before.directory, mapped + CHECKED) as server:
        new = token_of(called(target, folder, 2)[1])
        assert jwt.get_unverified_header(new)["kid"] == second
        jwt.decode(new, kept[second], algorithms=["RS256"], audience=target.url, issuer=ISSUER)
        # What the first one signed can still be checked.
        checked(server.http_address, old, target.url, ISSUER)


def test_where_access_control_is_off_nobody_is_told_of_an_issuer(server: Tocsin) -> None:
    reply = send(server.http_address, "GET", "/.well-known/openid-configuration")
    assert (reply.status, reply.json["code"]) == (404, 5)
