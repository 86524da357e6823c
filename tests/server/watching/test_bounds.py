"""What a stream may use is bounded: its number, what it holds here, and its time."""

import http.client
import signal
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import grpc
import pytest

from stand.access.guarded import Guarded, guarded
from stand.apis.tocsin import TocsinGrpc
from stand.apis.triggers import TIMER
from stand.apis.watching import WATCH, Watched, watching_grpc, watching_rest
from stand.apis.wire import Json
from stand.tocsin_process import Tocsin, serving
from tocsin.wire.streaming.open_streams import MOST_OF_CALLER
from tocsin_protos.tocsin.v1.watch_service_pb2 import WatchRequest, WatchResponse

LOCATION = "projects/p/locations/l"
CONFIG = """
    [integrations.nightly]
    triggers = ["api_trigger/nightly"]
    url = "http://127.0.0.1:1/"
"""
EVERY = {"integration": f"{LOCATION}/integrations/-", "topics": ["TOPIC_INVOCATIONS"]}
REQUEST = {
    "name": f"{LOCATION}/integrations/nightly",
    "triggerId": "api_trigger/nightly",
    "scheduleTime": "2099-01-01T00:00:00Z",
}
FOLDER = "b1gbounds000000000000"


@pytest.fixture
def own(directory: Path) -> Iterator[Tocsin]:
    with serving(directory, CONFIG) as server:
        yield server


@pytest.fixture(scope="module")
def server_with_access(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Guarded]:
    with guarded(tmp_path_factory.mktemp("guarded")) as server:
        yield server


def schedule(server: Tocsin, count: int) -> None:
    """Schedules so many executions, each of which changes once."""
    api = TocsinGrpc(server.grpc_address)
    for _ in range(count // 1000):
        sent = {"parent": LOCATION, "requests": [REQUEST] * 1000}
        api.call("ScheduleService.BatchSchedule", sent)


class Unread:
    """A stream whose client reads its first response alone; gRPC takes 64 KiB more."""

    def __init__(self, server: Tocsin) -> None:
        options = [("grpc.http2.bdp_probe", 0), ("grpc.http2.lookahead_bytes", 65_535)]
        self._channel = grpc.insecure_channel(server.grpc_address, options=options)
        method = self._channel.unary_stream(
            WATCH, WatchRequest.SerializeToString, WatchResponse.FromString
        )
        self.call = method(WatchRequest())
        next(self.call)

    def close(self) -> None:
        self._channel.close()


def test_a_client_that_reads_too_slowly_is_told_so(own: Tocsin) -> None:
    slow = Unread(own)
    with watching_grpc(own.grpc_address, EVERY) as quick:
        seen = 0
        for _ in range(14):
            schedule(own, 1000)
            seen += 1000
            quick.wait_for(lambda it, most=seen: len(it.rows("invocations")) >= most)
    responses = list(slow.call)
    slow.close()
    assert responses[-1].closing.reason == responses[-1].closing.REASON_TOO_SLOW
    assert sum(len(each.invocations) for each in responses) < seen


def test_a_client_that_does_not_read_holds_no_stop_up(own: Tocsin) -> None:
    slow = Unread(own)
    schedule(own, 2000)
    with watching_grpc(own.grpc_address, EVERY) as quick:
        began = time.monotonic()
        assert own.stop() == 0
        took = time.monotonic() - began
        assert quick.closing()["reason"] == "REASON_SERVER_STOPS"
    slow.close()
    # The grace is ten seconds.
    assert took < 8


def test_the_streams_of_a_caller_are_bounded(server_with_access: Guarded) -> None:
    server = server_with_access
    caller, other = (server.caller(viewer="*") for _ in range(2))
    with ExitStack() as stack:
        for _ in range(MOST_OF_CALLER):
            stack.enter_context(watching_by(server, caller.credential, {}))
        refusal = caller.refusal("tocsin.v1.WatchService.Watch", {})
        assert (refusal.code, refusal.reasons[0]) == ("RESOURCE_EXHAUSTED", "TOO_MANY_STREAMS")
        # Others have theirs, and the caller's other calls are answered.
        assert other.code("tocsin.v1.WatchService.Watch", {}) == "OK"
        assert caller.code("tocsin.v1.InvocationService.List", {}) == "OK"
    assert caller.code("tocsin.v1.WatchService.Watch", {}) == "OK"


def watching_by(server: Guarded, credential: str | None, request: Json):  # type: ignore[no-untyped-def]
    return watching_grpc(server.tocsin.grpc_address, request, credential)


@pytest.mark.parametrize("wire", ["grpc", "rest"])
def test_a_stream_ends_when_its_caller_loses_its_role(
    server_with_access: Guarded, wire: str
) -> None:
    server = server_with_access
    caller = server.caller(viewer=f"folders/{FOLDER}")
    open_, address = (
        (watching_grpc, server.tocsin.grpc_address)
        if wire == "grpc"
        else (watching_rest, server.tocsin.http_address)
    )
    with open_(address, {"folderId": FOLDER}, caller.credential) as watched:
        server.unbind(caller.subject, "viewer", f"folders/{FOLDER}")
        assert watched.closing()["reason"] == "REASON_NOT_ALLOWED"


def test_a_stream_ends_when_its_credential_is_revoked(server_with_access: Guarded) -> None:
    server = server_with_access
    caller = server.caller(viewer="*")
    account = caller.subject.partition(":")[2]
    with watching_by(server, caller.credential, {}) as watched:
        server.admin.call("tocsin.v1.AccessService.DeleteAccount", {"accountId": account})
        closing = watched.closing()
        assert closing["reason"] == "REASON_NOT_ALLOWED"
        assert "Token is invalid" in closing["message"]


def test_a_stream_shows_what_its_caller_may_see(server_with_access: Guarded) -> None:
    server = server_with_access
    caller = server.caller(viewer=f"folders/{FOLDER}")
    with watching_by(server, caller.credential, {}) as watched:
        made = {}
        for folder in (f"{FOLDER[:-1]}9", FOLDER):
            request = {"folderId": folder, "rule": TIMER}
            created = server.admin.call(
                "yandex.cloud.serverless.triggers.v1.TriggerService.Create", request
            )
            made[folder] = str(created["response"]["id"])
            server.admin.call("tocsin.v1.FiringService.FireTrigger", {"triggerId": made[folder]})
        watched.row("triggers", triggerId=made[FOLDER])
        watched.row("invocations", triggerId=made[FOLDER])
        for field in ("triggers", "invocations"):
            assert {row["triggerId"] for row in watched.rows(field)} == {made[FOLDER]}


def test_who_may_not_list_triggers_watches_invocations_alone(server_with_access: Guarded) -> None:
    server = server_with_access
    role = "roles/integrations.integrationViewer"
    caller = server.caller_with([(role, f"folders/{FOLDER}")])
    watch = "tocsin.v1.WatchService.Watch"
    assert caller.code(watch, {"folderId": FOLDER, "topics": ["TOPIC_INVOCATIONS"]}) == "OK"
    refusal = caller.refusal(watch, {"folderId": FOLDER})
    assert refusal.code == "PERMISSION_DENIED"
    assert "serverless.triggers.list" in str(refusal.details)


def test_a_cursor_of_another_caller_or_scope_is_refused(server_with_access: Guarded) -> None:
    server = server_with_access
    watch = "tocsin.v1.WatchService.Watch"
    cursor = str(server.admin.call(watch, {"folderId": FOLDER})["cursor"])
    assert server.admin.code(watch, {"folderId": FOLDER, "cursor": cursor}) == "OK"
    stranger = server.caller(viewer="*")
    for caller, request in (
        (stranger, {"folderId": FOLDER}),
        (server.admin, {}),
        (server.admin, {"folderId": FOLDER, "topics": ["TOPIC_COUNTS"]}),
    ):
        refusal = caller.refusal(watch, {**request, "cursor": cursor})
        assert refusal.code == "INVALID_ARGUMENT"
        assert list(refusal.fields) == ["cursor"]


def test_a_restart_ends_the_stream_and_the_next_one_begins_anew(directory: Path) -> None:
    with serving(directory, CONFIG) as first, watching_rest(first.http_address, EVERY) as watched:
        cursor = watched.cursor
        assert first.stop(signal.SIGTERM) == 0
        assert watched.closing()["reason"] == "REASON_SERVER_STOPS"
        assert watched.cursor
    with serving(directory, CONFIG) as second:
        asked = {**EVERY, "cursor": cursor}
        with watching_rest(second.http_address, asked) as watched:
            assert watched.resets() == ["REASON_CURSOR_TOO_OLD"]


def test_answers_that_are_no_streams_stay_as_they_are(own: Tocsin) -> None:
    connection = http.client.HTTPConnection(own.http_address, timeout=30)
    connection.request("GET", "/tocsin/v1/invocations")
    answer = connection.getresponse()
    assert answer.headers["content-type"] == "application/json"
    assert answer.read() == b'{"invocations":[],"nextPageToken":""}'
    connection.request("GET", "/tocsin/v1/watch")
    streamed = connection.getresponse()
    assert streamed.headers["cache-control"] == "no-store"
    assert streamed.headers["x-accel-buffering"] == "no"
    connection.close()


def test_counts_tell_what_waits_and_what_ended(own: Tocsin) -> None:
    api = TocsinGrpc(own.grpc_address)
    with watching_grpc(own.grpc_address, {**EVERY, "topics": ["TOPIC_COUNTS"]}) as watched:
        made = api.call(
            "ScheduleService.BatchSchedule", {"parent": LOCATION, "requests": [REQUEST] * 3}
        )
        watched.wait_for(lambda it: _latest_counts(it).get("waiting") == 3)
        invocation_id = made["results"][0]["executionInfoIds"][0]
        api.call("InvocationService.Cancel", {"invocationId": invocation_id})
        watched.wait_for(lambda it: _latest_counts(it).get("cancelled") == 1)
        assert _latest_counts(watched)["waiting"] == 2
        assert watched.rows("invocations") == []


def _latest_counts(watched: Watched) -> Json:
    counts = [each["counts"] for each in list(watched.responses) if "counts" in each]
    return dict(counts[-1]) if counts else {}
