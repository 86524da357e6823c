"""`--metrics`: what Prometheus is told of a real server."""

import re
import socket
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import grpc
import pytest
from google.protobuf.duration_pb2 import Duration

from stand.apis.google import GoogleGrpc, schedule
from stand.apis.wire import send
from stand.recording_target import Answer, RecordingTarget
from stand.tocsin_process import Tocsin, run_tocsin, serve_command, serving
from telemetry.scraping import Scrape, scrape, until
from tocsin_protos.tocsin.v1.clock_service_pb2 import ClockServiceAdvanceRequest
from tocsin_protos.tocsin.v1.clock_service_pb2_grpc import ClockServiceStub
from tocsin_protos.yandex.cloud.serverless.triggers.v1 import trigger_service_pb2 as contract
from tocsin_protos.yandex.cloud.serverless.triggers.v1.trigger_service_pb2_grpc import (
    TriggerServiceStub,
)

LOCATION = "projects/p/locations/l"
TRIGGERS = "yandex.cloud.serverless.triggers.v1.TriggerService"
METRICS = ("--metrics", "127.0.0.1:0")


@contextmanager
def measured(directory: Path, config: str, *options: str) -> Iterator[Tocsin]:
    with serving(directory, config, *METRICS, *options, http="off") as server:
        yield server


def create(server: Tocsin, function: str, *, attempts: int = 0) -> str:
    """Returns the id of a timer for every minute."""
    request = contract.CreateTriggerRequest(folder_id="b1g0")
    request.rule.timer.cron_expression = "* * * * ? *"
    action = request.rule.timer.invoke_function_with_retry
    action.function_id = function
    if attempts:
        action.retry_settings.retry_attempts = attempts
        action.retry_settings.interval.seconds = 10
    with server.channel() as channel:
        made = TriggerServiceStub(channel).Create(request)
    metadata = contract.CreateTriggerMetadata()
    made.metadata.Unpack(metadata)
    return metadata.trigger_id


def advance(server: Tocsin, seconds: int) -> None:
    with server.channel() as channel:
        request = ClockServiceAdvanceRequest(duration=Duration(seconds=seconds))
        ClockServiceStub(channel).Advance(request)


def test_without_the_option_there_are_no_metrics(directory: Path) -> None:
    with serving(directory, http="off") as server:
        assert "metrics" not in server.ready


def test_the_ready_line_tells_where_they_are(directory: Path, config: str) -> None:
    with measured(directory, config) as server:
        assert re.search(r" metrics=127\.0\.0\.1:[1-9]\d*$", server.ready)
        seen = scrape(server)
        assert seen.value("tocsin_ready") == 1
        assert seen.value("tocsin_build_info", store="sqlite") == 1
        assert seen.value("process_resident_memory_bytes") > 0


def test_calls_are_counted_by_service_method_and_code(directory: Path, config: str) -> None:
    with measured(directory, config) as server, server.channel() as channel:
        triggers = TriggerServiceStub(channel)
        trigger_id = create(server, "f")
        for _ in range(3):
            triggers.Get(contract.GetTriggerRequest(trigger_id=trigger_id))
        with pytest.raises(grpc.RpcError):
            triggers.Get(contract.GetTriggerRequest(trigger_id="nobody"))

        def count(seen: Scrape, method: str, code: str) -> float:
            labels = {"service": TRIGGERS, "method": method, "code": code}
            return seen.value("tocsin_rpc_duration_seconds_count", **labels)

        # A call is counted when its answer is on its way.
        until(server, lambda seen: count(seen, "Get", "NOT_FOUND") == 1)
        assert count(scrape(server), "Create", "OK") == 1
        assert count(scrape(server), "Get", "OK") == 3


def test_methods_that_are_not_served_count_as_one(directory: Path, config: str) -> None:
    with measured(directory, config) as server, server.channel() as channel:
        for number in range(5):
            with pytest.raises(grpc.RpcError) as refused:
                channel.unary_unary(f"/made.up.Service{number}/Method{number}")(b"")
            assert refused.value.code() is grpc.StatusCode.UNIMPLEMENTED  # type: ignore[attr-defined]
        seen = scrape(server)
        assert seen.value("tocsin_rpc_unknown_method_total") == 5
        assert seen.value("tocsin_rpc_duration_seconds_count") == 0


def test_what_fires_is_counted_to_its_end(
    directory: Path, config: str, target: RecordingTarget
) -> None:
    target.answers["/functions/broken"] = lambda _: Answer(status=500)
    with measured(directory, config, "--clock", "manual") as server:
        create(server, "good")
        create(server, "broken", attempts=2)
        advance(server, 60)
        advance(server, 40)
        seen = scrape(server)
    assert seen.value("tocsin_fired_total", kind="timer") >= 2
    finished = {"target_kind": "function"}
    assert seen.value("tocsin_invocations_finished_total", state="succeeded", **finished) >= 1
    assert seen.value("tocsin_invocations_finished_total", state="failed", **finished) >= 1
    assert seen.value("tocsin_retries_total", **finished) >= 2
    calls = "tocsin_call_duration_seconds_count"
    assert seen.value(calls, outcome="failed", **finished) >= 3
    assert seen.value(calls, outcome="succeeded", **finished) >= 1
    assert seen.value("tocsin_lag_seconds_count") >= 2
    assert seen.value("tocsin_claimed_total") >= 4
    assert seen.value("tocsin_source_healthy", kind="timer") == 1


def test_missed_ticks_are_counted_by_what_became_of_them(
    directory: Path, config: str, target: RecordingTarget
) -> None:
    start = ("--clock", "manual", "--clock-start")
    with measured(directory, config, *start, "2026-01-01T00:00:30Z") as server:
        create(server, "f")
    with measured(directory, config, *start, "2026-01-01T01:00:40Z") as server:
        seen = until(server, lambda seen: seen.value("tocsin_misfired_ticks_total") > 0)
    assert seen.value("tocsin_misfired_ticks_total", decision="fire_once") == 60


def test_what_waits_is_counted_by_state(directory: Path, config: str) -> None:
    with measured(directory, config) as server, server.channel() as channel:
        create(server, "f")
        for _ in range(3):
            schedule(GoogleGrpc(channel), LOCATION, "nightly", scheduleTime="2099-01-01T00:00:00Z")
    with measured(directory, config) as server:
        seen = until(server, lambda seen: seen.value("tocsin_armed_timers") == 1)
        assert seen.value("tocsin_queue_depth", state="pending") == 3
        assert seen.value("tocsin_queue_due") == 0
        assert seen.value("tocsin_queue_oldest_due_seconds") == 0


def test_the_store_tells_how_many_calls_share_a_commit(directory: Path, config: str) -> None:
    with measured(directory, config) as server, server.channel() as channel:
        request = contract.CreateTriggerRequest(folder_id="b1g0")
        request.rule.timer.cron_expression = "0 0 1 1 ? 2099"
        request.rule.timer.invoke_function.function_id = "f"
        stub = TriggerServiceStub(channel)
        for call in [stub.Create.future(request) for _ in range(50)]:
            call.result()
        seen = scrape(server)
        assert seen.value("tocsin_store_commit_calls_sum") >= 50
        commits = seen.value("tocsin_store_commit_calls_count")
        durable = "tocsin_store_commit_duration_seconds_count"
        assert 0 < commits < 50
        assert seen.value(durable, outcome="durable") >= commits
        assert seen.value("tocsin_store_read_duration_seconds_count") > 0


def test_no_label_has_a_value_that_users_make_up(
    directory: Path, config: str, target: RecordingTarget
) -> None:
    with measured(directory, config, "--clock", "manual") as server:
        made_up = [create(server, f"function{number}") for number in range(3)]
        made_up += [f"function{number}" for number in range(3)]
        advance(server, 60)
        with server.channel() as channel:
            made_up += schedule(GoogleGrpc(channel), LOCATION, "nightly")
            until(server, lambda seen: seen.value("tocsin_invocations_finished_total") >= 4)
        values = {
            value
            for family in scrape(server).families.values()
            for sample in family.samples
            for value in sample.labels.values()
        }
    assert not [value for value in values if any(each in value for each in made_up)]


def test_a_taken_port_is_told(directory: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        ended = run_tocsin(*serve_command(directory, "", "--metrics", address)[1:])
    assert ended.status == 1
    assert ended.stdout == ""
    assert f"metrics can't be served on {address}" in ended.stderr
    assert "--metrics" in ended.stderr


def test_metrics_are_not_for_others_unless_told_so(directory: Path) -> None:
    ended = run_tocsin(*serve_command(directory, "", "--metrics", "0.0.0.0:0")[1:])
    assert ended.status == 1
    assert "--metrics 0.0.0.0 can be reached from other machines" in ended.stderr


@pytest.mark.parametrize(
    ("host", "status"),
    [
        *(("localhost", 200), ("LOCALHOST:9464", 200), ("127.0.0.1:1", 200), ("[::1]:9464", 200)),
        *(("metrics.localhost", 200), ("evil.example", 403), ("evil.example:9464", 403)),
        *(("127.0.0.1.evil.example", 403), ("localhost.evil.example", 403), ("evillocalhost", 403)),
        *(("192.0.2.1", 403), ("0.0.0.0", 403), ("[::1", 403), ("[::2]", 403), ("", 403)),
    ],
)
def test_on_loopback_a_name_that_was_pointed_here_may_not_be_used(
    rebound: Tocsin, host: str, status: int
) -> None:
    """A web page has its own name resolve to this machine, and reads what it is answered."""
    reply = send(rebound.address("metrics"), "GET", "/metrics", headers={"Host": host})
    assert reply.status == status
    assert ("tocsin_" in reply.text) is (status == 200)


@pytest.fixture(scope="module")
def rebound() -> Iterator[Tocsin]:
    with tempfile.TemporaryDirectory() as made, measured(Path(made), "") as server:
        yield server


def test_beyond_loopback_any_name_may_be_used(directory: Path) -> None:
    options = ("--metrics", "0.0.0.0:0", "--allow-unauthenticated")
    with serving(directory, "", *options, http="off") as server:
        port = server.address("metrics").rpartition(":")[2]
        headers = {"Host": "tocsin.example"}
        assert send(f"127.0.0.1:{port}", "GET", "/metrics", headers=headers).status == 200
