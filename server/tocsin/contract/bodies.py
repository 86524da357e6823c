"""Passes queries and bodies of REST through a transcoder as they came, for the server to read.

A transcoder drops names that it does not know, reports the first fault alone, and reads a body
before anyone has asked who calls. So in the descriptors that Envoy gets, the request of each method
has the fields of its paths, and one more that takes the body as bytes: an HttpBody
(google/api/httpbody.proto). Routes without a body have such a field too, so that a body that comes
all the same is seen. The descriptors that documentation generators and other gateways get stay as
they are.
"""

from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from typing import Any, Final, NamedTuple

from google.api import annotations_pb2, http_pb2, httpbody_pb2
from google.protobuf import descriptor_pb2, descriptor_pool, message_factory
from google.protobuf.descriptor import MethodDescriptor, ServiceDescriptor
from google.protobuf.message import Message

from tocsin.contract.routes import (
    DETAILS,
    PAYLOADS,
    answers_any,
    descriptor_set,
    path_fields,
    routes,
)

BODY: Final = 536_870_911
"""The field that takes a body. It is the largest number; no contract uses it or the next."""
NO_BODY: Final = 536_870_910
"""The field that takes the body of a route that has none."""

_NAMES: Final[Mapping[int, str]] = {BODY: "tocsin_body", NO_BODY: "tocsin_no_body"}
MARK: Final = b"\xff\xff\xff\x0f"
"""How the tags of both fields end; one of them is in all that a transcoder passes, but for routes
whose body is bytes in the contract."""

# How a transcoder encloses the fields of the path where nothing came as a body: the field NO_BODY,
# empty, and again with data of no bytes.
_BEFORE_FIELDS: Final = b"\xf2" + MARK + b"\x00"
_AFTER_FIELDS: Final = b"\xf2" + MARK + b"\x02\x12\x00"

_HTTP_BODY = httpbody_pb2.HttpBody.DESCRIPTOR
_FIRST = ("google/protobuf/any.proto", _HTTP_BODY.file.name)


class Passed(NamedTuple):
    """A request as a transcoder passed it: the fields of its path, and its body.

    `body` is None for routes whose body is bytes in the contract too; it is among the fields then.
    """

    fields: bytes
    body: bytes | None
    takes_body: bool


def is_bytes(method: MethodDescriptor, body: str) -> bool:
    """Returns whether the body of a route is an HttpBody in the contract already."""
    if body in ("", "*"):
        return False
    kind = method.input_type.fields_by_name[body].message_type
    return kind is not None and kind.full_name == _HTTP_BODY.full_name


def transcoder_descriptors(services: Iterable[ServiceDescriptor]) -> bytes:
    """Returns a serialized FileDescriptorSet of the services, whose routes pass what came.

    It holds the payloads of operations only if a service may answer with one.

    Raises:
        ValueError: a path has a field of a field.
    """
    services = tuple(services)
    payloads = PAYLOADS if any(map(answers_any, services)) else DETAILS
    merged = descriptor_pb2.FileDescriptorSet.FromString(
        descriptor_set(services, (*payloads, _HTTP_BODY.file))
    )
    methods = {method.full_name: method for each in services for method in each.methods}
    for file in merged.file:
        for service in file.service:
            for method in service.method:
                described = methods.get(f"{file.package}.{service.name}.{method.name}")
                if described is not None:
                    _pass_on(file, method, described)
    first = [file for name in _FIRST for file in merged.file if file.name == name]
    rest = [file for file in merged.file if file.name not in _FIRST]
    return descriptor_pb2.FileDescriptorSet(file=[*first, *rest]).SerializeToString()


def passed(received: bytes) -> Passed:
    """Takes apart what a transcoder passed.

    Raises:
        DecodeError: it is cut off.
    """
    if MARK not in received:
        return Passed(received, None, takes_body=True)
    if received.startswith(_BEFORE_FIELDS) and received.endswith(_AFTER_FIELDS):
        # Nearly all requests without a body; the carrier would cost three times as much.
        fields = received[len(_BEFORE_FIELDS) : -len(_AFTER_FIELDS)]
        if MARK not in fields:
            return Passed(fields, b"", takes_body=False)
    carrier: Any = _carrier().FromString(received)
    takes_body = carrier.HasField(_NAMES[BODY])
    body = getattr(carrier, _NAMES[BODY if takes_body else NO_BODY]).data
    for name in _NAMES.values():
        carrier.ClearField(name)
    # What is left is unknown to the carrier: the fields of the path.
    return Passed(carrier.SerializeToString(), body, takes_body)


@cache
def _carrier() -> type[Message]:
    """Returns a message that has the two fields alone."""
    file = descriptor_pb2.FileDescriptorProto(name="tocsin/rest.proto", syntax="proto3")
    file.dependency.append(_HTTP_BODY.file.name)
    carrier = file.message_type.add(name="TocsinRest")
    for number in _NAMES:
        _add_field(carrier, number)
    pool = descriptor_pool.DescriptorPool()
    for needed in (*_HTTP_BODY.file.dependencies, _HTTP_BODY.file):
        pool.AddSerializedFile(needed.serialized_pb)
    pool.AddSerializedFile(file.SerializeToString())
    return message_factory.GetMessageClass(pool.FindMessageTypeByName(carrier.name))


def _pass_on(
    file: descriptor_pb2.FileDescriptorProto,
    method: descriptor_pb2.MethodDescriptorProto,
    described: MethodDescriptor,
) -> None:
    """Gives a method of the transcoder a request with the fields of its paths and the bodies."""
    bound = [
        each
        for each in routes([described.containing_service])
        if each.method == described.full_name
    ]
    if not bound:
        return
    request = file.message_type.add(
        name=f"TocsinRest{described.containing_service.name}{method.name}"
    )
    original = descriptor_pb2.DescriptorProto()
    described.input_type.CopyToProto(original)
    of_paths = dict.fromkeys(name for route in bound for name in path_fields(route))
    of_bytes = {route.body for route in bound if is_bytes(described, route.body)}
    for name in (*of_paths, *of_bytes):
        if name not in described.input_type.fields_by_name:
            raise ValueError(f"{described.full_name}: {name} in a path is no field of the request")
        field = request.field.add()
        field.CopyFrom(next(each for each in original.field if each.name == name))
        field.ClearField("oneof_index")
        field.ClearField("proto3_optional")
    for number in _NAMES:
        _add_field(request, number)
    if _HTTP_BODY.file.name not in file.dependency:
        file.dependency.append(_HTTP_BODY.file.name)
    method.input_type = f".{file.package}.{request.name}"
    for rule in _rules(method.options):
        if not is_bytes(described, rule.body):
            rule.body = _NAMES[BODY if rule.body else NO_BODY]


def _add_field(message: descriptor_pb2.DescriptorProto, number: int) -> None:
    field = descriptor_pb2.FieldDescriptorProto
    message.field.add(
        name=_NAMES[number],
        number=number,
        label=field.LABEL_OPTIONAL,
        type=field.TYPE_MESSAGE,
        type_name=f".{_HTTP_BODY.full_name}",
    )


def _rules(options: descriptor_pb2.MethodOptions) -> Iterator[http_pb2.HttpRule]:
    rule = options.Extensions[annotations_pb2.http]
    if rule.WhichOneof("pattern") is not None:
        yield rule
    yield from rule.additional_bindings
