"""Reads a message in proto JSON form from a YAML or JSON file."""

import difflib
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

import yaml
from google.protobuf import json_format, message_factory
from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.message import Message

from tocsin.cli.documents import plain_yaml
from tocsin.cli.documents.enum_names import full_names, short_names

M = TypeVar("M", bound=Message)

STDIN = "-"


class DocumentError(Exception):
    """A document is wrong; each of `lines` says where and what would be right."""

    def __init__(self, *lines: str) -> None:
        super().__init__("\n".join(lines))
        self.lines = lines


class Document:
    """Holds an object from a file, and remembers the lines of its fields."""

    def __init__(self, name: str, root: yaml.MappingNode) -> None:
        self.name = name
        self._root = root
        self._lines: dict[str, int] = {}

    @property
    def fields(self) -> dict[str, Any]:
        """Returns the fields by the names that the file uses."""
        return dict(plain_yaml.value(self._root))

    def parse(self, message: M) -> M:
        """Writes the fields into a message, and returns it.

        Raises:
            DocumentError: the message does not have a field, or a value is wrong.
        """
        problems = list(_object(self._root, message.DESCRIPTOR, "", self._lines))
        if problems:
            raise DocumentError(*(f"{self.name}:{problem}" for problem in problems))
        return json_format.ParseDict(full_names(self.fields, message.DESCRIPTOR), message)

    def where(self, path: str) -> str:
        """Returns the line of a parsed field, or of the nearest field above it: `file.yaml:7: `.

        Args:
            path: the field's path in the contract's names, such as `rule.timer.cron_expression`.
        """
        while path and path not in self._lines:
            path = path[: max(path.rfind("."), path.rfind("["), 0)]
        line = self._lines.get(path)
        return f"{self.name}:{line}: " if line else f"{self.name}: "


def read_document(file: str) -> Document:
    """Reads an object from a file; `-` is the standard input.

    Raises:
        DocumentError: the file can't be read, is not YAML, or does not hold an object.
    """
    name = "stdin" if file == STDIN else file
    try:
        text = sys.stdin.read() if file == STDIN else Path(file).read_text(encoding="utf-8")
        root = plain_yaml.read(text)
    except OSError as error:
        raise DocumentError(f"{name}: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise DocumentError(f"{name}: must be text in UTF-8") from error
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = f"{mark.line + 1}: " if mark else " "
        raise DocumentError(f"{name}:{line}{error.problem or error.context}") from error
    except yaml.YAMLError as error:
        raise DocumentError(f"{name}: {' '.join(str(error).split())}") from error
    if not isinstance(root, yaml.MappingNode):
        raise DocumentError(f"{name}: must be an object, with fields such as `name: nightly`")
    return Document(name, root)


class _Problem(NamedTuple):
    line: int
    path: str
    text: str

    def __str__(self) -> str:
        return f"{self.line}: {self.path}: {self.text}"


class _Part(NamedTuple):
    """Holds one value of a field: its only one, an item of its list, or an entry of its map."""

    path: str
    node: yaml.Node
    as_field: Any


def _object(
    node: yaml.Node, descriptor: Any, path: str, lines: dict[str, int]
) -> Iterator[_Problem]:
    if not isinstance(node, yaml.MappingNode):
        yield _Problem(plain_yaml.line(node), path, "must be an object")
        return
    fields = {name: field for field in descriptor.fields for name in (field.json_name, field.name)}
    chosen: dict[str, str] = {}
    for key, value in node.value:
        line = plain_yaml.line(key)
        field = fields.get(key.value)
        if field is None:
            text = "unknown field" + _guess(key.value, descriptor)
            yield _Problem(line, _within(path, key.value), text)
            continue
        inner = _within(path, field.name)
        lines[inner] = line
        if field.containing_oneof is not None:
            first = chosen.setdefault(field.containing_oneof.name, key.value)
            if first != key.value:
                yield _Problem(line, inner, f"conflicts with {first}: give one of them")
        yield from _field(field, value, inner, lines)


def _field(field: Any, node: yaml.Node, path: str, lines: dict[str, int]) -> Iterator[_Problem]:
    if plain_yaml.value(node) is None:
        return  # null means unset
    wanted = _wanted(field)
    if wanted is not None and not isinstance(node, wanted[0]):
        yield _Problem(plain_yaml.line(node), path, f"must be {wanted[1]}")
        return
    for part in _parts(field, node, path):
        lines.setdefault(part.path, plain_yaml.line(part.node))
        if _is_object(field):
            yield from _object(part.node, field.message_type, part.path, lines)
        elif (text := _wrong(field, part)) is not None:
            yield _Problem(plain_yaml.line(part.node), part.path, text)


def _wanted(field: Any) -> tuple[type[yaml.Node], str] | None:
    if _is_map(field):
        return yaml.MappingNode, "an object"
    return (yaml.SequenceNode, "a list") if field.is_repeated else None


def _parts(field: Any, node: yaml.Node, path: str) -> Iterator[_Part]:
    value = plain_yaml.value(node)
    if _is_map(field):
        for key, item in node.value:
            yield _Part(f"{path}[{key.value}]", item, {key.value: plain_yaml.value(item)})
    elif field.is_repeated:
        for index, item in enumerate(node.value):
            yield _Part(f"{path}[{index}]", item, [plain_yaml.value(item)])
    else:
        yield _Part(path, node, value)


# Describes the values of a type for people.
_WHOLE_NUMBERS = (FieldDescriptor.CPPTYPE_INT32, FieldDescriptor.CPPTYPE_INT64)
_WORDS = {
    "google.protobuf.Duration": "a duration, such as 15s",
    "google.protobuf.Timestamp": "an instant, such as 2026-01-31T09:00:00Z",
}


def _wrong(field: Any, part: _Part) -> str | None:
    """Returns what is wrong with a value that has no fields of its own, or None."""
    kind: Any = field.message_type.fields_by_name["value"] if _is_map(field) else field
    value = plain_yaml.value(part.node)
    if kind.type == FieldDescriptor.TYPE_STRING and not isinstance(value, str):
        scalar = isinstance(part.node, yaml.ScalarNode)
        return "must be a string" + (f': put it in quotes, "{part.node.value}"' if scalar else "")
    try:
        empty = message_factory.GetMessageClass(field.containing_type)()
        given = full_names({field.name: part.as_field}, field.containing_type)
        json_format.ParseDict(given, empty)
    except json_format.ParseError as error:
        if kind.enum_type is not None:
            return "must be one of " + ", ".join(short_names(kind.enum_type))
        if kind.cpp_type in _WHOLE_NUMBERS:
            return "must be a whole number"
        if kind.message_type is not None and kind.message_type.full_name in _WORDS:
            return f"must be {_WORDS[kind.message_type.full_name]}"
        return re.sub(r"^(Failed to parse \w+ field: )+", "", str(error)).rstrip(".")
    return None


def _is_map(field: Any) -> bool:
    kind = field.message_type
    return kind is not None and bool(kind.GetOptions().map_entry)


def _is_object(field: Any) -> bool:
    """Returns whether values have fields in JSON; durations, instants and the like don't."""
    kind = field.message_type
    return kind is not None and not _is_map(field) and kind.file.package != "google.protobuf"


def _within(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name


def _guess(name: str, descriptor: Any) -> str:
    names = [field.json_name for field in descriptor.fields]
    near = difflib.get_close_matches(name, names, n=1)
    return f"; did you mean {near[0]}?" if near else "; use one of " + ", ".join(names)
