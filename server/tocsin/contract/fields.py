"""Reads fields of requests by their paths, compiled once from the descriptors."""

from collections.abc import Callable, Iterator
from functools import cache
from typing import Any, TypeAlias

from google.api import field_behavior_pb2
from google.protobuf.descriptor import Descriptor, FieldDescriptor

from tocsin.contract import ContractError

Texts: TypeAlias = Callable[[Any], list[str]]


def texts_at(descriptor: Descriptor, path: str) -> Texts:
    """Returns what reads the texts at a path, those of a list being many; empty ones are none.

    Raises:
        ContractError: there is no such field, or it holds no text.
    """
    field = _fields(descriptor, path)[-1]
    if field.type != FieldDescriptor.TYPE_STRING:
        raise ContractError(f"{descriptor.full_name}.{path}: holds no text")
    names = path.split(".")
    if len(names) == 1 and not field.is_repeated:
        [name] = names

        def single(message: Any) -> list[str]:
            value = getattr(message, name)
            return [value] if value else []

        return single
    return lambda message: [each for each in _values(message, names) if each]


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
    """Returns what counts the elements of a list, or of the lists in a list's elements.

    Raises:
        ContractError: there is no such list.
    """
    if not _fields(descriptor, path)[-1].is_repeated:
        raise ContractError(f"{descriptor.full_name}.{path}: is no list")
    *above, last = path.split(".")
    return lambda message: sum(len(getattr(each, last)) for each in _values(message, above))


def texts_named(descriptor: Descriptor, name: str) -> Texts:
    """Returns what reads all texts of the fields of a name, wherever they are in a message."""
    finders = _finders(descriptor, name, ())
    return lambda message: [text for find in finders for text in find(message) if text]


def _finders(
    descriptor: Descriptor, name: str, above: tuple[Descriptor, ...]
) -> list[Callable[[Any], Iterator[str]]]:
    if descriptor in above:
        raise ContractError(f"{descriptor.full_name} holds itself; {name} has no end of places")
    found: list[Callable[[Any], Iterator[str]]] = []
    for field in descriptor.fields:
        if field.name == name and field.type == FieldDescriptor.TYPE_STRING:
            found.append(_own(name))
        elif field.message_type is not None and not field.is_repeated:
            inner = _finders(field.message_type, name, (*above, descriptor))
            if inner:
                found.append(_within(field.name, inner))
    return found


def _own(field: str) -> Callable[[Any], Iterator[str]]:
    return lambda message: iter((getattr(message, field),))


def _within(
    field: str, finders: list[Callable[[Any], Iterator[str]]]
) -> Callable[[Any], Iterator[str]]:
    def find(message: Any) -> Iterator[str]:
        if message.HasField(field):
            inside = getattr(message, field)
            for each in finders:
                yield from each(inside)

    return find


def _fields(descriptor: Descriptor, path: str) -> list[FieldDescriptor]:
    found: list[FieldDescriptor] = []
    within: Descriptor | None = descriptor
    for name in path.split("."):
        if within is None or name not in within.fields_by_name:
            raise ContractError(f"{descriptor.full_name} has no field {path}")
        field = within.fields_by_name[name]
        found.append(field)
        within = field.message_type
    return found


def _values(value: Any, names: list[str]) -> Iterator[Any]:
    if not names:
        yield value
        return
    field = getattr(value, names[0])
    if value.DESCRIPTOR.fields_by_name[names[0]].is_repeated:
        for each in field:
            yield from _values(each, names[1:])
    else:
        yield from _values(field, names[1:])
