"""Wrong servers of the profile `descriptors`: each describes one thing otherwise."""

from collections.abc import Callable, Iterator
from typing import Any

from google.api import annotations_pb2
from google.protobuf.descriptor_pb2 import FieldDescriptorProto, FileDescriptorProto
from grpc_reflection.v1alpha.reflection_pb2 import ServerReflectionResponse

from mutants.declaring import Mutant, mutant
from tocsin_protos.yandex.cloud import validation_pb2
from tocsin_protos.yandex.cloud.api import operation_pb2

Change = Callable[[FileDescriptorProto], Any]
VERSIONS = ("v1", "v1alpha")


def declares(breaks: str, does: str, change: Change, family: str = "") -> Mutant:
    """A server whose files are other ones."""

    def wrong(response: ServerReflectionResponse) -> ServerReflectionResponse:
        packed = response.file_descriptor_response.file_descriptor_proto
        for number, each in enumerate(packed):
            file = FileDescriptorProto.FromString(each)
            change(file)
            packed[number] = file.SerializeToString()
        return response

    wrong.__doc__ = does
    return mutant(breaks, where="files", family=family)(wrong)


def responds(breaks: str, does: str, change: Callable[[Any], Any]) -> Iterator[Mutant]:
    """Servers whose answers of reflection are other ones, in each version."""

    def wrong(response: ServerReflectionResponse) -> ServerReflectionResponse:
        change(response)
        return response

    wrong.__doc__ = does
    for version in VERSIONS:
        yield mutant(f"descriptors.reflection.{version}.{breaks}", where="files")(wrong)


def message(name: str, change: Callable[[Any], Any]) -> Change:
    """Changes a message by its name; one within another is behind a dot."""

    def on_file(file: FileDescriptorProto) -> None:
        above, _, inner = name.partition(".")
        for each in file.message_type:
            if each.name == above:
                for found in [n for n in each.nested_type if n.name == inner] if inner else [each]:
                    change(found)

    return on_file


def field(of: str, name: str, change: Callable[[FieldDescriptorProto], Any]) -> Change:
    return message(of, lambda m: [change(f) for f in m.field if f.name == name])


def method(service: str, name: str, change: Callable[[Any], Any]) -> Change:
    def on_file(file: FileDescriptorProto) -> None:
        for found in file.service:
            if found.name == service:
                for each in found.method:
                    if each.name == name:
                        change(each)

    return on_file


def enum(of: str, name: str, change: Callable[[Any], Any]) -> Change:
    return message(of, lambda m: [change(e) for e in m.enum_type if e.name == name])


def without_service(file: FileDescriptorProto) -> None:
    file.ClearField("service")


def without_messages(file: FileDescriptorProto) -> None:
    file.ClearField("message_type")


def nothing_nested(file: FileDescriptorProto) -> None:
    for each in file.message_type:
        each.ClearField("nested_type")
        each.ClearField("enum_type")


def without_methods(file: FileDescriptorProto) -> None:
    for each in file.service:
        each.ClearField("method")


def option_numbers(file: FileDescriptorProto) -> None:
    for each in file.extension:
        each.number += 1


def wrong_option(file: FileDescriptorProto) -> None:
    for each in file.extension:
        each.type = FieldDescriptorProto.TYPE_BYTES
        each.ClearField("type_name")


def post_for_patch(found: Any) -> None:
    rule = found.options.Extensions[annotations_pb2.http]
    rule.put = rule.patch or rule.get or rule.post or rule.delete


def looser(found: FieldDescriptorProto) -> None:
    found.options.Extensions[validation_pb2.length] = "<=1000"


def not_required(found: FieldDescriptorProto) -> None:
    found.options.ClearExtension(validation_pb2.required)


def invented(response: Any) -> None:
    if response.HasField("error_response"):
        response.file_descriptor_response.SetInParent()


def other_code(response: Any) -> None:
    if response.HasField("error_response"):
        response.error_response.error_code = 3


FIELDS = [
    declares(f"descriptors.message.{id}.fields", does, change, "descriptors.message.*.fields")
    for id, does, change in (
        (
            "trigger",
            "gives Trigger.status the number 10",
            field("Trigger", "status", lambda f: setattr(f, "number", 10)),
        ),
        (
            "listtriggersrequest",
            "has an int32 as page_size",
            field("ListTriggersRequest", "page_size", lambda f: setattr(f, "type", 5)),
        ),
        (
            "createtriggerrequest",
            "calls the name of a trigger title",
            field("CreateTriggerRequest", "name", lambda f: setattr(f, "name", "title")),
        ),
        (
            "trigger.timer",
            "has no payload",
            message(
                "Trigger.Timer",
                lambda m: [m.field.remove(f) for f in list(m.field) if f.name == "payload"],
            ),
        ),
        (
            "operation",
            "has error and response in no oneof",
            message("Operation", lambda m: [f.ClearField("oneof_index") for f in m.field]),
        ),
        (
            "valuetype",
            "has an int_value of 32 bits",
            field("ValueType", "int_value", lambda f: setattr(f, "type", 5)),
        ),
    )
]

OPTIONS = [
    declares(f"descriptors.message.{id}.options", does, change, "descriptors.message.*.options")
    for id, does, change in (
        (
            "gettriggerrequest",
            "does not say that trigger_id is required",
            field("GetTriggerRequest", "trigger_id", not_required),
        ),
        (
            "createtriggerrequest",
            "has longer descriptions",
            field("CreateTriggerRequest", "description", looser),
        ),
        (
            "updatetriggerrequest",
            "has longer descriptions in Update",
            field("UpdateTriggerRequest", "description", looser),
        ),
    )
]

OTHERS = [
    declares(
        "descriptors.enum.trigger.status.values",
        "gives PAUSED the number 3",
        enum(
            "Trigger",
            "Status",
            lambda e: [setattr(v, "number", 3) for v in e.value if v.name == "PAUSED"],
        ),
        "descriptors.enum.*.values",
    ),
    declares(
        "descriptors.enum.trigger.objectstorageeventtype.values",
        "lacks an event of a bucket",
        enum("Trigger", "ObjectStorageEventType", lambda e: e.value.pop()),
        "descriptors.enum.*.values",
    ),
    declares(
        "descriptors.method.triggerservice.create.types",
        "answers Create with a Trigger",
        method(
            "TriggerService",
            "Create",
            lambda m: setattr(m, "output_type", ".yandex.cloud.serverless.triggers.v1.Trigger"),
        ),
        "descriptors.method.*.types",
    ),
    declares(
        "descriptors.method.triggerservice.list.types",
        "streams a List",
        method("TriggerService", "List", lambda m: setattr(m, "server_streaming", True)),
        "descriptors.method.*.types",
    ),
    declares(
        "descriptors.method.triggerservice.update.http",
        "binds Update to PUT",
        method("TriggerService", "Update", post_for_patch),
        "descriptors.method.*.http",
    ),
    declares(
        "descriptors.method.operationservice.get.http",
        "binds no path to an operation",
        method("OperationService", "Get", lambda m: m.options.ClearExtension(annotations_pb2.http)),
        "descriptors.method.*.http",
    ),
    declares(
        "descriptors.method.triggerservice.delete.operation",
        "says that Delete responds with a Trigger",
        method(
            "TriggerService",
            "Delete",
            lambda m: setattr(m.options.Extensions[operation_pb2.operation], "response", "Trigger"),
        ),
        "descriptors.method.*.operation",
    ),
    declares(
        "descriptors.option.required",
        "gives options other numbers",
        option_numbers,
        "descriptors.option.*",
    ),
    declares(
        "descriptors.option.operation",
        "gives options another type",
        wrong_option,
        "descriptors.option.*",
    ),
]

REFLECTION = [
    *responds(
        "list-services",
        "lists no services",
        lambda r: r.list_services_response.ClearField("service"),
    ),
    *responds(
        "file-by-filename",
        "gives files other names",
        lambda r: _each_file(r, lambda f: setattr(f, "name", f"other/{f.name}")),
    ),
    *responds(
        "files-complete",
        "imports what nobody has",
        lambda r: _each_file(r, lambda f: f.dependency.append("no/such/import.proto")),
    ),
    *responds("unknown-symbol", "invents what it does not have", invented),
    *responds("unknown-file", "calls an unknown file an invalid argument", other_code),
    *responds(
        "original-request",
        "does not repeat the request",
        lambda r: r.ClearField("original_request"),
    ),
    *responds(
        "many-on-a-stream",
        "answers errors with nothing",
        lambda r: r.ClearField("message_response"),
    ),
    *(
        declares(f"descriptors.reflection.{version}.file-containing-symbol.{what}", does, change)
        for version in VERSIONS
        for what, does, change in (
            ("service", "leaves services out", without_service),
            ("method", "leaves methods out", without_methods),
            ("message", "leaves messages out", without_messages),
            ("nested-message", "leaves messages within messages out", nothing_nested),
            ("enum", "leaves enums out", nothing_nested),
        )
    ),
]


def _each_file(response: Any, change: Change) -> None:
    packed = response.file_descriptor_response.file_descriptor_proto
    for number, each in enumerate(packed):
        file = FileDescriptorProto.FromString(each)
        change(file)
        packed[number] = file.SerializeToString()
