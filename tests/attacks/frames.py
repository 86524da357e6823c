"""HTTP/2 frames that no library would send."""

import socket
import ssl
from collections.abc import Iterator, Sequence

from hpack import Decoder, Encoder
from hyperframe.frame import (
    DataFrame,
    Frame,
    GoAwayFrame,
    HeadersFrame,
    RstStreamFrame,
    SettingsFrame,
)

from attacks.wire import PATIENCE, connection_to

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
Headers = Sequence[tuple[str, str]]


def connected(address: str, context: ssl.SSLContext | None) -> socket.socket:
    """Opens a connection and says that HTTP/2 is spoken."""
    connection = connection_to(address)
    if context is not None:
        context.set_alpn_protocols(["h2"])
        connection = context.wrap_socket(connection, server_hostname="localhost")
    connection.sendall(PREFACE + SettingsFrame(0).serialize())
    return connection


def call_headers(path: str, more: Headers = ()) -> list[tuple[str, str]]:
    """Returns those of a gRPC call, with what is no usual one where it belongs by its name."""
    pseudo = [
        (":method", "POST"),
        (":scheme", "http"),
        (":path", path),
        (":authority", "localhost"),
        *(each for each in more if each[0].startswith(":")),
    ]
    usual = [("content-type", "application/grpc"), ("te", "trailers")]
    return [*pseudo, *usual, *(each for each in more if not each[0].startswith(":"))]


def rest_headers(verb: str, path: str, more: Headers = ()) -> list[tuple[str, str]]:
    """Returns those of a request over REST."""
    pseudo = [(":method", verb), (":scheme", "https"), (":path", path), (":authority", "localhost")]
    return [*pseudo, ("content-type", "application/json"), *more]


def headers_frame(stream: int, headers: Headers, *, ends: bool) -> bytes:
    frame = HeadersFrame(stream, Encoder().encode(headers))
    frame.flags.add("END_HEADERS")
    if ends:
        frame.flags.add("END_STREAM")
    return frame.serialize()


def call(headers: Headers) -> bytes:
    """Returns the frames of the first call of a connection, with an empty message."""
    message = DataFrame(1, bytes(5))
    message.flags.add("END_STREAM")
    return headers_frame(1, headers, ends=False) + message.serialize()


def frames(connection: socket.socket) -> Iterator[Frame]:
    """Gives what comes until the server closes."""
    received = b""
    while True:
        while len(received) >= 9:
            frame, length = Frame.parse_frame_header(memoryview(received[:9]))
            if len(received) < 9 + length:
                break
            frame.parse_body(memoryview(received[9 : 9 + length]))
            received = received[9 + length :]
            yield frame
        try:
            part = connection.recv(65536)
        except ConnectionResetError:
            return
        if not part:
            return
        received += part


def raw_call(address: str, context: ssl.SSLContext | None, path: str, more: Headers) -> str | None:
    """Makes a call with an empty message; returns its status, or why there is none."""
    with connected(address, context) as connection:
        connection.settimeout(PATIENCE)
        connection.sendall(call(call_headers(path, more)))
        decoder = Decoder()
        for frame in frames(connection):
            match frame:
                case HeadersFrame(stream_id=1):
                    found = dict(decoder.decode(frame.data))
                    if "grpc-status" in found:
                        return str(found["grpc-status"])
                    if found.get(":status", "200") != "200":
                        return f"HTTP {found[':status']}"
                case RstStreamFrame(stream_id=1):
                    return "reset"
                case GoAwayFrame():
                    return "closed"
    return "closed"
