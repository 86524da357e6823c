"""Prometheus fetches the metrics over HTTP, from the server of its own client library.

That one runs in a thread of its own, so it answers even when the event loop does not.
"""

import asyncio
import contextlib
import socket
import sys
import threading
from collections.abc import Callable, Iterable
from typing import Any, TypeAlias
from wsgiref.simple_server import WSGIRequestHandler, make_server

import structlog
from prometheus_client import CollectorRegistry, make_wsgi_app
from prometheus_client.exposition import ThreadingWSGIServer

from tocsin.telemetry.metrics_door import MetricsDoor

log = structlog.get_logger(__name__)

# Of a client that sends nothing, or takes nothing.
SILENT_SECONDS = 10
LONGEST_SECONDS = 30
MOST_AT_ONCE = 32

Application: TypeAlias = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]


class Handler(WSGIRequestHandler):
    timeout = SILENT_SECONDS

    def log_message(self, *_: object) -> None:
        """Tells nothing: each scrape would be a line."""


class Server(ThreadingWSGIServer):
    """Has so many threads at the most; further clients are hung up on."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self._places = threading.BoundedSemaphore(MOST_AT_ONCE)
        super().__init__(*args, **kwargs)

    def process_request(self, request: Any, client_address: Any) -> None:
        if not self._places.acquire(blocking=False):
            self.shutdown_request(request)
            return
        super().process_request(request, client_address)

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        # One that sends a byte now and then is never silent for long.
        end = threading.Timer(LONGEST_SECONDS, _hang_up, (request,))
        end.start()
        try:
            super().process_request_thread(request, client_address)
        finally:
            end.cancel()
            self._places.release()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that hangs up is nothing to tell of."""
        del request, client_address
        if not isinstance(sys.exception(), OSError):
            log.exception("metrics could not be told")


def _hang_up(connection: socket.socket) -> None:
    with contextlib.suppress(OSError):  # it has ended in this moment
        connection.shutdown(socket.SHUT_RDWR)


class Server6(Server):
    address_family = socket.AF_INET6


class Exposition:
    """Serves one registry until it is closed, to those whom `door` lets in; None: to all."""

    def __init__(
        self, registry: CollectorRegistry, host: str, port: int, door: MetricsDoor | None = None
    ) -> None:
        """Listens at once; port 0 picks a free one.

        Raises:
            OSError: nothing can listen there.
        """
        application: Application = make_wsgi_app(registry)
        if door is not None:
            application = guarded(application, door)
        made = Server6 if ":" in host else Server
        self._server = make_server(host, port, application, made, Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()
        self.port: int = self._server.server_port

    async def close(self) -> None:
        await asyncio.to_thread(self._server.shutdown)
        self._server.server_close()
        self._thread.join()


def guarded(application: Application, door: MetricsDoor) -> Application:
    """Returns an application that only those reach whom the door lets in."""

    def serve(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        refusal = door.refusal(environ.get("HTTP_AUTHORIZATION", ""), environ["REMOTE_ADDR"])
        if refusal is None:
            return application(environ, start_response)
        start_response(refusal.status, [("Content-Type", "text/plain"), *refusal.headers])
        return [refusal.text.encode()]

    return serve
