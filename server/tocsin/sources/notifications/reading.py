"""What other software tells of what happened in it: JSON that it sends or puts into a queue."""

import hashlib
import json
from dataclasses import dataclass
from typing import Any

from tocsin.sources.incoming import Incoming

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Notification:
    """The events that a body tells of. `ignored` counts what else it tells, as a pull."""

    incoming: tuple[Incoming, ...]
    ignored: int = 0


class NotificationError(ValueError):
    """A body that is no notification; `field` is the path in it to blame, empty for all of it."""

    def __init__(self, field: str, reason: str) -> None:
        super().__init__(f"{field}: {reason}" if field else reason)
        self.field = field
        self.reason = reason


def json_object(body: bytes) -> Json:
    """Reads a body. Raises NotificationError if it is no JSON object."""
    try:
        content = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise NotificationError("", f"is not JSON: {error}") from error
    if not isinstance(content, dict):
        raise NotificationError("", "is not a JSON object")
    return content


def member(within: Json, path: str, name: str) -> Json:
    """Returns an object that must be there, by its name within the one at `path`."""
    value = within.get(name)
    if not isinstance(value, dict):
        raise NotificationError(joined(path, name), "expected an object")
    return value


def members(within: Json, path: str, name: str) -> list[tuple[str, Json]]:
    """Returns the objects of an array that must be there, each with its path."""
    value = within.get(name)
    if not isinstance(value, list):
        raise NotificationError(joined(path, name), "expected an array")
    found = [(f"{joined(path, name)}[{place}]", each) for place, each in enumerate(value)]
    for where, each in found:
        if not isinstance(each, dict):
            raise NotificationError(where, "expected an object")
    return found


def text(within: Json, path: str, name: str) -> str:
    """Returns a text that must be there and not be empty."""
    value = optional_text(within, path, name)
    if not value:
        raise NotificationError(joined(path, name), "expected a text")
    return value


def optional_text(within: Json, path: str, name: str) -> str:
    """Returns a text, empty if it is not there."""
    value = within.get(name)
    if value is None:
        return ""
    if not isinstance(value, str):
        raise NotificationError(joined(path, name), "expected a text")
    try:
        value.encode()
    except UnicodeEncodeError as error:
        # JSON can escape half a character, which no store and no target takes.
        raise NotificationError(joined(path, name), "is not Unicode") from error
    return value


def joined(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name


def identity(*parts: object) -> str:
    """Returns an id that is the same whenever the same is told again.

    Raises:
        NotificationError: it is nested too deep.
    """
    try:
        told = json.dumps(parts, sort_keys=True, separators=(",", ":"))
    except RecursionError as error:
        raise NotificationError("", "is nested too deep") from error
    return hashlib.sha256(told.encode()).hexdigest()[:32]
