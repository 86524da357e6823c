"""data_stream: each record of a stream of the Kinesis protocol is delivered, shard by shard."""

import json
import random
import time
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from stand.apis.events import GrpcEvents, source_of
from stand.apis.sources import connected, not_connected
from stand.apis.triggers import GrpcApi, create
from stand.apis.wire import Json
from stand.recording_target import Received, RecordingTarget
from stand.services.aggregating import aggregated
from stand.services.amazon import Amazon, until
from stand.tocsin_process import Tocsin, serving
from stand.vendors.client import VendorClient

SEED = 11
ROUNDS = 1
HALF = str(2**127)


class Stream:
    """A stream, as those see it who write to it."""

    def __init__(self, client: Any, name: str, shards: int = 1) -> None:
        self._client = client
        self.name = name
        client.create_stream(StreamName=name, ShardCount=shards)

    def put(self, *records: str) -> None:
        self._client.put_records(
            StreamName=self.name,
            Records=[{"Data": each.encode(), "PartitionKey": each} for each in records],
        )

    def put_bytes(self, *records: bytes) -> None:
        self._client.put_records(
            StreamName=self.name,
            Records=[{"Data": each, "PartitionKey": "a"} for each in records],
        )

    def shards(self) -> list[Json]:
        found: list[Json] = self._client.list_shards(StreamName=self.name)["Shards"]
        return found

    def open_shards(self) -> list[str]:
        return [
            each["ShardId"]
            for each in self.shards()
            if "EndingSequenceNumber" not in each["SequenceNumberRange"]
        ]

    def split(self) -> None:
        [shard] = self.open_shards()
        self._client.split_shard(StreamName=self.name, ShardToSplit=shard, NewStartingHashKey=HALF)

    def delete(self) -> None:
        self._client.delete_stream(StreamName=self.name)

    def merge(self) -> None:
        one, other = self.open_shards()
        self._client.merge_shards(
            StreamName=self.name, ShardToMerge=one, AdjacentShardToMerge=other
        )


@pytest.fixture
def api(vendor: VendorClient, asking: Tocsin) -> GrpcApi:
    return GrpcApi(vendor, asking.grpc_address)


@pytest.fixture
def stream(aws: Amazon) -> Stream:
    return Stream(aws.client("kinesis"), f"s-{uuid.uuid4().hex}")


def rule(name: str, function: str = "", bytes_: int = 1, cutoff: str = "1s") -> Json:
    """One whose function's id is the stream's name."""
    return {
        "dataStream": {
            "endpoint": "https://yds.serverless.yandexcloud.net",
            "stream": name,
            "batchSettings": {"size": str(bytes_), "cutoff": cutoff},
            "invokeFunction": {"functionId": function or name},
        }
    }


def calls_of(name: str) -> Callable[[Received], bool]:
    return lambda call: call.path == f"/functions/{name}"


def came(target: RecordingTarget, name: str) -> list[Any]:
    """The records that came, in no order of time: each of a call, each call once."""
    calls = {call.headers["x-request-id"]: call for call in target.all(calls_of(name))}
    return sorted(record for call in calls.values() for record in call.json["messages"])


def test_a_record_is_delivered_alone_as_it_stands(
    api: GrpcApi, folder: str, stream: Stream, target: RecordingTarget, asking: Tocsin
) -> None:
    trigger_id = create(api, folder, rule=rule(stream.name))["id"]
    stream.put('{"price": 10.10, "name": "чай"}')
    [call] = target.wait_for(calls_of(stream.name))
    assert call.json == {"messages": [{"price": 10.1, "name": "чай"}]}
    assert b"10.10" in call.body
    until(
        lambda: source_of(asking.grpc_address, trigger_id).get("lastEvent"),
        "its event is not told",
    )


def test_records_from_before_the_trigger_are_not_delivered(
    api: GrpcApi, folder: str, stream: Stream, target: RecordingTarget
) -> None:
    stream.put('"before"')
    # The protocol's instants are whole seconds.
    time.sleep(1.1)
    create(api, folder, rule=rule(stream.name))
    stream.put('"after"')
    target.wait_for(calls_of(stream.name))
    assert came(target, stream.name) == ["after"]


def test_a_record_that_is_no_json_is_left_out_and_told_of(
    api: GrpcApi, folder: str, stream: Stream, target: RecordingTarget, asking: Tocsin
) -> None:
    trigger_id = create(api, folder, rule=rule(stream.name))["id"]
    stream.put("1", "not json", "2")
    target.wait_for(calls_of(stream.name), 2)
    assert came(target, stream.name) == [1, 2]
    until(
        lambda: source_of(asking.grpc_address, trigger_id).get("refusedEvents", "0") != "0",
        "it is not told of",
    )
    state = source_of(asking.grpc_address, trigger_id)
    assert state["refusedEvents"] == "1"
    assert "is not JSON" in state["lastError"]
    assert state["connected"]


def test_aggregated_records_fire_one_by_one_and_each_once(
    api: GrpcApi, folder: str, stream: Stream, target: RecordingTarget, asking: Tocsin
) -> None:
    trigger_id = create(api, folder, rule=rule(stream.name))["id"]
    many = [json.dumps(number).encode() for number in range(600)]
    stream.put_bytes(b"-1", aggregated(many), aggregated([b"600", b"not json", b"601"]))
    stream.put_bytes(aggregated([b"1"])[:-1] + b"\0")
    stream.put("602")
    until(lambda: len(came(target, stream.name)) >= 604, "all come")
    assert sorted(came(target, stream.name)) == list(range(-1, 603))
    until(
        lambda: source_of(asking.grpc_address, trigger_id).get("refusedEvents") == "2",
        "what can't be read is counted",
    )


def test_records_share_a_call_up_to_so_many_bytes(
    api: GrpcApi, folder: str, stream: Stream, target: RecordingTarget, asking: Tocsin
) -> None:
    create(api, folder, rule=rule(stream.name, bytes_=20, cutoff="2s"))
    stream.put(*(json.dumps(f"{each:06}") for each in range(5)))
    calls = target.wait_for(calls_of(stream.name), 3)
    # Calls are under way side by side.
    assert sorted(call.json["messages"] for call in calls) == [
        ["000000", "000001"],
        ["000002", "000003"],
        ["000004"],
    ]


def test_two_triggers_of_one_stream_both_get_all_of_it(
    api: GrpcApi, folder: str, stream: Stream, target: RecordingTarget
) -> None:
    names = [f"{stream.name}-{each}" for each in "ab"]
    for name in names:
        create(api, folder, rule=rule(stream.name, name))
    stream.put("1", "2")
    for name in names:
        target.wait_for(calls_of(name), 2)
        assert came(target, name) == [1, 2]


def test_while_it_is_paused_records_pile_up_and_then_are_worked_off(
    api: GrpcApi, folder: str, stream: Stream, target: RecordingTarget, asking: Tocsin
) -> None:
    trigger_id = create(api, folder, rule=rule(stream.name))["id"]
    stream.put("1")
    target.wait_for(calls_of(stream.name))
    connected(asking, trigger_id)
    api.call("Pause", {"triggerId": trigger_id})
    not_connected(asking, trigger_id)
    stream.put("2", "3")
    api.call("Resume", {"triggerId": trigger_id})
    target.wait_for(calls_of(stream.name), 3)
    assert came(target, stream.name) == [1, 2, 3]
    intake = GrpcEvents(asking.grpc_address).call("GetIntake", {"triggerId": trigger_id})
    assert intake["lostEvents"] == "0"


def test_a_split_and_a_merge_are_followed(
    api: GrpcApi, folder: str, stream: Stream, target: RecordingTarget
) -> None:
    create(api, folder, rule=rule(stream.name))

    def put(*records: int) -> None:
        stream.put(*map(str, records))
        until(lambda: set(records) <= set(came(target, stream.name)), "records are missing")

    # Enough that each of two shards gets some.
    put(*range(8))
    stream.split()
    put(*range(10, 18))
    stream.merge()
    put(*range(20, 28))


def test_a_stream_that_is_not_there_is_told_of_and_read_when_it_is(
    api: GrpcApi, folder: str, aws: Amazon, target: RecordingTarget, asking: Tocsin
) -> None:
    late = f"late-{uuid.uuid4().hex}"
    trigger_id = create(api, folder, rule=rule(late))["id"]
    state = until(lambda: source_of(asking.grpc_address, trigger_id), "nothing is told of it")
    assert not state["connected"]
    assert late in state["lastError"]
    Stream(aws.client("kinesis"), late).put("1")
    target.wait_for(calls_of(late))
    connected(asking, trigger_id)


def test_no_record_is_lost_or_doubled_by_kill_9(
    directory: Path,
    aws_config: str,
    aws: Amazon,
    vendor: VendorClient,
    folder: str,
    target: RecordingTarget,
) -> None:
    stream = Stream(aws.client("kinesis"), f"s-{uuid.uuid4().hex}", shards=2)
    chance = random.Random(SEED)
    put = 0
    for number in range(ROUNDS):
        with serving(directory, aws_config, http="off") as server:
            if number == 0:
                api = GrpcApi(vendor, server.grpc_address)
                create(api, folder, rule=rule(stream.name, bytes_=8))
            killed_at = time.monotonic() + chance.uniform(0.1, 1.0)
            while time.monotonic() < killed_at:
                stream.put(*map(str, range(put, put + 5)))
                put += 5
                time.sleep(0.02)
            server.kill()
    with serving(directory, aws_config, http="off"):
        until(lambda: len(came(target, stream.name)) >= put, "records are missing")
    assert came(target, stream.name) == list(range(put))


def test_a_stream_that_is_made_anew_is_read_from_its_beginning_and_its_source_says_so(
    api: GrpcApi,
    folder: str,
    stream: Stream,
    target: RecordingTarget,
    asking: Tocsin,
    aws: Amazon,
) -> None:
    """Its shards have the ids, and moto's records the numbers, of those that were read before."""
    trigger_id = create(api, folder, rule=rule(stream.name))["id"]
    connected(asking, trigger_id)
    stream.put("1", "2", "3")
    until(lambda: came(target, stream.name) == [1, 2, 3], "they did not come")
    stream.delete()
    not_connected(asking, trigger_id)
    again = Stream(aws.client("kinesis"), stream.name)
    again.put("4", "5")
    until(lambda: came(target, stream.name) == [1, 2, 3, 4, 5], "its new records did not come")
    said = "was deleted and made again: its positions are lost; reading from"
    until(
        lambda: said in source_of(asking.grpc_address, trigger_id)["lastError"],
        "that the positions are lost is not told",
    )
