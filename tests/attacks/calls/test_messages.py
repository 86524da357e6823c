"""Messages that do not come, or not to their end; over plain gRPC only the server ends them."""

import struct
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

import pytest
import trustme
from hpack import Decoder, Encoder
from hyperframe.frame import DataFrame, Frame, HeadersFrame

from attacks.floods import Unfinished
from attacks.frames import call_headers, connected, frames, headers_frame, rest_headers
from attacks.wire import PATIENCE, until_closed
from stand.access.secured import Secured
from stand.apis.wire import Refused
from stand.certificates import trusting
from tocsin_protos.yandex.cloud.serverless.triggers.v1.trigger_service_pb2 import (
    ListTriggersRequest,
)

MEGABYTE = 1024 * 1024
MOST = 10 * MEGABYTE
LIST = "/yandex.cloud.serverless.triggers.v1.TriggerService/List"
CHECK = "/grpc.health.v1.Health/Check"
WATCH = "/grpc.health.v1.Health/Watch"
REFLECT = "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo"
NOTIFY = "/tocsin.v1.WebhookService/NotifyObjectStorage"
TRIGGERS = "/triggers/v1/triggers"
INVALID_ARGUMENT, RESOURCE_EXHAUSTED, UNIMPLEMENTED, UNAUTHENTICATED = "3", "8", "12", "16"


FORGED = {
    "gRPC": call_headers(LIST),
    "a small body": rest_headers("POST", TRIGGERS, [("content-length", "50")]),
    "no body": rest_headers("GET", TRIGGERS, []),
}


def status(it: Secured, ca: trustme.CA, door: str, sent: bytes) -> str:
    """Returns the status of a call whose frames are these."""
    context = trusting(ca) if door == "tls" else None
    with connected(it.server.address(door), context) as connection:
        connection.settimeout(30)
        connection.sendall(sent)
        decoder = Decoder()
        for frame in frames(connection):
            if isinstance(frame, HeadersFrame):
                found = dict(decoder.decode(frame.data))
                if "grpc-status" in found:
                    return str(found["grpc-status"])
    raise AssertionError("the connection was closed")


@pytest.mark.parametrize("door", ["grpc", "tls"])
@pytest.mark.parametrize("path", [LIST, CHECK, WATCH, NOTIFY])
def test_a_call_without_a_message_is_answered(
    it: Secured, ca: trustme.CA, authorization: str, door: str, path: str
) -> None:
    shown = {
        LIST: [("authorization", authorization)],
        NOTIFY: [("x-hub-signature-256", f"sha256={'0' * 64}")],
    }
    sent = headers_frame(1, call_headers(path, shown.get(path, [])), ends=True)
    assert status(it, ca, door, sent) == UNIMPLEMENTED


@pytest.mark.parametrize("path", [LIST, CHECK, WATCH, REFLECT])
def test_bytes_that_are_no_message_are_the_callers_error(
    it: Secured, ca: trustme.CA, authorization: str, path: str
) -> None:
    headers = [("authorization", authorization)] if path == LIST else []
    message = DataFrame(1, struct.pack(">BI", 0, 2) + b"\xff\xff", flags=["END_STREAM"])
    sent = headers_frame(1, call_headers(path, headers), ends=False) + message.serialize()
    assert status(it, ca, "grpc", sent) == INVALID_ARGUMENT


@pytest.mark.parametrize("door", ["grpc", "tls"])
@pytest.mark.parametrize("more", [[], [("authorization", "Bearer forged")]])
def test_who_proves_nothing_is_refused_before_the_message(
    it: Secured, ca: trustme.CA, door: str, more: list[tuple[str, str]]
) -> None:
    sent = headers_frame(1, call_headers(LIST, more), ends=False)
    assert status(it, ca, door, sent) == UNAUTHENTICATED


@pytest.mark.parametrize("kind", FORGED)
def test_strangers_requests_that_never_end_do_not_wait_in_envoy(
    it: Secured, ca: trustme.CA, kind: str
) -> None:
    """Each would hold 30 KB of Envoy for a minute: a few dozen connections took all it may have."""
    large = [("authorization", "Bearer forged"), *((f"x-{n}", "a" * 4000) for n in range(3))]
    encoder, streams = Encoder(), range(1, 1000, 2)
    sent = [HeadersFrame(each, encoder.encode([*FORGED[kind], *large])) for each in streams]
    for frame in sent:
        frame.flags.add("END_HEADERS")
    with connected(it.server.address("tls"), trusting(ca)) as connection:
        connection.settimeout(30)
        received = frames(connection)
        for first in range(0, len(sent), 100):
            begun = sent[first : first + 100]
            connection.sendall(b"".join(frame.serialize() for frame in begun))
            waiting = {frame.stream_id for frame in begun}
            while waiting:
                frame = next(received)
                if isinstance(frame, HeadersFrame):
                    waiting.discard(frame.stream_id)


def test_large_headers_that_are_short_on_the_wire_do_not_reach_the_server(
    it: Secured, ca: trustme.CA, authorization: str
) -> None:
    """A header that was sent before is a byte: after the first call, 70 bytes bring 60 KB."""
    large = [("authorization", "Bearer forged"), *[("x-large", "a" * 1000)] * 60]
    encoder = Encoder()
    calls = [
        HeadersFrame(stream, encoder.encode([*call_headers(LIST), *large]), flags=["END_HEADERS"])
        for stream in range(1, 1000, 2)
    ]
    assert max(len(each.data) for each in calls[1:]) < 100
    with connected(it.server.address("tls"), trusting(ca)) as connection:
        connection.settimeout(30)
        decoder, received = Decoder(), frames(connection)
        for first in range(0, len(calls), 100):
            begun = calls[first : first + 100]
            connection.sendall(b"".join(each.serialize() for each in begun))
            answers = [next(answers_in(received, decoder)) for _ in begun]
            assert {each["grpc-status"] for each in answers} == {RESOURCE_EXHAUSTED}
            assert all("16 KiB" in each["grpc-message"] for each in answers)
    it.lists("rest", authorization, "f")


def test_what_came_of_a_message_is_no_part_of_the_headers(
    it: Secured, ca: trustme.CA, authorization: str
) -> None:
    """Calls that begin at once, whose last message comes first, as clients with threads send."""
    encoder, calls = Encoder(), range(1, 61, 2)
    shown = [("authorization", authorization), ("x-large", "a" * 1000)]
    sent = b"".join(
        HeadersFrame(
            each, encoder.encode([*call_headers(LIST), *shown]), flags=["END_HEADERS"]
        ).serialize()
        for each in calls
    )
    message = ListTriggersRequest(folder_id="f", filter=" " * 15_800).SerializeToString()
    whole = struct.pack(">BI", 0, len(message)) + message
    for each in reversed(calls):
        sent += DataFrame(each, whole, flags=["END_STREAM"]).serialize()
    with connected(it.server.address("tls"), trusting(ca)) as connection:
        connection.settimeout(30)
        connection.sendall(sent[:60_000])
        decoder, last = Decoder(), calls[-1]
        for frame in frames(connection):
            if isinstance(frame, HeadersFrame):
                found = dict(decoder.decode(frame.data))
                if frame.stream_id == last and "grpc-status" in found:
                    assert found["grpc-status"] == INVALID_ARGUMENT
                    return
    raise AssertionError("the connection was closed")


def answers_in(received: Iterator[Frame], decoder: Decoder) -> Iterator[dict[str, str]]:
    for frame in received:
        if isinstance(frame, HeadersFrame):
            yield dict(decoder.decode(frame.data))


@pytest.mark.parametrize("path", [b"/\x80/x", b"/a.B/\xff"])
def test_a_path_that_is_no_text_is_no_method(
    it: Secured, ca: trustme.CA, authorization: str, path: bytes
) -> None:
    headers = [(name, path if name == ":path" else value) for name, value in call_headers("/")]
    message = DataFrame(1, bytes(5), flags=["END_STREAM"])
    sent = headers_frame(1, headers, ends=False) + message.serialize()
    assert status(it, ca, "tls", sent) == UNIMPLEMENTED
    it.lists("grpc", authorization, "f")


def test_a_path_that_is_no_text_does_not_end_plain_grpc(
    it: Secured, ca: trustme.CA, authorization: str
) -> None:
    """grpcio's server ends by it, for all callers; another takes its place."""
    headers = [
        (name, b"/\x80/x" if name == ":path" else value) for name, value in call_headers("/")
    ]
    for _ in range(2):
        # The server may end before all is sent.
        with suppress(OSError), connected(it.server.address("grpc"), None) as connection:
            connection.sendall(headers_frame(1, headers, ends=False))
            connection.settimeout(1)
            until_closed(connection)
        until(lambda: answers(it, "grpc", authorization))
        until(lambda: answers(it, "rest", authorization))


def answers(it: Secured, wire: str, authorization: str) -> bool:
    try:
        it.lists(wire, authorization, "f")
    except (Refused, OSError):
        return False
    return True


def until(holds: Callable[[], bool]) -> None:
    give_up = time.monotonic() + PATIENCE
    while not holds():
        assert time.monotonic() < give_up
        time.sleep(0.05)


@contextmanager
def unfinished(it: Secured, connections: int, number: int) -> Iterator[list[Unfinished]]:
    with ExitStack() as stack:
        made = [Unfinished(it.server.grpc_address, number) for _ in range(connections)]
        for each in made:
            stack.callback(each.close)
        yield made


def resident(it: Secured) -> int:
    found = Path(f"/proc/{it.server.process.pid}/status").read_text()
    [line] = [each for each in found.splitlines() if each.startswith("VmRSS")]
    return int(line.split()[1]) * 1024


def test_messages_that_strangers_leave_unfinished_have_a_bound_together(
    it: Secured, authorization: str
) -> None:
    """200 of them, of 10 MB: all but twelve are ended, and others are served meanwhile."""
    before, peaks = resident(it), []
    with unfinished(it, 4, 50) as attackers:
        ended, patience = 0, time.monotonic() + 60
        while ended < 188 and time.monotonic() < patience:
            for each in attackers:
                each.go_on()
            it.lists("grpc", authorization, "f")
            peaks.append(resident(it))
            ended = sum(each.statuses[RESOURCE_EXHAUSTED] for each in attackers)
    assert ended == 188
    assert max(peaks) - before < 300 * MEGABYTE
