"""Converts CloudEvents 1.0 in JSON into events of `tocsin.v1`."""

import base64
import binascii
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote

from google.protobuf import json_format

from tocsin.contract.validation import Violation, validator
from tocsin.sources.kinds.catalog import KINDS
from tocsin.wire.errors import ApiError, invalid, invalid_field
from tocsin.wire.json_text import parse_json
from tocsin_protos.tocsin.v1.event_service_pb2 import SourceEvent

TYPE_PREFIX = "tocsin.v1."
STRUCTURED = "application/cloudevents+json"
BATCH = "application/cloudevents-batch+json"
HEADER_PREFIX = "ce-"
REQUIRED = ("id", "source", "type")
PATH = "event"

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class CloudEvent:
    """Holds an event, its path in the request, and the key that equal events share."""

    message: SourceEvent
    path: str
    key: str


def cloud_events(content_type: str, body: bytes, headers: Mapping[str, str]) -> list[CloudEvent]:
    """Returns the events of a body, which holds one event or a batch.

    Args:
        content_type: the type of the body, which tells the mode.
        body: the body.
        headers: the request's headers in lower case; in binary mode they hold the attributes.

    Raises:
        ApiError: the body, or an event in it, is wrong.
    """
    media_type = content_type.split(";")[0].strip().lower()
    content = _json(body)
    if media_type == BATCH:
        if not isinstance(content, list):
            raise invalid_field(PATH, "a batch of CloudEvents must be a JSON array")
        return [_event(item, f"{PATH}[{index}]") for index, item in enumerate(content)]
    if media_type == STRUCTURED:
        return [_event(content, PATH)]
    if "ce-specversion" not in headers:
        raise invalid_field(
            PATH,
            f"{media_type[:64] or 'no media type'}: expected {STRUCTURED} or {BATCH}, or another "
            f"type with the event's attributes in headers that begin with {HEADER_PREFIX}",
        )
    return [_event(_attributes(headers) | {"data": content}, PATH)]


def _attributes(headers: Mapping[str, str]) -> Json:
    return {
        name.removeprefix(HEADER_PREFIX): unquote(value)
        for name, value in headers.items()
        if name.startswith(HEADER_PREFIX)
    }


def _json(body: bytes) -> Any:
    try:
        return parse_json(body.decode())
    except ValueError as error:
        raise invalid_field(PATH, f"is not JSON: {error}") from error


def _event(content: Any, path: str) -> CloudEvent:
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
        fields["time"] = content["time"]
    key = f"{content['source']} {content['id']}"
    return CloudEvent(_parsed(fields, path), path, key)


def _data(content: Json, path: str) -> Any:
    if "data_base64" not in content:
        return content.get("data")
    try:
        return _json(base64.b64decode(content["data_base64"], validate=True))
    except (binascii.Error, TypeError, ValueError, ApiError) as error:
        raise invalid_field(f"{path}.data_base64", "is not JSON in base64") from error


def _parsed(fields: Json, path: str) -> SourceEvent:
    try:
        message = json_format.ParseDict(fields, SourceEvent())
    except (json_format.ParseError, RecursionError, TypeError, ValueError) as error:
        raise invalid_field(f"{path}.data", f"does not fit the event's type: {error}") from error
    violations = validator(SourceEvent.DESCRIPTOR)(message)
    if violations:
        raise invalid([Violation(f"{path}.{v.field}", v.description) for v in violations])
    return message
