"""Serves Python functions over HTTP, and remembers each call."""

import asyncio
import inspect
import json
import threading
import traceback
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import unquote, urlsplit

from tocsin.testing.deliveries import Delivery, parsed, payload_of

Function = Callable[..., Any]
"""Takes the event, or the event and a `Context`; what it returns is its answer."""

KINDS = ("function", "container", "workflow", "websocket_broadcast", "integration")
LOOK_SECONDS = 0.02


@dataclass(frozen=True)
class Context:
    """What a function with two parameters gets second, with the names of the vendor's context."""

    request_id: str
    function_name: str
    function_folder_id: str
    attempt: int


class Recorder:
    """Holds the functions of one test, and the deliveries that reached them.

    A call of an id that has no function is remembered too, and answered with `{}`.
    """

    def __init__(self, folder: str) -> None:
        self.functions: dict[str, Function] = {}
        self.deliveries: list[Delivery] = []
        self._folder = folder

    def receive(self, name: str, headers: Mapping[str, str], body: bytes) -> Delivery:
        """Runs the function of a call, and remembers what became of it."""
        event = parsed(body)
        attempt = int(headers.get("x-attempt", "1"))
        error, answer = None, None
        context = Context(headers.get("x-request-id", ""), name, self._folder, attempt)
        try:
            answer = _call(self.functions.get(name, _answer_nothing), event, context)
            json.dumps(answer)
        except Exception as raised:
            # pytest shows it beside the test that failed.
            traceback.print_exc()
            error = f"{type(raised).__name__}: {raised}"
        delivery = Delivery(
            headers.get("x-started-at"),
            payload_of(event),
            name,
            attempt,
            error,
            event,
            headers,
            answer,
        )
        self.deliveries.append(delivery)
        return delivery


class Target:
    """Listens for calls, and hands them to the recorder of the test that runs."""

    def __init__(self, host: str, port: int) -> None:
        self.recorder: Recorder | None = None
        self._inside = threading.local()
        self._server = _Server((host, port), self)
        self._thread = threading.Thread(
            target=self._server.serve_forever,
            args=(LOOK_SECONDS,),
            name="tocsin-target",
            daemon=True,
        )
        self._thread.start()

    @property
    def url(self) -> str:
        host, port = self._server.server_address[:2]
        return f"http://{host!s}:{port}"

    @property
    def calls_here(self) -> bool:
        """Returns whether this thread is running a function."""
        return getattr(self._inside, "calls", False)

    def receive(self, path: str, headers: Mapping[str, str], body: bytes) -> Delivery | None:
        """Answers a call; returns None if no test runs."""
        recorder = self.recorder
        if recorder is None:
            return None
        self._inside.calls = True
        try:
            return recorder.receive(_name(path), headers, body)
        finally:
            self._inside.calls = False

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False

    def __init__(self, address: tuple[str, int], target: Target) -> None:
        super().__init__(address, _Handler)
        self.target = target


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1
    server: _Server

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
        headers = {name.lower(): value for name, value in self.headers.items()}
        delivery = self.server.target.receive(urlsplit(self.path).path, headers, body)
        if delivery is None:
            self._answer(503, {"error": "no test runs"})
        elif delivery.error is not None:
            self._answer(500, {"errorMessage": delivery.error}, ("X-Function-Error", "true"))
        else:
            self._answer(200, {} if delivery.answer is None else delivery.answer)

    def _answer(self, status: int, body: Any, *headers: tuple[str, str]) -> None:
        content = json.dumps(body).encode()
        self.send_response(status)
        for name, value in (("Content-Type", "application/json"), *headers):
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *args: Any) -> None:
        """Says nothing: the server's log has each call."""


def _call(function: Function, event: Any, context: Context) -> Any:
    answer = function(event, context) if _takes_context(function) else function(event)
    if inspect.iscoroutine(answer):
        return asyncio.run(answer)
    return answer


def _takes_context(function: Function) -> bool:
    positional = (
        inspect.Parameter.POSITIONAL_ONLY,
        inspect.Parameter.POSITIONAL_OR_KEYWORD,
    )
    parameters = inspect.signature(function).parameters.values()
    needed = [each for each in parameters if each.kind in positional and each.default is each.empty]
    return len(needed) > 1


def _answer_nothing(event: Any) -> None:
    """Stands for a function that the test did not give."""


def _name(path: str) -> str:
    """Returns the target's id: what follows its kind, or the last part of the path."""
    parts = [unquote(part) for part in path.strip("/").split("/")]
    return parts[1] if parts[0] in KINDS and len(parts) > 1 else parts[-1]
