"""Large bodies for webhooks and logs: who can't be right by the headers is refused before them."""

import base64
import gzip
import hashlib
import hmac
import json
import time

import pytest
import trustme
from google.rpc import status_pb2
from hpack import Decoder
from hyperframe.frame import HeadersFrame

from attacks.frames import call_headers, connected, frames, headers_frame
from attacks.wire import ask, head
from stand.access.secured import Secured
from stand.certificates import trusting

STORAGE = "/tocsin/v1/webhooks/objectStorage"
REGISTRIES = "/tocsin/v1/webhooks/containerRegistries"
LOGS = "/v1/logs"
NOTIFY = "/tocsin.v1.WebhookService"
UNAUTHENTICATED = 16
KEY = b"the key of the storage"
COMPRESSED = "Content-Encoding: gzip"
JSON = "Content-Type: application/json"

HEAVY = {
    "compressed": [COMPRESSED, "Content-Length: 15000"],
    "large": ["Content-Length: 9000000"],
    "unknown length": ["Transfer-Encoding: chunked"],
}
SIGNATURE = f"webhook-signature: v1,{base64.b64encode(bytes(32)).decode()}"
NOW = f"webhook-timestamp: {int(time.time())}"
UNPROVEN, UNPROVABLE = "SENDER_UNPROVEN", "SENDER_UNPROVABLE"

WRONG = {
    "no proof where a signature is wanted": (STORAGE, [], UNPROVEN),
    "a secret where a signature is wanted": (STORAGE, ["Authorization: Bearer x"], UNPROVEN),
    "a signature of another kind": (STORAGE, [SIGNATURE, NOW], UNPROVEN),
    "a signature that is too short": (STORAGE, ["X-Hub-Signature-256: sha256=00"], UNPROVEN),
    "no secret": (f"{REGISTRIES}/shows", [], UNPROVEN),
    "a wrong secret": (f"{REGISTRIES}/shows", ["Authorization: Bearer x"], UNPROVEN),
    "a wrong secret, in an encoded path": (
        f"{REGISTRIES}/%73hows",
        ["Authorization: Bearer x"],
        UNPROVEN,
    ),
    "a signature without a time": (f"{REGISTRIES}/signs", [SIGNATURE], UNPROVEN),
    "a signature of long ago": (
        f"{REGISTRIES}/signs",
        [SIGNATURE, "webhook-timestamp: 1700000000"],
        UNPROVEN,
    ),
    "a time without a signature": (f"{REGISTRIES}/signs", [NOW], UNPROVEN),
    "a registry of which nothing is set": (f"{REGISTRIES}/other", [SIGNATURE, NOW], UNPROVABLE),
    "logs without a secret": (LOGS, [JSON], UNPROVEN),
    "logs with a wrong secret": (LOGS, [JSON, "Authorization: Bearer x"], UNPROVEN),
}


@pytest.mark.parametrize("kind", HEAVY)
@pytest.mark.parametrize("case", WRONG)
def test_who_cannot_be_right_is_refused_before_the_body(it: Secured, case: str, kind: str) -> None:
    """Nothing of the body is sent, so an answer is there only if nothing of it was waited for."""
    path, shown, reason = WRONG[case]
    answer = ask(it.server.http_address, head("POST", path, [*HEAVY[kind], *shown]))
    assert answer.status == 401
    assert answer.json["code"] == UNAUTHENTICATED
    assert [each["reason"] for each in answer.json["details"] if "reason" in each] == [reason]


def test_logs_in_protobuf_are_refused_in_protobuf(it: Secured) -> None:
    headers = [*HEAVY["large"], "Content-Type: application/x-protobuf"]
    answer = ask(it.server.http_address, head("POST", LOGS, headers))
    assert answer.status == 401
    assert status_pb2.Status.FromString(answer.body).code == UNAUTHENTICATED


@pytest.mark.parametrize("method", ["NotifyObjectStorage", "NotifyContainerRegistry"])
def test_a_call_that_shows_no_proof_is_refused_before_its_message(
    it: Secured, ca: trustme.CA, method: str
) -> None:
    with connected(it.server.address("tls"), trusting(ca)) as connection:
        connection.settimeout(30)
        connection.sendall(headers_frame(1, call_headers(f"{NOTIFY}/{method}"), ends=False))
        found = next(each for each in frames(connection) if isinstance(each, HeadersFrame))
        answer = dict(Decoder().decode(found.data))
    assert answer["grpc-status"] == str(UNAUTHENTICATED)


def padded(content: dict[str, list[str]]) -> bytes:
    return json.dumps(content | {"padding": ["0" * 1000] * 1000}).encode()


def signed(body: bytes) -> list[str]:
    """Signs as GitHub does."""
    return [f"X-Hub-Signature-256: sha256={hmac.new(KEY, body, hashlib.sha256).hexdigest()}"]


@pytest.mark.parametrize("compressed", [False, True])
def test_who_is_right_may_send_much(it: Secured, compressed: bool) -> None:
    records, events = padded({"Records": []}), padded({"events": []})
    secret = ["Authorization: Bearer the secret of the registry"]
    for path, body, shown in (
        (STORAGE, records, signed(records)),
        (f"{REGISTRIES}/shows", events, secret),
        (f"{REGISTRIES}/%73hows/", events, secret),
    ):
        sent = gzip.compress(body) if compressed else body
        headers = [*shown, f"Content-Length: {len(sent)}", *([COMPRESSED] if compressed else [])]
        answer = ask(it.server.http_address, head("POST", path, headers) + sent)
        assert answer.status == 200, answer.body
