"""The sources that are measured: what fires each, and what does the same with no Tocsin.

A `Pulled` source is filled while nobody reads it, and then read; a `Pushed` one is sent to.
"""

import asyncio
import smtplib
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from email.message import EmailMessage
from functools import partial
from pathlib import Path
from typing import Any, Protocol

import aiohttp
import uvloop
from google.protobuf.duration_pb2 import Duration
from opentelemetry.proto.collector.logs.v1 import logs_service_pb2

from calls import Driving, Load, drive, frame
from running import Addresses
from source_services import (
    Amazon,
    Mosquitto,
    image_pushed,
    object_changed,
    plain_server,
    publish,
    read_plainly,
)
from tocsin_protos.tocsin.v1 import event_service_pb2
from tocsin_protos.yandex.cloud.logging.v1 import log_ingestion_service_pb2
from tocsin_protos.yandex.cloud.serverless.triggers.v1.trigger_pb2 import Trigger

CUTOFF = Duration(seconds=60)
FUNCTION = "bench"
# How many events share a call.
SIZES = (1, 100)
SHARDS = 4
TEXT = "x" * 200
RECORDS_IN_A_CALL = 10
CONNECTIONS, STREAMS = 4, 16
SENDERS = 8
REGISTRY = "crt00000000000000reg"
GROUP = "e2300000000000000001"


class Source(Protocol):
    """`events` are a run; `sizes` tells how many of them share a call, in run after run."""

    name: str
    with_what: str
    sizes: tuple[int, ...]
    events: int

    def settings(self) -> str:
        """What a node needs to know of it."""

    def rule(self, size: int) -> Trigger.Rule:
        """The rule of a trigger that is called with so many events at once."""


class Pulled(Source, Protocol):
    """`early`: what came before its trigger was made is not for that."""

    early: bool

    def fill(self, count: int) -> None:
        """Puts so many events where they are read, by Tocsin and by the plain client."""

    def plainly(self, count: int) -> float:
        """Lets the plain client read them; returns how many a second it read."""


class Pushed(Source, Protocol):
    def send(self, trigger: Trigger, node: Addresses, count: int) -> float:
        """Sends so many events; returns how many a second were answered."""

    def plainly(self, trigger: Trigger, count: int) -> float:
        """Sends them to the plain server; returns the same of it."""


def batched(rule: Any, size: int) -> None:
    rule.batch_settings.size = size
    rule.batch_settings.cutoff.CopyFrom(CUTOFF)
    rule.invoke_function.function_id = FUNCTION


class NewQueues:
    """A queue for Tocsin and one for the plain client, new ones for each run: moto gives messages
    to a poll whose client is gone."""

    def __init__(self, service: Amazon, name: str) -> None:
        self._service = service
        self._name = name
        self._made = 0

    @property
    def name(self) -> str:
        return f"{self._name}-{self._made}"

    @property
    def plain_name(self) -> str:
        return f"plain-{self.name}"

    def make(self) -> str:
        """Returns the URL of Tocsin's."""
        self._made += 1
        self._service.queue(self.plain_name)
        return self._service.queue(self.name)

    def fill(self, bodies: list[str]) -> None:
        for name in (self.name, self.plain_name):
            self._service.send(self._service.queue(name), bodies)


class Queue:
    name, with_what = "SQS queue", "aiobotocore, receive and delete"
    sizes, events, early = (1, 10), 200, False

    def __init__(self, service: Amazon) -> None:
        self._service = service
        self._queues = NewQueues(service, "messages")

    def settings(self) -> str:
        self._queues.make()
        where = f'[sources.message_queue]\nendpoint = "{self._service.url}"'
        return self._service.settings(where)

    def rule(self, size: int) -> Trigger.Rule:
        rule = Trigger.Rule()
        rule.message_queue.queue_id = self._queues.name
        rule.message_queue.service_account_id = "account"
        batched(rule.message_queue, size)
        return rule

    def fill(self, count: int) -> None:
        self._queues.fill([f"{number} {TEXT}" for number in range(count)])

    def plainly(self, count: int) -> float:
        return read_plainly("queue", self._service.url, self._queues.plain_name, count)


class Objects:
    """Object storage that tells by a queue."""

    name, with_what = "S3 events by SQS queue", "aiobotocore, receive and delete"
    sizes, events, early = (1, 10), 200, False

    def __init__(self, service: Amazon) -> None:
        self._service = service
        self._queues = NewQueues(service, "objects")

    def settings(self) -> str:
        where = f'[sources.object_storage]\nqueue = "{self._queues.make()}"'
        return self._service.settings(where)

    def rule(self, size: int) -> Trigger.Rule:
        return objects_rule(size)

    def fill(self, count: int) -> None:
        self._queues.fill([object_changed(number) for number in range(count)])

    def plainly(self, count: int) -> float:
        return read_plainly("queue", self._service.url, self._queues.plain_name, count)


def objects_rule(size: int) -> Trigger.Rule:
    rule = Trigger.Rule()
    rule.object_storage.event_type.append(Trigger.OBJECT_STORAGE_EVENT_TYPE_CREATE_OBJECT)
    rule.object_storage.bucket_id = "bench"
    batched(rule.object_storage, size)
    return rule


class Stream:
    with_what, sizes, events = "aiobotocore, get_records", SIZES, 8000
    early = True
    name = f"Kinesis stream, {SHARDS} shards"

    def __init__(self, service: Amazon) -> None:
        self._service = service
        self._made = 0
        self._name = ""

    def settings(self) -> str:
        where = f'[sources.data_stream]\nendpoint = "{self._service.url}"'
        return self._service.settings(where)

    def rule(self, size: int) -> Trigger.Rule:
        self._made += 1
        self._name = f"bench-{self._made}"
        self._service.stream(self._name, SHARDS)
        rule = Trigger.Rule()
        rule.data_stream.stream = self._name
        settings = rule.data_stream.batch_settings
        settings.size = 1 if size == 1 else size * len(self._record(0))
        settings.cutoff.CopyFrom(CUTOFF)
        rule.data_stream.invoke_function.function_id = FUNCTION
        return rule

    def _record(self, number: int) -> str:
        return f'{{"number": {number:08}1, "text": "{TEXT}"}}'.replace(": 0", ": 1", 1)

    def fill(self, count: int) -> None:
        self._service.put(self._name, [self._record(number) for number in range(count)])

    def plainly(self, count: int) -> float:
        return read_plainly("stream", self._service.url, self._name, count)


class Mqtt:
    name, with_what, sizes, events = "MQTT broker, QoS 1", "aiomqtt, QoS 1", SIZES, 5000
    early = True
    topic = "bench/events"

    def __init__(self, broker: Mosquitto) -> None:
        self._broker = broker

    def settings(self) -> str:
        return f'[sources.mqtt.bench]\nurl = "{self._broker.url}"\nbrokers = ["bench"]\n'

    def rule(self, size: int) -> Trigger.Rule:
        rule = Trigger.Rule()
        rule.iot_broker_message.broker_id = "bench"
        rule.iot_broker_message.mqtt_topic = self.topic
        batched(rule.iot_broker_message, size)
        return rule

    def fill(self, count: int) -> None:
        read_plainly("mqtt", self._broker.url, self.topic, 0)
        publish(self._broker, self.topic, [f"{number} {TEXT}" for number in range(count)])

    def plainly(self, count: int) -> float:
        return read_plainly("mqtt", self._broker.url, self.topic, count)


@dataclass
class Grpc:
    """Calls of one gRPC method, by h2load; each has `in_a_call` events."""

    name: str
    with_what: str
    method: str
    rule_of: Callable[[int], Trigger.Rule]
    body: bytes
    scratch: Path
    in_a_call: int
    sizes: tuple[int, ...]
    events: int

    def settings(self) -> str:
        return ""

    def rule(self, size: int) -> Trigger.Rule:
        return self.rule_of(size)

    def send(self, trigger: Trigger, node: Addresses, count: int) -> float:
        del trigger
        return self._drive(node.grpc, count)

    def plainly(self, trigger: Trigger, count: int) -> float:
        del trigger
        with plain_server("grpc") as address:
            return self._drive(address, count)

    def _drive(self, address: str, count: int) -> float:
        load = Load(self.name, f"http://{address}/{self.method}", self.body, None)
        driving = Driving(count // self.in_a_call, CONNECTIONS, STREAMS)
        return drive(load, driving, self.scratch).rate * self.in_a_call


def written_logs(scratch: Path) -> Grpc:
    request = log_ingestion_service_pb2.WriteRequest()
    request.destination.log_group_id = GROUP
    request.resource.type, request.resource.id = "serverless.function", "d4e00000000000000001"
    for number in range(RECORDS_IN_A_CALL):
        entry = request.entries.add(message=f"out of paper {number} {TEXT}", level="ERROR")
        entry.timestamp.GetCurrentTime()
    return Grpc(
        f"LogIngestionService.Write, {RECORDS_IN_A_CALL} a call",
        "bare gRPC servicer",
        "yandex.cloud.logging.v1.LogIngestionService/Write",
        logs_rule,
        frame(request),
        scratch,
        RECORDS_IN_A_CALL,
        sizes=SIZES,
        events=10_000,
    )


def otlp_logs(scratch: Path) -> Grpc:
    request = logs_service_pb2.ExportLogsServiceRequest()
    resource_logs = request.resource_logs.add()
    for name, value in (("service.name", "shop"), ("tocsin.log_group_id", GROUP)):
        resource_logs.resource.attributes.add(key=name).value.string_value = value
    scope = resource_logs.scope_logs.add()
    for number in range(RECORDS_IN_A_CALL):
        record = scope.log_records.add(time_unix_nano=time.time_ns(), severity_number=17)
        record.body.string_value = f"out of paper {number} {TEXT}"
    return Grpc(
        f"OTLP logs, {RECORDS_IN_A_CALL} a call",
        "bare gRPC servicer",
        "opentelemetry.proto.collector.logs.v1.LogsService/Export",
        logs_rule,
        frame(request),
        scratch,
        RECORDS_IN_A_CALL,
        sizes=SIZES,
        events=10_000,
    )


def logs_rule(size: int) -> Trigger.Rule:
    rule = Trigger.Rule()
    rule.logging.log_group_id = GROUP
    batched(rule.logging, size)
    return rule


def published(scratch: Path) -> Grpc:
    request = event_service_pb2.EventServicePublishRequest()
    budget = request.events.add().billing_budget
    budget.billing_account_id, budget.budget_id = "bench", "bench"

    def rule(size: int) -> Trigger.Rule:
        del size
        made = Trigger.Rule()
        made.billing_budget.billing_account_id = "bench"
        made.billing_budget.invoke_function.function_id = FUNCTION
        return made

    return Grpc(
        "EventService.Publish, 1 a call",
        "bare gRPC servicer",
        "tocsin.v1.EventService/Publish",
        rule,
        frame(request),
        scratch,
        1,
        sizes=(1,),
        events=8_000,
    )


@dataclass
class Webhook:
    """POSTs through Envoy, each with one event that no other has."""

    name: str
    path: str
    body: Callable[[int], str]
    rule_of: Callable[[int], Trigger.Rule]
    with_what: str = "aiohttp.web, no Envoy"
    sizes: tuple[int, ...] = SIZES
    events: int = 6_000
    _sent: int = field(default=0)

    def settings(self) -> str:
        return ""

    def rule(self, size: int) -> Trigger.Rule:
        return self.rule_of(size)

    def send(self, trigger: Trigger, node: Addresses, count: int) -> float:
        del trigger
        return self._post(node.http, count)

    def plainly(self, trigger: Trigger, count: int) -> float:
        del trigger
        with plain_server("http") as address:
            return self._post(address, count)

    def _post(self, address: str, count: int) -> float:
        bodies = [self.body(self._sent + number) for number in range(count)]
        self._sent += count
        return uvloop.run(posted(f"http://{address}{self.path}", bodies))


async def posted(url: str, bodies: Sequence[str]) -> float:
    left = iter(bodies)
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as session:

        async def post() -> None:
            for body in left:
                async with session.post(url, data=body) as response:
                    response.raise_for_status()

        began = time.perf_counter()
        await asyncio.gather(*(post() for _ in range(CONNECTIONS * STREAMS)))
        return len(bodies) / (time.perf_counter() - began)


def object_webhook() -> Webhook:
    return Webhook("S3 webhook", "/tocsin/v1/webhooks/objectStorage", object_changed, objects_rule)


def registry_webhook() -> Webhook:
    def rule(size: int) -> Trigger.Rule:
        made = Trigger.Rule()
        made.container_registry.event_type.append(
            Trigger.CONTAINER_REGISTRY_EVENT_TYPE_CREATE_IMAGE
        )
        made.container_registry.registry_id = REGISTRY
        batched(made.container_registry, size)
        return made

    path = f"/tocsin/v1/webhooks/containerRegistries/{REGISTRY}"
    return Webhook("Registry webhook", path, image_pushed, rule)


class Mail:
    name, with_what, sizes, events = "SMTP", "aiosmtpd", SIZES, 4000

    def settings(self) -> str:
        return 'smtp = "127.0.0.1:0"\n'

    def rule(self, size: int) -> Trigger.Rule:
        rule = Trigger.Rule()
        batched(rule.mail, size)
        return rule

    def send(self, trigger: Trigger, node: Addresses, count: int) -> float:
        return self._send(node.smtp, trigger.rule.mail.email, count)

    def plainly(self, trigger: Trigger, count: int) -> float:
        with plain_server("smtp") as address:
            return self._send(address, trigger.rule.mail.email, count)

    def _send(self, address: str, recipient: str, count: int) -> float:
        began = time.perf_counter()
        each = count // SENDERS
        with ThreadPoolExecutor(SENDERS) as pool:
            for done in [
                pool.submit(partial(mailed, address, recipient, each)) for _ in range(SENDERS)
            ]:
                done.result()
        return each * SENDERS / (time.perf_counter() - began)


def mailed(address: str, recipient: str, count: int) -> None:
    host, _, port = address.rpartition(":")
    mail = EmailMessage()
    mail["From"], mail["Subject"] = "sender@example.com", "out of paper"
    mail.set_content(TEXT)
    content = mail.as_bytes()
    with smtplib.SMTP(host, int(port), local_hostname="localhost") as client:
        for _ in range(count):
            client.sendmail("sender@example.com", recipient, content)
