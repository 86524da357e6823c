"""Many behind one address: bad secrets of some do not lock out those who proved good."""

import hashlib
import hmac
import json
import tempfile
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from stand.access.secured import Secured, secured
from stand.apis.wire import send

STORAGE = "/tocsin/v1/webhooks/objectStorage"
REGISTRY = "/tocsin/v1/webhooks/containerRegistries/r"
RECORDS = json.dumps({"Records": []}).encode()
EVENTS = json.dumps({"events": []}).encode()
HUB_KEY = "hub-key"
# `secured` sets a limit of its own, so an address is told by the proxy in front.
CONFIG = f"""
[connections]
trusted_proxies = ["127.0.0.0/8"]
forwarded_for = true
[sources.webhooks]
folders = ["*"]
[sources.webhooks.object_storage]
secret = "s3cret"
[sources.webhooks.registries.r]
hub_keys = ["{HUB_KEY}"]
"""


@pytest.fixture(scope="module")
def it() -> Iterator[Secured]:
    with tempfile.TemporaryDirectory() as made:
        limits = "[limits]\nbad_credentials_per_minute = 3\n"
        with secured(Path(made), CONFIG, limits=limits) as running:
            yield running


Post = Callable[..., int]


@pytest.fixture
def post(it: Secured, request: pytest.FixtureRequest) -> Post:
    """Sends from the one address of this test; returns the status."""
    number = sum(request.node.name.encode()) % 250
    usual = f"203.0.113.{number}"

    def posted(path: str, body: bytes, headers: dict[str, str], peer: str = usual) -> int:
        sent = {**headers, "X-Forwarded-For": peer, "Content-Type": "application/json"}
        return send(it.server.http_address, "POST", path, body, sent).status

    return posted


def signed(body: bytes, key: str = HUB_KEY) -> dict[str, str]:
    signature = hmac.new(key.encode(), body, hashlib.sha256).hexdigest()
    return {"X-Hub-Signature-256": f"sha256={signature}"}


RIGHT, WRONG = {"Authorization": "s3cret"}, {"Authorization": "wrong"}


def test_a_secret_that_was_right_stays_so(post: Post) -> None:
    assert post(STORAGE, RECORDS, RIGHT) == 200
    assert [post(STORAGE, RECORDS, WRONG) for _ in range(4)] == [401] * 3 + [429]
    assert post(STORAGE, RECORDS, RIGHT) == 200


def test_one_that_is_new_there_has_to_wait(post: Post) -> None:
    assert [post(REGISTRY, EVENTS, signed(EVENTS, "wrong")) for _ in range(4)] == [401] * 3 + [429]
    assert post(REGISTRY, EVENTS, signed(EVENTS)) == 429
    # At another address nothing has happened.
    assert post(REGISTRY, EVENTS, signed(EVENTS), "198.51.100.9") == 200


def test_an_address_from_which_signatures_were_right_is_still_looked_at(post: Post) -> None:
    assert post(REGISTRY, EVENTS, signed(EVENTS)) == 200
    assert [post(REGISTRY, EVENTS, signed(EVENTS, "wrong")) for _ in range(4)] == [401] * 4
    assert post(REGISTRY, EVENTS, signed(EVENTS)) == 200


LARGE = json.dumps({"events": [], "padding": "0" * 200_000}).encode()


def test_few_large_bodies_are_read_to_see_whether_their_signature_is_right(post: Post) -> None:
    forged = signed(LARGE, "wrong")
    assert [post(REGISTRY, LARGE, forged) for _ in range(3)] == [401, 429, 429]
    # They were not looked at, so they are no bad credentials.
    assert post(REGISTRY, EVENTS, signed(EVENTS)) == 200


def test_of_large_bodies_that_a_sender_begins_with_none_is_refused(post: Post) -> None:
    """Of those that come at once the first is read, and the others wait until it was right."""
    with ThreadPoolExecutor(12) as threads:
        began = [threads.submit(post, REGISTRY, LARGE, signed(LARGE)) for _ in range(12)]
    assert [each.result() for each in began] == [200] * 12


def test_from_where_signatures_were_right_any_number_is_read(post: Post) -> None:
    assert post(REGISTRY, EVENTS, signed(EVENTS)) == 200
    assert [post(REGISTRY, LARGE, signed(LARGE)) for _ in range(3)] == [200] * 3


def test_a_right_secret_in_a_header_needs_no_body(post: Post) -> None:
    records = json.dumps({"Records": [], "padding": "0" * 200_000}).encode()
    assert [post(STORAGE, records, RIGHT) for _ in range(3)] == [200] * 3


def test_who_had_a_token_for_a_proof_gets_another(it: Secured, post: Post) -> None:
    path = "/iam/v1/tokens"

    def exchange(proof: dict[str, str]) -> int:
        return post(path, json.dumps(proof).encode(), {})

    _, oauth = it.secret(it.account("f", "KIND_USER_ACCOUNT"), "KIND_OAUTH_TOKEN")
    key, other = it.service_key("f"), it.service_key("f")
    token = {"yandexPassportOauthToken": oauth}
    assert exchange(token) == 200
    assert exchange({"jwt": key.jwt()}) == 200
    bad = {"yandexPassportOauthToken": "y0_wrong"}
    assert [exchange(bad) for _ in range(4)] == [401] * 3 + [429]
    assert exchange(token) == 200
    assert exchange({"jwt": key.jwt(jti="another")}) == 200
    assert exchange({"jwt": other.jwt()}) == 429
