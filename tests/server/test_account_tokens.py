"""Calls for a service account carry a token that a target can check with any JWT library.

The target here knows nothing of the server but its issuer's URL, and checks with PyJWT.
"""

import asyncio
import json
import urllib.request
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import jwt
import pytest

from server.recording_target import Answer, Received, RecordingTarget
from server.rules import ACCOUNT
from server.tocsin_api import TocsinGrpc
from server.tocsin_process import serving
from server.trigger_api import RestApi, create
from server.wire import send
from tocsin.store.accounts import Account, insert_account
from tocsin.store.opening import open_database
from tocsin.store.signing_keys import add_signing_key, delete_signing_keys, signing_keys
from tocsin.store.transaction import Transaction

ISSUER = "https://tocsin.example"
CHECKED = f"[access]\nenabled = true\nissuer = '{ISSUER}'\n"


@pytest.fixture(autouse=True)
def _direct(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever proxy this machine has for the world, the server is on loopback."""
    monkeypatch.setenv("no_proxy", "127.0.0.1")


class Store:
    """The database of a server that does not run."""

    def __init__(self, directory: Path) -> None:
        self._url = f"sqlite:///{directory / 'tocsin.db'}"

    def change(self, work: Any) -> None:
        async def run() -> None:
            database = open_database(self._url)
            try:
                await database.write(work)
            finally:
                await database.close()

        asyncio.run(run())

    def add_account(self) -> None:
        now = datetime.now(UTC)
        account = Account(ACCOUNT, "serviceAccount", "b1g1", "caller", now, now)
        self.change(lambda tx: insert_account(tx, account))

    def age_keys(self, *ages: timedelta) -> None:
        """Makes the keys, the oldest first, sign since so long."""

        def age(tx: Transaction) -> None:
            keys = signing_keys(tx)
            assert len(keys) == len(ages)
            delete_signing_keys(tx, before=keys[-1].number + 1)
            for key, old in zip(keys, ages, strict=True):
                add_signing_key(tx, replace(key, signs_from=datetime.now(UTC) - old))

        self.change(age)


@pytest.fixture
def config(target: RecordingTarget) -> str:
    return f"""
        [targets]
        function = "{target.url}/functions/{{function_id}}"
        container = "{target.url}/containers/{{container_id}}"
    """


RETRIED = {"retryAttempts": "1", "interval": "10s"}


def fire(directory: Path, folder: str, *accounts: str) -> None:
    """Makes functions due that the next server here calls, once for each account.

    A server that asks nobody who he is, and knows no target, tries a minute ago, in vain.
    """
    past = (datetime.now(UTC) - timedelta(minutes=1)).isoformat()
    with serving(directory, "", "--clock", "manual", "--clock-start", past) as server:
        api = TocsinGrpc(server.grpc_address)
        for account in accounts:
            call = {"functionId": folder, "serviceAccountId": account, "retrySettings": RETRIED}
            rule = {"timer": {"cronExpression": "0 0 1 1 ? 2099", "invokeFunctionWithRetry": call}}
            trigger = create(RestApi(server.http_address), folder, rule=rule)["id"]
            api.call("FiringService.FireTrigger", {"triggerId": trigger})
        api.call("ClockService.Advance", {"duration": "0s"})
        server.stop()


def called(target: RecordingTarget, folder: str, count: int = 1) -> Sequence[Received]:
    return target.wait_for(lambda call: call.path == f"/functions/{folder}", count)


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


def test_a_target_checks_who_calls_it(
    directory: Path, config: str, target: RecordingTarget, folder: str
) -> None:
    Store(directory).add_account()
    fire(directory, folder, ACCOUNT)
    with serving(directory, config + CHECKED) as server:
        [call] = called(target, folder)
        token = token_of(call)
        claims = checked(server.http_address, token, target.url, ISSUER)
        assert claims["sub"] == ACCOUNT
        assert claims["exp"] - claims["iat"] == 3600
        # As it is to be for another target, or from another server.
        with pytest.raises(jwt.InvalidAudienceError):
            checked(server.http_address, token, "https://other.example", ISSUER)
        head, body, signature = token.split(".")
        forged = ".".join((head, body[:-4] + "AAAA", signature))
        with pytest.raises(jwt.InvalidTokenError):
            checked(server.http_address, forged, target.url, ISSUER)
        assert token not in server.log.read_text()
        assert signature not in server.log.read_text()


def test_without_a_setting_the_issuer_is_where_rest_is(
    directory: Path, config: str, target: RecordingTarget, folder: str
) -> None:
    Store(directory).add_account()
    fire(directory, folder, ACCOUNT)
    with serving(directory, config + "[access]\nenabled = true\n") as server:
        [call] = called(target, folder)
        issuer = f"http://{server.http_address}"
        assert checked(server.http_address, token_of(call), target.url, issuer)["iss"] == issuer


@pytest.mark.parametrize(
    ("options", "account", "said"),
    [
        # Who could be anybody proves nothing by a token.
        ("", ACCOUNT, ""),
        (CHECKED, "aje0000000000000none", "names a service account that is not known"),
        ("[access]\nenabled = true\n", ACCOUNT, "set issuer in [access]"),
    ],
    ids=["access is off", "unknown account", "no issuer"],
)
def test_no_token_is_sent(
    directory: Path,
    config: str,
    target: RecordingTarget,
    folder: str,
    options: str,
    account: str,
    said: str,
) -> None:
    Store(directory).add_account()
    fire(directory, folder, account, account)
    with serving(directory, config + options, http="off") as server:
        calls = called(target, folder, 2)
        assert all("authorization" not in call.headers for call in calls)
        server.stop()
        log = server.log.read_text()
        assert log.count(said) == 1 if said else "no token" not in log


def test_keys_change_and_targets_that_keep_them_do_not_notice(
    directory: Path, config: str, target: RecordingTarget, folder: str
) -> None:
    store = Store(directory)
    store.add_account()
    fire(directory, folder, ACCOUNT)
    # A month old: its successor is shown, and does not sign yet.
    store.age_keys(timedelta(days=31))
    with serving(directory, config + CHECKED) as server:
        [call] = called(target, folder)
        old = token_of(call)
        kept = jwt.PyJWKSet.from_json(
            send(server.http_address, "GET", "/.well-known/jwks.json").text
        )
        server.stop()
    first, second = (key.key_id for key in kept.keys)
    assert jwt.get_unverified_header(old)["kid"] == first
    # A day later it signs.
    store.age_keys(timedelta(days=32), timedelta(hours=2))
    fire(directory, folder, ACCOUNT)
    with serving(directory, config + CHECKED) as server:
        new = token_of(called(target, folder, 2)[1])
        assert jwt.get_unverified_header(new)["kid"] == second
        jwt.decode(new, kept[second], algorithms=["RS256"], audience=target.url, issuer=ISSUER)
        # What the first one signed can still be checked.
        checked(server.http_address, old, target.url, ISSUER)


def test_no_token_is_sent_where_a_redirect_leads(
    directory: Path, config: str, target: RecordingTarget, folder: str
) -> None:
    Store(directory).add_account()
    fire(directory, folder, ACCOUNT)
    elsewhere = Answer(307, headers={"Location": f"{target.url}/elsewhere/{folder}"})
    target.answers[f"/functions/{folder}"] = lambda _: elsewhere
    with serving(directory, config + CHECKED) as server:
        called(target, folder)
        server.stop()
    assert target.all(lambda call: call.path == f"/elsewhere/{folder}") == []


@pytest.fixture(scope="module")
def issuing(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with serving(tmp_path_factory.mktemp("issuing"), CHECKED) as server:
        yield server.http_address


@pytest.mark.parametrize("path", ["openid-configuration", "jwks.json"])
def test_the_keys_are_public_and_may_be_kept(issuing: str, path: str) -> None:
    reply = send(issuing, "GET", f"/.well-known/{path}")
    assert reply.status == 200
    assert reply.headers["content-type"] == "application/json"
    assert reply.headers["cache-control"] == "public, max-age=300"


def test_the_keys_that_are_shown_are_public_halves(issuing: str) -> None:
    document = send(issuing, "GET", "/.well-known/jwks.json").json
    assert document["keys"]
    for key in document["keys"]:
        assert set(key) == {"kty", "n", "e", "kid", "use", "alg"}


def test_the_configuration_is_what_discovery_asks_for(issuing: str) -> None:
    document = send(issuing, "GET", "/.well-known/openid-configuration").json
    assert document["issuer"] == ISSUER
    assert document["jwks_uri"] == f"{ISSUER}/.well-known/jwks.json"
    assert document["id_token_signing_alg_values_supported"] == ["RS256"]
    assert document["response_types_supported"]
    assert document["subject_types_supported"] == ["public"]


def test_where_access_control_is_off_nobody_is_told_of_an_issuer(directory: Path) -> None:
    with serving(directory, f"[access]\nissuer = '{ISSUER}'\n") as server:
        reply = send(server.http_address, "GET", "/.well-known/openid-configuration")
        assert reply.status == 404
        assert reply.json["code"] == 5
