"""Reads fields of requests by their paths, compiled once from the descriptors."""

from collections.abc import Callable, Iterator
from functools import cache
from typing import Any, TypeAlias

from google.api import field_behavior_pb2
from google.protobuf.descriptor import Descriptor, FieldDescriptor

from tocsin.contract import ContractError

Texts: TypeAlias = Callable[[Any], list[str]]


def texts_at(descriptor: Descriptor, path: str) -> Texts:
    """Returns a function that reads the non-empty strings at a field path of a message.

    Args:
        descriptor: the type of the messages that the function is given.
        path: field names joined by dots; a repeated field on the way yields one string per item.

    Raises:
        ContractError: the field does not exist, or it is not a string.
    """
    field = _fields(descriptor, path)[-1]
    if field.type != FieldDescriptor.TYPE_STRING:
        raise ContractError(f"{descriptor.full_name}.{path}: the field must be a string")
    names = path.split(".")
    if len(names) == 1 and not field.is_repeated:
        [name] = names

        def single(message: Any) -> list[str]:
            value = getattr(message, name)
            return [value] if value else []

        return single
    return lambda message: [text for text in _values(message, names) if text]


@cache
def required_texts(descriptor: Descriptor) -> tuple[str, ...]:
    """Returns the names of the text fields that `google.api.field_behavior` makes REQUIRED."""
    return tuple(
        field.name
        for field in descriptor.fields
        if field.type == FieldDescriptor.TYPE_STRING
        and field_behavior_pb2.REQUIRED
        in field.GetOptions().Extensions[field_behavior_pb2.field_behavior]
    )


def count_at(descriptor: Descriptor, path: str) -> Callable[[Any], int]:
    """Returns a function that counts the items of a repeated field at a field path.

    If a repeated field lies on the way, the counts of all its items are added up.

    Raises:
        ContractError: the field does not exist, or it is not repeated.
    """
    if not _fields(descriptor, path)[-1].is_repeated:
        raise ContractError(f"{descriptor.full_name}.{path}: the field must be repeated")
    *above, last = path.split(".")
    return lambda message: sum(len(getattr(parent, last)) for parent in _values(message, above))


def texts_named(descriptor: Descriptor, name: str) -> Texts:
    """Returns a function that reads all string fields of that name, at any depth of a message."""
    finders = _finders(descriptor, name, ())
    return lambda message: [text for find in finders for text in find(message) if text]


def _finders(
    descriptor: Descriptor, name: str, above: tuple[Descriptor, ...]
) -> list[Callable[[Any], Iterator[str]]]:
    if descriptor in above:
        raise ContractError(
            f"{descriptor.full_name} contains itself, so the fields named {name} can't be listed"
        )
    finders: list[Callable[[Any], Iterator[str]]] = []
    for field in descriptor.fields:
        if field.name == name and field.type == FieldDescriptor.TYPE_STRING:
            finders.append(_own(name))
        elif field.message_type is not None and not field.is_repeated:
            inner = _finders(field.message_type, name, (*above, descriptor))
            if inner:
                finders.append(_within(field.name, inner))
    return finders


def _own(field: str) -> Callable[[Any], Iterator[str]]:
    return lambda message: iter((getattr(message, field),))


def _within(
    field: str, finders: list[Callable[[Any], Iterator[str]]]
) -> Callable[[Any], Iterator[str]]:
    def find(message: Any) -> Iterator[str]:
        if message.HasField(field):
            inside = getattr(message, field)
            for finder in finders:
                yield from finder(inside)

    return find


def _fields(descriptor: Descriptor, path: str) -> list[FieldDescriptor]:
    fields: list[FieldDescriptor] = []
    within: Descriptor | None = descriptor
    for name in path.split("."):
        if within is None or name not in within.fields_by_name:
            raise ContractError(f"{descriptor.full_name} has no field {path}")
        field = within.fields_by_name[name]
        fields.append(field)
        within = field.message_type
    return fields


def _values(value: Any, names: list[str]) -> Iterator[Any]:
    if not names:
        yield value
        return
    field = getattr(value, names[0])
    if value.DESCRIPTOR.fields_by_name[names[0]].is_repeated:
        for item in field:
            yield from _values(item, names[1:])
    else:
        yield from _values(field, names[1:])
