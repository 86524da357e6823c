"""Defines what a kind of source is, and what all kinds share.

Each module of this package describes one kind: what a rule says of its source, what an event of it
is, which events a rule lets pass, and the JSON that a target receives. All of it is pure.
`catalog.py` lists the kinds.
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
    """How a field of a rule is held against an event."""

    ANY_OF = "any_of"
    """The event's value must be one of those expected."""
    PREFIX = "prefix"
    SUFFIX = "suffix"
    TOPIC = "topic"
    """The event's topic must match the MQTT filter."""


@dataclass(frozen=True, slots=True)
class Mismatch:
    """A field of a rule that does not let an event pass: what it asks for, and what came."""

    field: str
    comparison: Comparison
    expected: tuple[str, ...]
    got: str


Mismatches = Iterator[Mismatch]


@dataclass(frozen=True, slots=True)
class Metadata:
    """What is told of an event beside its details.

    `at` is when it happened, in nanoseconds since the Unix epoch. The folder is the trigger's.
    """

    event_id: str
    at: int
    cloud_id: str = ""
    folder_id: str = ""
    trace_id: str = ""


@dataclass(frozen=True, slots=True)
class Kind(Generic[S, E]):
    """One kind of source. `name` is that of its rule and its event in the contracts.

    `keys_of_source` and `keys_of_event` are how triggers are found for an event without a look at
    all of them: an event can only pass a rule with which it shares a key.

    `mismatches` gives the fields of a rule that do not let an event pass; none: it fires.

    `element` is an event as one element of `messages`, `payload` the body of a call: elements in
    their frame. Both are JSON with an indent of two. The metadata that `payload` is given are those
    of the batch; only kinds whose frame has some of its own need them.

    `pulled`: a node reads the source, where the settings name a place to read. `held`: its source
    keeps an event until that is delivered.
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
    """Asks for one of the values; with none, all pass."""
    if expected and got not in expected:
        yield Mismatch(field, Comparison.ANY_OF, tuple(expected), got)


def equal(field: str, expected: str, got: str) -> Mismatches:
    """Asks for exactly this value; empty, all pass."""
    return any_of(field, (expected,) if expected else (), got)


# The standard encoder is quick only where it does not indent, so the indent is ours.
_on_one_line = json.JSONEncoder(ensure_ascii=False).encode


def dumps(value: Any) -> str:
    """Returns JSON with an indent of two, as the standard encoder does. Keys are texts."""
    return _dumped(value, "\n")


def _dumped(value: Any, line: str) -> str:
    if isinstance(value, str):
        return encode_basestring(value)
    inner = f"{line}  "
    if value and isinstance(value, dict):
        members = [
            f"{inner}{encode_basestring(key)}: {_dumped(each, inner)}"
            for key, each in value.items()
        ]
        return f"{{{','.join(members)}{line}}}"
    if value and isinstance(value, list | tuple):
        elements = [f"{inner}{_dumped(each, inner)}" for each in value]
        return f"[{','.join(elements)}{line}]"
    return _on_one_line(value)


def messages_frame(elements: Sequence[str], _: Metadata) -> bytes:
    """`{"messages": […]}`, as all kinds have it whose frame tells nothing of its own."""
    return f'{{\n  "messages": {_array(elements, 2)}\n}}'.encode()


def records_frame(event_type: str) -> Callable[[Sequence[str], Metadata], bytes]:
    """The frame of log records: one message of this type that holds all of them."""

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
    # A string of JSON holds no line break, so each of them is between its values.
    return text.replace("\n", "\n" + " " * depth)
