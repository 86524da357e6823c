"""A difference between descriptors is said in the words of a `.proto` file."""

from collections.abc import Callable
from typing import Any

import pytest
from google.api import annotations_pb2
from google.protobuf.descriptor_pb2 import (
    DescriptorProto,
    EnumDescriptorProto,
    FieldDescriptorProto,
    ServiceDescriptorProto,
)

from tocsin.conformance.reflection import contracts, differences
from tocsin_protos.yandex.cloud import validation_pb2
from tocsin_protos.yandex.cloud.serverless.triggers.v1 import trigger_pb2, trigger_service_pb2

CREATE = DescriptorProto()
trigger_service_pb2.CreateTriggerRequest.DESCRIPTOR.CopyToProto(CREATE)


def changed(change: Callable[[Any], object]) -> DescriptorProto:
    other = DescriptorProto()
    other.CopyFrom(CREATE)
    change(other)
    return other


def field(message: DescriptorProto, name: str) -> Any:
    return next(each for each in message.field if each.name == name)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (str, []),
        (lambda m: m.field.add(name="new", number=99, type=9), []),
        (
            lambda m: setattr(field(m, "name"), "number", 7),
            ["`string name = 2` is missing; it is string name = 7"],
        ),
        (lambda m: m.field.remove(field(m, "name")), ["`string name = 2` is missing"]),
        (
            lambda m: setattr(field(m, "name"), "type", FieldDescriptorProto.TYPE_BYTES),
            ["`bytes name = 2` must be `string name = 2`"],
        ),
        (
            lambda m: setattr(field(m, "name"), "name", "title"),
            ["`string title = 2` must be `string name = 2`"],
        ),
        (
            lambda m: setattr(field(m, "name"), "label", FieldDescriptorProto.LABEL_REPEATED),
            ["`repeated string name = 2` must be `string name = 2`"],
        ),
        (
            lambda m: setattr(m.nested_type[0].field[1], "type", FieldDescriptorProto.TYPE_INT64),
            ["`map<string, int64> labels = 4` must be `map<string, string> labels = 4`"],
        ),
        (
            lambda m: setattr(field(m, "name"), "json_name", "Name"),
            ["`string name = 2` is 'Name' in JSON, but must be 'name'"],
        ),
    ],
)
def test_fields(change: Callable[[Any], object], told: list[str]) -> None:
    found = differences.of_fields(changed(change), CREATE)
    assert [line.removesuffix("; it is title") for line in found][: len(told)] == told
    assert len(found) >= len(told)
    assert bool(found) is bool(told)


def test_a_oneof_and_a_reserved_number() -> None:
    meant = DescriptorProto()
    trigger_pb2.Trigger.Timer.DESCRIPTOR.CopyToProto(meant)
    other = DescriptorProto()
    other.CopyFrom(meant)
    field(other, "start_workflow").ClearField("oneof_index")
    other.field.add(name="extra", number=50, type=9)
    first, second = differences.of_fields(other, meant)
    assert first.endswith("is in no oneof, but must be in oneof action")
    assert second == "extra = 50 uses a reserved number"


def test_options_of_fields() -> None:
    def longer(message: DescriptorProto) -> None:
        options = field(message, "description").options
        options.Extensions[validation_pb2.length] = "<=256"

    def optional(message: DescriptorProto) -> None:
        field(message, "folder_id").options.ClearExtension(validation_pb2.required)

    assert differences.of_field_options(CREATE, CREATE) == []
    assert differences.of_field_options(changed(longer), CREATE) == [
        "description: (yandex.cloud.length) is '<=256', but must be '<=500'"
    ]
    assert differences.of_field_options(changed(optional), CREATE) == [
        "folder_id: (yandex.cloud.required) is not there, but must be True"
    ]


def test_values_of_an_enum() -> None:
    meant = EnumDescriptorProto()
    trigger_pb2.Trigger.DESCRIPTOR.enum_types_by_name["Status"].CopyToProto(meant)
    other = EnumDescriptorProto()
    other.CopyFrom(meant)
    other.value[1].number, other.value[2].number = 2, 1
    assert differences.of_values(other, meant) == [
        "ACTIVE is 2, but must be 1",
        "PAUSED is 1, but must be 2",
    ]
    del other.value[2]
    assert "PAUSED = 2 is missing; 2 is ACTIVE" in differences.of_values(other, meant)


def test_methods() -> None:
    declared = ServiceDescriptorProto()
    trigger_service_pb2.DESCRIPTOR.services_by_name["TriggerService"].CopyToProto(declared)
    meant = next(method for method in declared.method if method.name == "Pause")
    other = type(meant)()
    other.CopyFrom(meant)
    other.options.Extensions[annotations_pb2.http].get = "/paused"
    other.server_streaming = True
    [http] = differences.of_http(other, meant)
    assert http == (
        "google.api.http is GET /paused with body '*', but must be "
        "POST /triggers/v1/triggers/{trigger_id}:pause with body '*'"
    )
    [types] = differences.of_types(other, meant)
    assert types.startswith("it is rpc Pause(yandex.cloud.serverless")
    assert "returns (stream yandex.cloud.operation.Operation)" in types
    other.options.Clear()
    assert differences.of_operation(other, meant) == [
        "its metadata is not there, but must be PauseTriggerMetadata",
        "its response is not there, but must be Trigger",
    ]


def test_what_is_compared_covers_the_contracts() -> None:
    names = {each.full_name for each, _ in contracts.types()}
    package = "yandex.cloud.serverless.triggers.v1"
    assert {
        f"{package}.Trigger.Rule",
        f"{package}.ObjectStorageBucketSettings",
        f"{package}.ResumeTriggerMetadata",
        f"{package}.TriggerType",
        "yandex.cloud.operation.Operation",
        "yandex.cloud.logging.v1.LogLevel.Level",
        "google.rpc.Status",
    } <= names
    assert not any(name.startswith("google.protobuf.") for name in names)
    assert len(list(contracts.methods())) >= 12
