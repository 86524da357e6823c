"""How senders of webhooks prove themselves."""

import base64
import hashlib
import hmac
from datetime import UTC, datetime, timedelta

import pytest
from standardwebhooks.webhooks import Webhook

from tocsin.access.shared_secret import SharedSecret
from tocsin.access.webhook_proofs import ProofRefused, SenderProof, standard_key

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
BODY = b'{"Records": []}'
KEY = "whsec_" + base64.b64encode(b"k" * 32).decode()
OTHER_KEY = "whsec_" + base64.b64encode(b"o" * 32).decode()

SECRET = SenderProof(secret=SharedSecret("s3cret"))
HUB = SenderProof(hub_keys=(b"It's a Secret to Everybody",))
STANDARD = SenderProof(standard_keys=(standard_key(KEY),))


def refusal(
    proof: SenderProof, headers: dict[str, str], body: bytes = BODY, now: datetime = NOW
) -> str | None:
    try:
        proof.check(headers.get, body, now)
    except ProofRefused as error:
        return str(error)
    return None


def hub(key: bytes, body: bytes = BODY) -> dict[str, str]:
    return {"x-hub-signature-256": "sha256=" + hmac.new(key, body, hashlib.sha256).hexdigest()}


def standard(key: str = KEY, at: datetime = NOW, body: bytes = BODY) -> dict[str, str]:
    """Signs as the reference implementation does."""
    signature = Webhook(key).sign("msg_1", at, body.decode())
    return {
        "webhook-id": "msg_1",
        "webhook-timestamp": str(int(at.timestamp())),
        "webhook-signature": signature,
    }


def test_what_can_prove_nothing_is_told_from_what_can() -> None:
    assert not SenderProof()
    assert all((SECRET, HUB, STANDARD))


def test_the_example_of_github_is_right() -> None:
    # docs.github.com, "Validating webhook deliveries", testing the webhook payload validation.
    headers = {
        "x-hub-signature-256": (
            "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17"
        )
    }
    assert refusal(HUB, headers, b"Hello, World!") is None


@pytest.mark.parametrize(
    "headers",
    [
        {},
        hub(b"another key"),
        hub(b"It's a Secret to Everybody", BODY + b" "),
        {"x-hub-signature-256": ""},
        {"x-hub-signature-256": "sha256="},
        {"x-hub-signature-256": hub(b"It's a Secret to Everybody")["x-hub-signature-256"][7:]},
        {"x-hub-signature-256": "sha256=ключ"},
        {"x-hub-signature": "sha1=" + "0" * 40},
        {"authorization": "Bearer It's a Secret to Everybody"},
    ],
)
def test_a_body_that_is_not_signed_as_github_does_is_refused(headers: dict[str, str]) -> None:
    assert "X-Hub-Signature-256" in (refusal(HUB, headers) or "")


def test_a_body_that_is_signed_by_standard_webhooks_is_taken() -> None:
    assert refusal(STANDARD, standard()) is None


def test_one_of_several_signatures_is_enough_and_one_of_several_keys() -> None:
    old, new = standard(OTHER_KEY), standard(KEY)
    both = f"v1a,x {old['webhook-signature']} {new['webhook-signature']}"
    assert refusal(STANDARD, new | {"webhook-signature": both}) is None
    two = SenderProof(standard_keys=(standard_key(OTHER_KEY), standard_key(KEY)))
    assert refusal(two, standard()) is None
    assert refusal(two, standard(OTHER_KEY)) is None


@pytest.mark.parametrize(
    "changed",
    [
        {"webhook-signature": ""},
        {"webhook-signature": "v1,"},
        {"webhook-signature": standard(OTHER_KEY)["webhook-signature"]},
        {"webhook-signature": standard()["webhook-signature"].replace("v1,", "v2,")},
        {"webhook-signature": standard()["webhook-signature"].removeprefix("v1,")},
        {"webhook-id": "msg_2"},
        {"webhook-id": ""},
        {"webhook-timestamp": str(int(NOW.timestamp()) + 1)},
        {"webhook-timestamp": ""},
    ],
)
def test_what_was_signed_otherwise_is_refused(changed: dict[str, str]) -> None:
    assert "webhook-signature must sign" in (refusal(STANDARD, standard() | changed) or "")


def test_a_changed_body_is_refused() -> None:
    assert refusal(STANDARD, standard(), BODY + b" ") is not None


@pytest.mark.parametrize("seconds", [-300, -1, 0, 300])
def test_clocks_may_differ_by_some_minutes(seconds: int) -> None:
    assert refusal(STANDARD, standard(at=NOW + timedelta(seconds=seconds))) is None


@pytest.mark.parametrize("seconds", [-301, 301, -86400])
def test_a_replay_is_refused(seconds: int) -> None:
    told = refusal(STANDARD, standard(at=NOW + timedelta(seconds=seconds)))
    assert "within 300 seconds" in (told or "")


@pytest.mark.parametrize("timestamp", ["now", "1e9", "-1", "٣", "9" * 400])
def test_a_time_that_is_no_number_is_refused_though_it_is_signed(timestamp: str) -> None:
    signed = f"msg_1.{timestamp}.".encode() + BODY
    made = hmac.new(standard_key(KEY), signed, hashlib.sha256).digest()
    headers = {
        "webhook-id": "msg_1",
        "webhook-timestamp": timestamp,
        "webhook-signature": "v1," + base64.b64encode(made).decode(),
    }
    assert "must be a number" in (refusal(STANDARD, headers) or "")


def test_of_several_kinds_of_proof_one_is_enough() -> None:
    either = SenderProof(SECRET.secret, HUB.hub_keys, STANDARD.standard_keys)
    assert refusal(either, {"authorization": "Bearer s3cret"}) is None
    assert refusal(either, hub(HUB.hub_keys[0])) is None
    assert refusal(either, standard()) is None
    told = refusal(either, {"authorization": "Bearer wrong"}) or ""
    assert told.count(";") == 2


@pytest.mark.parametrize(
    "key", ["", "whsec_", "whsec_short", "whsec_" + "A" * 28, "whsec_" + "A" * 88, "whsec_ключ"]
)
def test_what_is_no_key_of_standard_webhooks_is_refused_and_not_shown(key: str) -> None:
    with pytest.raises(ValueError, match="expected whsec_") as caught:
        standard_key(key)
    assert len(key) < 8 or key not in str(caught.value)


def by_headers(proof: SenderProof, headers: dict[str, str], now: datetime = NOW) -> str | None:
    try:
        proof.check_headers(headers.get, now)
    except ProofRefused as error:
        return str(error)
    return None


@pytest.mark.parametrize(
    ("proof", "headers"),
    [
        (SECRET, {"authorization": "Bearer s3cret"}),
        (HUB, hub(b"another key")),
        (STANDARD, standard(OTHER_KEY)),
    ],
)
def test_the_headers_alone_may_be_right(proof: SenderProof, headers: dict[str, str]) -> None:
    assert by_headers(proof, headers) is None


@pytest.mark.parametrize(
    ("proof", "headers"),
    [
        (SECRET, {}),
        (SECRET, {"authorization": "Bearer other"}),
        (HUB, {}),
        (HUB, {"x-hub-signature-256": "sha256=" + "g" * 64}),
        (HUB, {"x-hub-signature-256": "sha256=" + "0" * 65}),
        (STANDARD, {}),
        (STANDARD, standard() | {"webhook-signature": "v1,AAAA"}),
        (STANDARD, standard(at=NOW - timedelta(minutes=6))),
    ],
)
def test_what_the_headers_alone_prove_wrong_is_told_as_with_the_body(
    proof: SenderProof, headers: dict[str, str]
) -> None:
    told = by_headers(proof, headers)
    assert told is not None
    assert told == refusal(proof, headers)


def test_a_time_that_is_none_needs_no_body() -> None:
    headers = standard() | {"webhook-timestamp": "soon"}
    assert by_headers(STANDARD, headers) == "webhook-timestamp must be a number of seconds"
