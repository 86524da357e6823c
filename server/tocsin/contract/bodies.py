"""Passes the bodies of REST requests through a transcoder as they came, for the server to read.

A transcoder drops names that it does not know, reports one fault of many, and reads a body before
anyone has asked who calls. So in the transcoder's descriptors each route with a body takes it into
one more field of the request, an HttpBody (google/api/httpbody.proto), as bytes. The descriptors
that documentation generators and other gateways get stay as they are.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any, Final

from google.api import annotations_pb2, http_pb2, httpbody_pb2
from google.protobuf import descriptor_pb2, descriptor_pool, message_factory
from google.protobuf.descriptor import MethodDescriptor, ServiceDescriptor
from google.protobuf.message import Message

from tocsin.contract.routes import PAYLOADS, descriptor_set, routes

FIELD: Final = "tocsin_rest_body"
NUMBER: Final = 536_870_911
"""The largest number that a field may have; no contract uses it."""
TAG: Final = b"\xfa\xff\xff\xff\x0f"
"""The number and the type of the field, as they stand before it in a message."""

_HTTP_BODY = httpbody_pb2.HttpBody.DESCRIPTOR
_FIRST = ("google/protobuf/any.proto", _HTTP_BODY.file.name)


@dataclass(frozen=True, slots=True)
class Binding:
    """Says which fields of a request a method's routes with a body bind.

    `body` is the field that the body is, empty where it is the whole request; `path` are the fields
    of the paths.
    """

    body: str
    path: tuple[str, ...]


def binding_of(method: MethodDescriptor) -> Binding | None:
    """Returns the binding of a method's bodies that the server reads; None if it has none.

    Raises:
        ValueError: two routes of the method have different bodies.
    """
    bound = [
        route
        for route in routes([method.containing_service])
        if route.method == method.full_name and _is_read(method, route.body)
    ]
    if not bound:
        return None
    [body] = {route.body for route in bound}
    fields = (part.partition("=")[0] for route in bound for part in route.template.split("{")[1:])
    path = tuple(dict.fromkeys(field.partition("}")[0] for field in fields))
    return Binding("" if body == "*" else body, path)


def transcoder_descriptors(services: Iterable[ServiceDescriptor]) -> bytes:
    """Returns a serialized FileDescriptorSet of the services, whose bodies are passed as bytes."""
    services = tuple(services)
    merged = descriptor_pb2.FileDescriptorSet.FromString(
        descriptor_set(services, (*PAYLOADS, _HTTP_BODY.file))
    )
    bound = {
        method.full_name: method.input_type.full_name
        for service in services
        for method in service.methods
        if binding_of(method) is not None
    }
    for file in merged.file:
        _pass_bodies(file, bound.keys(), frozenset(bound.values()))
    first = [file for name in _FIRST for file in merged.file if file.name == name]
    rest = [file for file in merged.file if file.name not in _FIRST]
    return descriptor_pb2.FileDescriptorSet(file=[*first, *rest]).SerializeToString()


def body_of(received: bytes) -> bytes | None:
    """Returns the body that a transcoder passed within a request; None if it has none."""
    if TAG not in received:
        return None
    carrier: Any = _carrier().FromString(received)
    body: bytes | None = carrier.body.data if carrier.HasField("body") else None
    return body


@cache
def _carrier() -> type[Message]:
    """Returns a message that has the field alone; what else a request has is unknown to it."""
    file = descriptor_pb2.FileDescriptorProto(name="tocsin/rest_body.proto", syntax="proto3")
    file.dependency.append(_HTTP_BODY.file.name)
    carrier = file.message_type.add(name="TocsinRestBody")
    _add_field(carrier, "body")
    pool = descriptor_pool.DescriptorPool()
    for needed in (*_HTTP_BODY.file.dependencies, _HTTP_BODY.file):
        pool.AddSerializedFile(needed.serialized_pb)
    pool.AddSerializedFile(file.SerializeToString())
    return message_factory.GetMessageClass(pool.FindMessageTypeByName(carrier.name))


def _is_read(method: MethodDescriptor, body: str) -> bool:
    """Returns whether the server reads such a body; an HttpBody of the contract stays as it is."""
    if body in ("", "*"):
        return body == "*"
    kind = method.input_type.fields_by_name[body].message_type
    return kind is not None and kind.full_name != _HTTP_BODY.full_name


def _pass_bodies(
    file: descriptor_pb2.FileDescriptorProto, methods: Iterable[str], requests: frozenset[str]
) -> None:
    changed = [
        message for message in file.message_type if f"{file.package}.{message.name}" in requests
    ]
    for message in changed:
        _add_field(message, FIELD)
    if changed and _HTTP_BODY.file.name not in file.dependency:
        file.dependency.append(_HTTP_BODY.file.name)
    for service in file.service:
        for method in service.method:
            if f"{file.package}.{service.name}.{method.name}" in methods:
                for rule in _rules(method.options):
                    rule.body = FIELD if rule.body else ""


def _add_field(message: descriptor_pb2.DescriptorProto, name: str) -> None:
    field = descriptor_pb2.FieldDescriptorProto
    message.field.add(
        name=name,
        number=NUMBER,
        label=field.LABEL_OPTIONAL,
        type=field.TYPE_MESSAGE,
        type_name=f".{_HTTP_BODY.full_name}",
    )


def _rules(options: descriptor_pb2.MethodOptions) -> Iterator[http_pb2.HttpRule]:
    rule = options.Extensions[annotations_pb2.http]
    yield rule
    yield from rule.additional_bindings
