"""An MQTT 3.1.1 broker that sends the packets of a script, whatever they are.

It sends them after each subscription, those with QoS 1 until they are acknowledged, so that a
reader may be shown what no real broker lets through.
"""

import socketserver
import struct
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

CONNECT, PUBACK, SUBSCRIBE, UNSUBSCRIBE, PINGREQ, DISCONNECT = 1, 4, 8, 10, 12, 14


def packet(first: int, body: bytes) -> bytes:
    """Puts the length before a body."""
    length, left = b"", len(body)
    while True:
        left, low = divmod(left, 128)
        length += bytes([low | (128 if left else 0)])
        if not left:
            return bytes([first]) + length + body


def publication(topic: bytes, number: int, payload: bytes = b"x") -> bytes:
    """Returns a PUBLISH packet with QoS 1."""
    return packet(0x32, struct.pack(">H", len(topic)) + topic + struct.pack(">H", number) + payload)


class ScriptedBroker(socketserver.ThreadingTCPServer):
    """Counts connections, and keeps the numbers of what was acknowledged."""

    daemon_threads = True

    def __init__(self, script: Sequence[tuple[int, bytes]]) -> None:
        super().__init__(("127.0.0.1", 0), Connection)
        self.script = script
        self.connections = 0
        self.acknowledged: set[int] = set()

    @property
    def url(self) -> str:
        return f"mqtt://127.0.0.1:{self.server_address[1]}"


class Connection(socketserver.BaseRequestHandler):
    server: ScriptedBroker

    def handle(self) -> None:
        self.server.connections += 1
        try:
            while self._answered():
                pass
        except OSError:
            return

    def _answered(self) -> bool:
        kind, body = self._packet()
        if kind == CONNECT:
            self.request.sendall(packet(0x20, b"\x01\x00"))
        elif kind == PINGREQ:
            self.request.sendall(packet(0xD0, b""))
        elif kind == PUBACK:
            self.server.acknowledged.add(int.from_bytes(body[:2]))
        elif kind == UNSUBSCRIBE:
            self.request.sendall(packet(0xB0, body[:2]))
        elif kind == SUBSCRIBE:
            self.request.sendall(packet(0x90, body[:2] + b"\x01" * _filters(body[2:])))
            for number, raw in self.server.script:
                if number not in self.server.acknowledged:
                    self.request.sendall(raw)
        return kind != DISCONNECT

    def _packet(self) -> tuple[int, bytes]:
        first, length, shift = self._exactly(1)[0], 0, 0
        while True:
            byte = self._exactly(1)[0]
            length |= (byte & 127) << shift
            shift += 7
            if not byte & 128:
                return first >> 4, self._exactly(length)

    def _exactly(self, count: int) -> bytes:
        came = b""
        while len(came) < count:
            more = self.request.recv(count - len(came))
            if not more:
                raise ConnectionError
            came += more
        return came


def _filters(rest: bytes) -> int:
    count = 0
    while rest:
        rest = rest[3 + int.from_bytes(rest[:2]) :]
        count += 1
    return count


@contextmanager
def scripted_broker(*script: tuple[int, bytes]) -> Iterator[ScriptedBroker]:
    with ScriptedBroker(script) as broker:
        threading.Thread(target=broker.serve_forever, args=(0.05,), daemon=True).start()
        yield broker
        broker.shutdown()
