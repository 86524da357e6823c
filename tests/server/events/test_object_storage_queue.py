"""S3 event notifications fire from a queue: moto's storage puts them into moto's."""

import json
import tempfile
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from stand.apis.events import GrpcEvents
from stand.apis.triggers import GrpcApi, create
from stand.apis.wire import Json
from stand.recording_target import RecordingTarget
from stand.services.amazon import REGION, Amazon, Queue, amazon, until
from stand.tocsin_process import Tocsin, serving
from stand.vendors.client import VendorClient


@dataclass
class Storage:
    """A storage that tells a queue of its objects, and a topic that passes on to that queue."""

    s3: Any
    queue: Queue
    topic: str

    @classmethod
    def of(cls, aws: Amazon) -> "Storage":
        queue = Queue(aws.client("sqs"), f"told-{uuid.uuid4().hex}", VisibilityTimeout="1")
        sns = aws.client("sns")
        topic = sns.create_topic(Name=queue.name)["TopicArn"]
        sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=queue.arn)
        return cls(aws.client("s3"), queue, topic)

    def make_bucket(self, *, by_topic: bool = False) -> str:
        name = f"x{uuid.uuid4().hex[:15]}"
        self.s3.create_bucket(Bucket=name)
        events = {"Events": ["s3:ObjectCreated:*", "s3:ObjectRemoved:*"]}
        told: Json = (
            {"TopicConfigurations": [{"TopicArn": self.topic, **events}]}
            if by_topic
            else {"QueueConfigurations": [{"QueueArn": self.queue.arn, **events}]}
        )
        self.s3.put_bucket_notification_configuration(Bucket=name, NotificationConfiguration=told)
        return name

    def put(self, bucket: str, *keys: str) -> None:
        for key in keys:
            self.s3.put_object(Bucket=bucket, Key=key, Body=key.encode())


@pytest.fixture(scope="module")
def aws() -> Iterator[Amazon]:
    with amazon() as running:
        yield running


@pytest.fixture(scope="module")
def storage(aws: Amazon) -> Storage:
    return Storage.of(aws)


def reading(config: str, queue: Queue) -> str:
    return f"""
        {config}

        [sources.object_storage]
        queue = "{queue.url}"
        region = "{REGION}"
        access_key_id = "id"
        secret_access_key = "secret"
    """


@pytest.fixture(scope="module")
def reader(config: str, storage: Storage) -> Iterator[Tocsin]:
    with (
        tempfile.TemporaryDirectory() as made,
        serving(Path(made), reading(config, storage.queue), http="off") as server,
    ):
        yield server


@pytest.fixture
def api(vendor: VendorClient, reader: Tocsin) -> GrpcApi:
    return GrpcApi(vendor, reader.grpc_address)


def trigger(api: GrpcApi, folder: str, bucket: str, **fields: Any) -> str:
    rule = {
        "eventType": ["OBJECT_STORAGE_EVENT_TYPE_CREATE_OBJECT"],
        "bucketId": bucket,
        "invokeFunction": {"functionId": bucket},
        **fields,
    }
    created: str = create(api, folder, rule={"objectStorage": rule})["id"]
    return created


def keys(target: RecordingTarget, bucket: str, count: int) -> list[str]:
    """The keys of the objects that the function was told of, one call each."""
    calls = target.wait_for(lambda call: call.path == f"/functions/{bucket}", count)
    bodies = {call.headers["x-request-id"]: call.json["messages"] for call in calls}
    return sorted(m["details"]["object_id"] for messages in bodies.values() for m in messages)


@pytest.mark.parametrize("by_topic", [False, True])
def test_what_a_storage_puts_into_a_queue_fires(
    api: GrpcApi, storage: Storage, target: RecordingTarget, folder: str, by_topic: bool
) -> None:
    bucket = storage.make_bucket(by_topic=by_topic)
    trigger(api, folder, bucket, suffix=".jpg")
    storage.put(bucket, "a cat.jpg", "notes.txt", "кот.jpg")
    storage.s3.delete_object(Bucket=bucket, Key="a cat.jpg")
    storage.put(bucket, "c.jpg")
    assert keys(target, bucket, 3) == ["a cat.jpg", "c.jpg", "кот.jpg"]
    until(lambda: storage.queue.counts() == (0, 0), "what was taken is deleted")


def test_what_is_no_notification_stays_and_is_told_of(
    api: GrpcApi,
    reader: Tocsin,
    storage: Storage,
    target: RecordingTarget,
    folder: str,
    aws: Amazon,
) -> None:
    dead = Queue(aws.client("sqs"), f"dead-{uuid.uuid4().hex}")
    storage.queue.redrive(dead, 1)
    bucket = storage.make_bucket()
    created = trigger(api, folder, bucket)

    def source() -> Json:
        intake = GrpcEvents(reader.grpc_address).call("GetIntake", {"triggerId": created})
        found: Json = intake.get("source") or {}
        return found

    until(lambda: source().get("connected"), "the queue is read for this trigger, too")
    [message_id] = storage.queue.send(json.dumps({"Records": 7}))
    storage.put(bucket, "good")
    assert keys(target, bucket, 1) == ["good"]
    until(lambda: message_id in source().get("lastError", ""), "the error is shown")
    assert "Records: expected an array" in source()["lastError"]
    assert source()["connected"]
    until(lambda: dead.counts() == (1, 0), "the queue's own policy moves it")


def test_a_record_that_can_not_be_read_is_counted_and_the_rest_of_its_message_is_taken(
    api: GrpcApi, reader: Tocsin, storage: Storage, target: RecordingTarget, folder: str
) -> None:
    bucket = storage.make_bucket()
    created = trigger(api, folder, bucket)
    good = {
        "eventName": "ObjectCreated:Put",
        "s3": {"bucket": {"name": bucket}, "object": {"key": "good"}},
    }
    bad = {**good, "eventTime": "yesterday"}
    storage.queue.send(json.dumps({"Records": [bad, good, None]}))
    assert keys(target, bucket, 1) == ["good"]

    def refused() -> str:
        intake = GrpcEvents(reader.grpc_address).call("GetIntake", {"triggerId": created})
        return str((intake.get("source") or {}).get("refusedEvents"))

    until(lambda: refused() == "2", "they are counted")


def test_nothing_is_lost_by_kill_9(
    directory: Path,
    config: str,
    aws: Amazon,
    vendor: VendorClient,
    target: RecordingTarget,
    folder: str,
) -> None:
    storage = Storage.of(aws)
    bucket = storage.make_bucket()
    settings = reading(config, storage.queue)
    put = [f"k{number:02}" for number in range(40)]
    with serving(directory, settings, http="off") as server:
        trigger(GrpcApi(vendor, server.grpc_address), folder, bucket)
        # It reads what is put, and is killed in whatever it is just then.
        storage.put(bucket, *put)
        server.kill()

    def all_came() -> bool:
        # moto tells those who wait of what is sent, and not of what is visible again.
        storage.queue.send('{"Event": "s3:TestEvent"}')
        return keys(target, bucket, 1) == put

    with serving(directory, settings, http="off"):
        until(all_came, "all is delivered, and each once")


def test_a_queue_that_does_not_answer_leaves_the_webhooks(
    directory: Path, vendor: VendorClient, folder: str
) -> None:
    settings = '[sources.object_storage]\nqueue = "http://127.0.0.1:1/000000000000/told"\n'
    with serving(directory, settings, http="off") as server:
        created = trigger(GrpcApi(vendor, server.grpc_address), folder, "photos")
        events = GrpcEvents(server.grpc_address)

        def told() -> str:
            source = events.call("GetIntake", {"triggerId": created}).get("source") or {}
            error: str = source.get("lastError", "")
            return error

        assert "127.0.0.1:1" in until(told, "the error is shown")
        event = {"change": "OBJECT_CHANGE_CREATE", "bucket_id": "photos", "object_id": "a"}
        [published] = events.call("Publish", {"events": [{"object_storage": event}]})["events"]
        assert published["accepted"] == "1"


def test_a_fifo_queue_of_notifications_is_refused_in_words(
    directory: Path, config: str, vendor: VendorClient, folder: str, aws: Amazon
) -> None:
    queue = Queue(aws.client("sqs"), f"told-{uuid.uuid4().hex}.fifo", FifoQueue="true")
    with serving(directory, reading(config, queue), http="off") as server:
        created = trigger(GrpcApi(vendor, server.grpc_address), folder, "b1")
        events = GrpcEvents(server.grpc_address)

        def error() -> str:
            intake = events.call("GetIntake", {"triggerId": created})
            return str((intake.get("source") or {}).get("lastError", ""))

        until(lambda: "is a FIFO queue: name a standard queue" in error(), "it is refused")
