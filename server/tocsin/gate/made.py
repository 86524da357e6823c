"""Reads from the answer of a call what the call made, for the audit log."""

from collections.abc import Callable
from typing import Any, TypeAlias

from google.protobuf import message_factory
from google.protobuf.descriptor import MethodDescriptor

from tocsin.access.permissions.needs import Made
from tocsin.contract.fields import texts_at
from tocsin.contract.operations import operation_types

# Returns the ids that an answer names, by their collections.
MadeOf: TypeAlias = Callable[[bytes], dict[str, list[str]]]

METADATA = "metadata."


def made_of(method: MethodDescriptor, made: tuple[Made, ...]) -> MadeOf:
    """Returns what reads the answers of a method; compiled once.

    Raises:
        ContractError: the answer has no such field, or the field holds no text.
    """
    parse: Callable[[bytes], Any] = message_factory.GetMessageClass(method.output_type).FromString
    readers = {each.collection: _reader(method, each.field) for each in made}

    def read(answer: bytes) -> dict[str, list[str]]:
        parsed = parse(answer)
        return {collection: reader(parsed) for collection, reader in readers.items()}

    return read


def _reader(method: MethodDescriptor, path: str) -> Callable[[Any], list[str]]:
    if not path.startswith(METADATA):
        return texts_at(method.output_type, path)
    metadata = operation_types(method).metadata
    parse = message_factory.GetMessageClass(metadata).FromString
    within = texts_at(metadata, path.removeprefix(METADATA))
    return lambda operation: within(parse(operation.metadata.value))
