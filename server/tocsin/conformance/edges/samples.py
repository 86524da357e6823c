"""Makes valid rules of each kind with each action: the least that is valid, and with all filled."""

import secrets
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from google.protobuf.descriptor import Descriptor, FieldDescriptor
from google.protobuf.duration_pb2 import Duration

from tocsin.conformance.edges.rules import option
from tocsin.conformance.made import NEVER
from tocsin_protos.yandex.cloud.serverless.triggers.v1.trigger_pb2 import Trigger

_KINDS = Trigger.Rule.DESCRIPTOR.oneofs_by_name["rule"]


@dataclass(frozen=True, slots=True)
class Way:
    """A kind of rule with one of its actions, such as `timer` and `invoke_function`."""

    kind: str
    action: str

    def __str__(self) -> str:
        return f"{self.kind}.{self.action}"


KINDS: tuple[str, ...] = tuple(field.name for field in _KINDS.fields)


def actions_of(kind: str) -> list[str]:
    """Returns the actions that a kind of rule offers, in the contract's order."""
    described: Any = Trigger.Rule.DESCRIPTOR.fields_by_name[kind].message_type
    return [field.name for field in described.oneofs_by_name["action"].fields]


def ways() -> Iterator[Way]:
    """Yields each kind with each of its actions."""
    for kind in KINDS:
        for action in actions_of(kind):
            yield Way(kind, action)


def least(way: Way) -> Trigger.Rule:
    """Returns a rule with as few fields as are valid."""
    return _rule(way, _needed, "")


def full(way: Way, variant: str = "a") -> Trigger.Rule:
    """Returns a rule in which every field has a value, save what the server sets.

    `variant` is a letter; rules of other variants have other values in all fields that are free.
    """
    return _rule(way, lambda field: field.name != "email", variant)


def _rule(way: Way, wanted: Callable[[FieldDescriptor], bool], variant: str) -> Trigger.Rule:
    rule = Trigger.Rule()
    source: Any = getattr(rule, way.kind)
    source.SetInParent()
    _fill(source, wanted, variant, way.action)
    return rule


def fill(message: Any) -> None:
    """Sets the fields of a message, which has no choice of actions, that must be there."""
    message.SetInParent()
    _fill(message, _needed, "", "")


def _fill(
    message: Any, wanted: Callable[[FieldDescriptor], bool], variant: str, action: str
) -> None:
    described: Descriptor = message.DESCRIPTOR
    for field in described.fields:
        if field.containing_oneof is not None:
            if field.name != action:
                continue
        elif not wanted(field):
            continue
        kind = field.message_type
        if kind is not None and kind is not Duration.DESCRIPTOR:
            inner = getattr(message, field.name)
            inner.SetInParent()
            _fill(inner, wanted, variant, action)
        elif field.is_repeated:
            getattr(message, field.name).append(_value(field, variant))
        elif kind is not None:
            getattr(message, field.name).CopyFrom(_value(field, variant))
        else:
            setattr(message, field.name, _value(field, variant))


# Nothing marks these as required, but a server may refuse a rule without them: comments call them
# IDs of what is read or written ("at least one value is required"), nothing fires without them, and
# clients read a cutoff without looking whether it is there.
_NEEDED_THOUGH_NOT_MARKED = frozenset(
    {
        "BatchSettings.cutoff",
        "CloudLogs.log_group_id",
        "CloudLogsBatchSettings.cutoff",
        "ContainerRegistry.registry_id",
        "DataStream.database",
        "DataStream.endpoint",
        "DataStream.service_account_id",
        "DataStream.stream",
        "DataStreamBatchSettings.cutoff",
        "Logging.log_group_id",
        "LoggingBatchSettings.cutoff",
        "ObjectStorage.bucket_id",
        "ObjectStorageBucketSettings.bucket_id",
        "PutQueueMessage.queue_id",
    }
)


def _needed(field: FieldDescriptor) -> bool:
    within: Any = field.containing_type
    return (
        option(field, "required") is not None
        or (option(field, "size") or "").startswith(">")
        or f"{within.name}.{field.name}" in _NEEDED_THOUGH_NOT_MARKED
    )


def _value(field: FieldDescriptor, variant: str) -> Any:
    if field.message_type is not None:
        return Duration(seconds=_seconds(field.name) + (1 if variant == "b" else 0))
    if field.enum_type is not None:
        return 2 if variant == "b" else 1
    if field.type == field.TYPE_INT64:
        return 3 if variant == "b" else 2
    match field.name:
        case "cron_expression":
            return NEVER.replace("0 0", "5 0", 1) if variant == "b" else NEVER
        case "queue_id":
            # A queue feeds one trigger: each rule names another.
            return f"yrn:yc:ymq:ru-central1:conformance:q-{secrets.token_hex(6)}"
        case "mqtt_topic":
            return f"conformance/{variant or 'a'}"
        case "path":
            return f"/conformance/{variant or 'a'}"
    return f"conformance-{variant}" if variant else "conformance"


def _seconds(name: str) -> int:
    return {"cutoff": 10, "interval": 20, "visibility_timeout": 600}[name]
