"""Reads JSON values as protobuf's scalars (protobuf.dev/programming-guides/json)."""

import base64
import binascii
import math
import re
from collections.abc import Callable
from typing import Any, Final, TypeAlias

from google.protobuf.descriptor import EnumDescriptor, FieldDescriptor


class Wrong(Exception):
    """A value does not fit its type; its reader says where."""


Read: TypeAlias = Callable[[Any], Any]

_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?")
_BASE64 = re.compile(r"(?:[A-Za-z0-9+/]*|[A-Za-z0-9_-]*)={0,2}")
_SURROGATE = re.compile("[\ud800-\udfff]")
_ENDS: Final = {"NaN": math.nan, "Infinity": math.inf, "-Infinity": -math.inf}
_LONGEST_NUMBER = 64
_LARGEST_FLOAT = 3.4028235677973366e38
"""Half a step above the largest float: what is smaller is rounded down to it."""


def scalar(field: FieldDescriptor) -> Read:
    """Returns a reader of one value of a field, which raises `Wrong`."""
    if field.enum_type is not None:
        return _enum(field.enum_type)
    return _READERS[field.type]


def map_key(field: FieldDescriptor) -> Read:
    """Returns a reader of a map's keys, which are strings in JSON."""
    if field.type == FieldDescriptor.TYPE_BOOL:
        return _bool_key
    return scalar(field)


def in_query(field: FieldDescriptor) -> Read:
    """Returns a reader of a value in a URL's query, which is a text of any type.

    Booleans are read as Google and Envoy read them, in any case: Python clients write `True`.
    """
    return _bool_in_query if field.type == FieldDescriptor.TYPE_BOOL else scalar(field)


def type_name(field: FieldDescriptor) -> str:
    """Returns what errors call the type of a field, such as `TYPE_INT32`."""
    if field.enum_type is not None:
        return f"type.googleapis.com/{field.enum_type.full_name}"
    if field.message_type is not None:
        return f"type.googleapis.com/{field.message_type.full_name}"
    return _TYPES[field.type]


def string(value: Any) -> str:
    if type(value) is not str or _SURROGATE.search(value):
        raise Wrong
    return value


def integer(value: Any) -> int:
    """Returns a whole number: a JSON number or its text, with an exponent too."""
    kind = type(value)
    if kind is int:
        number: int = value
        return number
    if kind is str:
        if len(value) > _LONGEST_NUMBER:
            raise Wrong
        match = _NUMBER.fullmatch(value)
        if match is None:
            raise Wrong
        if match[1] is None and match[2] is None:
            return int(value)
        value = float(value)
    elif kind is not float:
        raise Wrong
    # Larger ones than 64 bits are refused in any case.
    if not abs(value) <= 2.0**64 or not value.is_integer():
        raise Wrong
    return int(value)


def double(value: Any) -> float:
    kind = type(value)
    if kind is str:
        if value in _ENDS:
            return _ENDS[value]
        if len(value) > _LONGEST_NUMBER * 16 or _NUMBER.fullmatch(value) is None:
            raise Wrong
    elif kind is not int and kind is not float:
        raise Wrong
    try:
        number = float(value)
    except OverflowError:
        raise Wrong from None
    if math.isinf(number):
        raise Wrong
    return number


def _float(value: Any) -> float:
    number = double(value)
    if math.isfinite(number) and abs(number) >= _LARGEST_FLOAT:
        raise Wrong
    return number


def _bool(value: Any) -> bool:
    if value is True or value is False:
        return value
    raise Wrong


def _bool_key(value: Any) -> bool:
    if value not in ("true", "false"):
        raise Wrong
    return bool(value == "true")


def _bool_in_query(value: Any) -> bool:
    text = value.lower()
    if text in ("true", "t", "yes", "y", "1"):
        return True
    if text in ("false", "f", "no", "n", "0"):
        return False
    raise Wrong


def _bytes(value: Any) -> bytes:
    if type(value) is not str or _BASE64.fullmatch(value) is None:
        raise Wrong
    text = value.rstrip("=")
    if len(text) != len(value) and len(value) % 4:
        raise Wrong
    try:
        return base64.b64decode(text.translate(_STANDARD) + "=" * (-len(text) % 4))
    except binascii.Error:
        raise Wrong from None


_STANDARD = str.maketrans("-_", "+/")


def _between(least: int, most: int) -> Read:
    def read(value: Any) -> int:
        number = integer(value)
        if least <= number <= most:
            return number
        raise Wrong

    return read


_int32 = _between(-(2**31), 2**31 - 1)
_int64 = _between(-(2**63), 2**63 - 1)
_uint32 = _between(0, 2**32 - 1)
_uint64 = _between(0, 2**64 - 1)


def _enum(enum: EnumDescriptor) -> Read:
    numbers = {value.name: value.number for value in enum.values}
    known = frozenset(numbers.values()) if enum.is_closed else None

    def read(value: Any) -> int:
        if type(value) is str and value in numbers:
            return numbers[value]
        number: int = _int32(value)
        if known is not None and number not in known:
            raise Wrong
        return number

    return read


_READERS: Final[dict[int, Read]] = {
    FieldDescriptor.TYPE_DOUBLE: double,
    FieldDescriptor.TYPE_FLOAT: _float,
    FieldDescriptor.TYPE_INT64: _int64,
    FieldDescriptor.TYPE_UINT64: _uint64,
    FieldDescriptor.TYPE_INT32: _int32,
    FieldDescriptor.TYPE_FIXED64: _uint64,
    FieldDescriptor.TYPE_FIXED32: _uint32,
    FieldDescriptor.TYPE_BOOL: _bool,
    FieldDescriptor.TYPE_STRING: string,
    FieldDescriptor.TYPE_BYTES: _bytes,
    FieldDescriptor.TYPE_UINT32: _uint32,
    FieldDescriptor.TYPE_SFIXED32: _int32,
    FieldDescriptor.TYPE_SFIXED64: _int64,
    FieldDescriptor.TYPE_SINT32: _int32,
    FieldDescriptor.TYPE_SINT64: _int64,
}

_TYPES: Final[dict[int, str]] = {
    getattr(FieldDescriptor, name): name
    for name in dir(FieldDescriptor)
    if name.startswith("TYPE_") and isinstance(getattr(FieldDescriptor, name), int)
}
