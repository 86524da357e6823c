"""Each sender of webhooks proves itself as its settings say, over the real wire."""

import base64
import hashlib
import hmac
import json
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import grpc
import pytest
from google.api.httpbody_pb2 import HttpBody
from standardwebhooks.webhooks import Webhook

from stand.apis.wire import Reply, send
from stand.tocsin_process import Tocsin, run_tocsin, serving
from tocsin_protos.tocsin.v1 import webhook_service_pb2, webhook_service_pb2_grpc

STORAGE = "/tocsin/v1/webhooks/objectStorage"
REGISTRY = "/tocsin/v1/webhooks/containerRegistries"
KEY = "whsec_" + base64.b64encode(b"k" * 32).decode()
HUB_KEY = "hub-key"
CONFIG = f"""
[sources.webhooks]
secret = "s3cret"
[sources.webhooks.object_storage]
hub_keys = ["old-key", "{HUB_KEY}"]
[sources.webhooks.registries.signing]
standard_keys = ["{KEY}"]
[sources.webhooks.registries.both]
secret = "own"
hub_keys = ["{HUB_KEY}"]
"""
RECORDS = json.dumps({"Records": []}).encode()
EVENTS = json.dumps({"events": []}).encode()


@pytest.fixture(scope="module")
def proving() -> Iterator[Tocsin]:
    with tempfile.TemporaryDirectory() as made, serving(Path(made), CONFIG) as server:
        yield server


@pytest.fixture(scope="module")
def closed() -> Iterator[Tocsin]:
    """Access control is on, and nothing is said of senders but of one."""
    config = '[access]\nenabled = true\n[sources.webhooks.registries.known]\nsecret = "s3cret"\n'
    config += 'folders = ["*"]\n'
    with tempfile.TemporaryDirectory() as made, serving(Path(made), config) as server:
        yield server


def post(server: Tocsin, path: str, body: bytes, headers: dict[str, str]) -> Reply:
    return send(server.http_address, "POST", path, body, headers)


def hub(body: bytes, key: str = HUB_KEY) -> dict[str, str]:
    signature = hmac.new(key.encode(), body, hashlib.sha256).hexdigest()
    return {"X-Hub-Signature-256": f"sha256={signature}"}


def standard(body: bytes, ago: timedelta = timedelta()) -> dict[str, str]:
    at = datetime.now(UTC) - ago
    return {
        "webhook-id": "msg_1",
        "webhook-timestamp": str(int(at.timestamp())),
        "webhook-signature": Webhook(KEY).sign("msg_1", at, body.decode()),
    }


SHOWN = {"Authorization": "Bearer s3cret"}


@pytest.mark.parametrize(
    ("path", "body", "headers"),
    [
        (STORAGE, RECORDS, hub(RECORDS)),
        (STORAGE, RECORDS, hub(RECORDS, "old-key")),
        (f"{REGISTRY}/both", EVENTS, hub(EVENTS)),
        (f"{REGISTRY}/both", EVENTS, {"Authorization": "Bearer own"}),
        (f"{REGISTRY}/any-other", EVENTS, SHOWN),
    ],
)
def test_who_proves_itself_is_heard(
    proving: Tocsin, path: str, body: bytes, headers: dict[str, str]
) -> None:
    assert post(proving, path, body, headers).status == 200


@pytest.mark.parametrize(
    ("path", "body", "headers"),
    [
        (STORAGE, RECORDS, {}),
        (STORAGE, RECORDS, hub(RECORDS + b" ")),
        (STORAGE, RECORDS, hub(RECORDS, "s3cret")),
        # What others prove themselves by is nothing for one that has settings of its own.
        (STORAGE, RECORDS, SHOWN),
        (f"{REGISTRY}/signing", EVENTS, SHOWN),
        (f"{REGISTRY}/signing", EVENTS, hub(EVENTS)),
        (f"{REGISTRY}/both", EVENTS, SHOWN),
        (f"{REGISTRY}/any-other", EVENTS, hub(EVENTS)),
        (f"{REGISTRY}/any-other", EVENTS, {"Authorization": "Bearer own"}),
        # A body that is no notification, which is not even looked at.
        (STORAGE, b"[" * 1000, {}),
    ],
)
def test_who_does_not_is_refused(
    proving: Tocsin, path: str, body: bytes, headers: dict[str, str]
) -> None:
    reply = post(proving, path, body, headers)
    assert reply.status == 401
    assert reply.json["code"] == 16
    assert reply.json["details"][0]["reason"] == "SENDER_UNPROVEN"


def test_who_signs_by_standard_webhooks_is_heard_where_that_is_set(proving: Tocsin) -> None:
    assert post(proving, f"{REGISTRY}/signing", EVENTS, standard(EVENTS)).status == 200
    assert post(proving, f"{REGISTRY}/both", EVENTS, standard(EVENTS)).status == 401


def test_what_was_signed_long_ago_is_a_replay(proving: Tocsin) -> None:
    reply = post(proving, f"{REGISTRY}/signing", EVENTS, standard(EVENTS, timedelta(minutes=6)))
    assert reply.status == 401
    assert "webhook-timestamp must be within 300 seconds" in reply.json["message"]


def test_it_is_the_same_over_grpc(proving: Tocsin) -> None:
    request = webhook_service_pb2.WebhookServiceNotifyObjectStorageRequest(
        notification=HttpBody(data=RECORDS)
    )
    signed = [(name.lower(), value) for name, value in hub(RECORDS).items()]
    with proving.channel() as channel:
        stub = webhook_service_pb2_grpc.WebhookServiceStub(channel)
        stub.NotifyObjectStorage(request, metadata=signed)
        with pytest.raises(grpc.RpcError) as refused:
            stub.NotifyObjectStorage(request)
    assert refused.value.code() is grpc.StatusCode.UNAUTHENTICATED  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("path", "table"), [(STORAGE, "object_storage"), (f"{REGISTRY}/r", "registries.ID")]
)
def test_under_access_control_a_sender_that_nothing_is_said_of_is_refused(
    closed: Tocsin, path: str, table: str
) -> None:
    reply = post(closed, path, RECORDS, SHOWN)
    assert reply.status == 401
    assert "set secret, hub_keys or standard_keys in [sources.webhooks]" in reply.json["message"]
    assert f"[sources.webhooks.{table}]" in reply.json["message"]


def test_under_access_control_a_sender_that_proves_itself_is_heard(closed: Tocsin) -> None:
    assert post(closed, f"{REGISTRY}/known", EVENTS, SHOWN).status == 200
    assert post(closed, f"{REGISTRY}/known", EVENTS, {}).status == 401


def test_a_key_that_is_none_is_refused_at_the_start_and_not_shown(tmp_path: Path) -> None:
    config = tmp_path / "tocsin.toml"
    config.write_text('[sources.webhooks]\nstandard_keys = ["whsec_c2VjcmV0"]\n')
    done = run_tocsin("config", "check", "--config", str(config))
    assert done.status != 0
    assert "sources.webhooks.standard_keys.0: expected whsec_" in done.stderr
    assert "c2VjcmV0" not in done.stdout + done.stderr
