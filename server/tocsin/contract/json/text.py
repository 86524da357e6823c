"""Parses the text of JSON strictly (RFC 8259); an object may name each member once."""

import codecs
import json
from collections.abc import Iterator
from typing import Any, Final

DEEPEST: Final = 100
"""How deep JSON may be nested, as in other implementations of protobuf's JSON."""

_SHOWN = 20
_MOST_TWICE = 100


class JsonTextError(Exception):
    """The text is not JSON; the message says where."""


class RepeatedNames(Exception):
    """Objects name members more than once; `found` has the path of each object, and the name."""

    def __init__(self, found: list[tuple[str, str]]) -> None:
        super().__init__(found)
        self.found = found


def parse_text(data: bytes) -> Any:
    """Parses a body, whose size was bounded before.

    Raises:
        JsonTextError: it is not JSON in UTF-8, is nested too deeply, or has a number that is too
            long to be read.
        RepeatedNames: an object has a member twice.
    """
    # RFC 8259 lets a parser ignore a byte order mark, which some editors write.
    data = data.removeprefix(codecs.BOM_UTF8)
    try:
        text = data.decode()
    except UnicodeDecodeError as error:
        raise JsonTextError(f"The body must be UTF-8, byte {error.start} is not.") from None
    objects = _Objects()
    try:
        value = json.loads(text, object_pairs_hook=objects, parse_constant=_refused)
    except json.JSONDecodeError as error:
        raise JsonTextError(_described(error)) from None
    except RecursionError:
        raise JsonTextError(f"It is nested more than {DEEPEST} levels deep.") from None
    except ValueError:  # Python reads no number of thousands of digits
        raise JsonTextError("A number has more than 4,300 digits.") from None
    if objects.repeated:
        raise RepeatedNames(list(_found(value, objects.repeated)))
    return value


class _Objects:
    """Makes objects of their members, and remembers those that name one twice."""

    __slots__ = ("repeated",)

    def __init__(self) -> None:
        self.repeated: dict[int, tuple[dict[str, Any], list[str]]] = {}

    def __call__(self, pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        members = dict(pairs)
        if len(members) != len(pairs) and len(self.repeated) < _MOST_TWICE:
            seen: set[str] = set()
            names: list[str] = []
            for name, _ in pairs:
                if name in seen:
                    names.append(name)
                seen.add(name)
            # The object is kept too, so that its id stays its own.
            self.repeated[id(members)] = members, names
        return members


def _found(
    value: Any, repeated: dict[int, tuple[dict[str, Any], list[str]]]
) -> Iterator[tuple[str, str]]:
    """Yields the paths of the objects; one inside a member that another replaced has no path."""
    missing = dict(repeated)
    waiting = [("", value)]
    while waiting and missing:
        path, item = waiting.pop()
        if isinstance(item, dict):
            _, names = missing.pop(id(item), (item, []))
            yield from ((path, name) for name in names)
            below = [(f"{path}.{name}" if path else name, each) for name, each in item.items()]
        elif isinstance(item, list):
            below = [(f"{path}[{index}]", each) for index, each in enumerate(item)]
        else:
            continue
        waiting.extend(reversed(below))
    for _, names in missing.values():
        yield from (("", name) for name in names)


def _refused(constant: str) -> None:
    raise JsonTextError(f"{constant} must be in quotes.")


def _described(error: json.JSONDecodeError) -> str:
    text, at = error.doc, error.pos
    what = "Unexpected end of string" if not text[at:].strip() else error.msg
    where = f"line {error.lineno} column {error.colno}"
    first = max(0, at - _SHOWN)
    near = "".join(each if each.isprintable() else " " for each in text[first : at + _SHOWN])
    return f"{what}: {where}.\n{near}\n{' ' * (at - first)}^"
