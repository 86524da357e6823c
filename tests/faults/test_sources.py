"""kill -9, again and again, while events come from real sources: what a source was told is taken
fires, and what it was not told comes again.
"""

import random
import time
from collections.abc import Iterator, Sequence
from datetime import timedelta
from pathlib import Path

import grpc
import pytest

from faults.clients import FOLDER, now
from faults.conftest import Run
from faults.events import BROKER, MAIL, QUEUE, STREAM, EventRule, id_in, rule_message, rule_of
from faults.feeders import (
    Feeder,
    broker_feeder,
    feeding,
    mail_feeder,
    queue_feeder,
    stream_feeder,
)
from faults.fleet import Fleet
from faults.journal import Call, Journal, Kind, Trigger
from faults.seen import PostgresDatabase, SqliteFile, Store, judge
from server.amazon import Amazon, Queue, amazon, until
from server.mosquitto import Mosquitto, mosquitto
from server.recording_target import RecordingTarget
from tocsin_protos.tocsin.v1 import event_service_pb2
from tocsin_protos.tocsin.v1.event_service_pb2_grpc import EventServiceStub
from tocsin_protos.yandex.cloud.serverless.triggers.v1 import trigger_service_pb2 as contract
from tocsin_protos.yandex.cloud.serverless.triggers.v1.trigger_pb2 import Trigger as TriggerMessage
from tocsin_protos.yandex.cloud.serverless.triggers.v1.trigger_service_pb2_grpc import (
    TriggerServiceStub,
)

TOLERANCE = timedelta(seconds=30)
LONG_KILLS = 25
PATIENCE = 90
# What a node that was killed had received comes again after this time.
HIDDEN_SECONDS = "4"
CUTOFF = timedelta(seconds=1)
# One trigger of a kind is called for each event, the other for some of them.
SIZES = (1, 3)
QUEUES, BROKER_ID, TOPIC = ("one", "two"), "broker", "some/topic"


@pytest.fixture(scope="module")
def aws() -> Iterator[Amazon]:
    with amazon() as running:
        yield running


@pytest.fixture(scope="module")
def broker() -> Iterator[Mosquitto]:
    with mosquitto() as running:
        yield running


def with_sources(config: str, aws: Amazon, broker: Mosquitto, client_id: str) -> str:
    return f"""
        smtp = "127.0.0.1:0"
        {config}
        {aws.config("message_queue")}
        {aws.config("data_stream")}

        [sources.mqtt.home]
        url = "{broker.url}"
        brokers = ["{BROKER_ID}"]
        client_id = "{client_id}"
    """


def create(journal: Journal, address: str, name: str, rule: EventRule) -> TriggerMessage:
    """Creates a trigger that listens, and writes down its rule as the server completed it."""
    trigger = journal.new_trigger(f"l-{name}")
    call = Call(Kind.CREATE, now(), rule=rule)
    trigger.calls.append(call)
    request = contract.CreateTriggerRequest(folder_id=FOLDER, name=trigger.name)
    request.rule.CopyFrom(rule_message(rule, trigger.name))
    with grpc.insecure_channel(address) as channel:
        operation = TriggerServiceStub(channel).Create(request)
    made = TriggerMessage()
    operation.response.Unpack(made)
    trigger.id, call.operation, call.answered = made.id, operation.id, now()
    # A mail's address is known from here on.
    call.rule = rule_of(made.rule)
    return made


def feeders_of(
    journal: Journal,
    fleet: Fleet,
    queues: Sequence[Queue],
    stream: tuple[Amazon, str],
    broker: Mosquitto,
) -> list[Feeder]:
    """Creates two triggers for each kind; returns what feeds their sources."""

    def listen(name: str, kind: str, source: str, size: int) -> TriggerMessage:
        rule = EventRule(kind, source, size=size, cutoff=CUTOFF)
        return create(journal, fleet.addresses()[0], f"{name}-{size}", rule)

    feeders = [stream_feeder(*stream), broker_feeder(broker, BROKER_ID, TOPIC)]
    for size, queue in zip(SIZES, queues, strict=True):
        listen("queue", QUEUE, queue.name, size)
        listen("stream", STREAM, stream[1], size)
        listen("broker", BROKER, BROKER_ID, size)
        email = listen("mail", MAIL, "", size).rule.mail.email
        feeders += [queue_feeder(queue), mail_feeder(lambda: smtp_of(fleet), email)]
    return feeders


def smtp_of(fleet: Fleet) -> str:
    nodes = list(fleet.nodes)
    if not nodes:
        raise ConnectionRefusedError("no server is there")
    return random.choice(nodes).address("smtp")


def listeners(journal: Journal) -> list[Trigger]:
    return [each for each in journal.triggers if each.listens]


@pytest.mark.parametrize(("kind", "nodes", "kills"), [("sqlite", 1, 2), ("postgresql", 2, 1)])
def test_what_sources_were_told_is_taken_fires(
    kind: str,
    nodes: int,
    kills: int,
    run: Run,
    tmp_path: Path,
    config: str,
    target: RecordingTarget,
    journal: Journal,
    aws: Amazon,
    broker: Mosquitto,
    request: pytest.FixtureRequest,
) -> None:
    store: Store = SqliteFile(tmp_path / "tocsin.db")
    url = f"sqlite:///{tmp_path}/tocsin.db"
    if kind == "postgresql":
        postgres = request.getfixturevalue("postgres")
        url = postgres.new_database()
        store = PostgresDatabase(postgres, url.rpartition("/")[2])
    kills = LONG_KILLS if run.long else kills
    sqs = aws.client("sqs")
    queues = [Queue(sqs, f"{kind}-{name}", VisibilityTimeout=HIDDEN_SECONDS) for name in QUEUES]
    stream = f"{kind}-events"
    make_stream(aws, stream)
    settings = with_sources(config, aws, broker, f"faults-{kind}")
    with Fleet(tmp_path, settings, "--database", url) as fleet:
        fleet.start(nodes)
        feeders = feeders_of(journal, fleet, queues, (aws, stream), broker)
        until_read(fleet.addresses()[0], journal)
        with feeding(journal, feeders):
            for _ in range(kills):
                time.sleep(run.chance.uniform(0.2, 1.0))
                fleet.kill(run.chance.choice(fleet.nodes))
                fleet.start()
            time.sleep(0.5)
        until_all_came(journal, target, queues)
        report = judge(journal, store, target, fleet.addresses()[0], tolerance=TOLERANCE)
    by_kind = {each.kind: 0 for each in journal.events}
    for event in journal.events:
        by_kind[event.kind] += 1
    run.tell(report, kills=kills, **by_kind, **journal.errors)
    # How much a busy machine lets happen between two kills varies; nothing would be no test.
    assert set(by_kind) == {QUEUE, STREAM, BROKER, MAIL}
    assert min(by_kind.values()) > 3 * kills


def make_stream(aws: Amazon, name: str) -> None:
    client = aws.client("kinesis")
    client.create_stream(StreamName=name, ShardCount=2)
    client.get_waiter("stream_exists").wait(
        StreamName=name, WaiterConfig={"Delay": 1, "MaxAttempts": PATIENCE}
    )


def until_read(address: str, journal: Journal) -> None:
    """Waits until all sources that are asked answer: what came to them before is not for us."""
    with grpc.insecure_channel(address) as channel:
        ask = EventServiceStub(channel).GetIntake
        for each in listeners(journal):
            if each.calls[0].rule is not None and each.calls[0].rule.kind != MAIL:
                request = event_service_pb2.EventServiceGetIntakeRequest(trigger_id=each.id)
                until(lambda: ask(request).source.connected, f"{each.name} is not read")  # noqa: B023


def until_all_came(journal: Journal, target: RecordingTarget, queues: Sequence[Queue]) -> None:
    """Waits until the sources have nothing left to give, as long as that may take."""
    give_up = time.monotonic() + PATIENCE
    due = {
        (each.name, event.id)
        for each in listeners(journal)
        for event in journal.events
        if each.calls[0].rule is not None
        and (each.calls[0].rule.kind, each.calls[0].rule.source) == (event.kind, event.source)
    }
    while due and time.monotonic() < give_up:
        due -= {
            (call.path.removeprefix("/functions/"), id_in(element))
            for call in target.all(lambda _: True)
            for element in call.json["messages"]
        }
        time.sleep(0.2)
    # What never came the judge tells.
    for queue in queues:
        until(lambda: queue.counts() == (0, 0), f"{queue.name} keeps what was delivered")  # noqa: B023
