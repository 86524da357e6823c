"""A REST client of a gateway under test, and the event loop that the gateway runs on."""

import asyncio
import http.client
import json
import threading
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from google.protobuf.descriptor import ServiceDescriptor
from google.rpc import code_pb2

from gateway.fake_upstream import SERVICES, FakeUpstream
from gateway.grpc_gateway import GrpcGateway
from tocsin.gateway import (
    ConnectionBounds,
    Gateway,
    GatewaySettings,
    Limits,
    Proxies,
    Sockets,
    TlsDoor,
)
from tocsin.schedule import SystemClock


class Loop:
    """An event loop in a thread of its own, for tests that are plain functions."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever)
        self._thread.start()

    def run(self, coroutine: Coroutine[Any, Any, Any]) -> Any:
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop).result(timeout=60)

    def call(self, function: Callable[[], object]) -> None:
        self._loop.call_soon_threadsafe(function)

    def close(self) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()


@dataclass(frozen=True)
class Reply:
    status: int
    headers: dict[str, str]
    text: str

    @property
    def json(self) -> Any:
        return json.loads(self.text)


def whole(reply: Reply, reason: str, *, google: bool) -> dict[str, Any]:
    """The error of a reply, which must have all its parts."""
    error: dict[str, Any] = reply.json
    if google:
        assert set(error) == {"error"}
        error = error["error"]
        assert error["code"] == reply.status
        assert error["status"] in set(code_pb2.Code.keys())
    else:
        assert isinstance(error["code"], int)
    assert set(error) == {"code", "message", "details"} | ({"status"} if google else set())
    assert error["message"]
    details = {each["@type"].rpartition(".")[2]: each for each in error["details"]}
    assert details["ErrorInfo"]["reason"] == reason
    assert details["ErrorInfo"]["domain"] == "tocsin"
    assert details["RequestInfo"]["requestId"] == reply.headers["x-request-id"] != ""
    return error


@dataclass
class Rest:
    """A REST client of one gateway, and what stands behind it."""

    gateway: Gateway | GrpcGateway
    upstream: FakeUpstream
    loop: Loop

    def call(
        self, verb: str, path: str, body: Any = None, headers: dict[str, str] | None = None
    ) -> Reply:
        """A body that is not text is sent as JSON."""
        text = body if isinstance(body, str | bytes | None) else json.dumps(body)
        connection = http.client.HTTPConnection(*self.gateway.address, timeout=30)
        try:
            connection.request(verb, path, body=text, headers=headers or {})
            answer = connection.getresponse()
            found = {name.lower(): value for name, value in answer.getheaders()}
            return Reply(answer.status, found, answer.read().decode())
        finally:
            connection.close()


def gateway_for(
    socket: Path,
    directory: Path,
    port: int = 0,
    host: str = "127.0.0.1",
    limits: Limits | None = None,
    tls: TlsDoor | None = None,
    proxies: Proxies | None = None,
    connections: ConnectionBounds | None = None,
    more: Sequence[ServiceDescriptor] = (),
    concurrency: int | None = None,
) -> Gateway:
    settings = GatewaySettings(
        services=[*SERVICES, *more],
        sockets=Sockets(socket),
        directory=directory,
        listen=(host, port),
        tls=tls,
        limits=limits or Limits(),
        connections=connections or ConnectionBounds(),
        proxies=proxies or Proxies(),
        concurrency=concurrency,
    )
    return Gateway(settings, machine_clock=SystemClock())
