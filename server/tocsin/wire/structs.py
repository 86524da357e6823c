"""`google.protobuf.Struct` as JSON."""

from typing import Any

from google.protobuf import json_format
from google.protobuf.struct_pb2 import Struct

from tocsin.wire.errors import invalid_field


def plain(message: Struct, path: str) -> Any:
    """Returns a Struct as JSON.

    Raises:
        ApiError: it holds what JSON can't, as a number that is none; `path` is to blame.
    """
    try:
        return _whole_numbers(json_format.MessageToDict(message))
    except (json_format.SerializeToJsonError, ValueError, RecursionError) as error:
        raise invalid_field(path, f"can't be shown as JSON: {error}") from error


def _whole_numbers(value: Any) -> Any:
    """A Struct has only floating numbers; those that are whole were meant so."""
    match value:
        case dict():
            return {name: _whole_numbers(each) for name, each in value.items()}
        case list():
            return [_whole_numbers(each) for each in value]
        case float() if value.is_integer() and abs(value) < 2**53:
            return int(value)
    return value
