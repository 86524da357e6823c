"""Which metadata and response an operation carries, as the contract's methods say."""

from typing import Any

import pytest
from google.protobuf.descriptor import MethodDescriptor
from google.protobuf.descriptor_pb2 import FileDescriptorProto
from google.protobuf.descriptor_pool import DescriptorPool

from tocsin.contract import ContractError
from tocsin.contract.operations import operation_types
from tocsin_protos.yandex.cloud.api import operation_pb2
from tocsin_protos.yandex.cloud.serverless.triggers.v1 import trigger_service_pb2

METHODS = trigger_service_pb2.DESCRIPTOR.services_by_name["TriggerService"].methods_by_name
PACKAGE = "yandex.cloud.serverless.triggers.v1"


@pytest.mark.parametrize(
    ("method", "metadata", "response"),
    [
        ("Create", f"{PACKAGE}.CreateTriggerMetadata", f"{PACKAGE}.Trigger"),
        ("Update", f"{PACKAGE}.UpdateTriggerMetadata", f"{PACKAGE}.Trigger"),
        ("Delete", f"{PACKAGE}.DeleteTriggerMetadata", "google.protobuf.Empty"),
        ("Pause", f"{PACKAGE}.PauseTriggerMetadata", f"{PACKAGE}.Trigger"),
        ("Resume", f"{PACKAGE}.ResumeTriggerMetadata", f"{PACKAGE}.Trigger"),
    ],
)
def test_each_mutation_says_what_its_operation_carries(
    method: str, metadata: str, response: str
) -> None:
    types = operation_types(METHODS[method])

    assert types.metadata.full_name == metadata
    assert types.response.full_name == response


@pytest.mark.parametrize("method", ["Get", "List", "ListOperations"])
def test_a_method_without_the_option_is_refused_by_name(method: str) -> None:
    with pytest.raises(ContractError, match=rf"{PACKAGE}\.TriggerService\.{method}: has no option"):
        operation_types(METHODS[method])


def declared(metadata: str, response: str) -> MethodDescriptor:
    """A method `bells.Tower.Ring` whose operation option names these types."""
    file = FileDescriptorProto(name="bells.proto", package="bells", syntax="proto3")
    file.message_type.add(name="Bell")
    file.message_type.add(name="Empty")
    ring = file.service.add(name="Tower").method.add(
        name="Ring", input_type=".bells.Bell", output_type=".bells.Bell"
    )
    options: Any = ring.options
    options.Extensions[operation_pb2.operation].metadata = metadata
    options.Extensions[operation_pb2.operation].response = response
    pool = DescriptorPool()
    pool.AddSerializedFile(file.SerializeToString())
    return pool.FindServiceByName("bells.Tower").methods_by_name["Ring"]


def test_a_bare_name_is_looked_for_in_the_package_of_the_method() -> None:
    assert operation_types(declared("Bell", "Empty")).response.full_name == "bells.Empty"


def test_a_full_name_is_found_as_it_stands() -> None:
    assert operation_types(declared("bells.Bell", "Empty")).metadata.full_name == "bells.Bell"


@pytest.mark.parametrize(
    ("metadata", "response", "complaint"),
    [
        (
            "",
            "Bell",
            r"bells\.Tower\.Ring: option yandex.cloud.api.operation needs a metadata type",
        ),
        (
            "Bell",
            "",
            r"bells\.Tower\.Ring: option yandex.cloud.api.operation needs a response type",
        ),
        (
            "Bell",
            "Gong",
            r"bells\.Tower\.Ring: .* names the unknown response type 'Gong'",
        ),
        (
            "a.Gong",
            "Bell",
            r"bells\.Tower\.Ring: .* names the unknown metadata type 'a\.Gong'",
        ),
    ],
)
def test_a_type_that_cannot_be_found_is_refused_with_the_name_of_the_method(
    metadata: str, response: str, complaint: str
) -> None:
    with pytest.raises(ContractError, match=complaint):
        operation_types(declared(metadata, response))
