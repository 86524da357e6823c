"""Events as `tocsin.v1` has them, made into those that the sources know."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from tocsin.plans.sources import LogLevel, ObjectChange, RegistryChange
from tocsin.sources.incoming import Incoming
from tocsin.sources.instants import FIRST_SECOND, LAST_SECOND, NANOS, nanos_of
from tocsin.sources.kinds.billing_budget import BudgetEvent, ThresholdType
from tocsin.sources.kinds.catalog import Event
from tocsin.sources.kinds.cloud_logs import CloudLogsRecord
from tocsin.sources.kinds.container_registry import RegistryEvent
from tocsin.sources.kinds.data_stream import StreamRecord, record_text
from tocsin.sources.kinds.iot import IotBrokerMessage, IotMessage
from tocsin.sources.kinds.logging import LogRecord
from tocsin.sources.kinds.mail import Attachments, MailEvent
from tocsin.sources.kinds.message_queue import MessageAttribute, QueueMessage
from tocsin.sources.kinds.object_storage import ObjectEvent
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
    """Returns the event that stands at `path` of a request; without a time it is `now`.

    Raises:
        ApiError: something of it is missing or wrong.
    """
    kind = message.WhichOneof("event")
    if kind is None:
        known = ", ".join(CONVERTERS)
        raise invalid_field(path, f"has no event; expected one of {known}")
    for name, longest in (("id", LONGEST_ID), ("trace_id", LONGEST_TRACE_ID)):
        value = getattr(message, name)
        if len(value) > longest or "\0" in value:
            raise invalid_field(f"{path}.{name}", f"expected at most {longest} characters, no NUL")
    at = nanos_of(now)
    if message.HasField("time"):
        time = message.time
        if not (FIRST_SECOND <= time.seconds <= LAST_SECOND and 0 <= time.nanos < NANOS):
            raise invalid_field(f"{path}.time", "is not between the years 1 and 9999")
        at = time.seconds * NANOS + time.nanos
    event = CONVERTERS[kind](getattr(message, kind), f"{path}.{kind}")
    return Incoming(event, at, message.id, message.trace_id)


def _required(message: Any, path: str, *names: str) -> None:
    """Checks fields by which triggers are found."""
    for name in names:
        value = getattr(message, name)
        if not value:
            raise invalid_field(f"{path}.{name}", "Field is required")
        if isinstance(value, str) and "\0" in value:
            raise invalid_field(f"{path}.{name}", "can't have the character U+0000")


def _chosen(known: Mapping[Any, Any], value: int, path: str) -> Any:
    if value not in known:
        raise invalid_field(path, f"is none of {', '.join(each.value for each in known.values())}")
    return known[value]


def _message_queue(message: contract.QueueMessageEvent, path: str) -> Event:
    _required(message, path, "queue_id")
    attributes = {}
    for name, each in message.message_attributes.items():
        value = each.WhichOneof("value")
        if value is None:
            where = f"{path}.message_attributes[{name[:64]}]"
            raise invalid_field(where, "has no value; expected string_value or binary_value")
        attributes[name] = MessageAttribute(each.data_type, getattr(each, value))
    return QueueMessage(
        message.queue_id, message.message_id, message.body, dict(message.attributes), attributes
    )


def _iot_message(message: contract.IotMessageEvent, path: str) -> Event:
    _required(message, path, "registry_id", "mqtt_topic")
    return IotMessage(message.registry_id, message.device_id, message.mqtt_topic, message.payload)


def _iot_broker_message(message: contract.IotBrokerMessageEvent, path: str) -> Event:
    _required(message, path, "broker_id", "mqtt_topic")
    return IotBrokerMessage(message.broker_id, message.mqtt_topic, message.payload)


def _object_storage(message: contract.ObjectStorageEvent, path: str) -> Event:
    change = _chosen(OBJECT_CHANGES, message.change, f"{path}.change")
    _required(message, path, "bucket_id", "object_id")
    return ObjectEvent(change, message.bucket_id, message.object_id)


def _container_registry(message: contract.ContainerRegistryEvent, path: str) -> Event:
    change = _chosen(REGISTRY_CHANGES, message.change, f"{path}.change")
    _required(message, path, "registry_id", "image_name")
    return RegistryEvent(
        change,
        message.registry_id,
        message.image_name,
        message.tag,
        message.image_id,
        message.image_digest,
    )


def _cloud_logs(message: contract.CloudLogsEvent, path: str) -> Event:
    _required(message, path, "log_group_id")
    return CloudLogsRecord(message.log_group_id, message.log_stream_name, message.message)


def _logging(message: contract.LoggingEvent, path: str) -> Event:
    _required(message, path, "log_group_id")
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
    _required(message, path, "billing_account_id", "budget_id")
    amounts = ("amount", "budgeted_amount", "threshold_amount")
    for name in amounts:
        if not abs(getattr(message, name)) < float("inf"):
            raise invalid_field(f"{path}.{name}", "is no number")
    threshold = message.threshold_type or ThresholdType.AMOUNT.value
    if threshold not in list(ThresholdType):
        raise invalid_field(f"{path}.threshold_type", f"is none of {', '.join(ThresholdType)}")
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
    _required(message, path, "stream", "data")
    try:
        data = record_text(message.data)
    except ValueError as error:
        raise invalid_field(f"{path}.data", f"is not JSON: {error}") from error
    return StreamRecord(message.endpoint, message.database, message.stream, data)


def _mail(message: contract.MailEvent, path: str) -> Event:
    _required(message, path, "recipient")
    attachments = None
    if message.HasField("attachments"):
        attachments = Attachments(message.attachments.bucket_id, tuple(message.attachments.keys))
    headers = tuple((header.name, header.value) for header in message.headers)
    return MailEvent(message.recipient, headers, message.message, attachments)


CONVERTERS: dict[str, Callable[[Any, str], Event]] = {
    "message_queue": _message_queue,
    "iot_message": _iot_message,
    "iot_broker_message": _iot_broker_message,
    "object_storage": _object_storage,
    "container_registry": _container_registry,
    "cloud_logs": _cloud_logs,
    "logging": _logging,
    "billing_budget": _billing_budget,
    "data_stream": _data_stream,
    "mail": _mail,
}
