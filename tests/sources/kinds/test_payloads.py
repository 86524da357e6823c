"""What a target receives of each kind of source, key for key."""

import json
from typing import Any

import pytest

from tocsin.sources.kinds.billing_budget import BudgetEvent, ThresholdType
from tocsin.sources.kinds.catalog import KINDS, kind_of
from tocsin.sources.kinds.cloud_logs import CloudLogsRecord
from tocsin.sources.kinds.container_registry import RegistryChange, RegistryEvent
from tocsin.sources.kinds.data_stream import StreamRecord
from tocsin.sources.kinds.definition import Event, Metadata
from tocsin.sources.kinds.iot import IotBrokerMessage, IotMessage
from tocsin.sources.kinds.logging import LogLevel, LogRecord
from tocsin.sources.kinds.mail import Attachments, MailEvent
from tocsin.sources.kinds.message_queue import MessageAttribute, QueueMessage
from tocsin.sources.kinds.object_storage import ObjectChange, ObjectEvent

CLOUD, FOLDER = "b1g0000000000000cld0", "b1g0000000000000fld0"
# 2026-11-21T10:00:00.123456789Z
AT = 1795255200_123456789
EVENT = Metadata("evt-1", AT, CLOUD, FOLDER, "9f00000000000000")
BATCH = Metadata("bat-1", 1795255200_006794776, CLOUD, FOLDER)
REGISTRY = "crt00000000000000reg"

# The keys stand in the order in which targets see them.
ELEMENTS: dict[str, tuple[Event, str]] = {
    "message_queue": (
        QueueMessage(
            "yrn:yc:ymq:ru-central1:b1g0000000000000fld0:orders",
            "0f4c8a1e-0000-4000-8000-000000000001",
            "hello",
            {
                "ApproximateFirstReceiveTimestamp": "1795255200210",
                "ApproximateReceiveCount": "1",
                "SenderId": "aje00000000000000sa0",
                "SentTimestamp": "1795255200123",
            },
            {"kind": MessageAttribute("String", "order")},
        ),
        """{"event_metadata":{"event_id":"0f4c8a1e-0000-4000-8000-000000000001",
        "event_type":"yandex.cloud.events.messagequeue.QueueMessage",
        "created_at":"2026-11-21T10:00:00.123Z","tracing_context":null,
        "cloud_id":"b1g0000000000000cld0","folder_id":"b1g0000000000000fld0"},
        "details":{"queue_id":"yrn:yc:ymq:ru-central1:b1g0000000000000fld0:orders",
        "message":{"message_id":"0f4c8a1e-0000-4000-8000-000000000001",
        "md5_of_body":"5d41402abc4b2a76b9719d911017c592","body":"hello",
        "attributes":{"ApproximateFirstReceiveTimestamp":"1795255200210",
        "ApproximateReceiveCount":"1","SenderId":"aje00000000000000sa0",
        "SentTimestamp":"1795255200123"},
        "message_attributes":{"kind":{"data_type":"String","string_value":"order"}},
        "md5_of_message_attributes":"8cc3ab13200b21b0d17b28c4d98ec74a"}}}""",
    ),
    "iot_message": (
        IotMessage("are00000000000000reg", "are00000000000000dev", "$devices/d/events", b"21.5"),
        """{"event_metadata":{"event_id":"evt-1",
        "event_type":"yandex.cloud.events.iot.IoTMessage",
        "created_at":"2026-11-21T10:00:00.123456789Z"},
        "details":{"registry_id":"are00000000000000reg","device_id":"are00000000000000dev",
        "mqtt_topic":"$devices/d/events","payload":"MjEuNQ=="}}""",
    ),
    "iot_broker_message": (
        IotBrokerMessage("are00000000000000brk", "rooms/1", b"\xff\x00"),
        """{"event_metadata":{"event_id":"evt-1",
        "event_type":"yandex.cloud.events.iot.IoTMessage",
        "created_at":"2026-11-21T10:00:00.123456789Z"},
        "details":{"broker_id":"are00000000000000brk","mqtt_topic":"rooms/1","payload":"/wA="}}""",
    ),
    "object_storage": (
        ObjectEvent(ObjectChange.CREATE, "photos", "in/кот.jpg"),
        """{"event_metadata":{"event_id":"evt-1",
        "event_type":"yandex.cloud.events.storage.ObjectCreate",
        "created_at":"2026-11-21T10:00:00.123456789Z",
        "tracing_context":{"trace_id":"9f00000000000000","span_id":"","parent_span_id":""},
        "cloud_id":"b1g0000000000000cld0","folder_id":"b1g0000000000000fld0"},
        "details":{"bucket_id":"photos","object_id":"in/кот.jpg"}}""",
    ),
    "container_registry": (
        RegistryEvent(
            RegistryChange.CREATE_TAG,
            REGISTRY,
            "shop/api",
            "v7",
            "crt00000000000000img",
            "sha256:0",
        ),
        """{"event_metadata":{"cloud_id":"b1g0000000000000cld0",
        "created_at":"2026-11-21T10:00:00Z","event_id":"evt-1",
        "event_type":"yandex.cloud.events.containerregistry.CreateImageTag",
        "folder_id":"b1g0000000000000fld0",
        "tracing_context":{"parent_span_id":"","span_id":"","trace_id":"9f00000000000000"}},
        "details":{"image_digest":"sha256:0","image_id":"crt00000000000000img",
        "registry_id":"crt00000000000000reg","repository_name":"crt00000000000000reg/shop/api",
        "tag":"v7"}}""",
    ),
    "cloud_logs": (
        CloudLogsRecord("eol0000000000000grp0", "b090000000000000ver0", "START"),
        """{"log_group_id":"eol0000000000000grp0","log_stream_name":"b090000000000000ver0",
        "message":"START","timestamp":"2026-11-21T10:00:00.123456789Z"}""",
    ),
    "logging": (
        LogRecord(
            "e230000000000000grp0",
            "serverless.function",
            "d4e0000000000000fun0",
            "main",
            LogLevel.INFO,
            "done",
            {"request_id": "r", "took": 3},
        ),
        """{"resource":{"type":"serverless.function","id":"d4e0000000000000fun0"},
        "timestamp":"2026-11-21 10:00:00.123456789 +0000 UTC","level":"INFO","message":"done",
        "json_payload":{"request_id":"r","took":3}}""",
    ),
    "billing_budget": (
        BudgetEvent(
            billing_account_id="dn200000000000000acc",
            budget_id="dn200000000000000bud",
            budget_display_name="dev",
            amount=120.5,
            currency="RUB",
            period="2026",
            budgeted_amount=100.0,
            threshold_amount=120.0,
            threshold_type=ThresholdType.AMOUNT,
        ),
        """{"billing_account_id":"dn200000000000000acc","budget_id":"dn200000000000000bud",
        "budget_display_name":"dev","amount":120.5,"currency":"RUB","period":"2026",
        "budgeted_amount":100.0,"threshold_amount":120.0,"threshold_type":"amount"}""",
    ),
    "data_stream": (
        StreamRecord("e", "d", "clicks", '{"orderId":1,"status":"new"}'),
        '{"orderId":1,"status":"new"}',
    ),
    "mail": (
        MailEvent(
            "a@b",
            (("subject", "Report"), ("Received", "from a …"), ("received", "from b …")),
            "<div>text</div>\r\n",
            Attachments("mail-in", ("k1", "k2")),
            uptime=260285_403254765,
        ),
        """{"received_at":"2026-11-21 10:00:00.123456789 +0000 UTC m=+260285.403254765",
        "headers":[{"name":"Subject","values":["Report"]},
        {"name":"Received","values":["from a …","from b …"]}],
        "attachments":{"bucket_id":"mail-in","keys":["k1","k2"]},
        "message":"<div>text</div>\\r\\n"}""",
    ),
}
LOG_FRAMES = {
    "cloud_logs": "yandex.cloud.events.serverless.triggers.CloudLogsMessageBatch",
    "logging": "yandex.cloud.events.serverless.triggers.LoggingMessageBatch",
}


def frame(kind: str, elements: list[Any]) -> Any:
    if kind not in LOG_FRAMES:
        return {"messages": elements}
    metadata = {
        "event_id": "bat-1",
        "event_type": LOG_FRAMES[kind],
        "created_at": {"seconds": 1795255200, "nanos": 6794776},
    }
    return {"messages": [{"event_metadata": metadata, "details": {"messages": elements}}]}


def printed(value: Any) -> str:
    """Two texts are the same if keys are, in their order, and the indent."""
    return json.dumps(value, ensure_ascii=False, indent=2)


def test_no_kind_is_left_out() -> None:
    assert set(ELEMENTS) == set(KINDS)
    assert all(kind_of(event).name == name for name, (event, _) in ELEMENTS.items())


@pytest.mark.parametrize("kind", ELEMENTS)
@pytest.mark.parametrize("count", [1, 3])
def test_a_batch_is_one_body(kind: str, count: int) -> None:
    event, expected = ELEMENTS[kind]
    element = KINDS[kind].element(event, EVENT)
    body = KINDS[kind].payload([element] * count, BATCH).decode()
    assert printed(json.loads(body)) == printed(frame(kind, [json.loads(expected)] * count))


@pytest.mark.parametrize("kind", sorted(set(ELEMENTS) - {"data_stream"}))
def test_a_body_is_indented(kind: str) -> None:
    body = KINDS[kind].payload([KINDS[kind].element(ELEMENTS[kind][0], EVENT)] * 2, BATCH).decode()
    assert body == printed(json.loads(body))


@pytest.mark.parametrize("kind", sorted(set(ELEMENTS) - {"data_stream", "billing_budget"}))
def test_no_character_breaks_a_body(kind: str) -> None:
    odd = '\u2028\x0b\x0c\x85\n\r\\"\0'
    texts = {
        "message_queue": QueueMessage("q", "m", odd),
        "iot_message": IotMessage("r", "d", odd, b""),
        "iot_broker_message": IotBrokerMessage("b", odd, b""),
        "object_storage": ObjectEvent(ObjectChange.DELETE, "b", odd),
        "container_registry": RegistryEvent(RegistryChange.DELETE_TAG, "r", odd),
        "cloud_logs": CloudLogsRecord("g", "s", odd),
        "logging": LogRecord("g", message=odd),
        "mail": MailEvent("a", (), odd),
    }
    body = KINDS[kind].payload([KINDS[kind].element(texts[kind], EVENT)], BATCH)
    assert any(odd in text for text in strings_of(json.loads(body)))


def strings_of(value: Any) -> list[str]:
    match value:
        case dict():
            return [text for each in value.values() for text in strings_of(each)]
        case list():
            return [text for each in value for text in strings_of(each)]
        case str():
            return [value]
    return []


@pytest.mark.parametrize(
    ("change", "event_type"),
    [
        (ObjectChange.CREATE, "yandex.cloud.events.storage.ObjectCreate"),
        (ObjectChange.UPDATE, "yandex.cloud.events.storage.ObjectUpdate"),
        (ObjectChange.DELETE, "yandex.cloud.events.storage.ObjectDelete"),
        (RegistryChange.CREATE_IMAGE, "yandex.cloud.events.containerregistry.CreateImage"),
        (RegistryChange.DELETE_IMAGE, "yandex.cloud.events.containerregistry.DeleteImage"),
        (RegistryChange.CREATE_TAG, "yandex.cloud.events.containerregistry.CreateImageTag"),
        (RegistryChange.DELETE_TAG, "yandex.cloud.events.containerregistry.DeleteImageTag"),
    ],
)
def test_each_change_has_its_type(change: ObjectChange | RegistryChange, event_type: str) -> None:
    event: Event = (
        ObjectEvent(change, "b", "k")
        if isinstance(change, ObjectChange)
        else RegistryEvent(change, "r", "i")
    )
    element = json.loads(kind_of(event).element(event, EVENT))
    assert element["event_metadata"]["event_type"] == event_type


def test_a_queue_message_without_attributes_has_no_digest_of_them() -> None:
    element = json.loads(KINDS["message_queue"].element(QueueMessage("q", "m", "é"), EVENT))
    message = element["details"]["message"]
    assert message["message_attributes"] == {}
    assert message["md5_of_message_attributes"] == ""
    assert message["body"] == "é"


def test_a_mail_without_attachments_has_no_key_for_them() -> None:
    element = json.loads(KINDS["mail"].element(MailEvent("a", (), "m"), EVENT))
    assert list(element) == ["received_at", "headers", "message"]
