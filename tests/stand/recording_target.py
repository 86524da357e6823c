"""A target over HTTP that remembers what it was called with and answers as told."""

import json
import sys
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, BinaryIO
from urllib.parse import parse_qsl, urlsplit

PATIENCE = 30


@dataclass(frozen=True)
class Received:
    """One request, as it came."""

    at: datetime
    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


@dataclass(frozen=True)
class Answer:
    status: int = 200
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)
    speak: Callable[[BinaryIO], None] | None = None
    """Says something else in place of all this; then the connection is closed."""


Matches = Callable[[Received], bool]
Answers = Callable[[Received], Answer]


def held_until(let_go: threading.Event, body: bytes = b"") -> Answers:
    """Answers once the event is set."""

    def hold(_: Received) -> Answer:
        let_go.wait(PATIENCE)
        return Answer(body=body)

    return hold


class Server(ThreadingHTTPServer):
    # Of many connections at once none may hang because five wait to be accepted.
    request_queue_size = 1024

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that hangs up, killed perhaps, is nothing to tell of."""
        if not isinstance(sys.exception(), OSError):
            super().handle_error(request, client_address)


class RecordingTarget:
    """Answers an empty 200, or what `answers` makes of the request to that path."""

    def __init__(self, port: int = 0) -> None:
        self.answers: dict[str, Answers] = {}
        self._received: list[Received] = []
        self._came = threading.Condition()
        self._server = Server(("127.0.0.1", port), _handler_for(self))
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,))
        self._thread.start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def all(self, matches: Matches) -> list[Received]:
        with self._came:
            return self._found(matches)

    def _found(self, matches: Matches) -> list[Received]:
        return [request for request in self._received if _suits(request, matches)]

    def wait_for(
        self, matches: Matches, count: int = 1, seconds: float = PATIENCE
    ) -> list[Received]:
        """Returns what matches as soon as that is so many."""
        with self._came:
            found: list[Received] = []

            def enough() -> bool:
                found[:] = self._found(matches)
                return len(found) >= count

            assert self._came.wait_for(enough, seconds), f"{len(found)} of {count} came"
            return found

    def handle(self, request: Received) -> Answer:
        with self._came:
            self._received.append(request)
            self._came.notify_all()
        return self.answers.get(request.path, lambda _: Answer())(request)


def _suits(request: Received, matches: Matches) -> bool:
    try:
        return matches(request)
    except (ValueError, TypeError, LookupError, AttributeError):
        return False  # a neighbour's body, which has not the form that is asked for


def _handler_for(target: RecordingTarget) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        # Head and body of an answer are two writes: with Nagle's algorithm the second one waits.
        disable_nagle_algorithm = True

        def do_POST(self) -> None:
            split = urlsplit(self.path)
            received = Received(
                at=datetime.now(UTC),
                method=self.command,
                path=split.path,
                query=dict(parse_qsl(split.query)),
                headers={name.lower(): value for name, value in self.headers.items()},
                body=self.rfile.read(int(self.headers["Content-Length"])),
            )
            self._answer(target.handle(received))

        def _answer(self, answer: Answer) -> None:
            if answer.speak is not None:
                self.close_connection = True
                answer.speak(self.wfile)
                return
            self.send_response(answer.status)
            for name, value in answer.headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(answer.body)))
            self.end_headers()
            self.wfile.write(answer.body)

        def log_message(self, *_: object) -> None:
            """Tells nothing: the tests' output is pytest's."""

    return Handler
