"""Defines a kind of source, and what all kinds share.

Each module of this package describes one kind: the source that a rule names, its events, which
events match a rule, and the JSON that a target gets. All of it is pure. `catalog.py` lists the
kinds.
"""

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from json.encoder import encode_basestring
from typing import Any, Generic, TypeAlias, TypeVar

# A frozen value that the module of its kind defines.
Event: TypeAlias = object

S = TypeVar("S")
E = TypeVar("E")


class Comparison(StrEnum):
    """Names how a field of a rule is compared with an event."""

    ANY_OF = "any_of"
    """The event's value must be one of the expected values."""
    PREFIX = "prefix"
    SUFFIX = "suffix"
    TOPIC = "topic"
    """The event's topic must match the MQTT filter."""


@dataclass(frozen=True, slots=True)
class Mismatch:
    """Holds a field of a rule that does not match an event, and the values of both."""

    field: str
    comparison: Comparison
    expected: tuple[str, ...]
    got: str


Mismatches = Iterator[Mismatch]


@dataclass(frozen=True, slots=True)
class Metadata:
    """Holds what a target learns about an event besides its details.

    `at` is the event's instant, in nanoseconds since the Unix epoch. The folder is the trigger's.
    """

    event_id: str
    at: int
    cloud_id: str = ""
    folder_id: str = ""
    trace_id: str = ""


@dataclass(frozen=True, slots=True)
class Kind(Generic[S, E]):
    """Describes one kind of source.

    Attributes:
        name: the name of its rule and of its event in the contracts.
        source: the type of the source value in plans.
        event: the type of its events.
        keys_of_source: returns the keys of a source, by which an index finds triggers.
        keys_of_event: returns the keys of an event; a rule can only match it if they share a key.
        mismatches: lists the fields of a rule that don't match an event; if empty, it fires.
        element: returns an event as one element of `messages`, as JSON with an indent of two.
        payload: returns the body of a call, with elements in their frame. The metadata are those of
            the batch, for kinds whose frame has its own.
        pulled: whether a node reads the source, if the settings name a service.
        held: whether the source keeps an event until it is delivered.
    """

    name: str
    source: type[S]
    event: type[E]
    keys_of_source: Callable[[S], tuple[str, ...]]
    keys_of_event: Callable[[E], tuple[str, ...]]
    mismatches: Callable[[S, E], Mismatches]
    element: Callable[[E, Metadata], str]
    payload: Callable[[Sequence[str], Metadata], bytes]
    pulled: bool = False
    held: bool = False


def any_of(field: str, expected: Sequence[str], got: str) -> Mismatches:
    """Requires one of the values; without any, every event matches."""
    if expected and got not in expected:
        yield Mismatch(field, Comparison.ANY_OF, tuple(expected), got)


def equal(field: str, expected: str, got: str) -> Mismatches:
    """Requires exactly this value; if it is empty, every event matches."""
    return any_of(field, (expected,) if expected else (), got)


# The standard encoder is slow when it indents, so this module indents.
_on_one_line = json.JSONEncoder(ensure_ascii=False).encode


def dumps(value: Any) -> str:
    """Returns JSON with an indent of two, as the standard encoder does; keys must be strings."""
    return _dumped(value, "\n")


def _dumped(value: Any, line: str) -> str:
    if isinstance(value, str):
        return encode_basestring(value)
    inner = f"{line}  "
    if value and isinstance(value, dict):
        members = [
            f"{inner}{encode_basestring(key)}: {_dumped(item, inner)}"
            for key, item in value.items()
        ]
        return f"{{{','.join(members)}{line}}}"
    if value and isinstance(value, list | tuple):
        elements = [f"{inner}{_dumped(item, inner)}" for item in value]
        return f"[{','.join(elements)}{line}]"
    return _on_one_line(value)


def messages_frame(elements: Sequence[str], _: Metadata) -> bytes:
    """Returns `{"messages": […]}`, the frame of most kinds."""
    return f'{{\n  "messages": {_array(elements, 2)}\n}}'.encode()


def records_frame(event_type: str) -> Callable[[Sequence[str], Metadata], bytes]:
    """Returns the frame of log records: one message of this type with all records."""

    def frame(elements: Sequence[str], batch: Metadata) -> bytes:
        seconds, nanos = divmod(batch.at, 1_000_000_000)
        metadata = {
            "event_id": batch.event_id,
            "event_type": event_type,
            "created_at": {"seconds": seconds, "nanos": nanos},
        }
        details = f'{{\n  "messages": {_array(elements, 2)}\n}}'
        message = (
            f'{{\n  "event_metadata": {_nested(dumps(metadata), 2)},\n'
            f'  "details": {_nested(details, 2)}\n}}'
        )
        return messages_frame((message,), batch)

    return frame


def _array(elements: Sequence[str], depth: int) -> str:
    within = " " * (depth + 2)
    inner = f",\n{within}".join(_nested(element, depth + 2) for element in elements)
    return f"[\n{within}{inner}\n{' ' * depth}]"


def _nested(text: str, depth: int) -> str:
    # JSON strings hold no line breaks, so every line break is between values.
    return text.replace("\n", "\n" + " " * depth)
