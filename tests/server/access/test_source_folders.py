"""What listens has a folder: a source feeds the triggers of its folders, and no others'."""

import gzip
import http.client
import json
import tempfile
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from opentelemetry.proto.collector.logs.v1 import logs_service_pb2, logs_service_pb2_grpc

from stand.access.guarded import Guarded, guarded
from stand.access.methods import EVENTS, LOGS, TRIGGERS, written
from stand.apis.wire import Json, send
from stand.tocsin_process import run_tocsin

MINE, OTHERS = "b1gmine0000000000000", "b1gothers00000000000"
GROUP, OTLP_GROUP, UNBOUND = "e23default", "e23otlp", "e23unbound"
SENDERS_GROUP = "e23senders"
SECRET = "s3cret"
CREATED = "OBJECT_STORAGE_EVENT_TYPE_CREATE_OBJECT"
PUSHED = "CONTAINER_REGISTRY_EVENT_TYPE_CREATE_IMAGE"
# No service is behind these: a rule that may not be read is refused before one is asked.
NOWHERE = "http://127.0.0.1:1"
CONFIG = f"""
[sources.message_queue]
shared = true
endpoint = "{NOWHERE}"
folders = ["*"]
folders_of = {{ mine = ["{MINE}"], mapped = ["{MINE}"] }}
[sources.message_queue.urls]
"yrn:other-name" = "{NOWHERE}/000000000000/mapped"

[sources.data_stream]
endpoint = "{NOWHERE}"
folders_of = {{ "/ru/b1g/etn/clicks" = ["{MINE}"] }}

[sources.object_storage]
queue = "{NOWHERE}/000000000000/objects"
folders_of = {{ uploads = ["{MINE}"] }}

[sources.mqtt.site]
url = "mqtt://127.0.0.1:1"
brokers = ["are0brk"]
folders = ["{MINE}"]
[sources.mqtt.site.registries.are0everybodys]
folders = ["*"]
[sources.mqtt.site.registries.are0mine]

[sources.webhooks]
secret = "{SECRET}"
folders = ["{OTHERS}"]
[sources.webhooks.object_storage]
secret = "{SECRET}"
folders = ["{MINE}"]
[sources.webhooks.registries.inheriting]
secret = "{SECRET}"

[sources.logs]
otlp_group = "{OTLP_GROUP}"
[sources.logs.default_groups]
{MINE} = "{GROUP}"
[sources.logs.folders_of]
{OTLP_GROUP} = ["{OTHERS}"]
{SENDERS_GROUP} = ["{OTHERS}"]
[sources.logs.otlp_senders.shop]
secret = "{SECRET}"
log_group = "{SENDERS_GROUP}"
"""
ACTION = {"invokeFunction": {"functionId": "d4e0"}}
BATCH = {"batchSettings": {"size": "10", "cutoff": "60s"}}


@pytest.fixture(scope="module")
def server() -> Iterator[Guarded]:
    with tempfile.TemporaryDirectory() as made, guarded(Path(made), CONFIG) as running:
        yield running


def trigger(server: Guarded, folder: str, kind: str, **rule: object) -> str:
    editor = server.caller(editor=f"folders/{folder}")
    request = {"folderId": folder, "rule": {kind: {**rule, **ACTION}}}
    return str(editor.call(f"{TRIGGERS}.Create", request)["response"]["id"])


def intake(server: Guarded, trigger_id: str) -> Json:
    return server.admin.call(f"{EVENTS}.GetIntake", {"triggerId": trigger_id})


def waiting(server: Guarded, trigger_id: str) -> int:
    return int(intake(server, trigger_id).get("waitingEvents", 0))


def eventually(found: Callable[[], str]) -> str:
    deadline = time.monotonic() + 20
    while not (text := found()):
        assert time.monotonic() < deadline
        time.sleep(0.1)
    return text


def trouble(server: Guarded, trigger_id: str) -> str:
    """Why a trigger's source is not read."""
    return eventually(
        lambda: str(intake(server, trigger_id).get("source", {}).get("lastError", ""))
    )


PULLED = {
    "queue": ("messageQueue", {"queueId": "yrn:yc:ymq:ru:b1g0:mine"}),
    "queue by another id": ("messageQueue", {"queueId": "mine"}),
    "queue by an id of one's own": ("messageQueue", {"queueId": f"yrn:yc:ymq:ru:{OTHERS}:mine"}),
    "queue of the settings": ("messageQueue", {"queueId": "yrn:other-name"}),
    "queue of the settings by its name": ("messageQueue", {"queueId": "x:mapped"}),
    "stream": ("dataStream", {"database": "/ru/b1g/etn", "stream": "clicks"}),
    "stream by its path": ("dataStream", {"stream": "/ru/b1g/etn/clicks"}),
    "stream by more slashes": ("dataStream", {"database": "/ru/b1g/etn//", "stream": "clicks"}),
    "bucket": (
        "objectStorage",
        {"bucketId": "uploads", "eventType": [CREATED]},
    ),
    "broker": ("iotBrokerMessage", {"brokerId": "are0brk"}),
    "registry": ("iotMessage", {"registryId": "are0mine"}),
}


def pulled(server: Guarded, folder: str, source: str) -> str:
    kind, rule = PULLED[source]
    if kind in ("messageQueue", "dataStream"):
        rule = rule | {"serviceAccountId": server.account(folder)} | BATCH
    return trigger(server, folder, kind, **rule)


@pytest.mark.parametrize("source", PULLED)
def test_a_source_is_not_read_for_another_folder(server: Guarded, source: str) -> None:
    refused = pulled(server, OTHERS, source)
    assert f"not bound to folder {OTHERS}" in trouble(server, refused)
    assert MINE not in trouble(server, refused)
    if "slashes" not in source and "path" not in source:
        read = pulled(server, MINE, source)
        assert "not bound" not in trouble(server, read)


@pytest.mark.parametrize(
    ("kind", "rule"),
    [
        ("messageQueue", {"queueId": "yrn:yc:ymq:ru:b1g0:free", **BATCH}),
        ("iotMessage", {"registryId": "are0everybodys"}),
    ],
)
def test_what_is_all_folders_is_read_for_each(server: Guarded, kind: str, rule: Json) -> None:
    if kind == "messageQueue":
        rule = rule | {"serviceAccountId": server.account(OTHERS)}
    assert "not bound" not in trouble(server, trigger(server, OTHERS, kind, **rule))


def test_where_single_streams_are_bound_no_other_is_read(server: Guarded) -> None:
    rule = {"stream": "other", "serviceAccountId": server.account(MINE), **BATCH}
    assert "not bound" in trouble(server, trigger(server, MINE, "dataStream", **rule))


def test_a_webhook_feeds_its_folders(server: Guarded) -> None:
    bucket = f"bucket-{uuid.uuid4().hex}"
    rule = {"bucketId": bucket, "eventType": [CREATED], **BATCH}
    mine, others = (trigger(server, folder, "objectStorage", **rule) for folder in (MINE, OTHERS))
    record = {
        "eventVersion": "2.1",
        "eventName": "s3:ObjectCreated:Put",
        "eventTime": "2026-01-01T00:00:00.000Z",
        "s3": {"bucket": {"name": bucket}, "object": {"key": "k", "sequencer": "1"}},
    }
    told = posted(server, "objectStorage", {"Records": [record]})
    assert (told["accepted"], told.get("filtered", "0")) == ("1", "0")
    assert (waiting(server, mine), waiting(server, others)) == (1, 0)


@pytest.mark.parametrize("registry", ["any", "inheriting"])
def test_a_sender_without_folders_of_its_own_feeds_those_of_all(
    server: Guarded, registry: str
) -> None:
    rule = {
        "registryId": registry,
        "eventType": ["CONTAINER_REGISTRY_EVENT_TYPE_CREATE_IMAGE"],
        **BATCH,
    }
    mine, others = (
        trigger(server, folder, "containerRegistry", **rule) for folder in (MINE, OTHERS)
    )
    event = {
        "id": uuid.uuid4().hex,
        "timestamp": "2026-01-01T00:00:00Z",
        "action": "push",
        "target": {
            "mediaType": "application/vnd.oci.image.manifest.v1+json",
            "digest": f"sha256:{'a' * 64}",
            "repository": "app",
            "tag": "latest",
        },
    }
    posted(server, f"containerRegistries/{registry}", {"events": [event]})
    assert waiting(server, others) > 0
    assert waiting(server, mine) == 0


def posted(server: Guarded, path: str, body: Json) -> Json:
    reply = send(
        server.tocsin.http_address,
        "POST",
        f"/tocsin/v1/webhooks/{path}",
        json.dumps(body).encode(),
        {"Authorization": SECRET},
    )
    assert reply.status == 200, reply.text
    told: Json = reply.json["outcome"]
    return told


def listeners(server: Guarded, group: str) -> list[str]:
    """Triggers of both folders that listen to the group, and of both that listen to all groups."""
    return [
        trigger(server, folder, "logging", **rule, **BATCH)
        for rule in ({"logGroupId": group}, {})
        for folder in (MINE, OTHERS)
    ]


def test_records_reach_the_folder_whose_default_group_it_is(server: Guarded) -> None:
    found = listeners(server, GROUP)
    for destination in ({"folderId": MINE}, {"logGroupId": GROUP}):
        server.admin.call(f"{LOGS}.Write", written(destination))
    assert [waiting(server, each) for each in found] == [2, 0, 2, 0]


def test_records_of_otlp_reach_the_folders_of_their_group(server: Guarded) -> None:
    found = listeners(server, OTLP_GROUP)
    request = logs_service_pb2.ExportLogsServiceRequest()
    records = request.resource_logs.add().scope_logs.add().log_records
    records.add().body.string_value = "told"
    named = records.add()
    named.attributes.add(key="tocsin.log_group_id").value.string_value = UNBOUND
    stub = logs_service_pb2_grpc.LogsServiceStub(server.channel)  # type: ignore[no-untyped-call]
    credential = [("authorization", server.admin.credential)]
    answer = stub.Export(request, timeout=30, metadata=credential)
    assert [waiting(server, each) for each in found] == [0, 1, 0, 1]
    assert answer.partial_success.rejected_log_records == 1
    assert "folders_of" in answer.partial_success.error_message


def test_records_over_http_reach_the_folders_of_their_senders_group(server: Guarded) -> None:
    """Small, large and compressed: of the last two the sender is checked before they are read."""
    found = listeners(server, SENDERS_GROUP)
    request = logs_service_pb2.ExportLogsServiceRequest()
    record = request.resource_logs.add().scope_logs.add().log_records.add()
    record.attributes.add(key="tocsin.log_group_id").value.string_value = GROUP
    record.body.string_value = "told"
    small = request.SerializeToString()
    record.body.string_value = "told" * 50_000
    large = request.SerializeToString()
    for body, more in (
        (small, {}),
        (large, {}),
        (gzip.compress(large), {"Content-Encoding": "gzip"}),
    ):
        for secret, status in ((SECRET, 200), ("wrong", 401)):
            headers = {
                "Authorization": f"Bearer {secret}",
                "Content-Type": "application/x-protobuf",
            }
            address = server.tocsin.http_address
            with post(address, "/v1/logs", body, headers | more) as answer:
                assert (answer.status, answer.headers["content-type"]) == (
                    status,
                    "application/x-protobuf",
                )
    # The large ones fill their batches, and wait no more.
    assert [waiting(server, each) > 0 for each in found] == [False, True, False, True]


@contextmanager
def post(
    address: str, path: str, body: bytes, headers: dict[str, str]
) -> Iterator[http.client.HTTPResponse]:
    connection = http.client.HTTPConnection(address, timeout=30)
    try:
        connection.request("POST", path, body, headers)
        yield connection.getresponse()
    finally:
        connection.close()


def test_a_group_without_a_folder_is_told_to_its_writer(server: Guarded) -> None:
    refused = server.admin.refusal(f"{LOGS}.Write", written({"logGroupId": UNBOUND}))
    assert (refused.code, refused.reasons) == ("NOT_FOUND", ["LOG_GROUP_UNBOUND"])
    writer = server.caller(**{"logging.writer": f"folders/{MINE}"})
    assert writer.code(f"{LOGS}.Write", written({"logGroupId": UNBOUND})) == "PERMISSION_DENIED"


def test_the_start_is_refused_and_names_each_source_without_folders(tmp_path: Path) -> None:
    config = tmp_path / "tocsin.toml"
    config.write_text(
        f"""
        [sources.message_queue.urls]
        q = "{NOWHERE}/q"
        [sources.data_stream]
        endpoint = "{NOWHERE}"
        [sources.object_storage]
        queue = "{NOWHERE}/objects"
        [sources.mqtt.idle]
        url = "mqtt://127.0.0.1:1"
        [sources.mqtt.site]
        url = "mqtt://127.0.0.1:1"
        brokers = ["are0brk"]
        [sources.mqtt.site.registries.are0reg]
        [sources.mqtt.site.registries.are0bound]
        folders = ["{MINE}"]
        [sources.webhooks]
        secret = "{SECRET}"
        [sources.webhooks.registries.crt0]
        secret = "{SECRET}"
        [sources.logs]
        otlp_group = "{OTLP_GROUP}"
        """
    )
    database = f"sqlite:///{tmp_path}/t.db"
    found = run_tocsin("serve", "--config", str(config), "--access", "--database", database)
    assert found.status != 0
    for name in (
        "sources.message_queue;",
        "sources.data_stream;",
        "sources.object_storage;",
        "sources.mqtt.site (are0brk, are0reg);",
        "sources.webhooks;",
        "sources.webhooks.registries.crt0;",
        f"sources.logs (otlp_group {OTLP_GROUP})",
        "set `folders`",
    ):
        assert name in found.stderr, name
    assert "idle" not in found.stderr
    # Without access control nothing has changed.
    assert run_tocsin("config", "check", "--config", str(config)).status == 0


def test_a_trigger_that_is_moved_to_a_source_of_another_folder_is_not_fed(server: Guarded) -> None:
    editor = server.caller(editor=f"folders/{OTHERS}")
    account = server.account(OTHERS)
    rule = {"queueId": "yrn:free", "serviceAccountId": account, **BATCH, **ACTION}
    request = {"folderId": OTHERS, "rule": {"messageQueue": rule}}
    trigger_id = editor.call(f"{TRIGGERS}.Create", request)["response"]["id"]
    moved = {"messageQueue": rule | {"queueId": "yrn:mine"}}
    server.bind(editor.subject, "iam.serviceAccounts.user", f"folders/{OTHERS}")
    asked = {"triggerId": trigger_id, "updateMask": "rule", "rule": moved}
    assert editor.code(f"{TRIGGERS}.Update", asked) == "OK"
    eventually(lambda: "x" if "not bound" in trouble(server, trigger_id) else "")
