"""Which events a rule lets pass, and which of its fields keeps one back."""

import pytest

from tocsin.plans.plan import Source
from tocsin.sources.kinds.billing_budget import BillingBudgetSource, BudgetEvent, ThresholdType
from tocsin.sources.kinds.catalog import kind_of
from tocsin.sources.kinds.cloud_logs import CloudLogsRecord, CloudLogsSource
from tocsin.sources.kinds.container_registry import (
    ContainerRegistrySource,
    RegistryChange,
    RegistryEvent,
)
from tocsin.sources.kinds.data_stream import DataStreamSource, StreamRecord
from tocsin.sources.kinds.definition import Comparison, Event, Mismatch
from tocsin.sources.kinds.iot import (
    IotBrokerMessage,
    IotBrokerMessageSource,
    IotMessage,
    IotMessageSource,
)
from tocsin.sources.kinds.logging import LoggingSource, LogLevel, LogRecord
from tocsin.sources.kinds.mail import MailEvent, MailSource
from tocsin.sources.kinds.message_queue import MessageQueueSource, QueueMessage
from tocsin.sources.kinds.object_storage import ObjectChange, ObjectEvent, ObjectStorageSource

CREATED = frozenset({ObjectChange.CREATE})
TAGGED = frozenset({RegistryChange.CREATE_TAG, RegistryChange.DELETE_TAG})


def created(key: str, bucket: str = "photos") -> ObjectEvent:
    return ObjectEvent(ObjectChange.CREATE, bucket, key)


def tag(tag: str, image: str = "shop/api") -> RegistryEvent:
    return RegistryEvent(RegistryChange.CREATE_TAG, "r", image, tag)


def budget(budget_id: str, account: str = "acc") -> BudgetEvent:
    return BudgetEvent(account, budget_id, "", 1.0, "RUB", "2026", 1.0, 1.0, ThresholdType.PERCENT)


RECORD = LogRecord("g", "serverless.function", "fun", "main", LogLevel.WARN)

PASSES: list[tuple[Source, Event]] = [
    (MessageQueueSource("q", "a"), QueueMessage("q", "m", "")),
    (IotMessageSource("r"), IotMessage("r", "d", "$devices/d/events", b"")),
    (IotMessageSource("r", "d"), IotMessage("r", "d", "$devices/d/events", b"")),
    (IotMessageSource("r", "", "$devices/d/#"), IotMessage("r", "d", "$devices/d/events/a", b"")),
    (IotBrokerMessageSource("b"), IotBrokerMessage("b", "any/thing", b"")),
    (IotBrokerMessageSource("b", "rooms/+"), IotBrokerMessage("b", "rooms/1", b"")),
    (ObjectStorageSource(CREATED), created("any")),
    (ObjectStorageSource(CREATED, "photos"), created("any")),
    (ObjectStorageSource(CREATED, "photos", "in/", ".jpg"), created("in/cat.jpg")),
    # Prefix and suffix may overlap in a short key.
    (ObjectStorageSource(CREATED, "photos", "aa", "aa"), created("aa")),
    (ContainerRegistrySource(TAGGED), tag("v7")),
    (ContainerRegistrySource(TAGGED, "r", "shop/api", "v7"), tag("v7")),
    (CloudLogsSource(frozenset({"a", "b"})), CloudLogsRecord("b", "", "")),
    (LoggingSource(), RECORD),
    (
        LoggingSource(
            "g",
            frozenset({"serverless.function", "mdb.cluster"}),
            frozenset({"fun"}),
            frozenset({"main", "other"}),
            frozenset({LogLevel.WARN, LogLevel.ERROR}),
        ),
        RECORD,
    ),
    (BillingBudgetSource("acc"), budget("any")),
    (BillingBudgetSource("acc", "bud"), budget("bud")),
    (DataStreamSource("e", "d", "s"), StreamRecord("e", "d", "s", "1")),
    (MailSource("a1s-1@serverless.example"), MailEvent("A1S-1@Serverless.Example", (), "")),
]


def any_of(field: str, got: str, *expected: str) -> Mismatch:
    return Mismatch(field, Comparison.ANY_OF, expected, got)


KEPT_BACK: list[tuple[Source, Event, list[Mismatch]]] = [
    (MessageQueueSource("q", "a"), QueueMessage("p", "m", ""), [any_of("queue_id", "p", "q")]),
    (
        IotMessageSource("r", "d", "t/+"),
        IotMessage("s", "e", "t/1/2", b""),
        [
            any_of("registry_id", "s", "r"),
            any_of("device_id", "e", "d"),
            Mismatch("mqtt_topic", Comparison.TOPIC, ("t/+",), "t/1/2"),
        ],
    ),
    (
        IotBrokerMessageSource("b", "rooms/#"),
        IotBrokerMessage("c", "halls", b""),
        [
            any_of("broker_id", "c", "b"),
            Mismatch("mqtt_topic", Comparison.TOPIC, ("rooms/#",), "halls"),
        ],
    ),
    (
        ObjectStorageSource(CREATED, "photos", "in/", ".jpg"),
        ObjectEvent(ObjectChange.DELETE, "docs", "out/cat.JPG"),
        [
            any_of("event_type", "DELETE_OBJECT", "CREATE_OBJECT"),
            any_of("bucket_id", "docs", "photos"),
            Mismatch("prefix", Comparison.PREFIX, ("in/",), "out/cat.JPG"),
            Mismatch("suffix", Comparison.SUFFIX, (".jpg",), "out/cat.JPG"),
        ],
    ),
    (
        ContainerRegistrySource(TAGGED, "q", "shop", "v8"),
        RegistryEvent(RegistryChange.CREATE_IMAGE, "r", "shop/api"),
        [
            any_of("event_type", "CREATE_IMAGE", "CREATE_IMAGE_TAG", "DELETE_IMAGE_TAG"),
            any_of("registry_id", "r", "q"),
            any_of("image_name", "shop/api", "shop"),
            any_of("tag", "", "v8"),
        ],
    ),
    (CloudLogsSource(), CloudLogsRecord("b", "", ""), [any_of("log_group_id", "b", "")]),
    (
        LoggingSource(
            "h",
            frozenset({"mdb.cluster"}),
            frozenset({"other"}),
            frozenset({"side"}),
            frozenset({LogLevel.ERROR, LogLevel.FATAL}),
        ),
        RECORD,
        [
            any_of("log_group_id", "g", "h"),
            any_of("resource_type", "serverless.function", "mdb.cluster"),
            any_of("resource_id", "fun", "other"),
            any_of("stream_name", "main", "side"),
            # Each level is listed by itself.
            any_of("levels", "WARN", "ERROR", "FATAL"),
        ],
    ),
    (
        BillingBudgetSource("acc", "bud"),
        budget("other", "their"),
        [any_of("billing_account_id", "their", "acc"), any_of("budget_id", "other", "bud")],
    ),
    (
        DataStreamSource("e", "d", "s"),
        StreamRecord("E", "D", "S", "1"),
        [any_of("endpoint", "E", "e"), any_of("database", "D", "d"), any_of("stream", "S", "s")],
    ),
    (MailSource("a@b"), MailEvent("c@b", (), ""), [any_of("email", "c@b", "a@b")]),
]


@pytest.mark.parametrize(("source", "event"), PASSES)
def test_what_passes_has_nothing_against_it(source: Source, event: Event) -> None:
    assert list(kind_of(event).mismatches(source, event)) == []


@pytest.mark.parametrize(("source", "event", "expected"), KEPT_BACK)
def test_what_is_kept_back_has_each_field_that_does_it(
    source: Source, event: Event, expected: list[Mismatch]
) -> None:
    assert list(kind_of(event).mismatches(source, event)) == expected


@pytest.mark.parametrize(("source", "event"), PASSES)
def test_an_event_is_found_by_a_key_that_it_shares_with_its_rule(
    source: Source, event: Event
) -> None:
    kind = kind_of(event)
    assert set(kind.keys_of_source(source)) & set(kind.keys_of_event(event))
