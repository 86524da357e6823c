"""HTTP/2 frame by frame, for what no client library shows: trailers, pings, who closes."""

import socket
import ssl
from collections.abc import Sequence
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self

from h2.config import H2Configuration
from h2.connection import H2Connection
from h2.events import (
    ConnectionTerminated,
    DataReceived,
    Event,
    PingAckReceived,
    ResponseReceived,
    StreamEnded,
    StreamReset,
    TrailersReceived,
)

Headers = Sequence[tuple[str, str]]


@dataclass
class Blocks:
    """What came on a stream: each block of headers by itself, and the data."""

    headers: list[dict[str, str]] = field(default_factory=list)
    data: bytes = b""


class Closed(Exception):
    """The server has closed the connection."""


class H2Client:
    """One connection, and one call at a time on it."""

    def __init__(
        self, address: str, context: ssl.SSLContext | None = None, *, source: str = ""
    ) -> None:
        """Without a context it speaks no TLS, as a client that knows that HTTP/2 is spoken.

        `source` is the address that it comes from; empty: the system chooses.
        """
        host, _, port = address.rpartition(":")
        connection = socket.create_connection(
            (host, int(port)), timeout=30, source_address=(source, 0)
        )
        if context is not None:
            context.set_alpn_protocols(["h2"])
            connection = context.wrap_socket(connection, server_hostname=host)
        self._socket = connection
        self._authority = address
        self._scheme = "http" if context is None else "https"
        self._h2 = H2Connection(H2Configuration(header_encoding="utf-8"))
        self._h2.initiate_connection()
        try:
            self._send()
        except OSError:
            connection.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._socket.close()

    def call(self, method: str, message: bytes = b"", headers: Headers = ()) -> Blocks:
        """Makes a unary gRPC call; `method` is `/package.Service/Method`."""
        stream = self._h2.get_next_available_stream_id()
        sent = [
            (":method", "POST"),
            (":scheme", self._scheme),
            (":path", method),
            (":authority", self._authority),
            ("content-type", "application/grpc"),
            ("te", "trailers"),
            *headers,
        ]
        self._h2.send_headers(stream, sent)
        self._h2.send_data(stream, b"\0" + len(message).to_bytes(4) + message, end_stream=True)
        self._send()
        blocks = Blocks()
        while True:
            for event in self._receive():
                match event:
                    case ResponseReceived() | TrailersReceived():
                        blocks.headers.append(dict(event.headers))
                    case DataReceived():
                        blocks.data += event.data
                    case StreamEnded():
                        return blocks
                    case StreamReset():
                        raise AssertionError(f"the stream was reset: {event.error_code}")

    def ping(self) -> None:
        """Returns when the ping is answered."""
        self._h2.ping(b"tocsin!!")
        self._send()
        while not any(isinstance(event, PingAckReceived) for event in self._receive()):
            pass

    def wait_until_closed(self, *, answering: bool) -> None:
        """Returns when the server has closed; meanwhile its pings are answered, or not."""
        while received := self._socket.recv(65536):
            if answering:
                self._h2.receive_data(received)
                self._send()

    def _receive(self) -> list[Event]:
        received = self._socket.recv(65536)
        if not received:
            raise Closed
        events = self._h2.receive_data(received)
        self._send()
        if any(isinstance(event, ConnectionTerminated) for event in events):
            raise Closed
        return events

    def _send(self) -> None:
        self._socket.sendall(self._h2.data_to_send())
