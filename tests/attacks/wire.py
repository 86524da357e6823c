"""Requests byte by byte, as no client library would send them."""

import json
import socket
import ssl
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any

PATIENCE = 30
END = b"\r\n\r\n"


@dataclass(frozen=True)
class Answer:
    status: int
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


def connection_to(address: str) -> socket.socket:
    host, _, port = address.rpartition(":")
    return socket.create_connection((host, int(port)), PATIENCE)


def head(verb: str, target: str, headers: Sequence[str] = (), host: str = "localhost") -> bytes:
    lines = [f"{verb} {target} HTTP/1.1", f"Host: {host}", *headers, "", ""]
    return "\r\n".join(lines).encode("latin-1")


def ask(address: str, request: bytes, context: ssl.SSLContext | None = None) -> Answer:
    """Sends a request as it stands, over TLS with a context; returns the first final answer."""
    with ExitStack() as stack:
        connection = stack.enter_context(connection_to(address))
        if context is not None:
            connection = context.wrap_socket(connection, server_hostname="localhost")
            stack.enter_context(connection)
        connection.sendall(request)
        stream = connection.makefile("rb")
        while True:
            line = stream.readline()
            assert line.startswith(b"HTTP/1.1 "), line
            status = int(line.split()[1])
            headers = {}
            while (line := stream.readline().strip()) != b"":
                name, _, value = line.partition(b":")
                headers[name.lower()] = value.strip()
            if status >= 200:
                return Answer(status, stream.read(int(headers.get(b"content-length", 0))))


def until_closed(connection: socket.socket) -> bytes:
    """Returns what still comes; only what the server ends comes to an end."""
    parts = []
    try:
        while part := connection.recv(65536):
            parts.append(part)
    except ConnectionResetError:
        pass
    return b"".join(parts)
