"""What several nodes on one PostgreSQL promise together."""

import collections
import threading
import time
import uuid
from concurrent.futures import ThreadPoolExecutor

import grpc

from nodes.conftest import NODES, Cluster
from stand.apis.google import GoogleGrpc, operation, schedule
from stand.recording_target import Received, held_until
from stand.tocsin_process import Tocsin
from tocsin_protos.tocsin.v1 import (
    event_service_pb2,
    overview_service_pb2,
    schedule_service_pb2,
)
from tocsin_protos.tocsin.v1.event_service_pb2_grpc import EventServiceStub
from tocsin_protos.tocsin.v1.overview_service_pb2_grpc import OverviewServiceStub
from tocsin_protos.tocsin.v1.schedule_service_pb2_grpc import ScheduleServiceStub
from tocsin_protos.yandex.cloud.operation import operation_service_pb2
from tocsin_protos.yandex.cloud.operation.operation_service_pb2_grpc import OperationServiceStub
from tocsin_protos.yandex.cloud.serverless.triggers.v1 import trigger_service_pb2 as contract
from tocsin_protos.yandex.cloud.serverless.triggers.v1.trigger_pb2 import Trigger
from tocsin_protos.yandex.cloud.serverless.triggers.v1.trigger_service_pb2_grpc import (
    TriggerServiceStub,
)

LOCATION = "projects/p/locations/l"
PATIENCE = 30
# A node that dies is to be missed within this time.
TAKEN_UP_SECONDS = 10.0


def timer(name: str = "") -> contract.CreateTriggerRequest:
    request = contract.CreateTriggerRequest(folder_id="b1g0", name=name)
    request.rule.timer.cron_expression = "* * * * ? *"
    request.rule.timer.invoke_function.function_id = "f"
    return request


def create(node: Tocsin, name: str = "", key: str | None = None) -> str:
    """Returns the id of the operation."""
    with node.channel() as channel:
        metadata = [("idempotency-key", key)] if key else None
        made = TriggerServiceStub(channel).Create(timer(name), metadata=metadata, timeout=PATIENCE)
        return made.id


def triggers(node: Tocsin) -> list[Trigger]:
    with node.channel() as channel:
        request = contract.ListTriggersRequest(folder_id="b1g0", page_size=1000)
        return list(TriggerServiceStub(channel).List(request, timeout=PATIENCE).triggers)


def execution_of(call: Received) -> str:
    return call.headers["x-request-id"]


def test_what_one_node_answered_all_others_know(cluster: Cluster) -> None:
    first, second, third = cluster.nodes
    operation_id = create(first, "daily")
    with second.channel() as channel:
        get = operation_service_pb2.GetOperationRequest(operation_id=operation_id)
        assert OperationServiceStub(channel).Get(get).done
    assert [each.name for each in triggers(third)] == ["daily"]


def test_each_node_shows_all_of_them(cluster: Cluster) -> None:
    deadline = time.monotonic() + PATIENCE
    shown: set[str] = set()
    while len(shown) < NODES and time.monotonic() < deadline:
        with cluster.nodes[0].channel() as channel:
            request = overview_service_pb2.OverviewServiceGetRequest()
            seen = OverviewServiceStub(channel).Get(request, timeout=PATIENCE)
        shown = {node.name for node in seen.nodes if not node.lost}
        assert all(node.HasField("clock_behind") for node in seen.nodes)
    assert len(shown) == NODES


def test_a_page_token_of_one_node_is_read_by_all(cluster: Cluster) -> None:
    made = [create(cluster.nodes[0], f"daily-{number}") for number in range(5)]
    found, token = [], ""
    for node in (*cluster.nodes, *cluster.nodes):
        with node.channel() as channel:
            request = contract.ListTriggersRequest(folder_id="b1g0", page_size=1, page_token=token)
            page = TriggerServiceStub(channel).List(request, timeout=PATIENCE)
        found += [each.name for each in page.triggers]
        if not (token := page.next_page_token):
            break
    assert len(found) == len(set(found)) == len(made)


def test_a_key_sent_to_all_nodes_at_once_is_one_operation(cluster: Cluster) -> None:
    with ThreadPoolExecutor(NODES) as pool:
        for number in range(10):
            key, name = str(uuid.uuid4()), f"daily-{number}"
            made = {*pool.map(lambda node, k=key, n=name: create(node, n, k), cluster.nodes)}
            assert len(made) == 1
    assert len(triggers(cluster.nodes[0])) == 10


def test_a_batch_sent_to_all_nodes_at_once_is_scheduled_once(cluster: Cluster) -> None:
    asked = schedule_service_pb2.BatchScheduleRequest(parent=LOCATION)
    for number in range(200):
        asked.requests.add(
            name=f"{LOCATION}/integrations/nightly",
            trigger_id="api_trigger/nightly",
            request_id=f"batch-{number}",
        ).schedule_time.FromJsonString("2099-01-01T00:00:00Z")
    turned = schedule_service_pb2.BatchScheduleRequest(
        parent=LOCATION, requests=reversed(asked.requests)
    )

    def ask(node: Tocsin, request: schedule_service_pb2.BatchScheduleRequest) -> list[str]:
        with node.channel() as channel:
            answer = ScheduleServiceStub(channel).BatchSchedule(request, timeout=PATIENCE)
            return [each for result in answer.results for each in result.execution_info_ids]

    with ThreadPoolExecutor(NODES) as pool:
        first, second, third = pool.map(ask, cluster.nodes, (asked, turned, asked))
    assert first == second[::-1] == third
    assert len(set(first)) == 200
    [stored] = cluster.execute("SELECT count(*) FROM invocations")
    assert stored == (200,)


def test_an_instant_of_a_schedule_runs_once(cluster: Cluster) -> None:
    def create(number: int) -> None:
        schedule = schedule_service_pb2.Schedule(
            integration=f"{LOCATION}/integrations/nightly",
            trigger_id="api_trigger/nightly",
            cron_expression="0 0 1 1 ? 2099",
        )
        request = schedule_service_pb2.CreateScheduleRequest(
            parent=LOCATION, schedule_id=f"s{number}", schedule=schedule
        )
        with cluster.nodes[number % NODES].channel() as channel:
            ScheduleServiceStub(channel).CreateSchedule(request, timeout=PATIENCE)

    with ThreadPoolExecutor(10) as pool:
        list(pool.map(create, range(90)))
    # All of them are due this moment, and every node hears of it.
    minute = int(time.time()) // 60 * 60_000_000
    cluster.execute("UPDATE schedules SET tick_at = $1, due_at = $1", minute)
    cluster.execute("NOTIFY tocsin")
    cluster.target.wait_for(lambda _: True, count=90)
    # So are those that a node fired a moment ago and has not armed yet, as it seems to others.
    cluster.execute("UPDATE schedules SET tick_at = $1, due_at = $1", minute)
    cluster.execute("NOTIFY tocsin")
    give_up = time.monotonic() + PATIENCE
    while cluster.execute("SELECT count(*) FROM schedules WHERE tick_at = $1", minute) != [(0,)]:
        assert time.monotonic() < give_up
        time.sleep(0.1)
    [stored] = cluster.execute("SELECT count(*) FROM invocations")
    assert stored == (90,)
    called = cluster.target.all(lambda _: True)
    assert len({execution_of(call) for call in called}) == len(called) == 90


def fired(cluster: Cluster) -> set[str]:
    called = cluster.target.all(lambda _: True)
    return {call.json["messages"][0]["details"]["trigger_id"] for call in called}


def test_each_timer_fires_once(cluster: Cluster) -> None:
    with ThreadPoolExecutor(10) as pool:
        list(pool.map(create, cluster.nodes * 30))
    # All of them are due this moment, and every node hears of it.
    minute = int(time.time()) // 60 * 60
    cluster.execute("UPDATE armed_timers SET next_at = $1", minute * 1_000_000)
    cluster.execute("NOTIFY tocsin")
    made = {each.id for each in triggers(cluster.nodes[0])}
    # The next minute may begin meanwhile, and its ticks come among these.
    give_up = time.monotonic() + 30
    while fired(cluster) != made and time.monotonic() < give_up:
        time.sleep(0.1)
    assert fired(cluster) == made
    time.sleep(0.5)
    called = cluster.target.all(lambda _: True)
    assert len({execution_of(call) for call in called}) == len(called)
    [ticks] = cluster.execute(
        "SELECT count(*) FROM invocations WHERE scheduled_at = $1", minute * 1_000_000
    )
    assert ticks == (90,)


def test_all_nodes_take_their_share(cluster: Cluster) -> None:
    let_go = threading.Event()
    cluster.target.answers["/nightly"] = held_until(let_go)
    with cluster.nodes[0].channel() as channel:
        # More than two nodes may deliver to one target at a time (50 each).
        for _ in range(120):
            schedule(GoogleGrpc(channel), LOCATION, "nightly")
    cluster.target.wait_for(lambda _: True, count=120)
    held = cluster.execute("SELECT node, count(*) FROM invocations GROUP BY node")
    let_go.set()
    assert len(held) == NODES, held


def test_what_a_dead_node_held_the_others_take_up(cluster: Cluster) -> None:
    first, second, _ = cluster.nodes
    let_go = threading.Event()
    cluster.target.answers["/nightly"] = held_until(let_go)
    with first.channel() as channel:
        api = GoogleGrpc(channel)
        mine = [each for _ in range(30) for each in schedule(api, LOCATION, "nightly")]
        cluster.target.wait_for(lambda _: True, count=30)
        first.kill()
    killed = time.time()
    let_go.set()
    with second.channel() as channel:
        wait_until_done(GoogleGrpc(channel), mine)
    # When, by the store, and not when this machine came to tell.
    [(taken_up,)] = cluster.execute("SELECT max(started_at) FROM invocations WHERE attempts = 2")
    assert isinstance(taken_up, int)
    assert taken_up / 1_000_000 - killed < TAKEN_UP_SECONDS
    times = collections.Counter(execution_of(call) for call in cluster.target.all(lambda _: True))
    assert set(times) == set(mine)
    # Those that the dead node held came a second time, none a third.
    assert 30 < times.total() <= 60
    assert max(times.values()) == 2


def wait_until_done(api: GoogleGrpc, executions: list[str]) -> None:
    give_up = time.monotonic() + PATIENCE
    for each in executions:
        while not operation(api, LOCATION, each).get("done"):
            assert time.monotonic() < give_up
            time.sleep(0.05)


def test_a_restart_of_postgresql_is_survived(cluster: Cluster) -> None:
    made: list[str] = []
    errors: set[str] = set()
    stop = threading.Event()

    def keep_creating(node: Tocsin) -> None:
        with node.channel() as channel:
            stub = TriggerServiceStub(channel)
            while not stop.is_set():
                try:
                    made.append(stub.Create(timer(), timeout=PATIENCE).id)
                except grpc.RpcError as error:
                    errors.add(f"{error.code().name}: {error.details()}")

    with ThreadPoolExecutor(NODES) as pool:
        calling = [pool.submit(keep_creating, node) for node in cluster.nodes]
        time.sleep(0.3)
        cluster.postgres.stop()
        time.sleep(0.3)
        cluster.postgres.start()
        before = len(made)
        time.sleep(1)
        stop.set()
    assert [each.exception() for each in calling] == NODES * [None]
    assert errors == {"UNAVAILABLE: The store can't be reached; try again"}
    assert len(made) > before > 0
    kept = cluster.execute("SELECT count(*) FROM operations WHERE id = ANY($1)", made)
    assert kept == [(len(made),)]


def test_a_batch_that_is_half_full_when_its_node_dies_is_sent_by_another(cluster: Cluster) -> None:
    first, second, _ = cluster.nodes
    request = contract.CreateTriggerRequest(folder_id="b1g0")
    rule = request.rule.iot_broker_message
    rule.broker_id, rule.invoke_function.function_id = "b", "halves"
    rule.batch_settings.size, rule.batch_settings.cutoff.seconds = 10, 2
    with second.channel() as channel:
        TriggerServiceStub(channel).Create(request, timeout=PATIENCE)
    for node, topic in ((first, "1"), (second, "2"), (first, "3")):
        publish = event_service_pb2.EventServicePublishRequest()
        message = publish.events.add(id=topic).iot_broker_message
        message.broker_id, message.mqtt_topic = "b", topic
        with node.channel() as channel:
            EventServiceStub(channel).Publish(publish, timeout=PATIENCE)
    first.kill()
    [call] = cluster.target.wait_for(lambda call: call.path == "/functions/halves")
    assert [each["details"]["mqtt_topic"] for each in call.json["messages"]] == ["1", "2", "3"]


def test_a_hundred_requests_of_one_id_on_all_nodes_are_one_execution(cluster: Cluster) -> None:
    request_id, marker = str(uuid.uuid4()), uuid.uuid4().hex
    fields = {"requestId": request_id, "inputParameters": {"marker": {"stringValue": marker}}}

    def ask(number: int) -> tuple[str, ...]:
        with cluster.nodes[number % NODES].channel() as channel:
            return tuple(schedule(GoogleGrpc(channel), LOCATION, "nightly", **fields))

    with ThreadPoolExecutor(30) as pool:
        answers = set(pool.map(ask, range(100)))
    [[execution]] = answers
    [called] = cluster.target.wait_for(lambda call: marker in call.body.decode())
    assert execution_of(called) == execution
    stored = cluster.execute("SELECT count(*) FROM invocations WHERE message IS NOT NULL")
    assert stored == [(1,)]
