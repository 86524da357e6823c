"""What a sender was told is taken fires, whatever happens to the process: at every door."""

import json
import random
import threading
import time
from collections.abc import Callable
from pathlib import Path

import grpc
from opentelemetry.proto.collector.logs.v1 import logs_service_pb2, logs_service_pb2_grpc

from stand.apis.triggers import RestApi, create
from stand.apis.wire import send
from stand.recording_target import RecordingTarget
from stand.tocsin_process import Tocsin, serving
from tocsin_protos.yandex.cloud.logging.v1.log_ingestion_service_pb2 import WriteRequest
from tocsin_protos.yandex.cloud.logging.v1.log_ingestion_service_pb2_grpc import (
    LogIngestionServiceStub,
)

ROUNDS = 2
SEED = 10
BUCKET, WRITTEN, EXPORTED = "killed-bucket", "killed-written", "killed-exported"
NAMES = (BUCKET, WRITTEN, EXPORTED)

# Tells the server of something by its name, and returns when it was told that it is taken.
Tell = Callable[[Tocsin, grpc.Channel, str], None]


def notify(server: Tocsin, _: grpc.Channel, name: str) -> None:
    s3 = {"bucket": {"name": BUCKET}, "object": {"key": name}}
    body = {"Records": [{"eventName": "ObjectCreated:Put", "eventSource": "aws:s3", "s3": s3}]}
    path = "/tocsin/v1/webhooks/objectStorage"
    reply = send(server.http_address, "POST", path, json.dumps(body).encode())
    if reply.status != 200:
        raise ConnectionError(reply.text)


def write(_: Tocsin, channel: grpc.Channel, name: str) -> None:
    request = WriteRequest()
    request.destination.log_group_id = WRITTEN
    request.resource.type = "vm"
    entry = request.entries.add(message=name)
    entry.timestamp.seconds = 1_795_255_200
    LogIngestionServiceStub(channel).Write(request, timeout=30)


def export(_: Tocsin, channel: grpc.Channel, name: str) -> None:
    request = logs_service_pb2.ExportLogsServiceRequest()
    request.resource_logs.add().scope_logs.add().log_records.add().body.string_value = name
    logs_service_pb2_grpc.LogsServiceStub(channel).Export(
        request, metadata=[("tocsin-log-group-id", EXPORTED)], timeout=30
    )


DOORS: dict[str, Tell] = {BUCKET: notify, WRITTEN: write, EXPORTED: export}


def tell_until_killed(server: Tocsin, tell: Tell, first: int, answered: list[str]) -> None:
    """Keeps telling until the server is gone, and writes down what was answered."""
    with server.channel() as channel:
        number = first
        try:
            while True:
                tell(server, channel, f"e{number}")
                answered.append(f"e{number}")
                number += 1
        except (grpc.RpcError, OSError):
            return


def create_triggers(api: RestApi, folder: str) -> None:
    bucket = {"eventType": ["OBJECT_STORAGE_EVENT_TYPE_CREATE_OBJECT"], "bucketId": BUCKET}
    rules = [
        (BUCKET, "objectStorage", bucket),
        (WRITTEN, "logging", {"logGroupId": WRITTEN}),
        (EXPORTED, "logging", {"logGroupId": EXPORTED}),
    ]
    for name, kind, rule in rules:
        function = {"invokeFunction": {"functionId": name}}
        batched = {"batchSettings": {"size": "7", "cutoff": "1s"}}
        create(api, folder, rule={kind: rule | batched | function})


def delivered(target: RecordingTarget, name: str) -> list[str]:
    """What came, each invocation counted once."""
    calls = target.all(lambda call: call.path == f"/functions/{name}")
    bodies = {call.headers["x-request-id"]: call.json["messages"] for call in calls}
    found = []
    for messages in bodies.values():
        for message in messages:
            details = message["details"]
            found += (
                [details["object_id"]]
                if "object_id" in details
                else [record["message"] for record in details["messages"]]
            )
    return found


def test_nothing_that_was_answered_is_lost_by_kill_9(
    directory: Path, config: str, target: RecordingTarget, folder: str
) -> None:
    answered: dict[str, list[str]] = {name: [] for name in NAMES}
    chance = random.Random(SEED)
    for number in range(ROUNDS):
        with serving(directory, config) as server:
            if number == 0:
                create_triggers(RestApi(server.http_address), folder)
            telling = [
                threading.Thread(
                    target=tell_until_killed,
                    args=(server, tell, 1_000_000 * number, answered[name]),
                )
                for name, tell in DOORS.items()
            ]
            for thread in telling:
                thread.start()
            time.sleep(chance.uniform(0.2, 0.5))
            server.kill()
            for thread in telling:
                thread.join()
    assert all(len(told) > ROUNDS for told in answered.values()), answered
    with serving(directory, config, http="off"):
        for name in NAMES:
            give_up = time.monotonic() + 60
            while missing := set(answered[name]) - set(delivered(target, name)):
                assert time.monotonic() < give_up, (SEED, name, len(missing))
                time.sleep(0.05)
            # What was not answered may have been taken; nothing was taken twice.
            came = delivered(target, name)
            assert len(came) == len(set(came))
