"""Converts events of `tocsin.v1` into those that the kinds of sources define."""

from collections.abc import Callable, Mapping
from dataclasses import fields
from datetime import datetime
from typing import Any

from tocsin.contract.fields import required_texts
from tocsin.sources.incoming import Incoming
from tocsin.sources.instants import FIRST_SECOND, LAST_SECOND, NANOS, nanos_of
from tocsin.sources.kinds.billing_budget import BudgetEvent, ThresholdType
from tocsin.sources.kinds.catalog import KINDS
from tocsin.sources.kinds.container_registry import RegistryChange, RegistryEvent
from tocsin.sources.kinds.data_stream import StreamRecord, record_text
from tocsin.sources.kinds.definition import Event
from tocsin.sources.kinds.logging import LogLevel, LogRecord
from tocsin.sources.kinds.mail import Attachments, MailEvent
from tocsin.sources.kinds.message_queue import MessageAttribute, QueueMessage
from tocsin.sources.kinds.object_storage import ObjectChange, ObjectEvent
from tocsin.wire.errors import invalid_field
from tocsin.wire.structs import plain
from tocsin_protos.tocsin.v1 import event_service_pb2 as contract

LONGEST_ID = 256
LONGEST_TRACE_ID = 64

OBJECT_CHANGES = {
    contract.OBJECT_CHANGE_CREATE: ObjectChange.CREATE,
    contract.OBJECT_CHANGE_UPDATE: ObjectChange.UPDATE,
    contract.OBJECT_CHANGE_DELETE: ObjectChange.DELETE,
}
REGISTRY_CHANGES = {
    contract.REGISTRY_CHANGE_CREATE_IMAGE: RegistryChange.CREATE_IMAGE,
    contract.REGISTRY_CHANGE_DELETE_IMAGE: RegistryChange.DELETE_IMAGE,
    contract.REGISTRY_CHANGE_CREATE_IMAGE_TAG: RegistryChange.CREATE_TAG,
    contract.REGISTRY_CHANGE_DELETE_IMAGE_TAG: RegistryChange.DELETE_TAG,
}
LEVELS = {
    contract.LOG_RECORD_LEVEL_UNSPECIFIED: LogLevel.UNSPECIFIED,
    contract.LOG_RECORD_LEVEL_TRACE: LogLevel.TRACE,
    contract.LOG_RECORD_LEVEL_DEBUG: LogLevel.DEBUG,
    contract.LOG_RECORD_LEVEL_INFO: LogLevel.INFO,
    contract.LOG_RECORD_LEVEL_WARN: LogLevel.WARN,
    contract.LOG_RECORD_LEVEL_ERROR: LogLevel.ERROR,
    contract.LOG_RECORD_LEVEL_FATAL: LogLevel.FATAL,
}


def incoming_of(message: contract.SourceEvent, path: str, now: datetime) -> Incoming:
    """Converts an event of a request.

    Args:
        message: the event.
        path: its path in the request, for errors.
        now: the time of an event that has none.

    Raises:
        ApiError: a field is missing or wrong.
    """
    kind = message.WhichOneof("event")
    if kind is None:
        known = ", ".join(KINDS)
        raise invalid_field(path, f"must have one of {known}")
    for name, longest in (("id", LONGEST_ID), ("trace_id", LONGEST_TRACE_ID)):
        value = getattr(message, name)
        if len(value) > longest or "\0" in value:
            raise invalid_field(
                f"{path}.{name}", f"must have at most {longest} characters and no NUL"
            )
    happened_ns = nanos_of(now)
    if message.HasField("time"):
        time = message.time
        if not (FIRST_SECOND <= time.seconds <= LAST_SECOND and 0 <= time.nanos < NANOS):
            raise invalid_field(f"{path}.time", "must be in the years 1 to 9999")
        happened_ns = time.seconds * NANOS + time.nanos
    event = _event(kind, getattr(message, kind), f"{path}.{kind}")
    return Incoming(event, happened_ns, message.id, message.trace_id)


def _event(kind: str, message: Any, path: str) -> Event:
    """Converts the event of one kind, whose REQUIRED fields are those that find triggers.

    The event of a kind that is not in CONVERTERS has the same fields as its message.
    """
    for name in required_texts(message.DESCRIPTOR):
        if "\0" in getattr(message, name):
            raise invalid_field(f"{path}.{name}", "must not have the character U+0000")
    convert = CONVERTERS.get(kind)
    if convert is not None:
        return convert(message, path)
    event = KINDS[kind].event
    return event(**{field.name: getattr(message, field.name) for field in fields(event)})


def _chosen(known: Mapping[Any, Any], value: int, path: str) -> Any:
    if value not in known:
        raise invalid_field(
            path, f"must be one of {', '.join(item.value for item in known.values())}"
        )
    return known[value]


def _message_queue(message: contract.QueueMessageEvent, path: str) -> Event:
    attributes = {}
    for name, attribute in message.message_attributes.items():
        value = attribute.WhichOneof("value")
        if value is None:
            where = f"{path}.message_attributes[{name[:64]}]"
            raise invalid_field(where, "must have string_value or binary_value")
        attributes[name] = MessageAttribute(attribute.data_type, getattr(attribute, value))
    return QueueMessage(
        message.queue_id, message.message_id, message.body, dict(message.attributes), attributes
    )


def _object_storage(message: contract.ObjectStorageEvent, path: str) -> Event:
    change = _chosen(OBJECT_CHANGES, message.change, f"{path}.change")
    return ObjectEvent(change, message.bucket_id, message.object_id)


def _container_registry(message: contract.ContainerRegistryEvent, path: str) -> Event:
    change = _chosen(REGISTRY_CHANGES, message.change, f"{path}.change")
    return RegistryEvent(
        change,
        message.registry_id,
        message.image_name,
        message.tag,
        message.image_id,
        message.image_digest,
    )


def _logging(message: contract.LoggingEvent, path: str) -> Event:
    return LogRecord(
        message.log_group_id,
        message.resource_type,
        message.resource_id,
        message.stream_name,
        _chosen(LEVELS, message.level, f"{path}.level"),
        message.message,
        plain(message.json_payload, f"{path}.json_payload"),
    )


def _billing_budget(message: contract.BillingBudgetEvent, path: str) -> Event:
    amounts = ("amount", "budgeted_amount", "threshold_amount")
    for name in amounts:
        if not abs(getattr(message, name)) < float("inf"):
            raise invalid_field(f"{path}.{name}", "must be a finite number")
    threshold = message.threshold_type or ThresholdType.AMOUNT.value
    if threshold not in list(ThresholdType):
        raise invalid_field(f"{path}.threshold_type", f"must be one of {', '.join(ThresholdType)}")
    return BudgetEvent(
        billing_account_id=message.billing_account_id,
        budget_id=message.budget_id,
        budget_display_name=message.budget_display_name,
        amount=message.amount,
        currency=message.currency,
        period=message.period,
        budgeted_amount=message.budgeted_amount,
        threshold_amount=message.threshold_amount,
        threshold_type=ThresholdType(threshold),
    )


def _data_stream(message: contract.DataStreamEvent, path: str) -> Event:
    try:
        data = record_text(message.data)
    except ValueError as error:
        raise invalid_field(f"{path}.data", f"is not JSON: {error}") from error
    return StreamRecord(message.endpoint, message.database, message.stream, data)


def _mail(message: contract.MailEvent, _: str) -> Event:
    attachments = None
    if message.HasField("attachments"):
        attachments = Attachments(message.attachments.bucket_id, tuple(message.attachments.keys))
    headers = tuple((header.name, header.value) for header in message.headers)
    return MailEvent(message.recipient, headers, message.message, attachments)


CONVERTERS: dict[str, Callable[[Any, str], Event]] = {
    "message_queue": _message_queue,
    "object_storage": _object_storage,
    "container_registry": _container_registry,
    "logging": _logging,
    "billing_budget": _billing_budget,
    "data_stream": _data_stream,
    "mail": _mail,
}
