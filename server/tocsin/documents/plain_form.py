"""Turns messages into plain values for documents, with what people would write."""

from collections.abc import Mapping
from typing import Any

from google.protobuf import json_format
from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.message import Message

_LONG = (FieldDescriptor.CPPTYPE_INT64, FieldDescriptor.CPPTYPE_UINT64)


def plain_form(message: Message) -> dict[str, Any]:
    """Returns a message's fields in proto JSON, but with long numbers as numbers.

    Proto JSON writes 64 bits as strings, for clients in JavaScript. Fields are in the order of the
    contract, the keys of maps are sorted.
    """
    return _numbered(json_form(message), message.DESCRIPTOR)


def json_form(message: Message) -> dict[str, Any]:
    """Returns a message's fields in proto JSON; the keys of maps are sorted."""
    return _sorted(json_format.MessageToDict(message), message.DESCRIPTOR)


def _sorted(fields: Mapping[str, Any], descriptor: Any) -> dict[str, Any]:
    return _changed(fields, descriptor, lambda value, _: value)


def _numbered(fields: Mapping[str, Any], descriptor: Any) -> dict[str, Any]:
    return _changed(
        fields, descriptor, lambda value, kind: int(value) if kind.cpp_type in _LONG else value
    )


def _changed(fields: Mapping[str, Any], descriptor: Any, change: Any) -> dict[str, Any]:
    known = {field.json_name: field for field in descriptor.fields}
    return {name: _of_field(value, known[name], change) for name, value in fields.items()}


def _of_field(value: Any, field: Any, change: Any) -> Any:
    kind = field.message_type
    if kind is not None and kind.GetOptions().map_entry:
        kind_of_value = kind.fields_by_name["value"]
        return {key: _of_value(value[key], kind_of_value, change) for key in sorted(value)}
    if isinstance(value, list) and field.is_repeated:
        return [_of_value(item, field, change) for item in value]
    return _of_value(value, field, change)


def _of_value(value: Any, kind: Any, change: Any) -> Any:
    inner = kind.message_type
    if inner is None:
        return change(value, kind)
    # Durations, structs and the like have forms of their own.
    if inner.file.package == "google.protobuf":
        return value
    return _changed(value, inner, change)
