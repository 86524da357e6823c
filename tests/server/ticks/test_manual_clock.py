"""`tocsin serve --clock manual`: time is moved over the API, and what falls due is delivered."""

import json
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Protocol

import grpc
import pytest
from google.protobuf import json_format
from google.rpc import code_pb2
from grpc_status import rpc_status

from stand.apis.events import RestEvents
from stand.apis.triggers import RestApi, changed, create
from stand.apis.wire import Json, Refused, send
from stand.recording_target import Answer, Received, RecordingTarget, held_until
from stand.services.postgres_server import PostgresServer
from stand.tocsin_process import Tocsin, run_tocsin, serve_command, serving
from tocsin_protos.tocsin.v1 import clock_service_pb2 as contract
from tocsin_protos.tocsin.v1.clock_service_pb2_grpc import ClockServiceStub

START = datetime(2026, 1, 1, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
PATIENCE = 120


class ClockApi(Protocol):
    def call(self, method: str, request: Json) -> Json: ...


class GrpcClock:
    def __init__(self, address: str) -> None:
        self._address = address

    def call(self, method: str, request: Json) -> Json:
        message = getattr(contract, f"ClockService{method}Request")()
        with grpc.insecure_channel(self._address) as channel:
            rpc: Any = getattr(ClockServiceStub(channel), method)
            try:
                answer = rpc(json_format.ParseDict(request, message), timeout=PATIENCE)
            except grpc.RpcError as error:
                status = rpc_status.from_call(error)
                code = error.code().name  # type: ignore[attr-defined]
                details = [] if status is None else json_format.MessageToDict(status)["details"]
                raise Refused(code, error.details(), details) from error  # type: ignore[attr-defined]
        return json_format.MessageToDict(answer)


class RestClock:
    """REST as the annotations of the contract have it."""

    def __init__(self, address: str) -> None:
        self._address = address

    def call(self, method: str, request: Json) -> Json:
        path = "/tocsin/v1/clock"
        if method == "Get":
            reply = send(self._address, "GET", path, None, None)
        else:
            path += ":" + method[0].lower() + method[1:]
            reply = send(self._address, "POST", path, json.dumps(request).encode(), None)
        if reply.status != 200:
            told = reply.json
            code = code_pb2.Code.Name(told["code"])
            raise Refused(code, told["message"], told["details"], reply.status)
        answer: Json = reply.json
        return answer


@pytest.fixture
def manual(directory: Path, target: RecordingTarget) -> Iterator[Tocsin]:
    config = f"""
        clock_start = 2026-01-01T00:00:00Z
        [targets]
        function = "{target.url}/{{function_id}}"
        [integrations.nightly]
        triggers = ["api_trigger/nightly"]
        url = "{target.url}/{directory.name}"
    """
    with serving(directory, config, "--clock", "manual") as tocsin:
        yield tocsin


@pytest.fixture(params=["grpc", "rest"])
def clock(request: pytest.FixtureRequest, manual: Tocsin) -> ClockApi:
    """Each test that asks for it runs over both wires."""
    if request.param == "grpc":
        return GrpcClock(manual.grpc_address)
    return RestClock(manual.http_address)


@pytest.fixture
def rest_clock(manual: Tocsin) -> RestClock:
    return RestClock(manual.http_address)


@pytest.fixture
def triggers(manual: Tocsin) -> RestApi:
    return RestApi(manual.http_address)


def timer(function: str, cron: str, **settings: Any) -> Json:
    action = "invokeFunctionWithRetry" if settings else "invokeFunction"
    return {"timer": {"cronExpression": cron, action: {"functionId": function, **settings}}}


def received(target: RecordingTarget, function: str) -> list[Received]:
    return target.all(lambda request: request.path == f"/{function}")


def instants(calls: list[Received]) -> list[datetime]:
    """The ticks that were told, in the order of the calls."""
    told = [call.json["messages"][0]["event_metadata"]["created_at"] for call in calls]
    return [datetime.fromisoformat(each) for each in told]


def shown(instant: datetime) -> str:
    return instant.isoformat().replace("+00:00", "Z")


def test_it_stands_still(clock: ClockApi, triggers: RestApi, folder: str) -> None:
    assert clock.call("Get", {}) == {"now": shown(START)}
    trigger = create(triggers, folder, rule=timer(folder, "30 12 * * ? *"))
    assert trigger["createdAt"] == shown(START)
    due = shown(START + timedelta(hours=12, minutes=30))
    assert clock.call("Get", {}) == {"now": shown(START), "nextDue": due}


def test_each_tick_was_delivered_in_order_when_an_advance_returns(
    clock: ClockApi, triggers: RestApi, folder: str, target: RecordingTarget
) -> None:
    create(triggers, folder, rule=timer(folder, "*/10 * * * ? *"))
    answer = clock.call("Advance", {"duration": "86400s"})
    ticks = [START + n * 10 * MINUTE for n in range(1, 145)]
    calls = received(target, folder)
    assert instants(calls) == ticks
    assert [each.headers["x-started-at"] for each in calls] == [shown(tick) for tick in ticks]
    end = START + timedelta(days=1)
    assert answer == {"now": shown(end), "nextDue": shown(end + 10 * MINUTE)}


def test_it_is_advanced_to_an_instant(
    clock: ClockApi, triggers: RestApi, folder: str, target: RecordingTarget
) -> None:
    create(triggers, folder, rule=timer(folder, "0 9 ? * 2-6 *"))
    answer = clock.call("AdvanceTo", {"instant": "2026-01-31T23:59:59.5Z"})
    assert answer["now"] == "2026-01-31T23:59:59.500Z"
    days = [datetime(2026, 1, day, 9, tzinfo=UTC) for day in range(1, 32)]
    assert instants(received(target, folder)) == [day for day in days if day.weekday() < 5]


def test_timers_take_turns_in_the_order_of_their_instants(
    rest_clock: RestClock, triggers: RestApi, folder: str, target: RecordingTarget
) -> None:
    for minutes in ("*/2", "*/3", "7"):
        create(triggers, folder, rule=timer(folder, f"{minutes} * * * ? *"))
    rest_clock.call("Advance", {"duration": "3600s"})
    found = instants(received(target, folder))
    assert found == sorted(found)
    assert len(found) == 30 + 20 + 1


def test_retries_are_made_on_the_way(
    rest_clock: RestClock, triggers: RestApi, folder: str, target: RecordingTarget
) -> None:
    target.answers[f"/{folder}"] = lambda _: Answer(500)
    settings = {"retrySettings": {"retryAttempts": "2", "interval": "60s"}}
    create(triggers, folder, rule=timer(folder, "0 12 1 1 ? 2026", **settings))
    rest_clock.call("Advance", {"duration": "43200s"})
    assert len(received(target, folder)) == 1
    rest_clock.call("Advance", {"duration": "600s"})
    assert [call.headers["x-attempt"] for call in received(target, folder)] == ["1", "2", "3"]


def test_what_is_scheduled_for_later_is_delivered_then(
    manual: Tocsin, rest_clock: RestClock, directory: Path, target: RecordingTarget
) -> None:
    request = {"triggerId": "api_trigger/nightly", "scheduleTime": "2026-01-02T03:04:05Z"}
    path = "/v1/projects/p/locations/l/integrations/nightly:schedule"
    reply = send(manual.http_address, "POST", path, json.dumps(request).encode(), None)
    assert reply.status == 200, reply.json
    rest_clock.call("AdvanceTo", {"instant": "2026-01-02T03:04:04Z"})
    assert received(target, directory.name) == []
    rest_clock.call("Advance", {"duration": "1s"})
    assert len(received(target, directory.name)) == 1


def test_a_pause_has_no_ticks(
    rest_clock: RestClock, triggers: RestApi, folder: str, target: RecordingTarget
) -> None:
    trigger = create(triggers, folder, rule=timer(folder, "* * * * ? *"))
    for method, seconds in (("Pause", 3600), ("Resume", 60)):
        changed(triggers, method, {"triggerId": trigger["id"]})
        rest_clock.call("Advance", {"duration": f"{seconds}s"})
    assert instants(received(target, folder)) == [START + 61 * MINUTE]


def test_time_stands_still_while_a_target_takes_its_time(
    rest_clock: RestClock, triggers: RestApi, folder: str, target: RecordingTarget
) -> None:
    let_go = threading.Event()
    target.answers[f"/{folder}"] = held_until(let_go)
    create(triggers, folder, rule=timer(folder, "* * * * ? *"))
    with ThreadPoolExecutor(2) as pool:
        advances = [pool.submit(rest_clock.call, "Advance", {"duration": "60s"}) for _ in range(2)]
        target.wait_for(lambda request: request.path == f"/{folder}")
        assert rest_clock.call("Get", {})["now"] == shown(START + MINUTE)
        assert not any(advance.done() for advance in advances)
        let_go.set()
        ends = {advance.result()["now"] for advance in advances}
    # One after the other, each by its own minute.
    assert ends == {shown(START + MINUTE), shown(START + 2 * MINUTE)}
    assert instants(received(target, folder)) == [START + MINUTE, START + 2 * MINUTE]


@pytest.mark.parametrize(
    ("method", "request_", "field", "says"),
    [
        ("Advance", {}, "duration", "required"),
        ("Advance", {"duration": "-1s"}, "duration", "can't go back"),
        ("Advance", {"duration": "34560001s"}, "duration", "must not exceed 400 days"),
        ("AdvanceTo", {}, "instant", "required"),
        ("AdvanceTo", {"instant": "2025-12-31T23:59:59Z"}, "instant", "can't go back"),
        ("AdvanceTo", {"instant": "2027-02-06T00:00:00Z"}, "instant", "must not exceed 400 days"),
    ],
)
def test_a_move_that_cannot_be_is_refused(
    clock: ClockApi, method: str, request_: Json, field: str, says: str
) -> None:
    with pytest.raises(Refused) as refused:
        clock.call(method, request_)
    assert refused.value.code == "INVALID_ARGUMENT"
    assert says in refused.value.fields[field]
    assert clock.call("Get", {}) == {"now": shown(START)}


def test_on_the_systems_clock_there_is_no_such_service(server: Tocsin) -> None:
    with pytest.raises(Refused, match="UNIMPLEMENTED"):
        GrpcClock(server.grpc_address).call("Get", {})
    assert send(server.http_address, "GET", "/tocsin/v1/clock", None, None).status == 404


def test_on_postgresql_it_is_refused(postgres: PostgresServer, directory: Path) -> None:
    url = postgres.new_database()
    options = serve_command(directory, "", "--clock", "manual", "--database", url, http="off")[1:]
    ended = run_tocsin(*options)
    assert ended.status == 1
    assert "a manual clock works on one node only" in ended.stderr
    assert "Traceback" not in ended.stderr


@pytest.mark.parametrize(
    ("variable", "value", "says"),
    [
        ("TOCSIN_CLOCK", "sundial", "clock: Input should be"),
        ("TOCSIN_CLOCK_START", "noon", "clock_start: expected an ISO 8601 time"),
    ],
)
def test_a_clock_that_there_is_not_is_refused(variable: str, value: str, says: str) -> None:
    ended = run_tocsin("config", "check", environment={variable: value})
    assert ended.status == 1
    assert says in ended.stderr


def test_a_batch_waits_for_its_cutoff_and_is_retried_as_a_whole(
    manual: Tocsin, rest_clock: RestClock, triggers: RestApi, folder: str, target: RecordingTarget
) -> None:
    retry = {"retrySettings": {"retryAttempts": "1", "interval": "10s"}}
    rule = {
        "brokerId": folder,
        "batchSettings": {"size": "10", "cutoff": "20s"},
        "invokeFunction": {"functionId": folder, **retry},
    }
    create(triggers, folder, rule={"iotBrokerMessage": rule})
    answers = iter([Answer(503), Answer()])
    target.answers[f"/{folder}"] = lambda _: next(answers)
    message = {"iot_broker_message": {"broker_id": folder, "mqtt_topic": "t"}}
    events = RestEvents(manual.http_address)
    events.call("Publish", {"events": [message]})
    rest_clock.call("Advance", {"duration": "15s"})
    events.call("Publish", {"events": [message]})
    assert rest_clock.call("Get", {})["nextDue"] == shown(START + timedelta(seconds=20))
    assert received(target, folder) == []
    rest_clock.call("Advance", {"duration": "5s"})
    assert len(received(target, folder)) == 1
    rest_clock.call("Advance", {"duration": "60s"})
    first, second = received(target, folder)
    assert first.body == second.body
    assert len(first.json["messages"]) == 2


def test_a_clock_ends_before_its_instants_do(directory: Path) -> None:
    start = ("--clock", "manual", "--clock-start")
    for wrong in ("9999-12-31T23:59:59Z", "0001-01-01T00:00:00+14:00", "1969-12-31T23:59:59Z"):
        ended = run_tocsin(*serve_command(directory, "", *start, wrong)[1:])
        assert ended.status == 1
        assert "clock_start: must be in the years 1970 to 2099" in ended.stderr
        assert "Traceback" not in ended.stderr
    last = datetime(2099, 12, 31, 23, 59, tzinfo=UTC)
    # The longest that settings allow, before and after the present.
    century = 100 * 365.25 * 24 * 3600
    config = f"misfires.window = {century}\nretention.age = {century}\nsources.remember = {century}"
    with serving(directory, config, *start, last.isoformat()) as server:
        create(RestApi(server.http_address), "b1g1")
        clock = GrpcClock(server.grpc_address)
        assert clock.call("Advance", {"duration": "59s"})["now"] == "2099-12-31T23:59:59Z"
        for method, request in (
            ("Advance", {"duration": "1s"}),
            ("AdvanceTo", {"instant": "2100-06-01T00:00:00Z"}),
        ):
            with pytest.raises(Refused, match="the last one of a clock") as refused:
                clock.call(method, request)
            assert refused.value.code == "INVALID_ARGUMENT"
        assert server.stop() == 0
        assert "Traceback" not in server.log.read_text()
