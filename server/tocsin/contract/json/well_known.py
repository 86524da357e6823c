"""Reads the JSON of well-known types that is not an object of their fields."""

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any, Final, TypeAlias

from google.protobuf.field_mask_pb2 import FieldMask
from google.protobuf.message import Message

from tocsin.contract.json.scalars import Wrong, string

Fill: TypeAlias = Callable[[Any, Any], None]
"""Fills a message from a JSON value, or raises `Wrong`."""

_TIMESTAMP = re.compile(
    r"(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)(?:\.(\d{1,9}))?(?:Z|([+-])(\d\d):(\d\d))",
    re.ASCII,
)
_DURATION = re.compile(r"(-?)(\d{1,12})(?:\.(\d{1,9}))?s", re.ASCII)
_MOST_SECONDS = 315_576_000_000
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_SECOND = timedelta(seconds=1)
_FIRST, _LAST = -62_135_596_800, 253_402_300_799


def _timestamp(message: Any, value: Any) -> None:
    match = _TIMESTAMP.fullmatch(value) if type(value) is str else None
    if match is None:
        raise Wrong
    year, month, day, hour, minute, second = map(int, match.group(1, 2, 3, 4, 5, 6))
    try:
        instant = datetime(year, month, day, hour, minute, second, tzinfo=UTC)
    except ValueError:
        raise Wrong from None
    seconds = (instant - _EPOCH) // _SECOND
    if match[8] is not None:
        hours, minutes = int(match[9]), int(match[10])
        if hours > 23 or minutes > 59:
            raise Wrong
        offset = hours * 3600 + minutes * 60
        seconds += offset if match[8] == "-" else -offset
    if not _FIRST <= seconds <= _LAST:
        raise Wrong
    message.seconds = seconds
    message.nanos = int((match[7] or "").ljust(9, "0"))


def _duration(message: Any, value: Any) -> None:
    match = _DURATION.fullmatch(value) if type(value) is str else None
    if match is None:
        raise Wrong
    sign = -1 if match[1] else 1
    seconds, nanos = int(match[2]), int((match[3] or "").ljust(9, "0"))
    if seconds > _MOST_SECONDS or (seconds == _MOST_SECONDS and nanos):
        raise Wrong
    message.seconds, message.nanos = sign * seconds, sign * nanos


def _field_mask(message: FieldMask, value: Any) -> None:
    """Takes names as JSON and as the proto has them; Google's and Envoy's parsers do so too."""
    text = string(value)
    if text:
        message.paths.extend(_CAPITAL.sub(_snake, path) for path in text.split(","))


_CAPITAL = re.compile("[A-Z]")


def _snake(letter: re.Match[str]) -> str:
    return f"_{letter[0].lower()}"


WELL_KNOWN: Final[dict[str, Fill]] = {
    "google.protobuf.Timestamp": _timestamp,
    "google.protobuf.Duration": _duration,
    "google.protobuf.FieldMask": _field_mask,
}


def fill_value(message: Any, value: Any, left: int) -> None:
    """Fills a `google.protobuf.Value`, `left` levels deep at most."""
    match value:
        case None:
            message.null_value = 0
        case bool():
            message.bool_value = value
        case str():
            message.string_value = string(value)
        case dict():
            fill_struct(message.struct_value, value, left)
        case list():
            fill_list(message.list_value, value, left)
        case _:
            try:
                message.number_value = float(value)
            except OverflowError:
                raise Wrong from None
            if message.number_value in (float("inf"), float("-inf")):
                raise Wrong


def fill_struct(message: Any, value: Any, left: int) -> None:
    if type(value) is not dict or left <= 0:
        raise Wrong
    message.SetInParent()
    for name, item in value.items():
        fill_value(message.fields[string(name)], item, left - 1)


def fill_list(message: Any, value: Any, left: int) -> None:
    if type(value) is not list or left <= 0:
        raise Wrong
    message.SetInParent()
    for item in value:
        fill_value(message.values.add(), item, left - 1)


NESTED: Final[dict[str, Callable[[Message, Any, int], None]]] = {
    "google.protobuf.Value": fill_value,
    "google.protobuf.Struct": fill_struct,
    "google.protobuf.ListValue": fill_list,
}
