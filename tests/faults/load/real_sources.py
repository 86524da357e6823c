"""Triggers of real sources in fault tests: their services, what feeds them, when all has come."""

import random
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import timedelta

import grpc

from faults.checking.journal import Call, Journal, Kind, Trigger
from faults.load.clients import FOLDER, now
from faults.load.events import BROKER, MAIL, QUEUE, STREAM, EventRule, id_in, rule_message, rule_of
from faults.load.feeders import Feeder, broker_feeder, mail_feeder, queue_feeder, stream_feeder
from faults.load.fleet import Fleet
from stand.recording_target import RecordingTarget
from stand.services.amazon import Amazon, Queue, amazon, until
from stand.services.mosquitto import Mosquitto, mosquitto
from tocsin_protos.tocsin.v1 import event_service_pb2
from tocsin_protos.tocsin.v1.event_service_pb2_grpc import EventServiceStub
from tocsin_protos.yandex.cloud.serverless.triggers.v1 import trigger_service_pb2 as contract
from tocsin_protos.yandex.cloud.serverless.triggers.v1.trigger_pb2 import Trigger as TriggerMessage
from tocsin_protos.yandex.cloud.serverless.triggers.v1.trigger_service_pb2_grpc import (
    TriggerServiceStub,
)

PATIENCE = 60
# What a node that was killed had received comes again after this time.
HIDDEN_SECONDS = "2"
CUTOFF = timedelta(seconds=1)
# One trigger of a kind is called for each event, the other for some of them.
SIZES = (1, 3)
BROKER_ID, TOPIC = "broker", "some/topic"


@dataclass(frozen=True)
class Services:
    """Those whose events are read. `name` is what no other run calls its own there."""

    name: str
    aws: Amazon
    broker: Mosquitto
    queues: Sequence[Queue]

    @property
    def stream(self) -> str:
        return f"{self.name}-events"

    def config(self, config: str) -> str:
        """Adds them to a configuration."""
        return f"""
            smtp = "127.0.0.1:0"
            {config}
            {self.aws.config("message_queue")}
            {self.aws.config("data_stream")}

            [sources.mqtt.home]
            url = "{self.broker.url}"
            brokers = ["{BROKER_ID}"]
            client_id = "faults-{self.name}"
        """


@contextmanager
def services(name: str) -> Iterator[Services]:
    with amazon() as aws, mosquitto() as broker:
        sqs, kinesis = aws.client("sqs"), aws.client("kinesis")
        queues = [Queue(sqs, f"{name}-{size}", VisibilityTimeout=HIDDEN_SECONDS) for size in SIZES]
        made = Services(name, aws, broker, queues)
        kinesis.create_stream(StreamName=made.stream, ShardCount=2)
        kinesis.get_waiter("stream_exists").wait(
            StreamName=made.stream, WaiterConfig={"Delay": 1, "MaxAttempts": PATIENCE}
        )
        yield made


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
    journal: Journal, fleet: Fleet, services: Services, pause_seconds: float = 0.05
) -> list[Feeder]:
    """Creates two triggers for each kind; returns what feeds their sources, once they are read."""

    def listen(name: str, kind: str, source: str, size: int) -> TriggerMessage:
        rule = EventRule(kind, source, size=size, cutoff=CUTOFF)
        return create(journal, fleet.addresses()[0], f"{name}-{size}", rule)

    feeders = [
        stream_feeder(services.aws, services.stream),
        broker_feeder(services.broker, BROKER_ID, TOPIC),
    ]
    for size, queue in zip(SIZES, services.queues, strict=True):
        listen("queue", QUEUE, queue.name, size)
        listen("stream", STREAM, services.stream, size)
        listen("broker", BROKER, BROKER_ID, size)
        email = listen("mail", MAIL, "", size).rule.mail.email
        feeders += [queue_feeder(queue), mail_feeder(lambda: smtp_of(fleet), email)]
    until_read(fleet.addresses()[0], journal)
    return [replace(each, pause_seconds=pause_seconds) for each in feeders]


def smtp_of(fleet: Fleet) -> str:
    nodes = list(fleet.nodes)
    if not nodes:
        raise ConnectionRefusedError("no server is there")
    return random.choice(nodes).address("smtp")


def listeners(journal: Journal) -> list[Trigger]:
    return [each for each in journal.triggers if each.listens]


def until_read(address: str, journal: Journal) -> None:
    """Waits until all sources that are asked answer: what came to them before is not for us."""
    with grpc.insecure_channel(address) as channel:
        ask = EventServiceStub(channel).GetIntake
        for each in listeners(journal):
            if each.calls[0].rule is not None and each.calls[0].rule.kind != MAIL:
                request = event_service_pb2.EventServiceGetIntakeRequest(trigger_id=each.id)
                until(lambda: ask(request).source.connected, f"{each.name} is not read")  # noqa: B023


def until_all_came(journal: Journal, target: RecordingTarget, services: Services) -> None:
    """Waits until the sources have nothing left to give, as long as they go on giving."""
    due = {
        (each.name, event.id)
        for each in listeners(journal)
        for event in journal.events
        if each.calls[0].rule is not None
        and (each.calls[0].rule.kind, each.calls[0].rule.source) == (event.kind, event.source)
    }
    # What never comes the judge tells.
    while_it_goes_on(lambda: len(due - came(target)))
    left = while_it_goes_on(lambda: sum(sum(queue.counts()) for queue in services.queues))
    assert not left, f"queues keep {left} messages that were delivered"


def came(target: RecordingTarget) -> set[tuple[str, str]]:
    """Returns which events came to which triggers."""
    return {
        (call.path.removeprefix("/functions/"), id_in(element))
        for call in target.all(lambda call: call.path.startswith("/functions/l-"))
        for element in call.json["messages"]
    }


def while_it_goes_on(left: Callable[[], int]) -> int:
    """Waits while something is left and gets less; returns what is left in the end."""
    least = left()
    give_up = time.monotonic() + PATIENCE
    while least and time.monotonic() < give_up:
        time.sleep(0.2)
        if (now_left := left()) < least:
            least, give_up = now_left, time.monotonic() + PATIENCE
    return least
