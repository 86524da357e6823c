"""Who goes on calling although refused is refused by Envoy, and costs the server little more."""

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
import trustme

from stand.access.secured import Secured, secured
from stand.apis.wire import Reply, send
from stand.certificates import issue, trusting
from stand.h2_client import H2Client
from stand.processes import eventually

TRIGGERS = "/triggers/v1/triggers?folderId=f"
LIST = "/yandex.cloud.serverless.triggers.v1.TriggerService/List"
# An address is told by the proxy in front.
CONFIG = """
[connections]
trusted_proxies = ["127.0.0.0/8"]
forwarded_for = true
exempt = ["192.0.2.0/24"]
"""
FORGED = "Bearer forged"
# The server answers fewer than these, a hundred a second, once it is a flood.
ENOUGH = 5000
BY_SERVER, BY_ENVOY = "TOO_MANY_BAD_CREDENTIALS", "OVERLOADED"
RESOURCE_EXHAUSTED = "8"


@pytest.fixture(scope="module")
def it(ca: trustme.CA) -> Iterator[Secured]:
    with tempfile.TemporaryDirectory() as made:
        certificate, key = issue(ca, Path(made))
        options = ("--tls=127.0.0.1:0", "--tls-cert", str(certificate), "--tls-key", str(key))
        limits = "[limits]\nbad_credentials_per_minute = 3\n"
        with secured(Path(made), CONFIG, *options, limits=limits) as running:
            yield running


def listed(it: Secured, peer: str, authorization: str | None) -> Reply:
    shown = {} if authorization is None else {"Authorization": authorization}
    return send(it.server.http_address, "GET", TRIGGERS, None, {**shown, "X-Forwarded-For": peer})


def reasons(reply: Reply) -> list[str]:
    return [each["reason"] for each in reply.json["details"] if "reason" in each]


def flooded(it: Secured, peer: str, authorization: str | None = FORGED) -> Reply | None:
    """Calls until Envoy refuses, and returns its answer; None: the server answered each call."""
    for _ in range(ENOUGH):
        reply = listed(it, peer, authorization)
        assert reply.status in (401, 429)
        if reply.status == 429 and reasons(reply) == [BY_ENVOY]:
            return reply
    return None


@pytest.mark.parametrize(
    ("peer", "authorization"),
    [("203.0.113.1", FORGED), ("203.0.113.2", None), ("2001:db8:0:1::1", FORGED)],
)
def test_a_flood_of_refused_calls_ends_in_envoy(
    it: Secured, peer: str, authorization: str | None
) -> None:
    reply = flooded(it, peer, authorization)
    assert reply is not None
    assert reply.json["code"] == int(RESOURCE_EXHAUSTED)
    assert "too many refused calls" in reply.json["message"]


def test_others_are_served_meanwhile(it: Secured) -> None:
    good = f"Api-Key {it.admin_key}"
    assert flooded(it, "203.0.113.3") is not None
    assert [listed(it, "203.0.113.4", good).status for _ in range(300)] == [200] * 300


def test_who_is_right_at_the_same_address_has_a_share(it: Secured) -> None:
    good = f"Api-Key {it.admin_key}"
    assert listed(it, "203.0.113.5", good).status == 200
    assert flooded(it, "203.0.113.5") is not None
    eventually(lambda: listed(it, "203.0.113.5", good).status == 200)


def test_an_exempt_address_is_answered_by_the_server(it: Secured) -> None:
    assert flooded(it, "192.0.2.1") is None


def test_calls_over_tls_are_refused_as_calls(it: Secured, ca: trustme.CA) -> None:
    peer = "203.0.113.6"
    assert flooded(it, peer) is not None
    headers = [("authorization", FORGED), ("x-forwarded-for", peer)]
    with H2Client(it.server.address("tls"), trusting(ca)) as client:
        told = [client.call(LIST, headers=headers).headers[-1] for _ in range(300)]
    assert {each["grpc-status"] for each in told} == {RESOURCE_EXHAUSTED}
    assert any("too many refused calls" in each["grpc-message"] for each in told)


def test_the_words_of_the_server_stay_as_they_are(it: Secured, ca: trustme.CA) -> None:
    """Envoy has asked it about calls without a credential, and has its answer to pass on."""
    headers = [("x-forwarded-for", "203.0.113.7")]
    with H2Client(it.server.address("tls"), trusting(ca)) as client:
        told = [client.call(LIST, headers=headers).headers[-1] for _ in range(4)]
    assert told[-1]["grpc-status"] == RESOURCE_EXHAUSTED
    assert "Too%20many%20bad%20credentials" in told[-1]["grpc-message"].replace(" ", "%20")
    assert "refused calls" not in told[-1]["grpc-message"]
