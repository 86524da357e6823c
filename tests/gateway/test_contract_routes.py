"""Routes as read from the descriptors, with what we lay over them."""

import re
from pathlib import Path

import pytest
from google.api import annotations_pb2
from google.longrunning import operations_pb2
from google.protobuf import descriptor_pb2, descriptor_pool
from google.protobuf.descriptor import ServiceDescriptor

from gateway.fake_upstream import SERVICES
from gateway.grpc_gateway_differences import DIFFERENCES
from tocsin.contract.routes import Envelope, Route, descriptor_set, envelopes, routes
from tocsin.gateway.errors import path_pattern
from tocsin_protos.yandex.cloud.operation import operation_service_pb2

OPERATION_SERVICE = operation_service_pb2.DESCRIPTOR.services_by_name["OperationService"]
CANCEL = "yandex.cloud.operation.OperationService.Cancel"


def service_with(*templates: tuple[str, str], package: str = "google.demo") -> ServiceDescriptor:
    """A service of its own pool with one method for each HTTP verb and path template."""
    file = descriptor_pb2.FileDescriptorProto(name="demo.proto", package=package, syntax="proto3")
    file.message_type.add(name="Thing")
    service = file.service.add(name="Things")
    for number, (verb, template) in enumerate(templates):
        name = f".{package}.Thing"
        method = service.method.add(name=f"Do{number}", input_type=name, output_type=name)
        rule = method.options.Extensions[annotations_pb2.http]
        if verb in ("get", "put", "post", "delete", "patch"):
            setattr(rule, verb, template)
        else:
            rule.custom.kind, rule.custom.path = verb, template
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    return pool.FindServiceByName(f"{package}.Things")


def test_an_overlay_stands_beside_the_annotation_or_in_its_place() -> None:
    found = [route for route in routes(SERVICES) if route.method == CANCEL]
    assert found == [
        Route(CANCEL, "GET", "/operations/{operation_id}:cancel", ""),
        Route(CANCEL, "POST", "/operations/{operation_id}:cancel", "*"),
    ]
    assert not [route for route in routes(SERVICES) if "operations/**" in route.template]


def test_only_the_services_asked_for_have_routes() -> None:
    assert {route.method.rpartition(".")[0] for route in routes([OPERATION_SERVICE])} == {
        "yandex.cloud.operation.OperationService"
    }
    assert routes([]) == ()


def test_other_verbs_are_read_too() -> None:
    service = service_with(("HEAD", "/demo/{x}"), ("put", "/demo"))
    assert [(route.http_verb, route.template) for route in routes([service])] == [
        ("HEAD", "/demo/{x}"),
        ("PUT", "/demo"),
    ]


def test_the_vendors_descriptors_are_not_changed() -> None:
    before = operations_pb2.DESCRIPTOR.serialized_pb
    routes(SERVICES)
    descriptor_set(SERVICES)

    method = operations_pb2.DESCRIPTOR.services_by_name["Operations"].methods_by_name[
        "WaitOperation"
    ]
    assert not method.GetOptions().HasExtension(annotations_pb2.http)
    assert before == operations_pb2.DESCRIPTOR.serialized_pb


def test_the_descriptor_set_stands_alone_and_has_the_same_routes() -> None:
    merged = descriptor_pb2.FileDescriptorSet.FromString(descriptor_set(SERVICES))
    pool = descriptor_pool.DescriptorPool()
    for file in merged.file:
        pool.AddSerializedFile(file.SerializeToString())  # fails if an import isn't there yet

    for service in SERVICES:
        for method in pool.FindServiceByName(service.full_name).methods:
            options = descriptor_pb2.MethodOptions.FromString(
                method.GetOptions().SerializeToString()
            )
            rule = options.Extensions[annotations_pb2.http]
            wanted = [route for route in routes([service]) if route.method == method.full_name]
            assert len(wanted) == 1 + len(rule.additional_bindings)
            assert getattr(rule, wanted[0].http_verb.lower()) == wanted[0].template


@pytest.mark.parametrize(
    "name",
    [
        "google.rpc.BadRequest",
        "google.rpc.RetryInfo",
        "google.protobuf.Empty",
        "yandex.cloud.serverless.triggers.v1.Trigger",
        "google.cloud.integrations.v1alpha.ExecutionInfo",
    ],
)
def test_what_travels_inside_an_any_is_in_the_set(name: str) -> None:
    merged = descriptor_pb2.FileDescriptorSet.FromString(descriptor_set([OPERATION_SERVICE]))
    messages = {
        f"{file.package}.{message.name}" for file in merged.file for message in file.message_type
    }
    assert name in messages


def test_the_envelope_of_a_path_is_that_of_its_vendor() -> None:
    assert envelopes(SERVICES) == {
        "triggers": Envelope.STATUS,
        "operations": Envelope.STATUS,
        "v1": Envelope.GOOGLE,
        "v1alpha": Envelope.GOOGLE,
    }


def test_a_path_that_would_need_two_envelopes_is_refused() -> None:
    service = service_with(("get", "/operations/{x}"))
    with pytest.raises(ValueError, match="can't be served under /operations: another service"):
        envelopes([OPERATION_SERVICE, service])


def test_the_path_of_the_page_is_a_segment_of_its_own() -> None:
    segments = envelopes([OPERATION_SERVICE, service_with(("get", "/"))])
    assert segments == {"operations": Envelope.STATUS, "": Envelope.GOOGLE}
    served = re.compile(path_pattern(segments))
    assert all(served.fullmatch(path) for path in ("/", "/?a=b/c", "/operations", "/operations/x"))
    assert not any(served.fullmatch(path) for path in ("//", "/x", "/:x", "/operationsx", ""))


@pytest.mark.parametrize("template", ["/{name=things/*}", "/*"])
def test_a_path_without_a_first_word_is_refused(template: str) -> None:
    with pytest.raises(ValueError, match="no literal first segment"):
        envelopes([service_with(("get", template))])


def test_every_difference_of_grpc_gateway_names_a_test() -> None:
    text = "".join(file.read_text() for file in Path(__file__).parent.glob("test_rest_*.py"))
    tests = set(re.findall(r"^def (test_\w+)", text, re.MULTILINE))
    assert {name.partition("[")[0] for name in DIFFERENCES} <= tests
