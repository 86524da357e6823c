"""Converts CloudEvents 1.0 in JSON into events of `tocsin.v1`."""

import base64
import binascii
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from urllib.parse import unquote

from google.protobuf.timestamp_pb2 import Timestamp

from tocsin.api.tocsin.events.message import LONGEST_ID, incoming_of
from tocsin.contract.fields import required_texts
from tocsin.contract.json.messages import JsonFaults, fill_message
from tocsin.contract.validation import Violation, validator
from tocsin.sources.incoming import Incoming
from tocsin.sources.kinds.catalog import KINDS
from tocsin.wire.errors import ApiError, invalid, invalid_field, unreadable
from tocsin.wire.json_text import TOO_LONG, parse_body, repeated
from tocsin_protos.tocsin.v1.event_service_pb2 import SourceEvent

TYPE_PREFIX = "tocsin.v1."
STRUCTURED = "application/cloudevents+json"
BATCH = "application/cloudevents-batch+json"
HEADER_PREFIX = "ce-"
REQUIRED = ("id", "source", "type")
PATH = "event"

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Content:
    """Holds an event that was not read yet, and its path in the request.

    Unless it is `strict`, it may hold what JSON can't have, such as half of a surrogate pair, and
    `Unfit` values.
    """

    value: Any
    path: str
    strict: bool = True


@dataclass(frozen=True, slots=True)
class Unfit:
    """Stands for a value that can't be read; `why` says what is wrong with it."""

    why: str


@dataclass(frozen=True, slots=True)
class Unreadable:
    """Holds what is wrong with an event of a batch, and by which kind and key triggers listen.

    They are empty where the event does not say them.
    """

    id: str
    kind: str
    key: str
    error: ApiError


def contents_of(content_type: str, body: bytes, headers: Mapping[str, str]) -> list[Content]:
    """Returns the events of a body, which holds one event or a batch.

    Args:
        content_type: the type of the body, which tells the mode.
        body: the body.
        headers: the request's headers in lower case; in binary mode they hold the attributes.

    Raises:
        ApiError: the body is wrong.
    """
    media_type = content_type.split(";")[0].strip().lower()
    if media_type == BATCH:
        return _batch(body)
    content = _json(body)
    if media_type == STRUCTURED:
        return [Content(content, PATH)]
    if "ce-specversion" not in headers:
        raise invalid_field(
            PATH,
            f"{media_type[:64] or 'no media type'}: expected {STRUCTURED} or {BATCH}, or another "
            f"type with the event's attributes in headers that begin with {HEADER_PREFIX}",
        )
    return [Content(_attributes(headers) | {"data": content}, PATH)]


def _batch(body: bytes) -> list[Content]:
    """Returns the events of a batch; a value that JSON can't have is the fault of its event."""
    strict = True
    try:
        batch = _json(body)
    except ApiError:
        try:
            batch = json.loads(
                body.decode("utf-8-sig", "surrogateescape"),
                object_pairs_hook=_members,
                parse_int=_integer,
            )
        except (ValueError, RecursionError):
            batch = None
        if not isinstance(batch, list):
            raise
        strict = False
    if not isinstance(batch, list):
        raise invalid_field(PATH, "a batch of CloudEvents must be a JSON array")
    return [Content(item, f"{PATH}[{index}]", strict) for index, item in enumerate(batch)]


def _members(pairs: list[tuple[str, Any]]) -> Json:
    members: Json = {}
    for name, value in pairs:
        members[name] = Unfit(repeated(name)) if name in members else value
    return members


def _integer(digits: str) -> int | Unfit:
    try:
        return int(digits)
    except ValueError:  # Python reads no number of thousands of digits
        return Unfit(TOO_LONG)


def read_all(contents: Sequence[Content], now: datetime) -> list[Incoming | Unreadable]:
    """Reads events; one of a batch that can't be read holds up no other.

    Raises:
        ApiError: none can be read.
    """
    read: list[Incoming | Unreadable] = []
    for content in contents:
        try:
            read.append(_incoming(content, now))
        except ApiError as error:
            kind, key = _whereabouts(content.value)
            read.append(Unreadable(_id(content.value), kind, key, error))
    refused = [each for each in read if isinstance(each, Unreadable)]
    if refused and len(refused) == len(read):
        raise refused[0].error
    return read


def _whereabouts(value: Any) -> tuple[str, str]:
    """Returns the kind and the key of an event that can't be read, as far as it says them."""
    if not isinstance(value, dict) or not isinstance(value.get("type"), str):
        return "", ""
    kind = value["type"].removeprefix(TYPE_PREFIX)
    if kind not in KINDS or kind == value["type"]:
        return "", ""
    data = value.get("data")
    if not isinstance(data, dict):
        return kind, ""
    # The first field that an event of the kind requires is that by which triggers listen.
    message = SourceEvent.DESCRIPTOR.fields_by_name[kind].message_type
    assert message is not None, "the event of each kind is a message"
    name = required_texts(message)[0]
    key = data.get(name, data.get(message.fields_by_name[name].json_name))
    return kind, key if isinstance(key, str) and _is_unicode(key) else ""


def _id(value: Any) -> str:
    id_ = value.get("id") if isinstance(value, dict) else None
    return id_ if isinstance(id_, str) and len(id_) <= LONGEST_ID and _is_unicode(id_) else ""


def _is_unicode(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _attributes(headers: Mapping[str, str]) -> Json:
    return {
        name.removeprefix(HEADER_PREFIX): _unescaped(name, value)
        for name, value in headers.items()
        if name.startswith(HEADER_PREFIX)
    }


def _unescaped(name: str, value: str) -> str:
    try:
        return unquote(value, errors="strict")
    except UnicodeDecodeError as error:
        attribute = name.removeprefix(HEADER_PREFIX)
        raise invalid_field(f"{PATH}.{attribute}", "must escape UTF-8 by percent signs") from error


def _json(body: bytes) -> Any:
    try:
        return parse_body(body)
    except ValueError as error:
        raise invalid_field(PATH, f"is not JSON: {error}") from error


def _incoming(event: Content, now: datetime) -> Incoming:
    content, path = event.value, event.path
    if not event.strict:
        try:
            content = parse_body(_written(content))
        except (ValueError, RecursionError) as error:
            raise invalid_field(path, f"is not JSON: {error}") from error
    if not isinstance(content, dict):
        raise invalid_field(path, "a CloudEvent must be a JSON object")
    if content.get("specversion") != "1.0":
        raise invalid_field(f"{path}.specversion", 'expected "1.0"')
    for name in REQUIRED:
        if not isinstance(content.get(name), str) or not content[name]:
            raise invalid_field(f"{path}.{name}", "Field is required and must be a string")
    kind = content["type"].removeprefix(TYPE_PREFIX)
    if kind not in KINDS or kind == content["type"]:
        known = ", ".join(TYPE_PREFIX + name for name in KINDS)
        raise invalid_field(f"{path}.type", f"must be one of {known}")
    fields: Json = {"id": content["id"], kind: _data(content, path)}
    if content.get("time") is not None:
        fields["time"] = _time(content["time"], f"{path}.time")
    key = f"{content['source']} {content['id']}"
    return replace(incoming_of(_parsed(fields, path), path, now), key=key)


def _written(content: Any) -> bytes:
    """Returns the JSON text of a value again.

    Raises:
        ValueError: it has what can't be written.
    """
    text = json.dumps(content, ensure_ascii=False, default=_refuse)
    try:
        return text.encode()
    except UnicodeEncodeError:
        raise ValueError("it has half of a surrogate pair, or bytes that are not UTF-8") from None


def _refuse(value: Unfit) -> None:
    raise ValueError(value.why)


def _time(value: Any, path: str) -> Any:
    try:
        fill_message(value, Timestamp(), strict=True)
    except JsonFaults as error:
        raise invalid_field(path, "expected an instant such as 2026-11-21T10:00:00.5Z") from error
    return value


def _data(content: Json, path: str) -> Any:
    if "data_base64" not in content:
        return content.get("data")
    if content.get("data") is not None:
        raise invalid_field(f"{path}.data_base64", "must not be there beside data")
    try:
        return _json(base64.b64decode(content["data_base64"], validate=True))
    except (binascii.Error, TypeError, ValueError, ApiError) as error:
        raise invalid_field(f"{path}.data_base64", "is not JSON in base64") from error


def _parsed(fields: Json, path: str) -> SourceEvent:
    message = SourceEvent()
    try:
        fill_message(fields, message, strict=True, at=path)
    except JsonFaults as error:
        raise unreadable(error.faults) from None
    violations = validator(SourceEvent.DESCRIPTOR)(message)
    if violations:
        raise invalid([Violation(f"{path}.{v.field}", v.description) for v in violations])
    return message
