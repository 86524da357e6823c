"""Bodies of REST pass a transcoder as bytes, in a field that no contract has."""

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory
from google.protobuf.descriptor import Descriptor, ServiceDescriptor

from tocsin.contract.bodies import (
    FIELD,
    NUMBER,
    Binding,
    binding_of,
    body_of,
    transcoder_descriptors,
)
from tocsin_protos.google.cloud.integrations.v1alpha import executions_pb2
from tocsin_protos.tocsin.v1 import access_service_pb2, webhook_service_pb2
from tocsin_protos.yandex.cloud.serverless.triggers.v1 import trigger_service_pb2

EXECUTIONS = executions_pb2.DESCRIPTOR.services_by_name["Executions"]
TRIGGERS = trigger_service_pb2.DESCRIPTOR.services_by_name["TriggerService"]
ACCESS = access_service_pb2.DESCRIPTOR.services_by_name["AccessService"]
WEBHOOKS = webhook_service_pb2.DESCRIPTOR.services_by_name["WebhookService"]
SCHEDULE = EXECUTIONS.methods_by_name["ScheduleIntegrations"]


def passed(*services: ServiceDescriptor) -> descriptor_pool.DescriptorPool:
    """What a transcoder makes of the descriptors, file by file as they come."""
    files = descriptor_pb2.FileDescriptorSet.FromString(transcoder_descriptors(services))
    pool = descriptor_pool.DescriptorPool()
    for file in files.file:
        pool.Add(file)
    return pool


def as_passed(descriptor: Descriptor) -> Descriptor:
    pool = passed(EXECUTIONS, TRIGGERS, ACCESS, WEBHOOKS)
    return pool.FindMessageTypeByName(descriptor.full_name)


def test_a_request_with_a_body_has_one_field_more() -> None:
    field = as_passed(SCHEDULE.input_type).fields_by_name[FIELD]
    assert field.number == NUMBER
    assert field.message_type.full_name == "google.api.HttpBody"


def test_a_request_without_a_body_and_bytes_of_the_contract_stay_as_they_are() -> None:
    for method in (TRIGGERS.methods_by_name["Get"], *WEBHOOKS.methods):
        assert binding_of(method) is None
        assert FIELD not in as_passed(method.input_type).fields_by_name


def test_a_binding_has_the_fields_of_the_paths() -> None:
    assert binding_of(SCHEDULE) == Binding("", ("name",))
    assert binding_of(TRIGGERS.methods_by_name["Update"]) == Binding("", ("trigger_id",))
    assert binding_of(ACCESS.methods_by_name["AddBinding"]) == Binding("binding", ())


def test_the_body_is_found_among_other_fields_and_nowhere_else() -> None:
    request = message_factory.GetMessageClass(as_passed(SCHEDULE.input_type))(name="n")
    assert body_of(request.SerializeToString()) is None
    getattr(request, FIELD).data = b"{}"
    assert body_of(request.SerializeToString()) == b"{}"
    # Bytes that look like its beginning, within another field.
    looks_like = b"\x0a\x07\xfa\xff\xff\xff\x0f{}"
    assert body_of(looks_like) is None
