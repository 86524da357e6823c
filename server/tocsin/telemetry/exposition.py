"""Serves the metrics to Prometheus over HTTP, with the server of its client library.

The server runs in its own threads, so it answers even when the event loop does not.
"""

import asyncio
import contextlib
import socket
import sys
import threading
from collections.abc import Callable, Iterable
from typing import Any, TypeAlias
from urllib.parse import urlsplit
from wsgiref.simple_server import WSGIRequestHandler, make_server

import structlog
from prometheus_client import CollectorRegistry, make_wsgi_app
from prometheus_client.exposition import ThreadingWSGIServer

from tocsin.access.exposure import is_loopback
from tocsin.access.places import Keeps, Place, Places
from tocsin.telemetry.metrics_door import MetricsDoor

log = structlog.get_logger(__name__)

# A client that sends nothing, or takes nothing, is hung up on after this time.
SILENT_SECONDS = 10
LONGEST_SECONDS = 30
MOST_AT_ONCE = 32
MOST_OF_ADDRESS = 16

Application: TypeAlias = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]


class Handler(WSGIRequestHandler):
    timeout = SILENT_SECONDS

    def get_environ(self) -> dict[str, Any]:
        """Returns the request, whose headers have all come; it keeps its place from now on."""
        assert isinstance(self.server, Server)
        self.server.keep_place(self.connection)
        return super().get_environ()

    def log_message(self, *_: object) -> None:
        """Logs nothing: each scrape would be a line."""


class Server(ThreadingWSGIServer):
    """Serves a bounded number of clients at a time, a thread each.

    A client that has not sent a whole request makes room for those who come later.
    """

    # Connections that come at once must not wait until the system tries again, a second later.
    request_queue_size = 128

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self._places = Places(MOST_AT_ONCE, MOST_OF_ADDRESS, shifting=True)
        self._place_of: dict[socket.socket, Place] = {}
        super().__init__(*args, **kwargs)

    def process_request(self, request: Any, client_address: Any) -> None:
        place = self._places.take(client_address[0], lambda: _hang_up(request))
        if place is None:
            self.shutdown_request(request)
            return
        self._place_of[request] = place
        try:
            super().process_request(request, client_address)
        except RuntimeError:  # the system has no thread left
            self._free_place(request)
            raise

    def keep_place(self, request: socket.socket) -> None:
        """Makes sure that no other client gets this one's place."""
        self._place_of[request].keeps = Keeps.ALL

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        # The silence limit does not end a client that sends a byte now and then.
        end = threading.Timer(LONGEST_SECONDS, _hang_up, (request,))
        end.start()
        try:
            super().process_request_thread(request, client_address)
        finally:
            end.cancel()
            self._free_place(request)

    def _free_place(self, request: socket.socket) -> None:
        self._places.free(self._place_of.pop(request))

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Logs a failed request, unless the client hung up."""
        del request, client_address
        if not isinstance(sys.exception(), OSError):
            log.exception("could not answer a request for metrics")


def _hang_up(connection: socket.socket) -> None:
    with contextlib.suppress(OSError):  # the client has just ended it
        connection.shutdown(socket.SHUT_RDWR)


class Server6(Server):
    address_family = socket.AF_INET6


class Exposition:
    """Serves one registry until it is closed."""

    def __init__(
        self, registry: CollectorRegistry, host: str, port: int, door: MetricsDoor | None = None
    ) -> None:
        """Listens at once.

        Args:
            registry: the metrics.
            host: the IP address to listen on.
            port: the port; 0 picks a free one.
            door: decides who may see the metrics; None lets everyone in.

        Raises:
            OSError: the address can't be listened on.
        """
        application: Application = make_wsgi_app(registry)
        if door is not None:
            application = guarded(application, door)
        if is_loopback(host):
            application = for_this_machine(application)
        server_class = Server6 if ":" in host else Server
        self._server = make_server(host, port, application, server_class, Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()
        self.port: int = self._server.server_port

    async def close(self) -> None:
        await asyncio.to_thread(self._server.shutdown)
        self._server.server_close()
        self._thread.join()


def for_this_machine(application: Application) -> Application:
    """Returns the application for requests whose Host header names this machine.

    The site of a page that is open in a browser here can point a host name of its own to loopback,
    and then read what that name answers. The browser sends the name.
    """

    def serve(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        if _names_this_machine(environ.get("HTTP_HOST", "localhost")):
            return application(environ, start_response)
        start_response("403 Forbidden", [("Content-Type", "text/plain")])
        return [b"the Host header must name this machine, such as localhost\n"]

    return serve


def _names_this_machine(host: str) -> bool:
    try:
        name = urlsplit(f"//{host}").hostname or ""
    except ValueError:
        return False
    return is_loopback(name) or name.endswith(".localhost")


def guarded(application: Application, door: MetricsDoor) -> Application:
    """Returns the application behind a door that refuses some requests."""

    def serve(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        refusal = door.refusal(environ.get("HTTP_AUTHORIZATION", ""), environ["REMOTE_ADDR"])
        if refusal is None:
            return application(environ, start_response)
        start_response(refusal.status, [("Content-Type", "text/plain"), *refusal.headers])
        return [refusal.text.encode()]

    return serve
