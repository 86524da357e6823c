"""Values of parameters: one of each member of each carrier's oneof."""

import re
from typing import Any

TYPE = "type.googleapis.com/google.protobuf"

# Each member of ValueType, as JSON, with what is sent.
VALUES: dict[str, Any] = {
    "stringValue": "grüße \"'\\ 🎉",
    "intValue": "-9007199254740993",
    "doubleValue": 2.5,
    "booleanValue": True,
    "stringArray": {"stringValues": ["a", "", "ж"]},
    "intArray": {"intValues": ["1", "-2", "9223372036854775807"]},
    "doubleArray": {"doubleValues": [0.5, -1e300]},
    "booleanArray": {"booleanValues": [True, False]},
    "jsonValue": '{"a": [1, null, {"b": 1e3}]}',
}
# What the older carriers have besides, though not jsonValue in the oldest one.
OLDER: dict[str, Any] = {
    "protoValue": {"@type": f"{TYPE}.Duration", "value": "3s"},
    "protoArray": {"protoValues": [{"@type": f"{TYPE}.Duration", "value": "3s"}]},
    "serializedObjectValue": {"objectValue": "AAH/"},
}
# A value of another JSON type for each member.
WRONG: dict[str, Any] = {
    "stringValue": 5,
    "intValue": "five",
    "doubleValue": "two",
    "booleanValue": "perhaps",
    "stringArray": ["a"],
    "intArray": {"intValues": ["one"]},
    "doubleArray": {"doubleValues": ["two"]},
    "booleanArray": {"booleanValues": ["perhaps"]},
    "jsonValue": {"a": 1},
}


def kebab(member: str) -> str:
    """Returns a member's name as a part of a clause's id."""
    return re.sub("[A-Z]", lambda found: "-" + found[0].lower(), member)


def snake(member: str) -> str:
    """Returns a member's name in the proto."""
    return kebab(member).replace("-", "_")


def data_type(member: str) -> str:
    """Returns the name of the data type that a member has."""
    return snake(member).upper()
