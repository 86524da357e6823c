"""Sends requests over HTTP/1.1 exactly as a check wants them on the wire."""

import http.client
import json as json_text
import socket
import ssl
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, TypeAlias
from urllib.parse import SplitResult, urlencode, urlsplit

from tocsin.conformance.patience import monotonic
from tocsin.conformance.wire.exchanges import Recorder, shown_bytes

Pairs: TypeAlias = Mapping[str, Any] | Iterable[tuple[str, Any]]
HeaderPairs: TypeAlias = Mapping[str, str | None]
Body: TypeAlias = bytes | Iterable[bytes]

NO_ANSWER = 0


@dataclass(frozen=True, slots=True)
class RestAnswer:
    """What a request was answered."""

    status: int
    """The HTTP status; 0 if the connection ended without an answer."""
    headers: tuple[tuple[str, str], ...]
    body: bytes
    reason: str = ""

    @property
    def ok(self) -> bool:
        return 200 <= self.status < 300

    @property
    def json(self) -> Any:
        """The body as JSON.

        Raises:
            AssertionError: it is not JSON.
        """
        try:
            return json_text.loads(self.body)
        except ValueError as error:
            raise AssertionError(
                f"the body of the answer is not JSON ({error}): {shown_bytes(self.body[:200])}"
            ) from None

    def header(self, name: str) -> str | None:
        """Returns the first header of that name, in any case; None if there is none."""
        return next((v for key, v in self.headers if key.lower() == name.lower()), None)

    def __str__(self) -> str:
        return f"{self.status} {self.reason}".strip() if self.status else self.reason


class RestClient:
    """Opens a connection for each request, so that none can spoil the next."""

    def __init__(
        self, url: str, ca: str | None, recorder: Recorder, authorization: str | None
    ) -> None:
        self._url: SplitResult = urlsplit(url.rstrip("/"))
        self._recorder = recorder
        self._authorization = authorization
        self._tls = ssl.create_default_context(cafile=ca) if self._url.scheme == "https" else None
        self._port = self._url.port or (443 if self._tls else 80)

    def send(
        self,
        method: str,
        path: str,
        *,
        query: Pairs | str | None,
        json: Any,
        body: Body | None,
        headers: HeaderPairs | None,
        timeout: float,
    ) -> RestAnswer:
        """Sends a request; see `Peer.rest`."""
        target = f"{self._url.path}{path}{_query(query)}"
        sent = json_text.dumps(json).encode() if json is not None else body
        pieces = sent if sent is None or isinstance(sent, bytes) else [*sent]
        fields = self._headers(pieces, is_json=json is not None, own=headers or {})
        head = "".join(f"{name}: {value}\r\n" for name, value in fields)
        line = f"{method} {target}"
        request = f"{line} HTTP/1.1\r\n{head}\r\n".encode("latin-1") + b"".join(_framed(pieces))
        shown = b"".join(pieces) if isinstance(pieces, list) else pieces or b""
        return self._exchange(request, method, line, fields, shown, timeout)

    def send_bytes(self, request: bytes, *, timeout: float) -> RestAnswer:
        """Sends bytes as they are and reads one answer."""
        line = request.split(b"\r\n", 1)[0].decode("latin-1")
        return self._exchange(request, line.partition(" ")[0], line, [], request, timeout)

    def _headers(
        self, body: bytes | list[bytes] | None, *, is_json: bool, own: HeaderPairs
    ) -> list[tuple[str, str]]:
        fields: dict[str, str | None] = {
            "host": self._url.netloc.rpartition("@")[2],
            "accept": "*/*",
            "user-agent": "tocsin-conformance",
            "connection": "close",
        }
        if self._authorization is not None:
            fields["authorization"] = self._authorization
        if is_json:
            fields["content-type"] = "application/json"
        if isinstance(body, bytes):
            fields["content-length"] = str(len(body))
        elif body is not None:
            fields["transfer-encoding"] = "chunked"
        fields |= {name.lower(): value for name, value in own.items()}
        return [(name, value) for name, value in fields.items() if value is not None]

    def _exchange(
        self,
        request: bytes,
        method: str,
        line: str,
        fields: list[tuple[str, str]],
        body: bytes,
        timeout: float,
    ) -> RestAnswer:
        began = monotonic()
        try:
            answer = self._answered(request, method, timeout)
        except (OSError, http.client.HTTPException) as error:
            answer = RestAnswer(NO_ANSWER, (), b"", f"nothing ({type(error).__name__}: {error})")
        if answer.status == http.HTTPStatus.NOT_IMPLEMENTED:
            self._recorder.unimplemented = True
        self._recorder.add(
            "HTTP",
            line,
            fields,
            lambda: shown_bytes(body),
            str(answer),
            answer.headers,
            lambda: shown_bytes(answer.body),
            monotonic() - began,
        )
        return answer

    def _answered(self, request: bytes, method: str, timeout: float) -> RestAnswer:
        with self._connected(timeout) as connection:
            # The server may have answered before it has read all of the body.
            with suppress(BrokenPipeError, ConnectionResetError, ssl.SSLEOFError):
                connection.sendall(request)
            response = http.client.HTTPResponse(connection, method=method)
            response.begin()
            headers = tuple(response.getheaders())
            return RestAnswer(response.status, headers, response.read(), response.reason)

    def _connected(self, timeout: float) -> socket.socket:
        host = self._url.hostname or ""
        plain = socket.create_connection((host, self._port), timeout=timeout)
        return self._tls.wrap_socket(plain, server_hostname=host) if self._tls else plain


def unreachable(url: str, ca: str | None, seconds: float) -> str | None:
    """Returns why nobody answers HTTP at a URL; None if somebody does, whatever the answer is."""
    parts = urlsplit(url)
    host, path = parts.netloc.rpartition("@")[2], parts.path or "/"
    connection: http.client.HTTPConnection
    if parts.scheme == "https":
        context = ssl.create_default_context(cafile=ca)
        connection = http.client.HTTPSConnection(host, timeout=seconds, context=context)
    else:
        connection = http.client.HTTPConnection(host, timeout=seconds)
    try:
        connection.request("GET", path)
        connection.getresponse()
    except http.client.BadStatusLine:
        return "the answer is not HTTP/1.1"
    except (OSError, http.client.HTTPException) as error:
        return str(error) or type(error).__name__
    finally:
        connection.close()
    return None


def _query(query: Pairs | str | None) -> str:
    if query is None:
        return ""
    if not isinstance(query, str):
        pairs = query.items() if isinstance(query, Mapping) else query
        query = urlencode(list(pairs), doseq=True)
    return f"?{query}" if query else ""


def _framed(body: bytes | list[bytes] | None) -> Iterator[bytes]:
    if isinstance(body, bytes):
        yield body
    elif body is not None:
        for piece in body:
            if piece:
                yield b"%x\r\n%b\r\n" % (len(piece), piece)
        yield b"0\r\n\r\n"
