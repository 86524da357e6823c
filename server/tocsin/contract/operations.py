"""Reads which metadata and response types a method's long-running operation carries."""

from dataclasses import dataclass
from typing import Any

# The contract names google.protobuf.Empty without importing its file: this puts it into the pool.
from google.protobuf import empty_pb2  # noqa: F401
from google.protobuf.descriptor import Descriptor, MethodDescriptor

from tocsin.contract import ContractError
from tocsin_protos.yandex.cloud.api import operation_pb2


@dataclass(frozen=True, slots=True)
class OperationTypes:
    """Names the types of an operation's `metadata` and, once it is done, its `response`."""

    metadata: Descriptor
    response: Descriptor


def has_operation(method: MethodDescriptor) -> bool:
    """Returns whether the method has the `yandex.cloud.api.operation` option."""
    options: Any = method.GetOptions()
    return bool(options.HasExtension(operation_pb2.operation))


def operation_types(method: MethodDescriptor) -> OperationTypes:
    """Returns the types that the method's `yandex.cloud.api.operation` option names.

    Raises:
        ContractError: the method has no such option, the option leaves a type out, or a type that
            it names is unknown. The text names the method.
    """
    options: Any = method.GetOptions()
    if not has_operation(method):
        raise ContractError(f"{method.full_name}: has no option yandex.cloud.api.operation")
    named = options.Extensions[operation_pb2.operation]
    return OperationTypes(
        metadata=_resolve(method, "metadata", named.metadata),
        response=_resolve(method, "response", named.response),
    )


def _resolve(method: MethodDescriptor, role: str, name: str) -> Descriptor:
    """Finds a type by the name that the option gives, in the method's own package first."""
    if not name:
        raise ContractError(
            f"{method.full_name}: option yandex.cloud.api.operation needs a {role} type"
        )
    file = method.containing_service.file
    for candidate in (f"{file.package}.{name}", name):
        try:
            return file.pool.FindMessageTypeByName(candidate)
        except KeyError:
            continue
    raise ContractError(
        f"{method.full_name}: option yandex.cloud.api.operation names the unknown "
        f"{role} type {name!r}"
    )
