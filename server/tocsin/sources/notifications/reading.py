"""Reads notifications: JSON that other software sends or puts into a queue."""

import hashlib
import json
from dataclasses import dataclass
from typing import Any

from tocsin.sources.incoming import Incoming

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Notification:
    """Holds the events of a body; `ignored` counts its other entries, such as pulls."""

    incoming: tuple[Incoming, ...]
    ignored: int = 0


class NotificationError(ValueError):
    """A body is not a notification; `field` is the path of what is wrong, empty for the body."""

    def __init__(self, field: str, reason: str) -> None:
        super().__init__(f"{field}: {reason}" if field else reason)
        self.field = field
        self.reason = reason


def json_object(body: bytes) -> Json:
    """Parses a body; raises NotificationError if it is not a JSON object."""
    try:
        content = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise NotificationError("", f"is not JSON: {error}") from error
    if not isinstance(content, dict):
        raise NotificationError("", "is not a JSON object")
    return content


def member(within: Json, path: str, name: str) -> Json:
    """Returns a required object by its name; `path` is that of the object around it."""
    value = within.get(name)
    if not isinstance(value, dict):
        raise NotificationError(joined(path, name), "expected an object")
    return value


def members(within: Json, path: str, name: str) -> list[tuple[str, Json]]:
    """Returns the objects of a required array with their paths."""
    value = within.get(name)
    if not isinstance(value, list):
        raise NotificationError(joined(path, name), "expected an array")
    items = [(f"{joined(path, name)}[{index}]", item) for index, item in enumerate(value)]
    for item_path, item in items:
        if not isinstance(item, dict):
            raise NotificationError(item_path, "expected an object")
    return items


def text(within: Json, path: str, name: str) -> str:
    """Returns a required string, which must not be empty."""
    value = optional_text(within, path, name)
    if not value:
        raise NotificationError(joined(path, name), "expected a string")
    return value


def optional_text(within: Json, path: str, name: str) -> str:
    """Returns a string, empty if it is missing."""
    value = within.get(name)
    if value is None:
        return ""
    if not isinstance(value, str):
        raise NotificationError(joined(path, name), "expected a string")
    try:
        value.encode()
    except UnicodeEncodeError as error:
        # JSON can escape half of a surrogate pair, which no store and no target accepts.
        raise NotificationError(joined(path, name), "is not Unicode") from error
    return value


def joined(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name


def identity(*parts: object) -> str:
    """Returns an id that is the same for equal parts, so that a repeated event has the same id.

    Raises:
        NotificationError: the parts are nested too deeply.
    """
    try:
        content = json.dumps(parts, sort_keys=True, separators=(",", ":"))
    except RecursionError as error:
        raise NotificationError("", "is nested too deeply") from error
    return hashlib.sha256(content.encode()).hexdigest()[:32]
