"""Says in which facts two sets of descriptors differ, one readable line for each.

Everything that a descriptor says is compared: numbers, types, labels, oneofs, reserved ranges and
all options, those included that this process has no definition of. Only the order of declarations
is not a fact here; who wants that equal too compares bytes.
"""

from collections.abc import Iterable, Iterator
from typing import Any

from google.protobuf import text_format
from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.descriptor_pb2 import (
    DescriptorProto,
    FieldDescriptorProto,
    FileDescriptorProto,
)
from google.protobuf.message import Message
from google.protobuf.unknown_fields import UnknownFieldSet

# The parts of a descriptor that are elements by themselves, with a path of their own.
CHILDREN = {
    *("message_type", "nested_type", "enum_type", "service"),
    *("field", "extension", "oneof_decl", "value", "method"),
}
NOTHING = "nothing"


def differences(
    ours: Iterable[FileDescriptorProto], theirs: Iterable[FileDescriptorProto]
) -> list[str]:
    """`path property: ours …, theirs …`; an element that one side lacks is one line."""
    our_facts, their_facts = facts(ours), facts(theirs)
    return [
        f"{path}: ours {our_facts.get(path, NOTHING)}, theirs {their_facts.get(path, NOTHING)}"
        for path in sorted(our_facts.keys() | their_facts.keys())
        if our_facts.get(path) != their_facts.get(path)
        and not _within_missing(path, our_facts, their_facts)
    ]


def facts(files: Iterable[FileDescriptorProto]) -> dict[str, str]:
    """What the files say: `path` for each element's kind, `path property` for all else of it."""
    found: dict[str, str] = {}
    for path, element in elements(files).items():
        found[path] = element.DESCRIPTOR.name
        found |= {f"{path} {name}": value for name, value in _properties(element)}
    return found


def elements(files: Iterable[FileDescriptorProto]) -> dict[str, Message]:
    """Every file by its name; every message, field, enum, … by its full name."""
    found: dict[str, Message] = {}
    for file in files:
        found[file.name] = file
        found |= _elements_within(file, file.package)
    return found


def _elements_within(parent: Message, scope: str) -> dict[str, Message]:
    found: dict[str, Message] = {}
    for part, value in parent.ListFields():
        if part.name in CHILDREN:
            for child in value:
                path = f"{scope}.{child.name}"
                found[path] = child
                found |= _elements_within(child, path)
    return found


def _within_missing(path: str, *sides: dict[str, str]) -> bool:
    """Whether this is a property of an element that one side lacks, which is a line already."""
    element, _, name = path.partition(" ")
    return bool(name) and any(element not in side for side in sides)


def _properties(element: Message) -> Iterator[tuple[str, str]]:
    for part, value in element.ListFields():
        if part.name == "options":
            yield from _options(value)
        elif part.name not in {*CHILDREN, "name", "oneof_index", "json_name"}:
            yield part.name, _text(part, value)
    if isinstance(element, DescriptorProto):
        yield from _oneof_members(element)
    if isinstance(element, FieldDescriptorProto):
        yield "json_name", element.json_name or _default_json_name(element.name)


def _options(options: Message) -> Iterator[tuple[str, str]]:
    for option, value in options.ListFields():
        yield f"({option.full_name})" if option.is_extension else option.name, _text(option, value)
    unknown = UnknownFieldSet(options)
    for index in range(len(unknown)):
        yield f"(option {unknown[index].field_number})", repr(unknown[index].data)


def _oneof_members(message: DescriptorProto) -> Iterator[tuple[str, str]]:
    """By name, not by index, which depends on the order of declarations."""
    for field in message.field:
        if field.HasField("oneof_index"):
            yield f"oneof of {field.name}", message.oneof_decl[field.oneof_index].name


def _default_json_name(name: str) -> str:
    """What JSON calls a field whose proto doesn't say; stubs don't carry it."""
    first, *rest = name.split("_")
    return first + "".join(word[:1].upper() + word[1:] for word in rest)


def _text(part: FieldDescriptor, value: Any) -> str:
    if part.is_repeated:
        return "[" + ", ".join(_item_text(part, item) for item in value) + "]"
    return _item_text(part, value)


def _item_text(part: FieldDescriptor, value: Any) -> str:
    if isinstance(value, Message):
        text = text_format.MessageToString(value, as_one_line=True, print_unknown_fields=True)
        return "{" + text + "}"
    if part.enum_type is not None and value in part.enum_type.values_by_number:
        return part.enum_type.values_by_number[value].name
    return repr(value)
