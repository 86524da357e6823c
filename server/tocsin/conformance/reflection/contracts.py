"""Lists what the contracts declare: the services, and the types that can be reached from them."""

from collections.abc import Iterable, Iterator
from typing import Any

from google.longrunning import operations_pb2
from google.protobuf.descriptor import (
    Descriptor,
    EnumDescriptor,
    MethodDescriptor,
    ServiceDescriptor,
)
from google.protobuf.descriptor_pb2 import FieldDescriptorProto, FileDescriptorProto

from tocsin.contract import ContractError
from tocsin.contract.operations import operation_types
from tocsin_protos.google.cloud.integrations.v1alpha import executions_pb2, log_entries_pb2
from tocsin_protos.yandex.cloud import validation_pb2
from tocsin_protos.yandex.cloud.api import operation_pb2 as operation_option_pb2
from tocsin_protos.yandex.cloud.operation import operation_service_pb2
from tocsin_protos.yandex.cloud.serverless.triggers.v1 import trigger_pb2, trigger_service_pb2

TRIGGER_SERVICES: tuple[ServiceDescriptor, ...] = (
    trigger_service_pb2.DESCRIPTOR.services_by_name["TriggerService"],
    operation_service_pb2.DESCRIPTOR.services_by_name["OperationService"],
)
SCHEDULE_SERVICES: tuple[ServiceDescriptor, ...] = (
    executions_pb2.DESCRIPTOR.services_by_name["Executions"],
    operations_pb2.DESCRIPTOR.services_by_name["Operations"],
)
# Those that operations of schedules carry, which no method's option names.
_SCHEDULE_TYPES = tuple(log_entries_pb2.DESCRIPTOR.message_types_by_name.values())


# Google publishes no .proto for what is in these: the names of fields are of its discovery
# documents, their numbers are of Tocsin's files.
_NUMBERED_HERE = frozenset(
    f"google/cloud/integrations/{name}.proto"
    for name in (
        "v1alpha/event_bus_parameters",
        "v1alpha/execution",
        "v1alpha/executions",
        "v1alpha/integration_version",
        "v1alpha/integration_versions",
        "v1alpha/integrations",
        "v2/executions",
    )
)


def is_published(file: str) -> bool:
    """Returns whether the owner of the contract publishes a file with these numbers."""
    return file not in _NUMBERED_HERE


def methods() -> Iterator[tuple[MethodDescriptor, tuple[str, ...]]]:
    """Yields each method, with the features that a check of it needs."""
    for service in (*TRIGGER_SERVICES, *SCHEDULE_SERVICES):
        for method in service.methods:
            yield method, _features(method)


def types() -> Iterator[tuple[Any, tuple[str, ...]]]:
    """Yields each message and enum that the methods use, with the features that a check needs."""
    seen: set[str] = set()
    for method, features in methods():
        for each in _reached(_used(method)):
            if each.full_name not in seen:
                seen.add(each.full_name)
                yield each, features
    for each in _reached(_SCHEDULE_TYPES):
        if each.full_name not in seen:
            seen.add(each.full_name)
            yield each, ("google-operations",)
    for enum in trigger_pb2.DESCRIPTOR.enum_types_by_name.values():
        yield enum, ()


def _features(method: MethodDescriptor) -> tuple[str, ...]:
    service = method.containing_service
    if service in TRIGGER_SERVICES:
        return ()
    if service.name == "Operations":
        return ("google-operations",)
    return ("schedule",) if method.name == "ScheduleIntegrations" else ("schedule", "executions")


def extensions() -> Iterator[tuple[str, FieldDescriptorProto, str]]:
    """Yields the options that the trigger contract declares: full name, declaration, file."""
    for file in (validation_pb2.DESCRIPTOR, operation_option_pb2.DESCRIPTOR):
        declared = FileDescriptorProto.FromString(file.serialized_pb)
        for extension in declared.extension:
            yield f"{declared.package}.{extension.name}", extension, declared.name


def symbols() -> list[str]:
    """Returns the names to ask a server for, so that it shows all files of the contracts."""
    services = [service.full_name for service in (*TRIGGER_SERVICES, *SCHEDULE_SERVICES)]
    options = [name for name, _, _ in extensions()]
    return [*services, *options, *(each.full_name for each in _SCHEDULE_TYPES)]


def _used(method: MethodDescriptor) -> Iterator[Descriptor]:
    yield method.input_type
    yield method.output_type
    try:
        carried = operation_types(method)
    except ContractError:
        return  # it answers with no operation
    yield carried.metadata
    yield carried.response


def _reached(messages: Iterable[Descriptor]) -> Iterator[Descriptor | EnumDescriptor]:
    """Yields messages and enums that can be reached, but for those of protobuf itself."""
    seen: dict[str, None] = {}
    waiting = list(messages)
    while waiting:
        message = waiting.pop(0)
        if message.full_name in seen or message.full_name.startswith("google.protobuf."):
            continue
        seen[message.full_name] = None
        if not message.GetOptions().map_entry:
            yield message
        for field in message.fields:
            if field.message_type is not None:
                waiting.append(field.message_type)
            elif field.enum_type is not None and field.enum_type.full_name not in seen:
                seen[field.enum_type.full_name] = None
                yield field.enum_type
