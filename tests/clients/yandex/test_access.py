"""The vendor's SDKs where everyone is asked who he is, each with all that it can show."""

import time

import pytest

from clients.yandex.sdk import SDKS, python_sdk
from clients.yandex.servers import Accounts, Served

Guarded = tuple[Served, Accounts]

WRONG = "t1.not.ours"


@pytest.mark.parametrize("shown", ["IAM token", "OAuth token", "key"])
@pytest.mark.parametrize("name", ["python", "go", "go-v2", "java"])
def test_an_account_does_all_that_its_role_allows(
    guarded: Guarded, folder: str, name: str, shown: str
) -> None:
    """Node's SDK, which exchanges only at a built-in address, is in test_yandex_built_in.py."""
    served, accounts = guarded
    seen = SDKS[name]().play("lifecycle", served.tls, folder, served.ca, **accounts.editor[shown])
    assert seen["create"]["trigger"]["folder"] == folder
    assert seen["delete"] == {"metadata": seen["create"]["metadata"]}


@pytest.mark.parametrize("name", SDKS)
def test_a_token_of_someone_elses_making_is_unauthenticated(
    guarded: Guarded, folder: str, name: str
) -> None:
    served, _ = guarded
    seen = SDKS[name]().play("ask", served.tls, folder, served.ca, IAM_TOKEN=WRONG)
    assert seen["ask"]["code"] == "UNAUTHENTICATED"


def test_who_shows_no_token_is_unauthenticated(guarded: Guarded, folder: str) -> None:
    served, _ = guarded
    seen = python_sdk().play("nobody", served.plaintext, folder, ca=None)
    assert seen["ask"]["code"] == "UNAUTHENTICATED"


@pytest.mark.parametrize("name", SDKS)
def test_an_account_without_a_role_is_denied(guarded: Guarded, folder: str, name: str) -> None:
    served, accounts = guarded
    seen = SDKS[name]().play("ask", served.tls, folder, served.ca, **accounts.stranger)
    assert seen["ask"]["code"] == "PERMISSION_DENIED"
    assert "serverless.triggers.list" in seen["ask"]["message"]


@pytest.mark.parametrize(
    ("name", "code"),
    [("python", "UNAVAILABLE"), ("go", "UNAUTHENTICATED"), ("go-v2", "UNAUTHENTICATED")],
)
def test_a_wrong_oauth_token_gets_no_token(
    guarded: Guarded, folder: str, name: str, code: str
) -> None:
    """Python's SDK has its own code for that, with what the server said in its message."""
    served, _ = guarded
    seen = SDKS[name]().play("ask", served.tls, folder, served.ca, OAUTH_TOKEN="y0_notOurs")
    assert seen["ask"]["code"] == code
    assert "OAuth token" in seen["ask"]["message"]


@pytest.mark.parametrize("name", ["python", "go", "go-v2", "java"])
def test_a_token_says_until_when_it_is_good(guarded: Guarded, folder: str, name: str) -> None:
    """SDKs keep a token until then; without it they would ask again before each call."""
    served, accounts = guarded
    sdk = SDKS[name]()
    oauth = accounts.editor["OAuth token"]
    told = sdk.play("iam_token", served.tls, folder, served.ca, **oauth)["token"]
    assert told["expires"] > time.time() + 3600
    seen = sdk.play("ask", served.tls, folder, served.ca, IAM_TOKEN=told["token"])
    assert seen["ask"]["code"] == "OK"


def test_discovery_asks_for_no_token_there_either(guarded: Guarded, folder: str) -> None:
    served, _ = guarded
    seen = python_sdk().play("endpoints", served.tls, folder, served.ca)
    assert seen["get"]["endpoints"] == {"serverless-triggers": served.tls}
