"""Messages, headers, and numbers of them, that are too large for anyone."""

import ssl
from collections.abc import Callable
from pathlib import Path

import grpc
import pytest
import trustme
from google.api.httpbody_pb2 import HttpBody
from hyperframe.frame import GoAwayFrame, HeadersFrame, RstStreamFrame, SettingsFrame

from attacks.frames import call, call_headers, connected, frames, headers_frame
from attacks.wire import ask, head
from stand.access.secured import Secured
from stand.certificates import trusting
from stand.h2_client import H2Client
from tocsin_protos.tocsin.v1.webhook_service_pb2 import (
    WebhookServiceNotifyObjectStorageRequest as Notify,
)

MEGABYTE = 1024 * 1024
MOST = 10 * MEGABYTE
NOTIFY = "/tocsin.v1.WebhookService/NotifyObjectStorage"
LIST = "/yandex.cloud.serverless.triggers.v1.TriggerService/List"
UNAUTHENTICATED, RESOURCE_EXHAUSTED = "16", "8"
# By its headers alone it may be right, so the message is read.
SIGNED = [("x-hub-signature-256", f"sha256={'0' * 64}")]
Channel = Callable[[str], grpc.Channel]


@pytest.fixture
def channel(it: Secured, ca: trustme.CA, tmp_path: Path) -> Channel:
    def opened(door: str) -> grpc.Channel:
        unlimited = [("grpc.max_send_message_length", -1)]
        if door == "grpc":
            return grpc.insecure_channel(it.server.grpc_address, unlimited)
        roots = grpc.ssl_channel_credentials(ca.cert_pem.bytes())
        return grpc.secure_channel(it.server.address("tls"), roots, unlimited)

    return opened


def refusal(channel: grpc.Channel, message: bytes, compression: grpc.Compression) -> str:
    """Returns the status with which a notification of that size is answered."""
    request = Notify(notification=HttpBody(data=message))
    with channel:
        call = channel.unary_unary(NOTIFY, Notify.SerializeToString, None)
        try:
            call(request, timeout=60, compression=compression, metadata=SIGNED)
        except grpc.RpcError as error:
            status: tuple[int, str] = error.code().value  # type: ignore[attr-defined]
            return str(status[0])
    return "0"


@pytest.mark.parametrize("door", ["grpc", "tls"])
def test_a_message_that_is_too_large_is_refused(channel: Channel, door: str) -> None:
    small = refusal(channel(door), b"x" * MEGABYTE, grpc.Compression.NoCompression)
    assert small == UNAUTHENTICATED
    giant = refusal(channel(door), b"x" * (MOST + 1), grpc.Compression.NoCompression)
    assert giant == RESOURCE_EXHAUSTED


@pytest.mark.parametrize("door", ["grpc", "tls"])
def test_a_message_that_grows_when_it_is_unpacked_is_refused(channel: Channel, door: str) -> None:
    fits = refusal(channel(door), b"x" * MEGABYTE, grpc.Compression.Gzip)
    assert fits == UNAUTHENTICATED
    bomb = refusal(channel(door), b"x" * (MOST + 1), grpc.Compression.Gzip)
    assert bomb == RESOURCE_EXHAUSTED


def resident(it: Secured) -> int:
    status = Path(f"/proc/{it.server.process.pid}/status").read_text()
    [line] = [line for line in status.splitlines() if line.startswith("VmHWM")]
    return int(line.split()[1]) * 1024


def test_what_is_unpacked_is_never_held_whole(it: Secured, channel: Channel) -> None:
    """100 MB of zeros in 100 KB, as they would be sent by who wants to fill the memory."""
    before = resident(it)
    for _ in range(3):
        bomb = refusal(channel("grpc"), bytes(100 * MEGABYTE), grpc.Compression.Gzip)
        assert bomb == RESOURCE_EXHAUSTED
    assert resident(it) - before < 50 * MEGABYTE


def test_a_body_that_is_too_large_is_refused_in_both_envelopes(
    it: Secured, authorization: str
) -> None:
    for path in ("/triggers/v1/triggers", "/v1/projects/p/locations/l/integrations/i:schedule"):
        headers = [f"Authorization: {authorization}", f"Content-Length: {MOST + 1}"]
        request = head("POST", path, headers) + b"x" * (MOST + 1)
        answer = ask(it.server.http_address, request)
        assert answer.status == 413
        told = answer.json.get("error", answer.json)
        assert told["code"] in (3, 413)


@pytest.mark.parametrize("opening", [b'{"a":', b"[", b'{"rule":{"timer":['])
def test_json_that_is_too_deep_is_refused_in_both_envelopes(
    it: Secured, authorization: str, opening: bytes
) -> None:
    deep = opening * 100_000
    for path in ("/triggers/v1/triggers", "/v1/projects/p/locations/l/integrations/i:schedule"):
        headers = [f"Authorization: {authorization}", f"Content-Length: {len(deep)}"]
        answer = ask(it.server.http_address, head("POST", path, headers) + deep)
        assert answer.status == 400
        told = answer.json.get("error", answer.json)
        assert told["code"] in (3, 400)


@pytest.mark.parametrize(
    "headers",
    [[f"X-A: {'a' * 20_000}"], [f"X-{number}: a" for number in range(200)], ["X-A: a" * 3000]],
    ids=["long", "many", "all"],
)
def test_headers_that_are_too_large_are_refused(it: Secured, headers: list[str]) -> None:
    answer = ask(it.server.http_address, head("GET", "/triggers/v1/triggers", headers))
    assert (answer.status, answer.json["code"]) == (431, 3)


def test_a_path_that_is_too_long_is_refused(it: Secured) -> None:
    answer = ask(it.server.http_address, head("GET", "/triggers/v1/triggers/" + "a" * 20_000))
    assert answer.status == 431


@pytest.mark.parametrize("door", ["grpc", "tls"])
def test_metadata_that_is_too_large_is_refused(it: Secured, ca: trustme.CA, door: str) -> None:
    context = trusting(ca) if door == "tls" else None
    with connected(it.server.address(door), context) as connection:
        large = call_headers(LIST, [("x-a", "a" * 14_000), ("x-b", "b" * 6000)])
        connection.sendall(call(large))
        connection.settimeout(30)
        found = next(
            frame
            for frame in frames(connection)
            if isinstance(frame, HeadersFrame | RstStreamFrame | GoAwayFrame)
        )
    assert isinstance(found, HeadersFrame | RstStreamFrame | GoAwayFrame)
    with H2Client(it.server.address(door), trusting(ca) if door == "tls" else None) as client:
        assert client.call(LIST).headers[-1]["grpc-status"] == UNAUTHENTICATED


@pytest.mark.parametrize("door", ["grpc", "tls"])
@pytest.mark.parametrize(("headers", "size"), [(17, 1000), (60, 1000), (500, 10)])
def test_too_much_metadata_is_refused_in_words(
    it: Secured, channel: Channel, door: str, headers: int, size: int
) -> None:
    metadata = [("authorization", "Bearer forged")]
    metadata += [(f"x-{number}", "a" * size) for number in range(headers)]
    with channel(door) as opened:
        with pytest.raises(grpc.RpcError) as refused:
            opened.unary_unary(LIST)(b"", metadata=metadata, timeout=30)
        assert refused.value.code() is grpc.StatusCode.RESOURCE_EXHAUSTED
        with pytest.raises(grpc.RpcError) as refused:
            opened.unary_unary(LIST)(b"", metadata=metadata[:10], timeout=30)
        assert refused.value.code() is grpc.StatusCode.UNAUTHENTICATED


@pytest.mark.parametrize("size", [17_000, 60_000])
def test_headers_over_rest_and_tls_are_refused_by_their_size(
    it: Secured, ca: trustme.CA, size: int
) -> None:
    for path in ("/triggers/v1/triggers", "/v1/projects/p/locations/l/operations/o"):
        request = head("GET", path, [f"X-A: {'a' * size}"])
        answer = ask(it.server.address("tls"), request, trusting(ca))
        assert answer.status == 431
        told = answer.json.get("error", answer.json)
        assert "16 KiB" in told["message"]


def most_streams(address: str, context: ssl.SSLContext | None) -> int:
    with connected(address, context) as connection:
        connection.settimeout(30)
        for frame in frames(connection):
            if isinstance(frame, SettingsFrame) and "ACK" not in frame.flags:
                return frame.settings.get(SettingsFrame.MAX_CONCURRENT_STREAMS, 2**31)
    raise AssertionError("the server has no settings")


@pytest.mark.parametrize(("door", "at_once"), [("grpc", 1000), ("tls", 100)])
def test_more_calls_at_once_than_a_connection_may_have_are_refused(
    it: Secured, ca: trustme.CA, door: str, at_once: int
) -> None:
    context = trusting(ca) if door == "tls" else None
    most = most_streams(it.server.address(door), context)
    assert most == at_once
    with connected(it.server.address(door), context) as connection:
        connection.settimeout(30)
        # None of them ends, so all are under way.
        calls = [
            headers_frame(1 + 2 * number, call_headers(NOTIFY), ends=False)
            for number in range(most + 50)
        ]
        connection.sendall(b"".join(calls))
        refused = next(
            frame for frame in frames(connection) if isinstance(frame, RstStreamFrame | GoAwayFrame)
        )
    assert isinstance(refused, RstStreamFrame | GoAwayFrame)
    with H2Client(it.server.address(door), trusting(ca) if door == "tls" else None) as client:
        assert client.call(LIST).headers[-1]["grpc-status"] == UNAUTHENTICATED


def test_calls_that_are_made_and_taken_back_without_end_are_ended(
    it: Secured, ca: trustme.CA
) -> None:
    """A rapid reset: each call costs the server more than who makes it."""
    for door, context in (("grpc", None), ("tls", trusting(ca))):
        with connected(it.server.address(door), context) as connection:
            connection.settimeout(30)
            try:
                for number in range(20_000):
                    stream = 1 + 2 * number
                    call = headers_frame(stream, call_headers(LIST), ends=False)
                    connection.sendall(call + RstStreamFrame(stream, 8).serialize())
            except OSError:
                pass  # the server has had enough
        with H2Client(it.server.address(door), trusting(ca) if door == "tls" else None) as client:
            assert client.call(LIST).headers[-1]["grpc-status"] == UNAUTHENTICATED
