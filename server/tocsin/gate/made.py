"""Reads the ids of created resources from answers, for the audit log."""

from collections.abc import Callable
from typing import Any, TypeAlias

from google.protobuf import message_factory
from google.protobuf.descriptor import MethodDescriptor

from tocsin.access.permissions.needs import Made
from tocsin.contract.fields import texts_at
from tocsin.contract.operations import operation_types

# Returns the ids in an answer, by collection.
MadeOf: TypeAlias = Callable[[bytes], dict[str, list[str]]]

METADATA = "metadata."


def made_of(method: MethodDescriptor, made: tuple[Made, ...]) -> MadeOf:
    """Compiles a reader of the answers of a method.

    Raises:
        ContractError: the answer has no such field, or the field is not text.
    """
    parse: Callable[[bytes], Any] = message_factory.GetMessageClass(method.output_type).FromString
    readers = {created.collection: _reader(method, created.field) for created in made}

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
