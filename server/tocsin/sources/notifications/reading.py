"""Reads notifications: JSON that other software sends or puts into a queue."""

import hashlib
import json
import math
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from tocsin.contract.text import NUL
from tocsin.sources.incoming import Incoming

Json = dict[str, Any]
T = TypeVar("T")

# Keys by which entries of one body that can't be read are counted; the others count as unknown.
MOST_KEYS = 256


class NotificationError(ValueError):
    """A body is not a notification; `field` is the path of what is wrong, empty for the body."""

    def __init__(self, field: str, reason: str) -> None:
        super().__init__(f"{field}: {reason}" if field else reason)
        self.field = field
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Unreadable:
    """Counts entries that can't be read, and holds what is wrong with the last of them.

    `key` is that of the triggers that they are for, such as a bucket; empty if they don't say it.
    """

    key: str
    entries: int
    error: NotificationError


@dataclass(frozen=True, slots=True)
class Notification:
    """Holds the events of a body; `ignored` counts its other entries, such as pulls."""

    incoming: tuple[Incoming, ...]
    ignored: int = 0
    unreadable: tuple[Unreadable, ...] = ()

    @property
    def refused(self) -> int:
        """Returns how many entries can't be read."""
        return sum(each.entries for each in self.unreadable)


def json_object(body: bytes) -> Json:
    """Parses a body; raises NotificationError if it is not a JSON object.

    A byte that is not UTF-8, and a number that is too long to be read, are left to what reads the
    entry that has them: they hold up no other.
    """
    try:
        text_of_body = body.decode(json.detect_encoding(body), "surrogateescape")
        content = json.loads(text_of_body, parse_int=_integer)
    except (ValueError, RecursionError) as error:
        raise NotificationError("", f"is not JSON: {error}") from error
    if not isinstance(content, dict):
        raise NotificationError("", "is not a JSON object")
    return content


def _integer(digits: str) -> int | float:
    try:
        return int(digits)
    except ValueError:  # Python reads no number of thousands of digits
        return math.inf


def member(within: Json, path: str, name: str) -> Json:
    """Returns a required object by its name; `path` is that of the object around it."""
    value = within.get(name)
    if not isinstance(value, dict):
        raise NotificationError(joined(path, name), "expected an object")
    return value


def read_each(
    within: Json,
    path: str,
    name: str,
    read: Callable[[Json, str], T],
    key_of: Callable[[Any], str],
) -> tuple[list[T], tuple[Unreadable, ...]]:
    """Reads the objects of a required array; one that can't be read holds up no other.

    Args:
        within: the object that has the array.
        path: its path.
        name: the name of the array.
        read: reads an object, by the object and its path.
        key_of: returns the key of an entry that can't be read, which may be anything.

    Raises:
        NotificationError: there is no such array, or none of its entries can be read.
    """
    entries = within.get(name)
    if not isinstance(entries, list):
        raise NotificationError(joined(path, name), "expected an array")
    done: list[T] = []
    counts: Counter[str] = Counter()
    errors: dict[str, NotificationError] = {}
    first: NotificationError | None = None
    for index, entry in enumerate(entries):
        where = f"{joined(path, name)}[{index}]"
        try:
            if not isinstance(entry, dict):
                raise NotificationError(where, "expected an object")
            done.append(read(entry, where))
        except NotificationError as error:
            first = first or error
            key = key_of(entry)
            if key not in counts and len(counts) >= MOST_KEYS:
                key = ""
            counts[key] += 1
            errors[key] = error
    if first is not None and not done:
        raise first
    return done, tuple(Unreadable(key, counts[key], errors[key]) for key in counts)


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
        # JSON can escape half of a surrogate pair, which no store and no target accepts; bytes that
        # are not UTF-8 look the same.
        raise NotificationError(joined(path, name), "is not Unicode") from error
    if NUL in value:
        # No name or key has it, and a store on PostgreSQL can't look for it.
        raise NotificationError(joined(path, name), "has the character U+0000")
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
