"""Large and compressed bodies of strangers: Envoy refuses them before it reads or inflates them."""

import gzip
import json
import struct
import zlib
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest
import trustme
from hpack import Decoder
from hyperframe.frame import DataFrame, HeadersFrame

from attacks.frames import call_headers, connected, frames, headers_frame
from attacks.wire import Answer, ask, connection_to, head
from stand.access.secured import Secured
from stand.certificates import trusting

MEGABYTE = 1024 * 1024
PART = 16_000
TRIGGERS = "/triggers/v1/triggers"
SCHEDULE = "/v1/projects/p/locations/l/integrations/i:schedule"
WEBHOOK = "/tocsin/v1/webhooks/objectStorage"
LIST = "/yandex.cloud.serverless.triggers.v1.TriggerService/List"
COMPRESSED = "Content-Encoding: gzip"
# By its headers alone it may be right, so its body is read.
FORGED_SIGNATURE = f"X-Hub-Signature-256: sha256={'0' * 64}"
UNAUTHENTICATED = 16

HEAVY = {
    "compressed": [COMPRESSED, "Content-Length: 15000"],
    "large": ["Content-Length: 9000000"],
    "unknown length": ["Transfer-Encoding: chunked"],
    "compressed, of unknown length": [COMPRESSED, "Transfer-Encoding: chunked"],
}


@pytest.mark.parametrize("kind", HEAVY)
@pytest.mark.parametrize("path", [TRIGGERS, SCHEDULE])
@pytest.mark.parametrize("credential", [[], ["Authorization: Bearer forged"]])
def test_who_proves_nothing_is_refused_before_the_body(
    it: Secured, path: str, kind: str, credential: list[str]
) -> None:
    """Nothing of the body is sent, so an answer is there only if nothing of it was waited for."""
    answer = ask(it.server.http_address, head("POST", path, [*HEAVY[kind], *credential]))
    assert answer.status == 401
    error = answer.json
    if path == SCHEDULE:
        assert (error["error"]["code"], error["error"]["status"]) == (401, "UNAUTHENTICATED")
        error = error["error"]
    else:
        assert error["code"] == UNAUTHENTICATED
    [reason] = [each["reason"] for each in error["details"] if "reason" in each]
    assert reason == ("CREDENTIALS_REFUSED" if credential else "CREDENTIALS_MISSING")


@pytest.mark.parametrize("kind", HEAVY)
def test_a_path_of_no_method_is_refused_before_the_body(it: Secured, kind: str) -> None:
    answer = ask(it.server.http_address, head("POST", "/triggers/v1/%74riggers", HEAVY[kind]))
    assert answer.status == 404


def test_a_call_without_a_credential_is_refused_before_its_message(
    it: Secured, ca: trustme.CA
) -> None:
    with connected(it.server.address("tls"), trusting(ca)) as connection:
        connection.settimeout(30)
        connection.sendall(headers_frame(1, call_headers(LIST), ends=False))
        found = next(each for each in frames(connection) if isinstance(each, HeadersFrame))
        answer = dict(Decoder().decode(found.data))
    assert answer["grpc-status"] == str(UNAUTHENTICATED)
    assert "credential is missing" in answer["grpc-message"]
    assert "grpc-status-details-bin" in answer


def created(it: Secured, authorization: str, description: str, *, compressed: bool) -> Answer:
    body = json.dumps({"folderId": "f", "description": description}).encode()
    headers = [f"Authorization: {authorization}"]
    if compressed:
        body = gzip.compress(body)
        headers.append(COMPRESSED)
    headers.append(f"Content-Length: {len(body)}")
    return ask(it.server.http_address, head("POST", TRIGGERS, headers) + body)


@pytest.mark.parametrize("compressed", [False, True])
def test_who_proves_to_be_somebody_may_send_the_documented_size(
    it: Secured, authorization: str, compressed: bool
) -> None:
    answer = created(it, authorization, "d" * (10 * MEGABYTE - 100), compressed=compressed)
    assert answer.status == 400
    assert "description" in answer.body.decode()


def test_a_body_with_a_secret_may_not_be_large(it: Secured) -> None:
    body = json.dumps({"jwt": "j" * 200_000}).encode()
    for encoded, more in ((body, []), (gzip.compress(body), [COMPRESSED])):
        headers = [*more, f"Content-Length: {len(encoded)}"]
        sent = head("POST", "/iam/v1/tokens", headers) + encoded
        answer = ask(it.server.http_address, sent)
        assert answer.status == 413
        assert "65536" in answer.json["message"]


def envoy_memory(it: Secured) -> int:
    [envoy] = it.server.children()
    return memory(envoy)


def memory(pid: int) -> int:
    status = Path(f"/proc/{pid}/status").read_text()
    [line] = [each for each in status.splitlines() if each.startswith("VmRSS")]
    return int(line.split()[1]) * 1024


@contextmanager
def unfinished(it: Secured, number: int) -> Iterator[None]:
    """Sends notifications, each of 9 MB when it is inflated, without their last byte."""
    compressor = zlib.compressobj(9, zlib.DEFLATED, 31)
    sent = compressor.compress(b'{"a": "' + bytes(9 * MEGABYTE)) + compressor.flush(
        zlib.Z_SYNC_FLUSH
    )
    length = f"Content-Length: {len(sent) + 1}"
    request = head("POST", WEBHOOK, [COMPRESSED, FORGED_SIGNATURE, length]) + sent
    with ExitStack() as stack:
        for _ in range(number):
            connection = stack.enter_context(connection_to(it.server.http_address))
            connection.sendall(request)
        yield


def test_what_is_inflated_for_strangers_has_a_bound_together(
    it: Secured, authorization: str
) -> None:
    listed = head("GET", f"{TRIGGERS}?folderId=f", [f"Authorization: {authorization}"])
    before, peaks = envoy_memory(it), []
    with unfinished(it, 100):
        for _ in range(20):
            assert ask(it.server.http_address, listed).status == 200
            peaks.append(envoy_memory(it))
        # Others may send what is documented meanwhile.
        answer = created(it, authorization, "d" * (9 * MEGABYTE), compressed=True)
        assert answer.status == 400
    assert max(peaks) - before < 100 * MEGABYTE


@contextmanager
def unfinished_messages(it: Secured, ca: trustme.CA, number: int, size: int) -> Iterator[None]:
    """Opens calls with a forged credential whose messages lack their last bytes."""
    headers = call_headers(LIST, [("authorization", "Bearer forged")])
    streams = range(1, 2 * number, 2)
    with connected(it.server.address("tls"), trusting(ca)) as connection:
        for stream in streams:
            connection.sendall(headers_frame(stream, headers, ends=False))
            connection.sendall(DataFrame(stream, struct.pack(">BI", 0, size)).serialize())
        for _ in range(size // PART - 1):
            for stream in streams:
                connection.sendall(DataFrame(stream, bytes(PART)).serialize())
        yield


def test_messages_that_never_end_have_a_bound_together(
    it: Secured, ca: trustme.CA, authorization: str
) -> None:
    """80 of them, of 8 MB: those that hold most are ended, and small calls are served."""
    listed = head("GET", f"{TRIGGERS}?folderId=f", [f"Authorization: {authorization}"])
    peaks = []
    with ExitStack() as stack:
        for _ in range(4):
            stack.enter_context(unfinished_messages(it, ca, 20, 8 * MEGABYTE))
            assert ask(it.server.http_address, listed).status == 200
            peaks.append(envoy_memory(it))
    assert max(peaks) < 600 * MEGABYTE


def test_a_refused_request_is_not_kept(it: Secured) -> None:
    """60 notifications of 9 MB each with a forged signature, one after the other."""
    body = gzip.compress(b'{"a":[' + b"0," * (9 * MEGABYTE // 2) + b"0]}")
    length = f"Content-Length: {len(body)}"
    request = head("POST", WEBHOOK, [COMPRESSED, FORGED_SIGNATURE, length]) + body
    pid = it.server.process.pid
    before, peaks = memory(pid), []
    for _ in range(60):
        assert ask(it.server.http_address, request).status == 401
        peaks.append(memory(pid))
    assert max(peaks) - before < 200 * MEGABYTE
