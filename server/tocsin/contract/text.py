"""Finds NUL characters, which no string of a request may hold: databases can't store them."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from google.protobuf.message import Message

from tocsin.contract.validation import Violation, shown_key

NUL = "\0"
REFUSED = "must not hold a NUL character"


def nul_violations(request: Message, received: bytes) -> list[Violation]:
    """Lists a violation for each string of a message that holds a NUL, at any depth.

    Keys of maps are checked too; the content of an Any is not.

    Args:
        request: the parsed message.
        received: its bytes; when they hold no NUL, the message is not searched.
    """
    if b"\0" not in received:
        return []
    return [Violation(path, REFUSED) for path in _paths(request)]


def _paths(within: Any) -> Iterator[str]:
    for field, value in within.ListFields():
        for path, item in _items(field.name, value):
            if isinstance(item, Message):
                yield from (f"{path}.{inner}" for inner in _paths(item))
            elif isinstance(item, str) and NUL in item:
                yield path


def _items(name: str, value: Any) -> Iterable[tuple[str, Any]]:
    """Lists the values of a field with their paths; of a map entry the key, if it holds a NUL."""
    if isinstance(value, Mapping):
        for key, item in value.items():
            path = f"{name}[{shown_key(key)}]"
            yield path, key if isinstance(key, str) and NUL in key else item
    elif isinstance(value, (str, bytes, Message)) or not isinstance(value, Iterable):
        yield name, value
    else:
        for index, item in enumerate(value):
            yield f"{name}[{index}]", item
