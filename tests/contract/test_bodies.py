"""Bodies of REST pass a transcoder as bytes, in a field that no contract has."""

import pytest
from google.protobuf import descriptor_pb2, descriptor_pool, message_factory
from google.protobuf.descriptor import MethodDescriptor, ServiceDescriptor
from google.protobuf.message import DecodeError

from tocsin.contract.bodies import BODY, NO_BODY, Passed, passed, transcoder_descriptors
from tocsin.contract.routes import DETAILS, PAYLOADS
from tocsin_protos.google.cloud.integrations.v1alpha import executions_pb2
from tocsin_protos.tocsin.v1 import access_service_pb2, session_service_pb2, webhook_service_pb2
from tocsin_protos.yandex.cloud.serverless.triggers.v1 import trigger_service_pb2

EXECUTIONS = executions_pb2.DESCRIPTOR.services_by_name["Executions"]
TRIGGERS = trigger_service_pb2.DESCRIPTOR.services_by_name["TriggerService"]
ACCESS = access_service_pb2.DESCRIPTOR.services_by_name["AccessService"]
SESSIONS = session_service_pb2.DESCRIPTOR.services_by_name["SessionService"]
WEBHOOKS = webhook_service_pb2.DESCRIPTOR.services_by_name["WebhookService"]
SCHEDULE = EXECUTIONS.methods_by_name["ScheduleIntegrations"]


def as_passed(method: MethodDescriptor) -> MethodDescriptor:
    """A method as a transcoder sees it, which takes the files as they come."""
    services: list[ServiceDescriptor] = [EXECUTIONS, TRIGGERS, ACCESS, WEBHOOKS]
    files = descriptor_pb2.FileDescriptorSet.FromString(transcoder_descriptors(services))
    pool = descriptor_pool.DescriptorPool()
    for file in files.file:
        pool.Add(file)
    return pool.FindMethodByName(method.full_name)


@pytest.mark.parametrize(
    ("method", "fields"),
    [
        (SCHEDULE, ["name"]),
        (TRIGGERS.methods_by_name["List"], []),
        (TRIGGERS.methods_by_name["Update"], ["trigger_id"]),
        (ACCESS.methods_by_name["AddBinding"], []),
    ],
)
def test_a_transcoder_binds_the_path_alone(method: MethodDescriptor, fields: list[str]) -> None:
    request = as_passed(method).input_type
    assert [field.name for field in request.fields if field.number < NO_BODY] == fields
    assert request.fields_by_number[BODY].message_type.full_name == "google.api.HttpBody"


def test_bytes_of_the_contract_stay_as_they_are() -> None:
    for method in WEBHOOKS.methods:
        assert "notification" in as_passed(method).input_type.fields_by_name


@pytest.mark.parametrize("number", [BODY, NO_BODY])
def test_what_was_passed_is_taken_apart(number: int) -> None:
    request = message_factory.GetMessageClass(as_passed(SCHEDULE).input_type)(name="ж")
    fields = request.SerializeToString()
    getattr(request, request.DESCRIPTOR.fields_by_number[number].name).data = b"\xff\xff\xff\x0f"
    found = passed(request.SerializeToString())
    assert found == Passed(fields, b"\xff\xff\xff\x0f", takes_body=number == BODY)


def test_what_has_neither_is_all_fields() -> None:
    assert passed(b"\x0a\x01n") == Passed(b"\x0a\x01n", None, takes_body=True)


def test_a_request_without_a_body_is_as_envoy_writes_it() -> None:
    empty, again = b"\xf2\xff\xff\xff\x0f\x00", b"\xf2\xff\xff\xff\x0f\x02\x12\x00"
    fields = b"\x0a\x01n"
    assert passed(empty + fields + again) == Passed(fields, b"", takes_body=False)
    assert passed(empty + again) == Passed(b"", b"", takes_body=False)


def test_a_body_between_the_empty_ones_is_found() -> None:
    empty, again = b"\xf2\xff\xff\xff\x0f\x00", b"\xf2\xff\xff\xff\x0f\x02\x12\x00"
    body = b"\xf2\xff\xff\xff\x0f\x03\x12\x01b"
    assert passed(empty + b"\x0a\x01n" + body + empty) == Passed(
        b"\x0a\x01n", b"b", takes_body=False
    )
    assert passed(empty + body + again).body == b""  # as of a message whose last field counts


def test_bytes_that_only_look_like_it_are_a_field_of_the_path() -> None:
    looks_like = b"\x0a\x07\xfa\xff\xff\xff\x0f\x01x"
    assert passed(looks_like) == Passed(looks_like, b"", takes_body=False)


def test_what_is_cut_off_is_refused() -> None:
    with pytest.raises(DecodeError):
        passed(b"\xfa\xff\xff\xff\x0f\x05x")


@pytest.mark.parametrize(("service", "has_payloads"), [(TRIGGERS, True), (SESSIONS, False)])
def test_payloads_of_operations_are_there_for_who_answers_with_one(
    service: ServiceDescriptor, *, has_payloads: bool
) -> None:
    files = descriptor_pb2.FileDescriptorSet.FromString(transcoder_descriptors([service]))
    names = {file.name for file in files.file}
    assert service.file.name in names
    assert {file.name for file in DETAILS} <= names
    assert {file.name for file in PAYLOADS}.issubset(names) is has_payloads
