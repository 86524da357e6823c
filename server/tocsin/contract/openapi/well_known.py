"""Describes the JSON of scalars and well-known types (protobuf.dev/programming-guides/json).

Numbers of 64 bits are texts in answers, and may be numbers in requests; keywords for numbers and
for texts stand side by side, since each holds for its own type alone.
"""

from collections.abc import Mapping
from typing import Final

from google.protobuf.descriptor import FieldDescriptor

from tocsin.contract.openapi import Json
from tocsin.contract.openapi.digits import range_pattern

INT64: Final = (-(2**63), 2**63 - 1)
UINT64: Final = (0, 2**64 - 1)
INT32: Final = (-(2**31), 2**31 - 1)
UINT32: Final = (0, 2**32 - 1)

_F = FieldDescriptor
INTEGERS: Final[Mapping[int, tuple[str, tuple[int, int]]]] = {
    _F.TYPE_INT32: ("int32", INT32),
    _F.TYPE_SINT32: ("int32", INT32),
    _F.TYPE_SFIXED32: ("int32", INT32),
    _F.TYPE_UINT32: ("uint32", UINT32),
    _F.TYPE_FIXED32: ("uint32", UINT32),
    _F.TYPE_INT64: ("int64", INT64),
    _F.TYPE_SINT64: ("int64", INT64),
    _F.TYPE_SFIXED64: ("int64", INT64),
    _F.TYPE_UINT64: ("uint64", UINT64),
    _F.TYPE_FIXED64: ("uint64", UINT64),
}
"""The format and the range of each type of whole numbers."""

_NUMBER = r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?"
_NOT_FINITE = ("NaN", "Infinity", "-Infinity")
_BASE64 = "(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}(?:==)?|[A-Za-z0-9+/]{3}=?)?"

OTHER_SCALARS: Final[Mapping[int, Json]] = {
    _F.TYPE_BOOL: {"type": "boolean"},
    _F.TYPE_STRING: {"type": "string"},
    _F.TYPE_BYTES: {
        "type": "string",
        "contentEncoding": "base64",
        "pattern": f"^{_BASE64}$",
    },
    _F.TYPE_DOUBLE: {
        "type": ["number", "string"],
        "format": "double",
        "pattern": f"^(?:{'|'.join(_NOT_FINITE)}|{_NUMBER})$",
    },
    _F.TYPE_FLOAT: {
        "type": ["number", "string"],
        "format": "float",
        "pattern": f"^(?:{'|'.join(_NOT_FINITE)}|{_NUMBER})$",
    },
}

_FRACTION = r"(?:\.[0-9]{1,9})?"
_MOST_SECONDS = 315_576_000_000

WELL_KNOWN: Final[Mapping[str, Json]] = {
    "google.protobuf.Timestamp": {
        "type": "string",
        "format": "date-time",
        "pattern": (
            r"^(?:[1-9][0-9]{3}|0[1-9][0-9]{2}|00[1-9][0-9]|000[1-9])-[0-9]{2}-[0-9]{2}"
            rf"T[0-9]{{2}}:[0-9]{{2}}:[0-9]{{2}}{_FRACTION}(?:Z|[+-][0-9]{{2}}:[0-9]{{2}})$"
        ),
        "description": "An instant by RFC 3339, to the nanosecond.",
    },
    "google.protobuf.Duration": {
        "type": "string",
        "pattern": f"^-?(?:{range_pattern(0, _MOST_SECONDS - 1)}{_FRACTION}|{_MOST_SECONDS})s$",
        "description": "Seconds, to the nanosecond, such as `1.5s`.",
    },
    "google.protobuf.FieldMask": {
        "type": "string",
        "description": "Paths of fields, joined by commas.",
    },
    "google.protobuf.Any": {
        "type": "object",
        "properties": {"@type": {"type": "string", "pattern": "^[^/]*/.+$"}},
        "additionalProperties": True,
        "description": "A message of any type. `@type` names its type, behind a slash.",
    },
    "google.protobuf.Struct": {"type": "object", "additionalProperties": True},
    "google.protobuf.Value": {"description": "Any JSON value."},
    "google.protobuf.ListValue": {"type": "array", "items": {}},
    "google.protobuf.Empty": {"type": "object"},
}


def whole_number(kind: int, low: int, high: int, *, zero: bool) -> Json:
    """Describes a whole number of a range.

    Args:
        kind: the type of the field.
        low: the least number.
        high: the largest number.
        zero: whether 0 is allowed beside the range.
    """
    name, _ = INTEGERS[kind]
    pattern = range_pattern(low, high)
    described: Json = {
        "type": ["integer", "string"] if name.endswith("64") else "integer",
        "format": name,
        "minimum": low,
        "maximum": high,
    }
    if name.endswith("64"):
        described["pattern"] = f"^{pattern}$"
    if zero and not low <= 0 <= high:
        # Without an `enum`: generators refuse one whose values are of two types.
        return {"anyOf": [whole_number(kind, 0, 0, zero=False), described]}
    return described


def duration(low_nanos: float, high_nanos: float) -> Json | None:
    """Describes a duration of a range; None if its bounds are not whole seconds."""
    second = 10**9
    low = max(low_nanos, 0)
    high = min(high_nanos, _MOST_SECONDS * second)
    if low % second or high % second:
        return None
    first, last = int(low // second), int(high // second)
    whole = rf"{last}(?:\.0{{1,9}})?"
    pattern = whole
    if first < last:
        pattern = f"(?:{range_pattern(first, last - 1)}{_FRACTION}|{whole})"
    negative = "-?" if low_nanos < 0 else ""
    return {"type": "string", "pattern": f"^{negative}{pattern}s$"}
