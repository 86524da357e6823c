"""Turns a `google.protobuf.Struct` into JSON."""

from typing import Any

from google.protobuf import json_format
from google.protobuf.struct_pb2 import Struct

from tocsin.wire.errors import invalid_field


def plain(message: Struct, path: str) -> Any:
    """Returns a Struct as JSON.

    Raises:
        ApiError: it has a value that JSON can't have, such as NaN; `path` is the violated field.
    """
    try:
        return _whole_numbers(json_format.MessageToDict(message))
    except (json_format.SerializeToJsonError, ValueError, RecursionError) as error:
        raise invalid_field(path, f"must be a value that JSON can have: {error}") from error


def _whole_numbers(value: Any) -> Any:
    """Turns whole numbers into ints: a Struct has only floats."""
    match value:
        case dict():
            return {name: _whole_numbers(inner) for name, inner in value.items()}
        case list():
            return [_whole_numbers(inner) for inner in value]
        case float() if value.is_integer() and abs(value) < 2**53:
            return int(value)
    return value
