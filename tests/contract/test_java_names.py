"""Java adds accessors for each field, whose names no other field of a message may have."""

import importlib
import pkgutil

import pytest
from google.protobuf.descriptor import Descriptor, FieldDescriptor, FileDescriptor

import tocsin_protos.tocsin.v1

OURS: list[FileDescriptor] = [
    importlib.import_module(f"{tocsin_protos.tocsin.v1.__name__}.{module.name}").DESCRIPTOR
    for module in pkgutil.iter_modules(tocsin_protos.tocsin.v1.__path__)
    if module.name.endswith("_pb2")
]


def accessors(field: FieldDescriptor) -> set[str]:
    """The names, as fields have them, that Java adds for a field."""
    name = field.name
    if field.is_repeated:
        return {f"{name}_list", f"{name}_count", f"{name}_map"}
    added = {f"{name}_builder", f"{name}_or_builder"} if field.message_type else set()
    if field.type == field.TYPE_STRING:
        added.add(f"{name}_bytes")
    if field.enum_type:
        added.add(f"{name}_value")
    return added


def messages(of: FileDescriptor | Descriptor) -> list[Descriptor]:
    inner = of.message_types_by_name if isinstance(of, FileDescriptor) else of.nested_types_by_name
    return [each for message in inner.values() for each in (message, *messages(message))]


@pytest.mark.parametrize("file", OURS, ids=lambda file: file.name)
def test_no_field_has_the_name_of_another_ones_accessor(file: FileDescriptor) -> None:
    assert messages(file)
    for message in messages(file):
        names = {field.name for field in message.fields}
        for field in message.fields:
            assert not accessors(field) & names, f"{message.full_name}.{field.name}"
