"""Health and readiness: whether calls are worth sending, by gRPC and by HTTP."""

import contextlib
import queue
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import grpc
from grpc_health.v1 import health_pb2, health_pb2_grpc

from stand.apis.google import GoogleGrpc, schedule
from stand.apis.wire import send
from stand.recording_target import RecordingTarget, held_until
from stand.services.postgres_server import PostgresServer
from stand.tocsin_process import PATIENCE, Tocsin, serving
from telemetry.scraping import scrape, until

TRIGGERS = "yandex.cloud.serverless.triggers.v1.TriggerService"
LOCATION = "projects/p/locations/l"
SERVING = health_pb2.HealthCheckResponse.SERVING
NOT_SERVING = health_pb2.HealthCheckResponse.NOT_SERVING


class Watched:
    """What a watcher of one service is told, in order."""

    def __init__(self, channel: grpc.Channel, service: str) -> None:
        self._told: queue.Queue[int | None] = queue.Queue()
        self._call = health_pb2_grpc.HealthStub(channel).Watch(
            health_pb2.HealthCheckRequest(service=service)
        )
        self._thread = threading.Thread(target=self._listen)
        self._thread.start()

    def next(self) -> int | None:
        """Waits for the next status; None: the server hung up."""
        return self._told.get(timeout=PATIENCE)

    def close(self) -> None:
        self._call.cancel()
        self._thread.join()

    def _listen(self) -> None:
        with contextlib.suppress(grpc.RpcError):  # it was hung up
            for response in self._call:
                self._told.put(response.status)
        self._told.put(None)


@contextmanager
def watching(server: Tocsin, service: str = "") -> Iterator[Watched]:
    with server.channel() as channel:
        watched = Watched(channel, service)
        try:
            yield watched
        finally:
            watched.close()


def until_http_says(server: Tocsin, status: int) -> None:
    give_up = time.monotonic() + PATIENCE
    while send(server.http_address, "GET", "/healthz").status != status:
        assert time.monotonic() < give_up
        time.sleep(0.05)


def test_a_load_balancer_may_ask_over_http(directory: Path) -> None:
    with serving(directory) as server:
        assert send(server.http_address, "GET", "/healthz").status == 200
        by_its_own_name = send(
            server.http_address, "GET", "/healthz", headers={"Host": "pod-7.internal"}
        )
        assert by_its_own_name.status == 200


def statuses(server: Tocsin) -> set[int]:
    """What health says of the whole and of a service. No call is left open: processes are forked
    after this, and gRPC takes that ill."""
    with server.channel() as channel:
        health = health_pb2_grpc.HealthStub(channel)
        asked = [health_pb2.HealthCheckRequest(service=each) for each in ("", TRIGGERS)]
        return {health.Check(each).status for each in asked}


def test_nothing_is_served_while_the_store_is_away(
    directory: Path, config: str, postgres: PostgresServer
) -> None:
    options = ("--database", postgres.new_database(), "--metrics", "127.0.0.1:0")
    with serving(directory, config, *options) as server:
        assert statuses(server) == {SERVING}
        postgres.stop()
        try:
            until_http_says(server, 503)
            assert statuses(server) == {NOT_SERVING}
            assert scrape(server).value("tocsin_ready") == 0
            until(server, lambda seen: seen.value("tocsin_source_healthy", kind="timer") == 0)
        finally:
            postgres.start()
        until_http_says(server, 200)
        assert statuses(server) == {SERVING}
        seen = until(server, lambda seen: seen.value("tocsin_source_healthy", kind="timer") == 1)
        assert seen.value("tocsin_ready") == 1
        assert seen.value("tocsin_engine_step_failures_total") > 0


def test_watchers_are_told_though_others_leave(directory: Path) -> None:
    with (
        serving(directory, http="off") as server,
        watching(server, TRIGGERS) as staying,
    ):
        with watching(server, TRIGGERS) as leaving:
            assert leaving.next() == staying.next() == SERVING
        server.process.send_signal(signal.SIGTERM)
        assert staying.next() == NOT_SERVING
        assert staying.next() is None
        assert server.process.wait(PATIENCE) == 0


def test_before_it_stops_it_says_so_and_still_serves(directory: Path, config: str) -> None:
    environment = {"TOCSIN_SHUTDOWN_DELAY": "3"}
    with (
        serving(directory, config, environment=environment) as server,
        watching(server) as whole,
        server.channel() as channel,
    ):
        assert whole.next() == SERVING
        server.process.send_signal(signal.SIGTERM)
        assert whole.next() == NOT_SERVING
        until_http_says(server, 503)
        assert schedule(GoogleGrpc(channel), LOCATION, "nightly")
        assert server.process.wait(PATIENCE) == 0


def test_what_outlasts_the_grace_is_handed_back(
    directory: Path, config: str, target: RecordingTarget
) -> None:
    let_go = threading.Event()
    target.answers["/nightly"] = held_until(let_go)
    environment = {"TOCSIN_GRACE": "0.2"}
    with (
        serving(directory, config, http="off", environment=environment) as server,
        server.channel() as channel,
    ):
        [mine] = schedule(GoogleGrpc(channel), LOCATION, "nightly")
        target.wait_for(lambda _: True)
        assert server.stop() == 0
        # What a start finds undone it tells; handed back, nothing is.
    let_go.set()
    with serving(directory, config, http="off") as server:
        _, again = target.wait_for(lambda call: call.headers["x-request-id"] == mine, count=2)
        assert again.headers["x-attempt"] == "2"
        assert "repeating deliveries" not in server.log.read_text()
