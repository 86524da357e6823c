"""A client can't tell our contract from the vendor's: the descriptors are the same bytes."""

import base64
import json
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from google.api import annotations_pb2
from google.protobuf.descriptor_pb2 import FieldDescriptorProto, FileDescriptorProto

from contract.descriptor_differences import differences, elements
from stand.vendors.environment import ROOT, run, vendor_python
from tocsin_protos.yandex.cloud import validation_pb2
from tocsin_protos.yandex.cloud.api import operation_pb2

PROTOS = ROOT / "protos"
DUMP = Path(__file__).with_name("dump_vendor_descriptors.py")
SERVED = sorted(path.relative_to(PROTOS).as_posix() for path in PROTOS.glob("yandex/**/*.proto"))
V1 = "yandex.cloud.serverless.triggers.v1"
V1_FILE = "yandex/cloud/serverless/triggers/v1/trigger.proto"
GO_PACKAGE = "github.com/yandex-cloud/go-genproto/yandex/cloud/serverless/triggers/v1;triggers"


def our_bytes(proto: str) -> bytes:
    stub = import_module("tocsin_protos." + proto.removesuffix(".proto").replace("/", ".") + "_pb2")
    serialized: bytes = stub.DESCRIPTOR.serialized_pb
    return serialized


def parsed(descriptors: dict[str, bytes]) -> list[FileDescriptorProto]:
    return [FileDescriptorProto.FromString(serialized) for serialized in descriptors.values()]


@pytest.fixture(scope="module")
def ours() -> dict[str, bytes]:
    return {proto: our_bytes(proto) for proto in SERVED}


@pytest.fixture(scope="module")
def theirs() -> dict[str, bytes]:
    dump = json.loads(run(str(vendor_python()), str(DUMP), *SERVED))
    return {proto: base64.b64decode(serialized) for proto, serialized in dump.items()}


def test_every_file_of_the_contract_is_compared() -> None:
    assert SERVED == [
        "yandex/cloud/api/operation.proto",
        "yandex/cloud/endpoint/api_endpoint.proto",
        "yandex/cloud/endpoint/api_endpoint_service.proto",
        "yandex/cloud/iam/v1/iam_token_service.proto",
        "yandex/cloud/logging/v1/log_entry.proto",
        "yandex/cloud/logging/v1/log_ingestion_service.proto",
        "yandex/cloud/logging/v1/log_resource.proto",
        "yandex/cloud/operation/operation.proto",
        "yandex/cloud/operation/operation_service.proto",
        "yandex/cloud/serverless/triggers/v1/trigger.proto",
        "yandex/cloud/serverless/triggers/v1/trigger_service.proto",
        "yandex/cloud/validation.proto",
    ]


def test_no_fact_differs_from_the_vendors(ours: dict[str, bytes], theirs: dict[str, bytes]) -> None:
    found = differences(parsed(ours), parsed(theirs))
    assert not found, "\n".join(["Our descriptors differ from the vendor's:", *found])


@pytest.mark.parametrize("proto", SERVED)
def test_descriptor_is_the_vendors_byte_for_byte(
    proto: str, ours: dict[str, bytes], theirs: dict[str, bytes]
) -> None:
    assert ours[proto] == theirs[proto], "if no fact differs, the order of declarations does"


# The comparison itself: change one fact in a copy, and just that fact is reported.

Mutation = Callable[[Any], None]
MUTATIONS: list[Any] = []  # what pytest.param makes, whose type has no public name


def mutation(path: str, report: str) -> Callable[[Mutation], Mutation]:
    """Registers a change to the element at a path, with the one line that must come of it."""

    def register(mutate: Mutation) -> Mutation:
        MUTATIONS.append(pytest.param(path, mutate, path + report, id=mutate.__name__))
        return mutate

    return register


@mutation(
    f"{V1}.CreateTriggerRequest.description", " (yandex.cloud.length): ours '<=256', theirs '<=500'"
)
def shorten_description(field: Any) -> None:
    field.options.Extensions[validation_pb2.length] = "<=256"


@mutation(
    f"{V1}.Trigger.Timer.cron_expression", " (yandex.cloud.required): ours nothing, theirs True"
)
def drop_required(field: Any) -> None:
    field.options.ClearExtension(validation_pb2.required)


@mutation(
    f"{V1}.UpdateTriggerRequest.labels",
    ' (yandex.cloud.map_key): ours {pattern: "[a-z][-_./\\\\@0-9a-z]*" length: "1-64"}'
    ', theirs {pattern: "[a-z][-_./\\\\@0-9a-z]*" length: "1-63"}',
)
def lengthen_label_keys(field: Any) -> None:
    field.options.Extensions[validation_pb2.map_key].length = "1-64"


@mutation(f"{V1}.Trigger.Rule.rule", " (yandex.cloud.exactly_one): ours nothing, theirs True")
def allow_empty_rule(oneof: Any) -> None:
    oneof.options.ClearExtension(validation_pb2.exactly_one)


@mutation(f"{V1}.Trigger.Timer.payload", " number: ours 7, theirs 2")
def renumber_payload(field: Any) -> None:
    field.number = 7


@mutation(f"{V1}.BatchSettings.size", " type: ours TYPE_INT32, theirs TYPE_INT64")
def narrow_size(field: Any) -> None:
    field.type = FieldDescriptorProto.TYPE_INT32


@mutation(f"{V1}.Trigger.Logging.levels", " label: ours LABEL_OPTIONAL, theirs LABEL_REPEATED")
def make_singular(field: Any) -> None:
    field.label = FieldDescriptorProto.LABEL_OPTIONAL


@mutation(f"{V1}.Trigger.folder_id", " json_name: ours folder, theirs folderId")
def rename_in_json(field: Any) -> None:
    field.json_name = "folder"


@mutation(f"{V1}.Trigger.name", " proto3_optional: ours True, theirs nothing")
def track_presence(field: Any) -> None:
    field.proto3_optional = True


@mutation(f"{V1}.Trigger.Rule", " oneof of timer: ours nothing, theirs rule")
def leave_oneof(message: Any) -> None:
    message.field[0].ClearField("oneof_index")


@mutation(f"{V1}.Trigger", " reserved_range: ours [{start: 7 end: 9}], theirs [{start: 7 end: 8}]")
def reserve_more(message: Any) -> None:
    message.reserved_range[0].end = 9


@mutation(f"{V1}.RetrySettings", ".backoff: ours FieldDescriptorProto, theirs nothing")
def add_field(message: Any) -> None:
    message.field.add(name="backoff", number=3)


@mutation(f"{V1}.Trigger.Status.PAUSED", " number: ours 3, theirs 2")
def renumber_paused(value: Any) -> None:
    value.number = 3


@mutation(
    f"{V1}.TriggerService.Pause",
    ' (google.api.http): ours {post: "/pause" body: "*"}'
    ', theirs {post: "/triggers/v1/triggers/{trigger_id}:pause" body: "*"}',
)
def move_pause(method: Any) -> None:
    method.options.Extensions[annotations_pb2.http].post = "/pause"


@mutation(
    f"{V1}.TriggerService.Delete",
    ' (yandex.cloud.api.operation): ours {metadata: "DeleteTriggerMetadata" response: "Trigger"}'
    ', theirs {metadata: "DeleteTriggerMetadata" response: "google.protobuf.Empty"}',
)
def answer_deletion_with_trigger(method: Any) -> None:
    method.options.Extensions[operation_pb2.operation].response = "Trigger"


@mutation(f"{V1}.TriggerService.List", " server_streaming: ours True, theirs nothing")
def stream_list(method: Any) -> None:
    method.server_streaming = True


@mutation(f"{V1}.Mail.email", " (option 4095): ours 1, theirs nothing")
def add_unknown_option(field: Any) -> None:
    field.options.MergeFromString(b"\xf8\xff\x01\x01")  # number 4095, value 1


@mutation(V1_FILE, " go_package: ours 'example.com/triggers', theirs " + repr(GO_PACKAGE))
def move_package(file: Any) -> None:
    file.options.go_package = "example.com/triggers"


@pytest.mark.parametrize(("path", "mutate", "reported"), MUTATIONS)
def test_comparison_reports_a_change_and_nothing_else(
    path: str, mutate: Mutation, reported: str, ours: dict[str, bytes]
) -> None:
    changed = parsed(ours)
    mutate(elements(changed)[path])
    assert differences(changed, parsed(ours)) == [reported]


def test_comparison_reports_a_missing_element_by_one_line_each(ours: dict[str, bytes]) -> None:
    shortened = parsed(ours)
    messages = next(file for file in shortened if file.name == V1_FILE).message_type
    messages.remove(next(message for message in messages if message.name == "RetrySettings"))
    assert differences(shortened, parsed(ours)) == [
        f"{V1}.RetrySettings: ours nothing, theirs DescriptorProto",
        f"{V1}.RetrySettings.interval: ours nothing, theirs FieldDescriptorProto",
        f"{V1}.RetrySettings.retry_attempts: ours nothing, theirs FieldDescriptorProto",
    ]
