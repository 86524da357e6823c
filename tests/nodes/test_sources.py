"""What several nodes on one PostgreSQL read together."""

import json
import uuid
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import grpc
import pytest

from nodes.conftest import Cluster
from stand.recording_target import Received, RecordingTarget
from stand.services.amazon import Amazon, Queue, amazon, until
from stand.services.postgres_server import PostgresServer
from stand.tocsin_process import Tocsin, serving
from tocsin_protos.yandex.cloud.serverless.triggers.v1 import trigger_service_pb2 as contract
from tocsin_protos.yandex.cloud.serverless.triggers.v1.trigger_service_pb2_grpc import (
    TriggerServiceStub,
)

PATIENCE = 30


@pytest.fixture(scope="module")
def aws() -> Iterator[Amazon]:
    with amazon() as running:
        yield running


@dataclass
class Readers:
    """Nodes that read the same queues and streams, started one by one."""

    start: Callable[[], Tocsin]
    target: RecordingTarget
    execute: Callable[[str], list[tuple[object, ...]]]

    def came(self) -> list[Received]:
        """The calls, each counted once."""
        calls = self.target.all(lambda _: True)
        return list({call.headers["x-request-id"]: call for call in calls}.values())


@pytest.fixture
def readers(postgres: PostgresServer, tmp_path: Path, aws: Amazon) -> Iterator[Readers]:
    url = postgres.new_database()
    target = RecordingTarget()
    config = f"""
        [targets]
        function = "{target.url}/functions/{{function_id}}"
        {aws.config("message_queue")}
        {aws.config("data_stream")}
    """
    with ExitStack() as stack:
        stack.callback(target.close)

        def start() -> Tocsin:
            directory = tmp_path / uuid.uuid4().hex
            directory.mkdir()
            return stack.enter_context(serving(directory, config, "--database", url, http="off"))

        yield Readers(start, target, partial(postgres.execute, url.rpartition("/")[2]))


def create(node: Tocsin, request: contract.CreateTriggerRequest) -> None:
    with node.channel() as channel:
        TriggerServiceStub(channel).Create(request, timeout=PATIENCE)


def test_a_queue_feeds_one_trigger_though_all_nodes_are_asked_at_once(cluster: Cluster) -> None:
    request = contract.CreateTriggerRequest(folder_id="b1g0")
    rule = request.rule.message_queue
    rule.service_account_id = "aje0"
    rule.batch_settings.cutoff.FromSeconds(1)
    rule.invoke_function.function_id = "d4e0"
    outcomes: Counter[grpc.StatusCode] = Counter()
    with ExitStack() as stack:
        channels = [stack.enter_context(node.channel()) for node in cluster.nodes]
        stubs = [TriggerServiceStub(channel) for channel in channels]
        for number in range(20):
            rule.queue_id = f"q{number}"
            asked = [stub.Create.future(request, timeout=PATIENCE) for stub in stubs for _ in "ab"]
            outcomes.update(future.code() for future in asked)
    assert outcomes == {
        grpc.StatusCode.OK: 20,
        grpc.StatusCode.FAILED_PRECONDITION: 20 * (2 * len(cluster.nodes) - 1),
    }
    [(listeners,)] = cluster.execute("SELECT count(DISTINCT key) FROM subscriptions")
    assert listeners == 20


def test_all_nodes_poll_a_queue_and_each_message_is_delivered_once(
    readers: Readers, aws: Amazon
) -> None:
    queue = Queue(aws.client("sqs"), f"q-{uuid.uuid4().hex}")
    request = contract.CreateTriggerRequest(folder_id="b1g0")
    rule = request.rule.message_queue
    rule.queue_id, rule.service_account_id = queue.name, "aje0"
    rule.visibility_timeout.FromSeconds(3)
    rule.batch_settings.size = 3
    rule.batch_settings.cutoff.FromSeconds(1)
    rule.invoke_function.function_id = "f"
    nodes = [readers.start(), readers.start()]
    create(nodes[0], request)
    bodies = [str(number) for number in range(60)]
    queue.send(*bodies)
    until(lambda: queue.counts() == (0, 0), "messages stay in their queue")
    came = Counter(
        message["details"]["message"]["body"]
        for call in readers.came()
        for message in call.json["messages"]
    )
    assert came == Counter(bodies)


def test_a_shard_is_read_on_one_node_until_that_is_no_more(readers: Readers, aws: Amazon) -> None:
    client, name = aws.client("kinesis"), f"s-{uuid.uuid4().hex}"
    client.create_stream(StreamName=name, ShardCount=1)
    request = contract.CreateTriggerRequest(folder_id="b1g0")
    rule = request.rule.data_stream
    rule.stream = name
    rule.batch_settings.size = 1
    rule.batch_settings.cutoff.FromSeconds(1)
    rule.invoke_function.function_id = "f"

    def came() -> list[int]:
        return sorted(record for call in readers.came() for record in call.json["messages"])

    def put(number: int) -> None:
        client.put_record(StreamName=name, PartitionKey="k", Data=json.dumps(number).encode())
        until(lambda: number in came(), f"{number} does not come")

    def reading() -> object:
        [(node,)] = readers.execute("SELECT node FROM source_parts WHERE part LIKE '%/shardId%'")
        return node

    first = readers.start()
    create(first, request)
    put(1)
    reader = reading()
    readers.start()
    put(2)
    assert reading() == reader
    first.kill()
    # As if the lease had run out meanwhile.
    readers.execute("UPDATE source_parts SET held_until = 0")
    put(3)
    assert reading() != reader
    assert came() == [1, 2, 3]
