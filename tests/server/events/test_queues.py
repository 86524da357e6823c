"""message_queue: what stands in a queue of the SQS protocol is delivered, then deleted."""

import hashlib
import random
import threading
import time
import uuid
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from stand.apis.events import GrpcEvents, source_of
from stand.apis.sources import connected
from stand.apis.triggers import GrpcApi, create
from stand.apis.wire import Json
from stand.recording_target import Answer, Received, RecordingTarget, held_until
from stand.services.amazon import REGION, Amazon, Queue, amazon, until
from stand.services.scripted_queues import scripted_queues
from stand.tocsin_process import Tocsin, serving
from stand.vendors.client import VendorClient

SEED = 9
ROUNDS = 1


@pytest.fixture
def api(vendor: VendorClient, asking: Tocsin) -> GrpcApi:
    return GrpcApi(vendor, asking.grpc_address)


@pytest.fixture
def queue(aws: Amazon) -> Queue:
    return Queue(aws.client("sqs"), f"q-{uuid.uuid4().hex}")


def queue_id(name: str) -> str:
    return f"yrn:yc:ymq:ru-central1:b1g0:{name}"


def rule(name: str, size: int = 1, cutoff: str = "0s", **fields: Any) -> Json:
    """One whose function's id is the queue's name."""
    return {
        "messageQueue": {
            "queueId": queue_id(name),
            "serviceAccountId": "aje0",
            "batchSettings": {"size": str(size), "cutoff": cutoff},
            "invokeFunction": {"functionId": name},
            **fields,
        }
    }


def calls_of(name: str) -> Callable[[Received], bool]:
    return lambda call: call.path == f"/functions/{name}"


def bodies(call: Received) -> list[str]:
    return [each["details"]["message"]["body"] for each in call.json["messages"]]


def test_a_message_is_delivered_as_it_stands_in_the_queue(
    api: GrpcApi, folder: str, queue: Queue, target: RecordingTarget
) -> None:
    create(api, folder, rule=rule(queue.name))
    kind = {"DataType": "String", "StringValue": "order"}
    raw = {"DataType": "Binary", "BinaryValue": b"\0\xff"}
    [message_id] = queue.send("привет", MessageAttributes={"kind": kind, "raw": raw})
    [call] = target.wait_for(calls_of(queue.name))
    [message] = call.json["messages"]
    metadata, details = message["event_metadata"], message["details"]
    sent = details["message"]["attributes"]["SentTimestamp"]
    assert metadata["created_at"].endswith(f".{sent[-3:]}Z")
    assert metadata | {"created_at": ""} == {
        "event_id": message_id,
        "event_type": "yandex.cloud.events.messagequeue.QueueMessage",
        "created_at": "",
        "tracing_context": None,
        "cloud_id": "b1g0000000000000cld0",
        "folder_id": folder,
    }
    attributes = details["message"].pop("attributes")
    assert attributes.keys() == {
        "ApproximateFirstReceiveTimestamp",
        "ApproximateReceiveCount",
        "SenderId",
        "SentTimestamp",
    }
    assert details["message"].pop("md5_of_message_attributes")
    assert details == {
        "queue_id": queue_id(queue.name),
        "message": {
            "message_id": message_id,
            "md5_of_body": hashlib.md5("привет".encode()).hexdigest(),
            "body": "привет",
            "message_attributes": {
                "kind": {"data_type": "String", "string_value": "order"},
                "raw": {"data_type": "Binary", "binary_value": "AP8="},
            },
        },
    }


def test_a_message_is_deleted_once_it_is_delivered_not_before(
    api: GrpcApi, folder: str, queue: Queue, target: RecordingTarget
) -> None:
    let_go = threading.Event()
    target.answers[f"/functions/{queue.name}"] = held_until(let_go)
    create(api, folder, rule=rule(queue.name))
    queue.send("one")
    target.wait_for(calls_of(queue.name))
    assert queue.counts() == (0, 1)
    let_go.set()
    until(lambda: queue.counts() == (0, 0), "the message stays in its queue")


def test_a_message_whose_delivery_failed_comes_again_when_it_is_visible(
    api: GrpcApi, folder: str, queue: Queue, target: RecordingTarget
) -> None:
    answers = iter([Answer(500), Answer(500), Answer()])
    target.answers[f"/functions/{queue.name}"] = lambda _: next(answers)
    create(api, folder, rule=rule(queue.name, visibilityTimeout="1s"))
    [message_id] = queue.send("one")
    calls = target.wait_for(calls_of(queue.name), 3)
    messages = [call.json["messages"][0] for call in calls]
    assert {each["event_metadata"]["event_id"] for each in messages} == {message_id}
    counts = [
        each["details"]["message"]["attributes"]["ApproximateReceiveCount"] for each in messages
    ]
    assert counts == ["1", "2", "3"]
    until(lambda: queue.counts() == (0, 0), "the message stays in its queue")


def test_what_fails_too_often_goes_where_the_queue_has_it_go(
    api: GrpcApi, folder: str, queue: Queue, target: RecordingTarget, aws: Amazon
) -> None:
    dead = Queue(aws.client("sqs"), f"dead-{uuid.uuid4().hex}")
    queue.redrive(dead, receives=2)
    target.answers[f"/functions/{queue.name}"] = lambda _: Answer(500)
    create(api, folder, rule=rule(queue.name, visibilityTimeout="1s"))
    queue.send("bad")
    until(lambda: dead.counts() == (1, 0), "it is not redriven")
    assert len(target.all(calls_of(queue.name))) == 2
    assert queue.counts() == (0, 0)


def test_a_call_that_outlasts_the_visibility_timeout_is_not_made_twice(
    api: GrpcApi, folder: str, queue: Queue, target: RecordingTarget
) -> None:
    let_go = threading.Event()
    target.answers[f"/functions/{queue.name}"] = held_until(let_go)
    create(api, folder, rule=rule(queue.name, visibilityTimeout="1s"))
    queue.send("slow")
    target.wait_for(calls_of(queue.name))
    until(lambda: received_twice(queue), "it was not received again")
    let_go.set()
    until(lambda: queue.counts() == (0, 0), "the message stays in its queue")
    assert len(target.all(calls_of(queue.name))) == 1


def received_twice(queue: Queue) -> bool:
    # Its first timeout is over, and it is hidden again.
    time.sleep(1.2)
    return queue.counts() == (0, 1)


def test_messages_share_a_call_by_size_and_by_cutoff(
    api: GrpcApi, folder: str, queue: Queue, target: RecordingTarget
) -> None:
    queue.send(*"abcd")
    create(api, folder, rule=rule(queue.name, size=3, cutoff="1s"))
    full, rest = target.wait_for(calls_of(queue.name), 2)
    assert [len(bodies(full)), len(bodies(rest))] == [3, 1]
    assert sorted(bodies(full) + bodies(rest)) == list("abcd")
    until(lambda: queue.counts() == (0, 0), "messages stay in their queue")


def test_a_batch_comes_again_as_a_whole(
    api: GrpcApi, folder: str, queue: Queue, target: RecordingTarget
) -> None:
    answers = iter([Answer(500), Answer()])
    target.answers[f"/functions/{queue.name}"] = lambda _: next(answers)
    queue.send(*"abc")
    create(api, folder, rule=rule(queue.name, size=3, cutoff="10s", visibilityTimeout="1s"))
    first, second = target.wait_for(calls_of(queue.name), 2)
    assert sorted(bodies(first)) == sorted(bodies(second)) == list("abc")


def test_while_it_is_paused_messages_pile_up_and_then_are_worked_off(
    api: GrpcApi, folder: str, queue: Queue, target: RecordingTarget, asking: Tocsin
) -> None:
    trigger_id = create(api, folder, rule=rule(queue.name))["id"]
    until(
        lambda: source_of(asking.grpc_address, trigger_id).get("connected"), "it is not connected"
    )
    api.call("Pause", {"triggerId": trigger_id})
    until(
        lambda: not source_of(asking.grpc_address, trigger_id).get("connected"), "it is still read"
    )
    queue.send(*"abc")
    # The request that was waiting when it was paused gives back what it still gets.
    until(lambda: queue.counts() == (3, 0), "messages are hidden")
    api.call("Resume", {"triggerId": trigger_id})
    calls = target.wait_for(calls_of(queue.name), 3)
    assert sorted(body for call in calls for body in bodies(call)) == list("abc")
    intake = GrpcEvents(asking.grpc_address).call("GetIntake", {"triggerId": trigger_id})
    assert intake["lostEvents"] == "0"


def test_a_queue_that_is_not_there_makes_only_its_own_trigger_sick(
    api: GrpcApi, folder: str, queue: Queue, target: RecordingTarget, asking: Tocsin, aws: Amazon
) -> None:
    late = f"late-{uuid.uuid4().hex}"
    sick = create(api, folder, rule=rule(late))["id"]
    well = create(api, folder, rule=rule(queue.name))["id"]
    state = until(lambda: source_of(asking.grpc_address, sick), "nothing is told of it")
    assert not state["connected"]
    assert late in state["lastError"]
    queue.send("fine")
    target.wait_for(calls_of(queue.name))
    until(lambda: source_of(asking.grpc_address, well).get("lastEvent"), "its event is not told")
    state = source_of(asking.grpc_address, well)
    assert state["connected"]
    assert state["lastError"] == ""
    Queue(aws.client("sqs"), late).send("at last")
    target.wait_for(calls_of(late))
    connected(asking, sick)


def test_a_queue_that_is_nowhere_configured_is_told_of(
    grpc_api: GrpcApi, server: Tocsin, folder: str
) -> None:
    trigger_id = create(grpc_api, folder, rule=rule("nowhere"))["id"]
    state = until(lambda: source_of(server.grpc_address, trigger_id), "nothing is told of it")
    assert not state["connected"]
    assert "set endpoint in [sources.message_queue]" in state["lastError"]


def sources_at(url: str, region: str = REGION) -> str:
    """The settings of a server that reads queues and streams there."""
    return "".join(
        f"""
        [sources.{kind}]
        endpoint = "{url}"
        region = "{region}"
        access_key_id = "id"
        secret_access_key = "secret"
        """
        for kind in ("message_queue", "data_stream")
    )


def test_a_message_that_can_not_be_read_holds_up_no_other_and_is_counted(
    directory: Path, config: str, vendor: VendorClient, folder: str, target: RecordingTarget
) -> None:
    name = f"q-{uuid.uuid4().hex}"
    good = {"MessageId": "m2", "ReceiptHandle": "r2", "Body": "good"}
    bad = [
        {"MessageId": "m1", "ReceiptHandle": "r1", "Body": "half of a pair: \ud800"},
        {"MessageId": "m3", "ReceiptHandle": "r3"},
    ]
    with (
        scripted_queues(bad[0], good, bad[1]) as queues,
        serving(directory, config + sources_at(queues.url), http="off") as server,
    ):
        trigger_id = create(GrpcApi(vendor, server.grpc_address), folder, rule=rule(name))["id"]
        [call] = target.wait_for(calls_of(name))
        assert bodies(call) == ["good"]
        until(
            lambda: source_of(server.grpc_address, trigger_id).get("refusedEvents") == "2",
            "they are counted",
        )
        source = source_of(server.grpc_address, trigger_id)
        assert "message m3: Body is missing" in source["lastError"]
        assert source["connected"]
        until(lambda: queues.deleted == ["r2"], "the good one is deleted, and no other")
        assert queues.asked[0]["AttributeNames"] == ["All"]
        assert queues.asked[0]["MessageAttributeNames"] == ["All"]


def test_a_fifo_queue_is_refused_at_once_in_words(
    api: GrpcApi, folder: str, asking: Tocsin, aws: Amazon
) -> None:
    name = f"q-{uuid.uuid4().hex}.fifo"
    Queue(aws.client("sqs"), name, FifoQueue="true")
    trigger_id = create(api, folder, rule=rule(name))["id"]
    state = until(lambda: source_of(asking.grpc_address, trigger_id), "nothing is told of it")
    assert not state["connected"]
    assert "is a FIFO queue: name a standard queue" in state["lastError"]


def test_a_fifo_queue_for_dead_letters_is_warned_of_in_the_intake(
    grpc_api: GrpcApi, server: Tocsin, folder: str
) -> None:
    dead = {"queueId": queue_id("dead.fifo"), "serviceAccountId": "aje0"}
    function = {"functionId": "x", "deadLetterQueue": dead}
    timer = {"cronExpression": "0 0 1 1 ? 2099", "invokeFunctionWithRetry": function}
    trigger_id = create(grpc_api, folder, rule={"timer": timer})["id"]
    intake = GrpcEvents(server.grpc_address).call("GetIntake", {"triggerId": trigger_id})
    [warning] = intake["warnings"]
    assert "dead.fifo is a FIFO queue: name a standard queue" in warning


def test_a_region_that_a_service_does_not_know_is_told_in_words(
    directory: Path, config: str, vendor: VendorClient, folder: str, aws: Amazon
) -> None:
    settings = config + sources_at(aws.url, region="nowhere-1")
    name = f"q-{uuid.uuid4().hex}"
    stream = {"stream": name, "invokeFunction": {"functionId": name}, "batchSettings": {"size": 1}}
    with serving(directory, settings, http="off") as server:
        api = GrpcApi(vendor, server.grpc_address)
        for made in (rule(name), {"dataStream": stream}):
            trigger_id = create(api, folder, rule=made)["id"]
            state = until(
                lambda of=trigger_id: source_of(server.grpc_address, of),  # type: ignore[misc]
                "nothing is told of it",
            )
            assert "does not know the `region` of the settings" in state["lastError"]
            assert "<" not in state["lastError"]


def test_a_trigger_that_names_another_queue_reads_that(
    api: GrpcApi, folder: str, queue: Queue, target: RecordingTarget, aws: Amazon
) -> None:
    trigger_id = create(api, folder, rule=rule(queue.name))["id"]
    other = Queue(aws.client("sqs"), f"q-{uuid.uuid4().hex}")
    other.send("there")
    api.call("Update", {"triggerId": trigger_id, "updateMask": "rule", "rule": rule(other.name)})
    target.wait_for(calls_of(other.name))


def test_no_message_is_lost_by_kill_9(
    directory: Path,
    aws_config: str,
    vendor: VendorClient,
    folder: str,
    queue: Queue,
    target: RecordingTarget,
) -> None:
    chance = random.Random(SEED)
    sent: list[str] = []
    for number in range(ROUNDS):
        with serving(directory, aws_config, http="off") as server:
            if number == 0:
                api = GrpcApi(vendor, server.grpc_address)
                create(api, folder, rule=rule(queue.name, 3, "1s", visibilityTimeout="3s"))
            names = [f"{number}-{each}" for each in range(40)]
            sent += names
            queue.send(*names)
            time.sleep(chance.uniform(0.05, 0.4))
            server.kill()
    with serving(directory, aws_config, http="off"):
        until(lambda: queue.counts() == (0, 0), "messages stay in their queue")
    calls = target.all(calls_of(queue.name))
    assert set(sent) == {body for call in calls for body in bodies(call)}
    # What was sent, not how often it was tried, is counted once.
    once = {call.headers["x-request-id"]: bodies(call) for call in calls}
    counts = Counter(body for each in once.values() for body in each)
    assert set(counts.values()) == {1}


def test_queues_of_several_services_are_read_where_their_urls_are(
    directory: Path,
    config: str,
    aws: Amazon,
    vendor: VendorClient,
    folder: str,
    target: RecordingTarget,
) -> None:
    with amazon() as other:
        queues = [Queue(each.client("sqs"), f"q-{uuid.uuid4().hex}") for each in (aws, other)]
        urls = "\n".join(f'"{queue_id(each.name)}" = "{each.url}"' for each in queues)
        # At neither of both: the URL alone says where a queue is.
        sources = aws.config("message_queue").replace(aws.url, "http://127.0.0.1:1")
        settings = f"{config}\n{sources}\n[sources.message_queue.urls]\n{urls}"
        with serving(directory, settings, http="off") as server:
            api = GrpcApi(vendor, server.grpc_address)
            for each in queues:
                create(api, folder, rule=rule(each.name))
                each.send(each.name)
            for each in queues:
                [call] = target.wait_for(calls_of(each.name))
                assert bodies(call) == [each.name]


def test_a_queue_that_is_deleted_meanwhile_is_told_of(
    api: GrpcApi, asking: Tocsin, aws: Amazon, folder: str, queue: Queue
) -> None:
    trigger_id = create(api, folder, rule=rule(queue.name))["id"]
    connected(asking, trigger_id)
    # It wakes the poll that waits; the next one meets no queue.
    queue.send("the last one")
    aws.client("sqs").delete_queue(QueueUrl=queue.url)
    told = until(
        lambda: source_of(asking.grpc_address, trigger_id).get("lastError"), "nothing is told"
    )
    assert told.startswith(f"queue {queue_id(queue.name)}: ")
    assert "queue does not exist" in told
