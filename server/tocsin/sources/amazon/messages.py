"""Reads the messages of queues of the SQS protocol."""

import base64
from collections.abc import Mapping
from typing import Any

from tocsin.contract.text import NUL
from tocsin.sources.instants import LAST_SECOND
from tocsin.sources.kinds.message_queue import MessageAttribute, QueueMessage

MILLI_IN_NANOS = 1_000_000
LONGEST_ID_SHOWN = 100


class UnreadableMessage(ValueError):
    """A message can't be delivered; the text says which one, and why."""


def message_of(queue_id: str, message: Mapping[str, Any]) -> QueueMessage:
    """Reads a received message, with all attributes of the queue and of its sender.

    Raises:
        UnreadableMessage: it lacks a part, or holds text that is not Unicode.
    """
    id_ = _text(message.get("MessageId"), "a message", "MessageId")
    label = f"message {id_[:LONGEST_ID_SHOWN]}"
    if not id_ or NUL in id_:
        raise UnreadableMessage(f"{label}: MessageId is empty or has a NUL")
    receipt = _text(message.get("ReceiptHandle"), label, "ReceiptHandle")
    if not receipt or NUL in receipt:
        raise UnreadableMessage(f"{label}: ReceiptHandle is empty or has a NUL")
    return QueueMessage(
        queue_id=queue_id,
        message_id=id_,
        body=_text(message.get("Body"), label, "Body"),
        attributes={
            _text(name, label, "Attributes"): _text(value, label, f"Attributes.{name!r}")
            for name, value in _members(message, label, "Attributes")
        },
        message_attributes={
            _text(name, label, "MessageAttributes"): _attribute(value, label, name)
            for name, value in _members(message, label, "MessageAttributes")
        },
    )


def millis_of(text: str) -> int | None:
    """Returns milliseconds since the Unix epoch as nanoseconds; None if they are not an instant."""
    if not (text.isascii() and text.isdecimal() and len(text) <= len(str(LAST_SECOND)) + 3):
        return None
    millis = int(text)
    return millis * MILLI_IN_NANOS if 0 < millis <= LAST_SECOND * 1000 else None


def _attribute(attribute: Any, label: str, name: str) -> MessageAttribute:
    where = f"MessageAttributes.{name!r}"
    if not isinstance(attribute, Mapping):
        raise UnreadableMessage(f"{label}: {where} is not an object")
    data_type = _text(attribute.get("DataType"), label, f"{where}.DataType")
    binary = attribute.get("BinaryValue")
    if binary is not None:
        return MessageAttribute(data_type, _binary(binary, label, where))
    value = _text(attribute.get("StringValue", ""), label, f"{where}.StringValue")
    return MessageAttribute(data_type, value)


def _binary(value: Any, label: str, where: str) -> bytes:
    """Returns bytes, which the client decodes and our own polls leave in base64."""
    if isinstance(value, bytes | bytearray):
        return bytes(value)
    try:
        return base64.b64decode(value, validate=True)
    except (ValueError, TypeError) as error:
        raise UnreadableMessage(f"{label}: {where}.BinaryValue is not base64") from error


def _members(message: Mapping[str, Any], label: str, name: str) -> list[tuple[str, Any]]:
    members = message.get(name) or {}
    if not isinstance(members, Mapping):
        raise UnreadableMessage(f"{label}: {name} is not an object")
    return list(members.items())


def _text(value: Any, label: str, name: str) -> str:
    if not isinstance(value, str):
        raise UnreadableMessage(f"{label}: {name} is missing or not a string")
    try:
        value.encode()
    except UnicodeEncodeError as error:
        # JSON can escape half of a surrogate pair, which no store and no target accepts.
        raise UnreadableMessage(f"{label}: {name} is not Unicode") from error
    return value
