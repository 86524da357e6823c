"""Which metadata and response a method's long-running operation carries."""

from dataclasses import dataclass
from typing import Any

# The contract names google.protobuf.Empty without importing its file: this puts it into the pool.
from google.protobuf import empty_pb2  # noqa: F401
from google.protobuf.descriptor import Descriptor, MethodDescriptor

from tocsin.contract import ContractError
from tocsin_protos.yandex.cloud.api import operation_pb2


@dataclass(frozen=True, slots=True)
class OperationTypes:
    """The messages that stand in an operation's `metadata` and, once it is done, its `response`."""

    metadata: Descriptor
    response: Descriptor


def operation_types(method: MethodDescriptor) -> OperationTypes:
    """The types that the method's `yandex.cloud.api.operation` option names.

    Raises ContractError, naming the method, when it has no such option, when the option leaves a
    type out, or when a named type is unknown.
    """
    options: Any = method.GetOptions()
    if not options.HasExtension(operation_pb2.operation):
        raise ContractError(f"{method.full_name}: has no option yandex.cloud.api.operation")
    named = options.Extensions[operation_pb2.operation]
    return OperationTypes(
        metadata=_resolve(method, "metadata", named.metadata),
        response=_resolve(method, "response", named.response),
    )


def _resolve(method: MethodDescriptor, role: str, name: str) -> Descriptor:
    """Finds a type by the name that the option gives, in the method's own package first."""
    if not name:
        raise ContractError(f"{method.full_name}: its operation option names no {role} type")
    file = method.containing_service.file
    for candidate in (f"{file.package}.{name}", name):
        try:
            return file.pool.FindMessageTypeByName(candidate)
        except KeyError:
            continue
    raise ContractError(f"{method.full_name}: its operation's {role} type {name!r} is unknown")
