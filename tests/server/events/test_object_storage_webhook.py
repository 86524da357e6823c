"""S3 event notifications fire: bodies that real software made, and MinIO's as documented."""

import json
import tempfile
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from moto.server import ThreadedMotoServer

from stand.apis.events import RestEvents, answered
from stand.apis.triggers import RestApi, create
from stand.apis.wire import Json, Refused, send
from stand.recording_target import Received, RecordingTarget
from stand.tocsin_process import Tocsin, serving

PATH = "/tocsin/v1/webhooks/objectStorage"
REGION = "us-east-1"


class ObjectStorage:
    """A storage that puts its notifications into a queue."""

    def __init__(self, url: str) -> None:
        told = {
            "endpoint_url": url,
            "region_name": REGION,
            "aws_access_key_id": "id",
            "aws_secret_access_key": "key",
        }
        self.s3: Any = boto3.client("s3", **told)
        self._sqs: Any = boto3.client("sqs", **told)
        self._queue = self._sqs.create_queue(QueueName="told")["QueueUrl"]

    def make_bucket(self, name: str) -> None:
        self.s3.create_bucket(Bucket=name)
        arn = f"arn:aws:sqs:{REGION}:123456789012:told"
        queue = {"QueueArn": arn, "Events": ["s3:ObjectCreated:*", "s3:ObjectRemoved:*"]}
        self.s3.put_bucket_notification_configuration(
            Bucket=name, NotificationConfiguration={"QueueConfigurations": [queue]}
        )

    def told(self) -> list[bytes]:
        """Takes the notifications that came since."""
        bodies = []
        while messages := self._sqs.receive_message(QueueUrl=self._queue).get("Messages"):
            for message in messages:
                bodies.append(message["Body"].encode())
                self._sqs.delete_message(
                    QueueUrl=self._queue, ReceiptHandle=message["ReceiptHandle"]
                )
        return bodies


@pytest.fixture(scope="module")
def server(config: str) -> Iterator[Tocsin]:
    """A server without the triggers of others, which may listen to every bucket."""
    with tempfile.TemporaryDirectory() as made, serving(Path(made), config) as tocsin:
        yield tocsin


@pytest.fixture(scope="module")
def rest_api(server: Tocsin) -> RestApi:
    return RestApi(server.http_address)


@pytest.fixture(scope="module")
def storage() -> Iterator[ObjectStorage]:
    moto = ThreadedMotoServer("127.0.0.1", port=0, verbose=False)
    moto.start()
    host, port = moto.get_host_and_port()
    yield ObjectStorage(f"http://{host}:{port}")
    moto.stop()


@pytest.fixture
def mine(storage: ObjectStorage) -> str:
    """A bucket, and a function, that no other test knows."""
    name = f"x{uuid.uuid4().hex[:15]}"
    storage.make_bucket(name)
    storage.told()
    return name


def notify(server: Tocsin, body: bytes, authorization: str | None = None) -> Json:
    headers = {} if authorization is None else {"Authorization": authorization}
    outcome: Json = answered(send(server.http_address, "POST", PATH, body, headers))["outcome"]
    return {name: int(count) for name, count in outcome.items()}


def trigger(api: RestApi, folder: str, mine: str, **fields: Any) -> str:
    rule = {
        "eventType": [
            "OBJECT_STORAGE_EVENT_TYPE_CREATE_OBJECT",
            "OBJECT_STORAGE_EVENT_TYPE_DELETE_OBJECT",
        ],
        "bucketId": mine,
        "invokeFunction": {"functionId": mine},
        **fields,
    }
    created: str = create(api, folder, rule={"objectStorage": rule})["id"]
    return created


def messages(target: RecordingTarget, mine: str, count: int) -> list[Json]:
    def of_mine(call: Received) -> bool:
        return call.path == f"/functions/{mine}"

    calls = target.wait_for(of_mine, count)
    return [message for call in calls for message in call.json["messages"]]


def test_what_a_storage_tells_fires(
    server: Tocsin,
    rest_api: RestApi,
    storage: ObjectStorage,
    target: RecordingTarget,
    folder: str,
    mine: str,
) -> None:
    trigger(rest_api, folder, mine, prefix="in/", suffix=".jpg")
    key = "in/my cat +1 кот.jpg"
    storage.s3.put_object(Bucket=mine, Key=key, Body=b"cat")
    storage.s3.put_object(Bucket=mine, Key="in/notes.txt", Body=b"no cat")
    storage.s3.delete_object(Bucket=mine, Key=key)
    outcomes = [notify(server, body) for body in storage.told()]
    assert sorted(each["accepted"] for each in outcomes) == [0, 1, 1]
    assert sum(each["filtered"] for each in outcomes) == 1
    told = messages(target, mine, 2)
    assert {each["event_metadata"]["event_type"] for each in told} == {
        "yandex.cloud.events.storage.ObjectCreate",
        "yandex.cloud.events.storage.ObjectDelete",
    }
    assert [each["details"] for each in told] == [{"bucket_id": mine, "object_id": key}] * 2
    assert {each["event_metadata"]["folder_id"] for each in told} == {folder}


def test_what_is_told_again_is_no_second_event(
    server: Tocsin,
    rest_api: RestApi,
    storage: ObjectStorage,
    target: RecordingTarget,
    folder: str,
    mine: str,
) -> None:
    trigger(rest_api, folder, mine)
    storage.s3.put_object(Bucket=mine, Key="a", Body=b"")
    [body] = storage.told()
    assert notify(server, body) == {
        "events": 1,
        "ignored": 0,
        "accepted": 1,
        "repeated": 0,
        "lost": 0,
        "filtered": 0,
    }
    assert notify(server, body)["repeated"] == 1
    assert len(messages(target, mine, 1)) == 1


def test_a_batch_is_of_several_notifications(
    server: Tocsin,
    rest_api: RestApi,
    storage: ObjectStorage,
    target: RecordingTarget,
    folder: str,
    mine: str,
) -> None:
    trigger(rest_api, folder, mine, batchSettings={"size": "3", "cutoff": "60s"})
    for number in range(3):
        storage.s3.put_object(Bucket=mine, Key=f"k{number}", Body=b"")
    for body in storage.told():
        notify(server, body)
    told = messages(target, mine, 1)
    assert {each["details"]["object_id"] for each in told} == {"k0", "k1", "k2"}


def test_while_paused_what_is_told_is_lost_and_counted(
    server: Tocsin,
    rest_api: RestApi,
    storage: ObjectStorage,
    target: RecordingTarget,
    folder: str,
    mine: str,
) -> None:
    paused = trigger(rest_api, folder, mine)
    rest_api.call("Pause", {"triggerId": paused})
    storage.s3.put_object(Bucket=mine, Key="lost", Body=b"")
    [body] = storage.told()
    assert notify(server, body)["lost"] == 1
    intake = RestEvents(server.http_address).call("GetIntake", {"triggerId": paused})
    assert intake["lostEvents"] == "1"
    rest_api.call("Resume", {"triggerId": paused})
    storage.s3.put_object(Bucket=mine, Key="kept", Body=b"")
    [body] = storage.told()
    assert notify(server, body)["accepted"] == 1
    assert [each["details"]["object_id"] for each in messages(target, mine, 1)] == ["kept"]


def test_minio_is_understood_as_it_documents_it(
    server: Tocsin, rest_api: RestApi, target: RecordingTarget, folder: str, mine: str
) -> None:
    trigger(rest_api, folder, mine)
    record = {
        "eventVersion": "2.0",
        "eventSource": "minio:s3",
        "awsRegion": "",
        "eventTime": "2026-11-21T10:00:00.577Z",
        "eventName": "s3:ObjectCreated:Put",
        "userIdentity": {"principalId": "minio"},
        "responseElements": {"x-amz-request-id": "1789A9F8BC4E1D72"},
        "s3": {
            "s3SchemaVersion": "1.0",
            "configurationId": "Config",
            "bucket": {"name": mine, "arn": f"arn:aws:s3:::{mine}"},
            "object": {"key": "in%2Fcat.jpg", "size": 3, "sequencer": "1789A9F8BD6E8B2A"},
        },
        "source": {"host": "127.0.0.1", "port": "", "userAgent": "MinIO"},
    }
    body = {"EventName": record["eventName"], "Key": f"{mine}/in/cat.jpg", "Records": [record]}
    assert notify(server, json.dumps(body).encode())["accepted"] == 1
    [told] = messages(target, mine, 1)
    assert told["details"] == {"bucket_id": mine, "object_id": "in/cat.jpg"}
    assert told["event_metadata"]["created_at"] == "2026-11-21T10:00:00.577Z"


def test_a_body_that_is_none_is_refused_where_it_is_wrong(server: Tocsin) -> None:
    with pytest.raises(Refused) as refused:
        notify(server, b'{"Records": [{"eventName": "ObjectCreated:Put", "s3": 1}]}')
    assert (refused.value.code, refused.value.http) == ("INVALID_ARGUMENT", 400)
    assert refused.value.fields == {"notification.Records[0].s3": "expected an object"}


def record(bucket: str, key: Any, **fields: Any) -> Json:
    s3 = {"bucket": {"name": bucket}, "object": {"key": key, "sequencer": uuid.uuid4().hex}}
    return {"eventName": "ObjectCreated:Put", "s3": s3} | fields


def test_a_record_that_can_not_be_read_holds_up_no_other_and_is_counted(
    rest_api: RestApi, server: Tocsin, target: RecordingTarget, folder: str, mine: str
) -> None:
    created, other = (
        trigger(rest_api, folder, mine),
        trigger(rest_api, folder, mine, bucketId=f"other-{mine}"),
    )
    records = [
        record(mine, 7),
        record(mine, "good"),
        record(mine, "late", eventTime="yesterday"),
        record(mine, "nul\0"),
        record(f"nul\0{mine}", "a"),
        "not a record",
        record(mine, "fine"),
    ]
    outcome = notify(server, json.dumps({"Records": records}).encode())
    assert outcome == {
        "events": 2,
        "ignored": 0,
        "accepted": 2,
        "repeated": 0,
        "lost": 0,
        "filtered": 0,
        "refused": 5,
    }
    keys = {each["details"]["object_id"] for each in messages(target, mine, 2)}
    assert keys == {"good", "fine"}
    events = RestEvents(server.http_address)
    source = events.call("GetIntake", {"triggerId": created})["source"]
    # What names no bucket counts for those of the others.
    assert source["refusedEvents"] == "5"
    assert source["lastError"].startswith("Records[")
    assert source["connected"]
    assert "source" not in events.call("GetIntake", {"triggerId": other})


def test_bytes_of_a_record_that_are_not_utf_8_hold_up_no_other_and_are_counted(
    rest_api: RestApi, server: Tocsin, target: RecordingTarget, folder: str, mine: str
) -> None:
    created = trigger(rest_api, folder, mine)
    body = json.dumps({"Records": [record(mine, "good"), record(mine, "?")]}).encode()
    outcome = notify(server, body.replace(b'"?"', b'"caf\xe9"'))
    assert (outcome["events"], outcome["accepted"], outcome["refused"]) == (1, 1, 1)
    [call] = messages(target, mine, 1)
    assert call["details"]["object_id"] == "good"
    source = RestEvents(server.http_address).call("GetIntake", {"triggerId": created})["source"]
    assert source["lastError"] == "Records[1].s3.object.key: is not Unicode"


def test_what_is_ignored_beside_what_can_not_be_read_is_no_error(server: Tocsin) -> None:
    body = {"Records": [{"eventName": "s3:Replication:x"}, {}]}
    outcome = notify(server, json.dumps(body).encode())
    assert (outcome["events"], outcome["ignored"], outcome["refused"]) == (0, 1, 1)


def test_a_body_of_which_nothing_can_be_read_is_refused(server: Tocsin) -> None:
    with pytest.raises(Refused) as refused:
        notify(server, json.dumps({"Records": [record("b", 7), {}]}).encode())
    assert refused.value.http == 400
    assert list(refused.value.fields) == ["notification.Records[0].s3.object.key"]
    with pytest.raises(Refused) as refused:
        notify(server, b"no JSON")
    assert list(refused.value.fields) == ["notification"]


def test_only_those_who_show_the_secret_may_tell(tmp_path_factory: pytest.TempPathFactory) -> None:
    secret = '[sources.webhooks]\nsecret = "s3cret"'
    test = b'{"Service": "Amazon S3", "Event": "s3:TestEvent"}'
    with serving(tmp_path_factory.mktemp("secret"), secret) as server:
        for shown in ("Bearer s3cret", "bearer  s3cret", "s3cret", "Basic dG9jc2luOnMzY3JldA=="):
            assert notify(server, test, shown)["ignored"] == 1
        for shown in (None, "", "Bearer", "Bearer s3cre", "Basic s3cret", "Basic !"):
            with pytest.raises(Refused) as refused:
                notify(server, test, shown)
            assert (refused.value.code, refused.value.http) == ("UNAUTHENTICATED", 401)
            assert refused.value.reasons == ["SENDER_UNPROVEN"]
        assert "s3cret" not in server.log.read_text()
