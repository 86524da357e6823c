"""Clients that begin and don't go on: their connections end, and nobody waits for them."""

import socket
import ssl
import threading
import time
from dataclasses import dataclass

import pytest
import trustme

from attacks.frames import PREFACE
from attacks.wire import connection_to, head, until_closed
from stand.access.secured import Secured
from stand.certificates import trusting

# What Envoy and gRPC give to each beginning, and some time for a busy machine.
SECONDS = 10
PATIENCE = 60


@dataclass
class Slow:
    """A client that has sent this, and nothing more."""

    door: str
    sent: bytes
    tls: bool = False
    drips: bool = False
    answer: bytes = b""
    seconds: float = 0.0

    def run(self, address: str, context: ssl.SSLContext) -> None:
        began = time.monotonic()
        connection: socket.socket = connection_to(address)
        if self.tls:
            context.set_alpn_protocols(["http/1.1"])
            connection = context.wrap_socket(connection, server_hostname="localhost")
        with connection:
            connection.settimeout(PATIENCE)
            connection.sendall(self.sent)
            ended = threading.Event()
            if self.drips:
                threading.Thread(target=self._drip, args=(connection, ended)).start()
            self.answer = until_closed(connection)
            ended.set()
        self.seconds = time.monotonic() - began

    def _drip(self, connection: socket.socket, ended: threading.Event) -> None:
        try:
            while not ended.wait(0.5):
                connection.sendall(b"a")
        except OSError:
            return


BEGINNINGS = {
    "http nothing": Slow("http", b""),
    "http headers": Slow("http", b"GET / HTTP/1.1\r\nHost: localhost\r\nX-Slow: "),
    "http headers, byte by byte": Slow("http", b"GET / HTTP/1.1\r\nX-Slow: ", drips=True),
    "tls nothing": Slow("tls", b""),
    "tls half a handshake": Slow("tls", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"),
    "tls headers": Slow("tls", b"GET / HTTP/1.1\r\nX-Slow: ", tls=True),
    "grpc nothing": Slow("grpc", b""),
    "grpc half a preface": Slow("grpc", PREFACE[:10]),
    "grpc no settings": Slow("grpc", PREFACE),
    "metrics nothing": Slow("metrics", b""),
    "metrics half a request": Slow("metrics", b"GET /metrics HTTP/1.1\r\nX-Slow: "),
    "mail nothing": Slow("smtp", b""),
    "mail half a handshake": Slow("smtp", b"EHLO x\r\nSTARTTLS\r\n"),
}


@pytest.fixture(scope="module")
def ended(it: Secured, ca: trustme.CA) -> dict[str, Slow]:
    """All at once, since each takes its time."""
    running = []
    for slow in BEGINNINGS.values():
        address = it.server.address(slow.door)
        running.append(threading.Thread(target=slow.run, args=(address, trusting(ca))))
        running[-1].start()
    for each in running:
        each.join(2 * PATIENCE)
    return BEGINNINGS


@pytest.mark.parametrize("name", sorted(BEGINNINGS))
def test_who_does_not_go_on_is_hung_up_on(ended: dict[str, Slow], name: str) -> None:
    slow = ended[name]
    assert SECONDS / 2 < slow.seconds < PATIENCE
    if "headers" in name:
        assert slow.answer.startswith(b"HTTP/1.1 408 ")


def test_many_of_them_keep_nobody_out(it: Secured, authorization: str) -> None:
    doors = [it.server.address(door) for door in ("http", "grpc", "tls")]
    slow = [connection_to(address) for address in doors for _ in range(100)]
    try:
        for each in slow:
            each.sendall(head("POST", "/triggers/v1/triggers", ["Content-Length: 100"])[:-30])
        it.lists("grpc", authorization, "b1g1")
        it.lists("rest", authorization, "b1g1")
    finally:
        for each in slow:
            each.close()
