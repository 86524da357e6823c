"""Reads messages in proto JSON form from YAML or JSON, and says where what is wrong stands."""

import difflib
import re
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

import yaml
from google.protobuf import json_format, message_factory
from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.message import Message
from google.protobuf.struct_pb2 import Value

from tocsin.contract.validation import Violation
from tocsin.documents import plain_yaml
from tocsin.documents.enum_names import full_names, short_names
from tocsin.documents.plain_yaml import Place

M = TypeVar("M", bound=Message)

STDIN = "-"
NOT_AN_OBJECT = "must be an object, with fields such as `name: nightly`"
START = Place(1, 1)

_SHOWN_NAME = 64
_MOST_GUESSES = 100

# A field that is not set, as null may be a value.
_UNSET = object()


class DocumentError(Exception):
    """A document is wrong; each of `lines` says where and what would be right."""

    def __init__(self, *lines: str) -> None:
        super().__init__("\n".join(lines))
        self.lines = lines


class Problem(NamedTuple):
    """Says what is wrong with a text, and where; `field` is empty for the text itself."""

    place: Place
    field: str
    description: str
    unknown: bool = False
    """Whether the message does not have the field."""

    def __str__(self) -> str:
        path = f"{self.field}: " if self.field else ""
        return f"{self.place.line}: {path}{self.description}"


class Document:
    """Holds an object from a text, and remembers where its fields are."""

    def __init__(self, name: str, root: yaml.MappingNode) -> None:
        """Takes the name of the file, for errors, and the object's node."""
        self.name = name
        self._root = root
        self._places: dict[str, Place] = {}

    @property
    def fields(self) -> dict[str, Any]:
        """Returns the fields by the names that the file uses."""
        return dict(plain_yaml.value(self._root))

    @property
    def place(self) -> Place:
        """Returns where the object begins."""
        return plain_yaml.place(self._root)

    def parse(self, message: M) -> M:
        """Writes the fields into a message, and returns it.

        Raises:
            DocumentError: the message does not have a field, or a value is wrong.
        """
        if problems := self.read(message):
            raise DocumentError(*(f"{self.name}:{problem}" for problem in problems))
        return message

    def read(self, message: Message, *, beside: Sequence[str] = ()) -> list[Problem]:
        """Writes those fields that are right into a message; returns what is wrong with others.

        Args:
            message: the message, which is empty.
            beside: names of fields that the message need not have, and that stay unread.
        """
        walk = _Walk(self._places)
        fields = walk.object(self._root, message.DESCRIPTOR, "", frozenset(beside))
        json_format.ParseDict(full_names(fields, message.DESCRIPTOR), message)
        return walk.problems

    def beyond(self, problems: Sequence[Problem], violations: Sequence[Violation]) -> list[Problem]:
        """Places violations of a message that was read, except those that follow from problems."""
        return [
            Problem(self.place_of(violation.field), violation.field, violation.description)
            for violation in violations
            if not any(self._follows(violation.field, problem) for problem in problems)
        ]

    def place_of(self, path: str) -> Place:
        """Returns where a field begins, or the nearest field above it that was read."""
        above = path
        while above and above not in self._places:
            above = _above(above)
        return self._places.get(above) or self._place_of_key(path)

    def _place_of_key(self, name: str) -> Place:
        """Returns where a field that is read into no message begins, or the object."""
        places = (plain_yaml.place(key) for key, _ in self._root.value if key.value == name)
        return next(places, self.place)

    def where(self, path: str) -> str:
        """Returns the line of a parsed field, or of the nearest field above it: `file.yaml:7: `.

        Args:
            path: the field's path in the contract's names, such as `rule.timer.cron_expression`.
        """
        return f"{self.name}:{self.place_of(path).line}: "

    def _follows(self, path: str, problem: Problem) -> bool:
        """Returns whether a field is wrong only because another one can't be read."""
        if problem.unknown:
            return path not in self._places and _above(path) == _above(problem.field)
        return f"{path}.".startswith(f"{problem.field}.") or problem.field.startswith(f"{path}.")


class Parsed(NamedTuple):
    """Holds the objects of a text, and what is wrong with those that follow."""

    documents: list[Document]
    problems: list[Problem]


def read_documents(name: str, text: str) -> Parsed:
    """Reads the objects of all documents in a text; a list stands for its items."""
    documents: list[Document] = []
    problems: list[Problem] = []
    try:
        for root in plain_yaml.read_all(text):
            items = root.value if isinstance(root, yaml.SequenceNode) else [root]
            for item in items:
                if isinstance(item, yaml.MappingNode):
                    documents.append(Document(name, item))
                else:
                    problems.append(Problem(plain_yaml.place(item), "", NOT_AN_OBJECT))
    except yaml.YAMLError as error:
        problems.append(_unreadable(error))
    return Parsed(documents, problems)


def read_document(file: str) -> Document:
    """Reads an object from a file; `-` is the standard input.

    Raises:
        DocumentError: the file can't be read, is not YAML, or does not hold an object.
    """
    name, text = read_text(file)
    try:
        root = plain_yaml.read(text)
    except yaml.YAMLError as error:
        raise DocumentError(f"{name}:{_unreadable(error)}") from error
    if not isinstance(root, yaml.MappingNode):
        place = START if root is None else plain_yaml.place(root)
        raise DocumentError(f"{name}:{Problem(place, '', NOT_AN_OBJECT)}")
    return Document(name, root)


def read_text(file: str) -> tuple[str, str]:
    """Returns the name of a file, for errors, and its text; `-` is the standard input.

    Raises:
        DocumentError: the file can't be read, or is not text.
    """
    if not file:
        raise DocumentError("-f: must name a file")
    name = "stdin" if file == STDIN else file
    try:
        text = sys.stdin.read() if file == STDIN else Path(file).read_text(encoding="utf-8")
    except OSError as error:
        raise DocumentError(f"{name}: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise DocumentError(f"{name}: must be text in UTF-8") from error
    return name, text


def _unreadable(error: yaml.YAMLError) -> Problem:
    if isinstance(error, yaml.MarkedYAMLError):
        mark = error.problem_mark or error.context_mark
        place = START if mark is None else Place(int(mark.line) + 1, int(mark.column) + 1)
        return Problem(place, "", error.problem or error.context or "is not YAML")
    return Problem(START, "", " ".join(str(error).split()))


class _Part(NamedTuple):
    """Holds one value of a field: its only one, an item of its list, or an entry of its map."""

    path: str
    node: yaml.Node
    as_field: Any
    key: str = ""


class _Walk:
    """Reads objects; keeps what is wrong with them, and where each field is."""

    def __init__(self, places: dict[str, Place]) -> None:
        self.problems: list[Problem] = []
        self._places = places

    def object(
        self, node: yaml.Node, descriptor: Any, path: str, beside: frozenset[str] = frozenset()
    ) -> dict[str, Any]:
        """Returns the JSON of those fields that are right."""
        if not isinstance(node, yaml.MappingNode):
            self._blame(node, path, "must be an object")
            return {}
        known = {name: each for each in descriptor.fields for name in (each.json_name, each.name)}
        chosen: dict[str, str] = {}
        read: dict[str, Any] = {}
        for key, item in node.value:
            if key.value in beside:
                continue
            field = known.get(key.value)
            if field is None:
                text = "unknown field" + self._guess(key.value, descriptor)
                self._blame(key, _within(path, key.value[:_SHOWN_NAME]), text, unknown=True)
                continue
            inner = _within(path, field.name)
            # Other names of the field, and other members of its oneof, are in its way.
            choice = field.name if field.containing_oneof is None else field.containing_oneof.name
            first = chosen.setdefault(choice, key.value)
            if first != key.value:
                self._blame(key, inner, f"conflicts with {first}: give one of them")
            self._places[inner] = plain_yaml.place(key)
            value = self._field(field, item, inner)
            if value is not _UNSET and first == key.value:
                read[field.json_name] = value
        return read

    def _field(self, field: Any, node: yaml.Node, path: str) -> Any:
        """Returns the JSON of a field's value; _UNSET if it is null or nothing of it is right."""
        if plain_yaml.is_null(node):
            return None if _may_be_null(field) else _UNSET
        wanted = _wanted(field)
        if wanted is not None and not isinstance(node, wanted[0]):
            self._blame(node, path, f"must be {wanted[1]}")
            return _UNSET
        values: Any = {} if _is_map(field) else []
        for part in _parts(field, node, path):
            self._places.setdefault(part.path, plain_yaml.place(part.node))
            if _is_object(field):
                value: Any = self.object(part.node, field.message_type, part.path)
            elif (text := _wrong(field, part)) is not None:
                self._blame(part.node, part.path, text)
                continue
            else:
                value = plain_yaml.value(part.node)
            if _is_map(field):
                values[part.key] = value
            else:
                values.append(value)
        if field.is_repeated:
            return values
        return values[0] if values else _UNSET

    def _guess(self, name: str, descriptor: Any) -> str:
        # A search for near names takes long; whoever has so many wrong ones has another problem.
        return _guess(name, descriptor) if len(self.problems) < _MOST_GUESSES else ""

    def _blame(
        self, node: yaml.Node, path: str, description: str, *, unknown: bool = False
    ) -> None:
        self.problems.append(Problem(plain_yaml.place(node), path, description, unknown))


def _wanted(field: Any) -> tuple[type[yaml.Node], str] | None:
    if _is_map(field):
        return yaml.MappingNode, "an object"
    return (yaml.SequenceNode, "a list") if field.is_repeated else None


def _parts(field: Any, node: yaml.Node, path: str) -> Iterator[_Part]:
    if _is_map(field):
        for key, item in node.value:
            value = plain_yaml.value(item)
            yield _Part(f"{path}[{key.value}]", item, {key.value: value}, key.value)
    elif field.is_repeated:
        for index, item in enumerate(node.value):
            yield _Part(f"{path}[{index}]", item, [plain_yaml.value(item)])
    else:
        yield _Part(path, node, plain_yaml.value(node))


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


def _may_be_null(field: Any) -> bool:
    kind = field.message_type
    return kind is not None and not field.is_repeated and kind is Value.DESCRIPTOR


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


def _above(path: str) -> str:
    return path[: max(path.rfind("."), path.rfind("["), 0)]
