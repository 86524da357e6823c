"""message_queue: a message of a queue of the SQS protocol."""

import base64
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from tocsin.sources.instants import rfc3339_millis
from tocsin.sources.kinds.definition import Kind, Metadata, Mismatches, dumps, equal, messages_frame


@dataclass(frozen=True, slots=True)
class MessageQueueSource:
    """Reads a queue by the SQS protocol. `visibility_timeout` None means the queue's own."""

    queue_id: str
    service_account_id: str
    visibility_timeout: timedelta | None = None


EVENT_TYPE = "yandex.cloud.events.messagequeue.QueueMessage"


@dataclass(frozen=True, slots=True)
class MessageAttribute:
    """Holds an attribute that the sender set; types that begin with `Binary` have bytes."""

    data_type: str
    value: str | bytes


@dataclass(frozen=True, slots=True)
class QueueMessage:
    """Holds a received message; `attributes` are the queue's own, by their SQS names.

    If `message_id` is empty, the event's id replaces it.
    """

    queue_id: str
    message_id: str
    body: str
    attributes: Mapping[str, str] = field(default_factory=dict)
    message_attributes: Mapping[str, MessageAttribute] = field(default_factory=dict)


def mismatches(source: MessageQueueSource, event: QueueMessage) -> Mismatches:
    return equal("queue_id", source.queue_id, event.queue_id)


def element(event: QueueMessage, metadata: Metadata) -> str:
    """Returns one message, with its body unchanged, never in base64."""
    attributes = event.message_attributes
    message_id = event.message_id or metadata.event_id
    return dumps(
        {
            "event_metadata": {
                "event_id": message_id,
                "event_type": EVENT_TYPE,
                "created_at": rfc3339_millis(metadata.at),
                "tracing_context": None,
                "cloud_id": metadata.cloud_id,
                "folder_id": metadata.folder_id,
            },
            "details": {
                "queue_id": event.queue_id,
                "message": {
                    "message_id": message_id,
                    "md5_of_body": _md5(event.body.encode()),
                    "body": event.body,
                    "attributes": dict(event.attributes),
                    "message_attributes": {
                        name: _attribute(attribute) for name, attribute in attributes.items()
                    },
                    "md5_of_message_attributes": md5_of_attributes(attributes),
                },
            },
        }
    )


def md5_of_attributes(attributes: Mapping[str, MessageAttribute]) -> str:
    """Returns SQS's digest of attributes, which sorts them by name; empty without attributes."""
    if not attributes:
        return ""
    digested = bytearray()
    for name in sorted(attributes):
        attribute = attributes[name]
        value = attribute.value
        transport = b"\2" if isinstance(value, bytes) else b"\1"
        digested += _sized(name.encode()) + _sized(attribute.data_type.encode())
        digested += transport + _sized(value if isinstance(value, bytes) else value.encode())
    return _md5(bytes(digested))


def _sized(value: bytes) -> bytes:
    return len(value).to_bytes(4, "big") + value


def _md5(value: bytes) -> str:
    return hashlib.md5(value, usedforsecurity=False).hexdigest()


def _attribute(attribute: MessageAttribute) -> dict[str, Any]:
    if isinstance(attribute.value, bytes):
        value = base64.b64encode(attribute.value).decode()
        return {"data_type": attribute.data_type, "binary_value": value}
    return {"data_type": attribute.data_type, "string_value": attribute.value}


KIND = Kind(
    name="message_queue",
    source=MessageQueueSource,
    event=QueueMessage,
    keys_of_source=lambda source: (source.queue_id,),
    keys_of_event=lambda event: (event.queue_id,),
    mismatches=mismatches,
    element=element,
    payload=messages_frame,
    pulled=True,
    held=True,
)
