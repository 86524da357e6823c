"""What the ten kinds of v1 triggers but the timer mean: where events come from, how they batch."""

from datetime import timedelta
from typing import Any

import pytest
from google.protobuf import json_format

from stand.apis.rules import KINDS, LEAST
from tocsin.compilers.triggers_v1 import compile_trigger
from tocsin.plans.plan import Batching, Source
from tocsin.sources.kinds.billing_budget import BillingBudgetSource
from tocsin.sources.kinds.cloud_logs import CloudLogsSource
from tocsin.sources.kinds.container_registry import ContainerRegistrySource, RegistryChange
from tocsin.sources.kinds.data_stream import DataStreamSource
from tocsin.sources.kinds.iot import IotBrokerMessageSource, IotMessageSource
from tocsin.sources.kinds.logging import LoggingSource, LogLevel
from tocsin.sources.kinds.mail import AttachmentsBucket, MailSource
from tocsin.sources.kinds.message_queue import MessageQueueSource
from tocsin.sources.kinds.object_storage import ObjectChange, ObjectStorageSource
from tocsin_protos.yandex.cloud.logging.v1.log_entry_pb2 import LogLevel as ContractLevel
from tocsin_protos.yandex.cloud.serverless.triggers.v1.trigger_pb2 import Trigger

ACCOUNT = "aje00000000000000acc"


def rule(kind: str, **fields: Any) -> Trigger:
    return json_format.ParseDict(
        {"id": "a1s1", "folder_id": "b1g1", "rule": {kind: fields}}, Trigger()
    )


def full(kind: str) -> Trigger:
    """The rule of this kind with all its fields set."""
    fields, actions = KINDS[kind]
    return rule(kind, **fields, **dict([next(iter(actions.items()))]))


FULL: dict[str, Source] = {
    "messageQueue": MessageQueueSource(
        "yrn:yc:ymq:ru-central1:b1g0:orders", ACCOUNT, timedelta(hours=12)
    ),
    "iotMessage": IotMessageSource(
        "are00000000000000reg",
        "are00000000000000dev",
        "$devices/are00000000000000dev/events/#",
    ),
    "iotBrokerMessage": IotBrokerMessageSource("are00000000000000brk", "rooms/+"),
    "objectStorage": ObjectStorageSource(
        frozenset({ObjectChange.CREATE, ObjectChange.DELETE}), "photos", "in/", ".jpg"
    ),
    "containerRegistry": ContainerRegistrySource(
        frozenset({RegistryChange.CREATE_TAG}), "crt00000000000000reg", "shop/api", "v7"
    ),
    "cloudLogs": CloudLogsSource(frozenset({"eol0000000000000grp0"})),
    "logging": LoggingSource(
        "e230000000000000grp0",
        resource_types=frozenset({"serverless.function"}),
        resource_ids=frozenset({"d4e00000000000000fun"}),
        stream_names=frozenset({"main"}),
        levels=frozenset({LogLevel.WARN, LogLevel.ERROR}),
    ),
    "billingBudget": BillingBudgetSource("dn200000000000000acc", "dn200000000000000bud"),
    "dataStream": DataStreamSource(
        "https://yds.serverless.yandexcloud.net", "/ru-central1/b1g0/etn0", "clicks", ACCOUNT
    ),
    "mail": MailSource("", AttachmentsBucket("mail-in", ACCOUNT)),
}
LEAST_SOURCES: dict[str, Source] = {
    "messageQueue": MessageQueueSource("q", "a"),
    "iotMessage": IotMessageSource("r"),
    "iotBrokerMessage": IotBrokerMessageSource("b"),
    "objectStorage": ObjectStorageSource(frozenset({ObjectChange.UPDATE})),
    "containerRegistry": ContainerRegistrySource(frozenset({RegistryChange.DELETE_IMAGE})),
    "cloudLogs": CloudLogsSource(frozenset({"g"})),
    "logging": LoggingSource(),
    "billingBudget": BillingBudgetSource("b"),
    "dataStream": DataStreamSource(),
    "mail": MailSource(""),
}


def test_no_kind_is_left_out() -> None:
    assert set(FULL) == set(LEAST_SOURCES) == set(KINDS) - {"timer"}


@pytest.mark.parametrize("kind", FULL)
def test_a_source_has_all_that_its_rule_says(kind: str) -> None:
    assert compile_trigger(full(kind)).source == FULL[kind]


@pytest.mark.parametrize("kind", LEAST_SOURCES)
def test_what_a_rule_leaves_out_lets_all_pass(kind: str) -> None:
    assert compile_trigger(rule(kind, **LEAST[kind])).source == LEAST_SOURCES[kind]


@pytest.mark.parametrize("kind", sorted(set(FULL) - {"billingBudget", "dataStream"}))
def test_a_batch_has_its_size_and_its_cutoff(kind: str) -> None:
    assert compile_trigger(full(kind)).batching == Batching(10, timedelta(seconds=20))


def test_the_size_of_a_streams_batch_is_in_bytes() -> None:
    batching = compile_trigger(full("dataStream")).batching
    assert batching == Batching(None, timedelta(seconds=1.5), size_bytes=65536)


@pytest.mark.parametrize("kind", sorted(set(FULL) - {"billingBudget", "dataStream"}))
@pytest.mark.parametrize("settings", [{"cutoff": "5s"}, {"size": "0", "cutoff": "5s"}])
def test_a_size_of_zero_and_one_left_out_are_one(kind: str, settings: dict[str, str]) -> None:
    batching = compile_trigger(rule(kind, **LEAST[kind] | {"batchSettings": settings})).batching
    assert batching == Batching(1, timedelta(seconds=5))


@pytest.mark.parametrize(
    "kind", ["iotMessage", "iotBrokerMessage", "objectStorage", "containerRegistry", "mail"]
)
def test_without_batch_settings_each_event_is_a_batch(kind: str) -> None:
    batching = compile_trigger(rule(kind, **LEAST[kind])).batching
    assert batching is not None
    assert batching.size == 1


def test_without_batch_settings_each_record_of_a_stream_is_a_batch() -> None:
    batching = compile_trigger(rule("dataStream", **LEAST["dataStream"])).batching
    assert batching is not None
    assert (batching.size, batching.size_bytes) == (None, 1)


def test_a_budget_is_never_batched() -> None:
    assert compile_trigger(full("billingBudget")).batching is None


def test_a_type_of_event_that_is_not_known_here_matches_nothing() -> None:
    trigger = full("objectStorage")
    trigger.rule.object_storage.event_type.append(99)  # type: ignore[arg-type]
    assert compile_trigger(trigger).source == FULL["objectStorage"]


def test_levels_have_the_names_of_the_contract() -> None:
    assert [level.value for level in LogLevel] == list(ContractLevel.Level.keys())
