"""What no text may hold, whatever its field: a NUL character, which databases don't keep."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from google.protobuf.message import Message

from tocsin.contract.validation import Violation, shown_key

NUL = "\0"
REFUSED = "must not hold a NUL character"


def nul_violations(request: Message, received: bytes) -> list[Violation]:
    """Lists the strings of a message, at any depth, that hold a NUL; `received` is its bytes.

    Keys of maps count as well. What an Any holds is not looked into.
    """
    if b"\0" not in received:
        return []
    return [Violation(path, REFUSED) for path in _paths(request)]


def _paths(within: Any) -> Iterator[str]:
    for field, value in within.ListFields():
        for path, each in _items(field.name, value):
            if isinstance(each, Message):
                yield from (f"{path}.{inner}" for inner in _paths(each))
            elif isinstance(each, str) and NUL in each:
                yield path


def _items(name: str, value: Any) -> Iterable[tuple[str, Any]]:
    """Gives the values of a field, each with its path; an entry of a map is its key and value."""
    if isinstance(value, Mapping):
        for key, each in value.items():
            path = f"{name}[{shown_key(key)}]"
            yield path, key if isinstance(key, str) and NUL in key else each
    elif isinstance(value, (str, bytes, Message)) or not isinstance(value, Iterable):
        yield name, value
    else:
        for index, each in enumerate(value):
            yield f"{name}[{index}]", each
