"""Serves what a run's triggers and executions call: functions, containers, integrations.

The server under test has to be set up so that they lead here: a function's URL holds its id in its
path or its host, and so does a container's; which path an integration has does not matter. Dead
letters come to `/queues` by the SQS protocol, if the server puts them there.
"""

import hashlib
import json
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from tocsin.conformance.options import OptionError
from tocsin.conformance.patience import unix_seconds
from tocsin.conformance.wire.exchanges import Recorder, shown_bytes

QUEUES = "/queues"
MOST_BYTES = 64 * 2**20


@dataclass(frozen=True, slots=True)
class Received:
    """One request, as it came, and what it was answered."""

    at: float
    """Seconds since 1970."""
    method: str
    path: str
    query: str
    headers: tuple[tuple[str, str], ...]
    body: bytes
    status: int

    def header(self, name: str) -> str | None:
        """Returns the first header of that name, in any case; None if there is none."""
        return next((v for key, v in self.headers if key.lower() == name.lower()), None)

    @property
    def parameters(self) -> dict[str, list[str]]:
        """The query, decoded."""
        return parse_qs(self.query, keep_blank_values=True)

    @property
    def json(self) -> Any:
        """The body as JSON.

        Raises:
            AssertionError: it is not JSON.
        """
        try:
            return json.loads(self.body)
        except ValueError as error:
            text = shown_bytes(self.body[:200])
            raise AssertionError(f"the body of the call is not JSON ({error}): {text}") from None

    def record(self, recorder: Recorder) -> None:
        """Adds it to the exchanges of the check that looks at it."""
        query = f"?{self.query}" if self.query else ""
        line = f"{self.method} {self.path}{query} (a call of the target)"
        sent, status = self.body, str(self.status)
        recorder.add(
            "HTTP", line, self.headers, lambda: shown_bytes(sent), status, (), lambda: "", 0.0
        )


@dataclass(frozen=True, slots=True)
class Letter:
    """A message that was put into a dead letter queue."""

    at: float
    queue: str
    """The last part of the queue's URL."""
    body: str


@dataclass(frozen=True, slots=True)
class Reply:
    """What a target answers."""

    status: int = 200
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""
    after: threading.Event | None = None
    """It is held back until then; None: it is sent at once."""


Matches = Callable[[Received], bool]


@dataclass(eq=False)
class Targets:
    """Remembers each call, and answers as it was told; anything else is answered 200."""

    address: tuple[str, int]
    _received: list[Received] = field(default_factory=list)
    _letters: list[Letter] = field(default_factory=list)
    _replies: dict[str, list[Reply]] = field(default_factory=dict)
    _came: threading.Condition = field(default_factory=threading.Condition)

    def __post_init__(self) -> None:
        try:
            self._server = _Server(self.address, _handler_for(self))
        except OSError as error:
            host, port = self.address
            raise OptionError(f"--target-listen {host}:{port}: {error.strerror}") from error
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()

    def close(self) -> None:
        """Stops listening."""
        self._server.shutdown()
        self._server.server_close()

    def answer(self, token: str, *replies: Reply) -> None:
        """Says what calls are answered that have the token in their host, path or body.

        The last of the replies is that of all further calls.
        """
        with self._came:
            self._replies[token] = list(replies)

    def calls(self, matches: Matches) -> list[Received]:
        """Returns the calls that match, in the order in which they came."""
        with self._came:
            return [each for each in self._received if matches(each)]

    def wait_for(self, matches: Matches, count: int, until: float) -> list[Received]:
        """Returns what matches once that is `count`, or at the time `until`, whatever it is then.

        Args:
            matches: which calls are meant.
            count: how many are waited for.
            until: seconds since 1970.
        """
        with self._came:
            self._came.wait_for(
                lambda: sum(map(matches, self._received)) >= count,
                max(0.0, until - unix_seconds()),
            )
        return self.calls(matches)

    def letters(self, token: str) -> list[Letter]:
        """Returns the dead letters whose body has the token."""
        with self._came:
            return [each for each in self._letters if token in each.body]

    def wait_for_letters(self, token: str, count: int, until: float) -> list[Letter]:
        """Returns the dead letters with the token once they are `count`, or at the time `until`."""
        with self._came:
            self._came.wait_for(
                lambda: sum(token in each.body for each in self._letters) >= count,
                max(0.0, until - unix_seconds()),
            )
        return self.letters(token)

    def handle(
        self, method: str, target: str, headers: Sequence[tuple[str, str]], body: bytes
    ) -> Reply:
        """Answers a request."""
        split = urlsplit(target)
        path = unquote(split.path)
        if path == QUEUES or path.startswith(QUEUES + "/"):
            return self._queue(path, dict(headers), body)
        with self._came:
            reply = self._reply(path, dict(headers), body)
            now = unix_seconds()
            self._received.append(
                Received(now, method, path, split.query, tuple(headers), body, reply.status)
            )
            self._came.notify_all()
        return reply

    def _reply(self, path: str, headers: dict[str, str], body: bytes) -> Reply:
        where = headers.get("Host", "") + path
        for token, replies in self._replies.items():
            if token in where or token.encode() in body:
                return replies.pop(0) if len(replies) > 1 else replies[0]
        return Reply()

    def _queue(self, path: str, headers: dict[str, str], body: bytes) -> Reply:
        """Answers as a queue service does to those who put messages."""
        asked = _asked(headers, body)
        if asked["Action"] == "GetQueueUrl":
            base = headers.get("Host") or f"{self.address[0]}:{self.address[1]}"
            return _told(asked, {"QueueUrl": f"http://{base}{QUEUES}/{asked['QueueName']}"})
        if asked["Action"] != "SendMessage":
            return Reply(400, body=b'{"__type": "UnsupportedOperation"}')
        queue = str(asked.get("QueueUrl") or path).rstrip("/").rpartition("/")[2]
        text = str(asked["MessageBody"])
        with self._came:
            self._letters.append(Letter(unix_seconds(), queue, text))
            number = len(self._letters)
            self._came.notify_all()
        digest = hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()
        return _told(asked, {"MessageId": f"letter-{number}", "MD5OfMessageBody": digest})


def _asked(headers: dict[str, str], body: bytes) -> dict[str, Any]:
    """Returns the fields of a request by either protocol of SQS, with its Action."""
    action = next((v for key, v in headers.items() if key.lower() == "x-amz-target"), None)
    if action is not None:
        return {**json.loads(body), "Action": action.rpartition(".")[2]}
    form = {name: values[0] for name, values in parse_qs(body.decode()).items()}
    return {"Action": "", "form": True, **form}


def _told(asked: dict[str, Any], fields: dict[str, str]) -> Reply:
    if not asked.get("form"):
        kind = (("Content-Type", "application/x-amz-json-1.0"),)
        return Reply(200, kind, json.dumps(fields).encode())
    action = asked["Action"]
    inner = "".join(f"<{name}>{value}</{name}>" for name, value in fields.items())
    text = f"<{action}Response><{action}Result>{inner}</{action}Result></{action}Response>"
    return Reply(200, (("Content-Type", "text/xml"),), text.encode())


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 1024

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Says nothing of a client that hangs up: what it called is recorded or is not."""


def _handler_for(targets: Targets) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        # Head and body of an answer are two writes: with Nagle's algorithm the second one waits.
        disable_nagle_algorithm = True

        def _any(self) -> None:
            body = b"".join(_pieces(self))
            reply = targets.handle(self.command, self.path, list(self.headers.items()), body)
            if reply.after is not None:
                reply.after.wait()
            self.send_response(reply.status)
            for name, value in reply.headers:
                self.send_header(name, value)
            if reply.status != 204:
                self.send_header("Content-Length", str(len(reply.body)))
            self.end_headers()
            self.wfile.write(reply.body)

        # The names are those of http.server.
        do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = _any  # noqa: N815

        def log_message(self, *_: object) -> None:
            """Says nothing: the run's output is the suite's."""

    return Handler


def _pieces(request: BaseHTTPRequestHandler) -> Iterator[bytes]:
    """Yields the body of a request, which has a length or comes in chunks."""
    if "chunked" not in (request.headers.get("Transfer-Encoding") or "").lower():
        yield request.rfile.read(min(int(request.headers.get("Content-Length") or 0), MOST_BYTES))
        return
    while size := int(request.rfile.readline().partition(b";")[0] or b"0", 16):
        yield request.rfile.read(min(size, MOST_BYTES))
        request.rfile.readline()
    while request.rfile.readline().strip():
        pass


def listening(address: str) -> Targets:
    """Returns targets that listen at HOST:PORT.

    Raises:
        OptionError: nothing can listen there.
    """
    host, _, port = address.rpartition(":")
    if not port.isdigit():
        raise OptionError(f"--target-listen {address}: must be HOST:PORT")
    return Targets((host.strip("[]") or "127.0.0.1", int(port)))
