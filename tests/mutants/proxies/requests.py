"""A proxy of HTTP that a wrong server is made of: one thing of a request or its answer changes."""

import http.client
import json
import re
import socket
import socketserver
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from threading import Thread
from typing import Any

Headers = tuple[tuple[str, str], ...]

SECONDS = 30
_FRAMING = {"content-length", "transfer-encoding", "connection"}


@dataclass(frozen=True, slots=True)
class Request:
    """A request as it came to the proxy; `raw` is what goes on if nothing is changed."""

    verb: str
    target: str
    headers: Headers
    body: bytes
    raw: bytes | None = None

    def but(self, **fields: Any) -> "Request":
        """Returns it with other fields."""
        return replace(self, raw=None, **fields)

    def header(self, name: str) -> str | None:
        return next((value for key, value in self.headers if key.lower() == name), None)

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    def with_json(self, value: Any) -> "Request":
        return self.but(body=json.dumps(value).encode())

    def to_bytes(self) -> bytes:
        """Returns it as it goes over the wire."""
        if self.raw is not None:
            return self.raw
        kept = [pair for pair in self.headers if pair[0].lower() not in _FRAMING]
        fields = [*kept, ("content-length", str(len(self.body))), ("connection", "close")]
        head = "".join(f"{key}: {value}\r\n" for key, value in fields)
        return f"{self.verb} {self.target} HTTP/1.1\r\n{head}\r\n".encode("latin-1") + self.body


@dataclass(frozen=True, slots=True)
class Response:
    """The answer to a request."""

    status: int
    reason: str
    headers: Headers
    body: bytes

    @property
    def ok(self) -> bool:
        return 200 <= self.status < 300

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    def but(self, **fields: Any) -> "Response":
        """Returns it with other fields."""
        return replace(self, **fields)

    def with_json(self, value: Any) -> "Response":
        return self.but(body=json.dumps(value).encode())

    def to_bytes(self, *, bodiless: bool) -> bytes:
        """Returns it as it goes over the wire."""
        kept = [pair for pair in self.headers if pair[0].lower() not in _FRAMING]
        fields = [*kept, ("content-length", str(len(self.body))), ("connection", "close")]
        head = "".join(f"{key}: {value}\r\n" for key, value in fields)
        line = f"HTTP/1.1 {self.status} {self.reason}\r\n"
        return f"{line}{head}\r\n".encode("latin-1") + (b"" if bodiless else self.body)


Forward = Callable[[Request], Response]
WrongRequest = Callable[[Request, Forward], Response]


class RequestProxy:
    """Passes requests on to a server; `wrong` changes them or their answers."""

    def __init__(self, upstream: tuple[str, int]) -> None:
        self.upstream = upstream
        self.wrong: WrongRequest | None = None

    def serve(self, client: socket.socket) -> None:
        """Answers the requests of one connection; the first that is not HTTP is its last."""
        client.settimeout(SECONDS)
        request = read(client)
        if request is None:
            return
        wrong = self.wrong
        response = self.forward(request) if wrong is None else wrong(request, self.forward)
        with suppress(OSError):
            client.sendall(response.to_bytes(bodiless=request.verb == "HEAD"))

    def forward(self, request: Request) -> Response:
        """Sends a request to the server."""
        with socket.create_connection(self.upstream, timeout=SECONDS) as server:
            with suppress(OSError):
                server.sendall(request.to_bytes())
            answer = http.client.HTTPResponse(server, method=request.verb)
            answer.begin()
            headers = tuple(answer.getheaders())
            return Response(answer.status, answer.reason, headers, answer.read())


def read(client: socket.socket) -> Request | None:
    """Reads one request; None if the connection ends before its head does."""
    read_bytes = b""
    while b"\r\n\r\n" not in read_bytes:
        more = client.recv(65536)
        if not more:
            return None
        read_bytes += more
    head, _, body = read_bytes.partition(b"\r\n\r\n")
    first, *lines = head.decode("latin-1").split("\r\n")
    verb, target, *_ = [*first.split(" "), "", ""]
    headers = tuple(
        (key, value.strip()) for key, _, value in (each.partition(":") for each in lines)
    )
    lower = {key.lower(): value for key, value in headers}
    chunked = "chunked" in lower.get("transfer-encoding", "")
    length = lower.get("content-length", "0")

    def whole() -> bool:
        if chunked:
            return body.endswith(b"0\r\n\r\n")
        return not length.isdigit() or len(body) >= int(length)

    while not whole():
        more = client.recv(65536)
        if not more:
            break
        body += more
    decoded = _joined(body) if chunked else body
    return Request(verb, target, headers, decoded, head + b"\r\n\r\n" + body)


def _joined(chunks: bytes) -> bytes:
    joined = b""
    while chunks:
        size, _, rest = chunks.partition(b"\r\n")
        if not re.fullmatch(rb"0*[1-9a-fA-F][0-9a-fA-F]*", size.split(b";")[0]):
            break
        length = int(size.split(b";")[0], 16)
        joined += rest[:length]
        chunks = rest[length + 2 :]
    return joined


@contextmanager
def request_proxy(address: str) -> Iterator[tuple[RequestProxy, str]]:
    """Runs a proxy in front of an HTTP server at HOST:PORT; yields it with its own address."""
    host, _, port = address.rpartition(":")
    proxy = RequestProxy((host, int(port)))

    class Handler(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            with suppress(OSError, http.client.HTTPException):
                proxy.serve(self.request)

    class Server(socketserver.ThreadingTCPServer):
        daemon_threads = True
        request_queue_size = 64

    with Server(("127.0.0.1", 0), Handler) as server:
        Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        try:
            yield proxy, f"127.0.0.1:{server.server_address[1]}"
        finally:
            server.shutdown()
