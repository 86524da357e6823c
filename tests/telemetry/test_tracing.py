"""OpenTelemetry by the standard variables: one trace from the call to the target."""

import json
import signal
import threading
from collections.abc import Iterator
from pathlib import Path

import grpc
import pytest
from opentelemetry.proto.metrics.v1.metrics_pb2 import Metric

from stand.apis.google import GoogleGrpc, finished, schedule
from stand.apis.wire import send
from stand.recording_target import Answer, Received, RecordingTarget, held_until
from stand.tocsin_process import Tocsin, serving
from telemetry.collector import Collector, Span
from telemetry.test_metrics import advance, create
from tocsin_protos.google.cloud.integrations.v1alpha import executions_pb2
from tocsin_protos.google.cloud.integrations.v1alpha.executions_pb2_grpc import ExecutionsStub

LOCATION = "projects/p/locations/l"
TRACE, PARENT = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
TRACEPARENT = f"00-{TRACE}-{PARENT}-01"
SCHEDULE = "google.cloud.integrations.v1alpha.Executions/ScheduleIntegrations"


@pytest.fixture
def collector() -> Iterator[Collector]:
    collector = Collector()
    yield collector
    collector.close()


def schedule_traced(server: Tocsin, traceparent: str = TRACEPARENT) -> dict[str, str]:
    """Schedules an execution; returns the metadata of the answer."""
    request = executions_pb2.ScheduleIntegrationsRequest(
        name=f"{LOCATION}/integrations/nightly", trigger_id="api_trigger/nightly"
    )
    with server.channel() as channel:
        _, call = ExecutionsStub(channel).ScheduleIntegrations.with_call(
            request, metadata=(("traceparent", traceparent),)
        )
        return {each.key: str(each.value) for each in call.trailing_metadata()}


def named(spans: list[Span], name: str) -> list[Span]:
    return [span for span in spans if span.name == name]


def traceparent(call: Received) -> list[str]:
    return call.headers["traceparent"].split("-")


def test_one_trace_goes_from_the_call_to_the_target(
    directory: Path, config: str, target: RecordingTarget, collector: Collector
) -> None:
    with serving(directory, config, http="off", environment=collector.environment) as server:
        answered = schedule_traced(server)
        [call] = target.wait_for(lambda call: call.path == "/nightly")
        spans = collector.spans(lambda spans: bool(named(spans, "invocation")))
    [served] = named(spans, SCHEDULE)
    [invocation] = named(spans, "invocation")
    [attempt] = named(spans, "call integration")
    assert {served.trace_id, invocation.trace_id, attempt.trace_id} == {TRACE}
    assert served.parent_id == PARENT
    assert invocation.parent_id == served.span_id
    assert attempt.parent_id == invocation.span_id
    assert traceparent(call) == ["00", TRACE, attempt.span_id, "01"]
    assert answered["x-server-trace-id"] == TRACE
    assert served.attributes["rpc.grpc.status_code"] == 0
    assert served.attributes["tocsin.request_id"] == answered["x-request-id"]
    assert attempt.attributes["tocsin.invocation_id"] == call.headers["x-request-id"]
    assert attempt.attributes["tocsin.state"] == "succeeded"
    assert served.resource["service.name"] == "tocsin"


def test_rest_takes_part_in_its_clients_trace(
    directory: Path, config: str, target: RecordingTarget, collector: Collector
) -> None:
    with serving(directory, config, environment=collector.environment) as server:
        body = json.dumps({"triggerId": "api_trigger/nightly"}).encode()
        path = f"/v1/{LOCATION}/integrations/nightly:schedule"
        reply = send(server.http_address, "POST", path, body, {"traceparent": TRACEPARENT})
        assert reply.status == 200
        [call] = target.wait_for(lambda call: call.path == "/nightly")
        assert traceparent(call)[1] == TRACE


def test_each_attempt_is_a_span_of_one_trace(
    directory: Path, config: str, target: RecordingTarget, collector: Collector
) -> None:
    statuses = iter([500, 500, 200])
    target.answers["/functions/f"] = lambda _: Answer(status=next(statuses))
    start = ("--clock", "manual", "--clock-start", "2026-01-01T00:00:30Z")
    with serving(
        directory, config, *start, http="off", environment=collector.environment
    ) as server:
        create(server, "f", attempts=2)
        advance(server, 55)
        spans = collector.spans(lambda spans: bool(named(spans, "invocation")))
    attempts = named(spans, "call function")
    [invocation] = named(spans, "invocation")
    assert [span.failed for span in attempts] == [True, True, False]
    assert [span.attributes["tocsin.attempt"] for span in attempts] == [1, 2, 3]
    assert {span.trace_id for span in attempts} == {invocation.trace_id}
    assert {span.parent_id for span in attempts} == {invocation.span_id}
    assert invocation.parent_id == ""
    assert [traceparent(call)[2] for call in target.all(lambda _: True)] == [
        span.span_id for span in attempts
    ]


def test_the_trace_outlives_a_node_that_dies(
    directory: Path, config: str, target: RecordingTarget, collector: Collector
) -> None:
    let_go = threading.Event()
    target.answers["/nightly"] = held_until(let_go)
    environment = collector.environment
    with serving(directory, config, http="off", environment=environment) as server:
        schedule_traced(server)
        target.wait_for(lambda call: call.path == "/nightly")
        server.kill()
    let_go.set()
    with serving(directory, config, http="off", environment=environment):
        first, second = target.wait_for(lambda call: call.path == "/nightly", count=2)
        spans = collector.spans(lambda spans: bool(named(spans, "invocation")))
    [attempt] = named(spans, "call integration")
    assert traceparent(first)[1] == traceparent(second)[1] == TRACE
    assert traceparent(second)[2] == attempt.span_id != traceparent(first)[2]
    assert attempt.parent_id == named(spans, "invocation")[0].span_id


def test_a_trace_that_its_client_does_not_record_is_not_recorded(
    directory: Path, config: str, target: RecordingTarget, collector: Collector
) -> None:
    with serving(directory, config, http="off", environment=collector.environment) as server:
        schedule_traced(server, TRACEPARENT[:-2] + "00")
        [call] = target.wait_for(lambda call: call.path == "/nightly")
        server.stop()
    assert traceparent(call)[1] == TRACE
    assert traceparent(call)[3] == "00"
    assert collector.spans(lambda _: True) == []


def test_metrics_are_sent_too(directory: Path, config: str, collector: Collector) -> None:
    with serving(directory, config, http="off", environment=collector.environment) as server:
        schedule_traced(server)
        metrics = collector.metrics(lambda metrics: finished_ones(metrics) == 1)
        assert "metrics" not in server.ready
    [served] = metrics["tocsin_rpc_duration_seconds"].histogram.data_points
    assert sum(served.bucket_counts) == served.count == 1
    assert len(served.bucket_counts) == len(served.explicit_bounds) + 1


def finished_ones(metrics: dict[str, Metric]) -> float:
    finished = metrics.get("tocsin_invocations_finished")
    return sum(point.as_double for point in finished.sum.data_points) if finished else 0.0


def test_without_the_variables_the_trace_is_passed_on(
    directory: Path, config: str, target: RecordingTarget
) -> None:
    with serving(directory, config, http="off") as server:
        answered = schedule_traced(server)
        [call] = target.wait_for(lambda call: call.path == "/nightly")
    assert traceparent(call)[1] == TRACE
    assert traceparent(call)[2] != PARENT
    assert "x-server-trace-id" not in answered


@pytest.mark.parametrize(
    "wrong", ["", "00", f"00-{'0' * 32}-{PARENT}-01", f"01-{TRACE}-{PARENT}", "x" * 500]
)
def test_a_traceparent_that_is_none_harms_nothing(
    directory: Path, config: str, target: RecordingTarget, wrong: str
) -> None:
    with serving(directory, config, http="off") as server, server.channel() as channel:
        schedule_traced(server, wrong)
        [call] = target.wait_for(lambda call: call.path == "/nightly")
        finished(GoogleGrpc(channel), LOCATION, call.headers["x-request-id"])
    assert len(traceparent(call)[1]) == 32
    assert traceparent(call)[1] not in (TRACE, "0" * 32)


def test_a_collector_that_is_away_holds_nothing_up(
    directory: Path, config: str, target: RecordingTarget
) -> None:
    environment = {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:1", "TOCSIN_GRACE": "2"}
    with (
        serving(directory, config, http="off", environment=environment) as server,
        server.channel() as channel,
    ):
        schedule(GoogleGrpc(channel), LOCATION, "nightly")
        target.wait_for(lambda call: call.path == "/nightly")
        assert server.stop(signal.SIGTERM) == 0
        assert "Traceback" not in server.log.read_text()


def test_a_call_that_fails_here_is_an_error_and_a_clients_is_not(
    directory: Path, config: str, collector: Collector
) -> None:
    with (
        serving(directory, config, http="off", environment=collector.environment) as server,
        server.channel() as channel,
    ):
        with pytest.raises(grpc.RpcError):
            ExecutionsStub(channel).ScheduleIntegrations(
                executions_pb2.ScheduleIntegrationsRequest()
            )
        [served] = collector.spans(lambda spans: bool(named(spans, SCHEDULE)))
    assert served.attributes["rpc.grpc.status_code"] == grpc.StatusCode.INVALID_ARGUMENT.value[0]
    assert not served.failed
