"""Reads REST routes from the `google.api.http` annotations of the services.

Nothing here depends on the proxy that transcodes: Envoy, grpc-gateway and documentation
generators all read the descriptor set that `descriptor_set` returns.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from functools import cache

from google.api import annotations_pb2, http_pb2
from google.protobuf import (
    descriptor_pb2,
    duration_pb2,
    empty_pb2,
    struct_pb2,
    timestamp_pb2,
    wrappers_pb2,
)
from google.protobuf.descriptor import FileDescriptor, MethodDescriptor, ServiceDescriptor
from google.rpc import error_details_pb2

from tocsin_protos.google.cloud.integrations.v1alpha import executions_pb2, log_entries_pb2
from tocsin_protos.tocsin.v1 import otlp_service_pb2
from tocsin_protos.yandex.cloud.serverless.triggers.v1 import trigger_service_pb2


class Envelope(Enum):
    """Names the JSON shape in which a vendor's clients expect an error."""

    STATUS = "status"
    """A bare google.rpc.Status: `{"code": <gRPC code>, "message": …, "details": […]}`."""

    GOOGLE = "google"
    """`{"error": {"code": <HTTP status>, "message": …, "status": <code name>, "details": […]}}`."""

    OTLP = "otlp"
    """A bare google.rpc.Status in the encoding of the request, JSON or binary protobuf. Its paths
    are exact, since they stand below a segment of Google's."""


@dataclass(frozen=True, slots=True)
class Route:
    """Binds one HTTP verb and path template to the gRPC method that answers."""

    method: str
    """Full name, such as `google.longrunning.Operations.GetOperation`."""
    http_verb: str
    template: str
    body: str
    """`*` for the whole message, a field's name, or empty for no request body."""


@dataclass(frozen=True, slots=True)
class Overlay:
    """Replaces or extends the bindings that a method's own proto declares."""

    bindings: tuple[tuple[str, str, str], ...]
    """HTTP verb, path template, body."""
    beside_annotation: bool = False
    """Whether the proto's own bindings stay in force too."""


def _project_scoped(verb: str, rest: str, body: str = "") -> Overlay:
    versions = ("v1", "v1alpha")  # the schedule call itself is served under both
    return Overlay(tuple((verb, f"/{version}/{rest}", body) for version in versions))


_ANY = "google/protobuf/any.proto"
_OPERATION = "{name=projects/*/locations/*/operations/*}"

# The vendors' protos stay as they are published; like the http rules of a service config, these
# bindings override their annotations.
OVERLAY: Mapping[str, Overlay] = {
    # The proto annotates GET; the API design guide documents POST.
    "yandex.cloud.operation.OperationService.Cancel": Overlay(
        (("POST", "/operations/{operation_id}:cancel", "*"),), beside_annotation=True
    ),
    # An operation here is an execution, named below a project and a location.
    "google.longrunning.Operations.ListOperations": _project_scoped(
        "GET", "{name=projects/*/locations/*}/operations"
    ),
    "google.longrunning.Operations.GetOperation": _project_scoped("GET", _OPERATION),
    "google.longrunning.Operations.DeleteOperation": _project_scoped("DELETE", _OPERATION),
    "google.longrunning.Operations.CancelOperation": _project_scoped(
        "POST", f"{_OPERATION}:cancel", "*"
    ),
    "google.longrunning.Operations.WaitOperation": _project_scoped(
        "POST", f"{_OPERATION}:wait", "*"
    ),
}

# Messages inside an Any (error details, an operation's metadata and response) appear in no
# method's signature, but a transcoder can print only the types that it knows.
DETAILS: Sequence[FileDescriptor] = (
    error_details_pb2.DESCRIPTOR,
    duration_pb2.DESCRIPTOR,
    empty_pb2.DESCRIPTOR,
    struct_pb2.DESCRIPTOR,
    timestamp_pb2.DESCRIPTOR,
    wrappers_pb2.DESCRIPTOR,
)
PAYLOADS: Sequence[FileDescriptor] = (
    *DETAILS,
    trigger_service_pb2.DESCRIPTOR,
    executions_pb2.DESCRIPTOR,
    log_entries_pb2.DESCRIPTOR,
)


def routes(services: Iterable[ServiceDescriptor]) -> tuple[Route, ...]:
    """Lists every route of the services, overlay included, in the order of the protos."""
    return tuple(route for service in services for route in _routes_of(service))


@cache
def _routes_of(service: ServiceDescriptor) -> tuple[Route, ...]:
    return tuple(
        Route(method.full_name, *binding)
        for method in service.methods
        for binding in _bindings(method)
    )


def path_fields(route: Route) -> list[str]:
    """Returns the fields that the path of a route binds, by their paths in the request."""
    return re.findall(r"{([\w.]+)", route.template)


def envelope_of(service: ServiceDescriptor) -> Envelope:
    """Returns the error envelope of a service's vendor, which its package names."""
    if service.full_name == otlp_service_pb2.DESCRIPTOR.services_by_name["OtlpService"].full_name:
        return Envelope.OTLP
    return Envelope.GOOGLE if service.full_name.startswith("google.") else Envelope.STATUS


def envelopes(services: Iterable[ServiceDescriptor]) -> dict[str, Envelope]:
    """Returns the error envelope of each top path segment that the services use.

    The path `/` has the empty segment. Services of OTLP have paths of their own instead:
    `exact_paths`.

    Raises:
        ValueError: a segment would need two envelopes, or a template starts with a variable.
    """
    by_segment: dict[str, Envelope] = {}
    for service in services:
        envelope = envelope_of(service)
        for route in routes([service]) if envelope is not Envelope.OTLP else ():
            segment = _top_segment(route)
            if by_segment.setdefault(segment, envelope) is not envelope:
                raise ValueError(
                    f"{route.method} can't be served under /{segment}: another service there "
                    "has a different error envelope"
                )
    return by_segment


def exact_paths(services: Iterable[ServiceDescriptor]) -> tuple[str, ...]:
    """Returns the paths of OTLP that the services use."""
    telemetry = [service for service in services if envelope_of(service) is Envelope.OTLP]
    return tuple(route.template for route in routes(telemetry))


def stream_methods(services: Iterable[ServiceDescriptor]) -> tuple[str, ...]:
    """Returns the methods that answer with streams, by their paths over gRPC."""
    return tuple(
        f"/{service.full_name}/{method.name}"
        for service in services
        for method in service.methods
        if method.server_streaming
    )


def stream_paths(services: Iterable[ServiceDescriptor]) -> tuple[str, ...]:
    """Returns the REST paths of the methods that answer with streams.

    Raises:
        ValueError: such a path has a variable.
    """
    known = list(services)
    streaming = {
        method.full_name
        for service in known
        for method in service.methods
        if method.server_streaming
    }
    paths = [route.template for route in routes(known) if route.method in streaming]
    if with_variables := [path for path in paths if "{" in path]:
        raise ValueError(f"a path of a stream must not have variables: {with_variables}")
    return tuple(paths)


def answers_any(service: ServiceDescriptor) -> bool:
    """Returns whether a message of the service may hold an Any, besides the details of an error."""
    return any(file.name == _ANY for file in _imports_first([service.file]))


def descriptor_set(
    services: Iterable[ServiceDescriptor], payloads: Iterable[FileDescriptor] = PAYLOADS
) -> bytes:
    """Returns a serialized FileDescriptorSet of the services, with the overlay applied.

    It holds the files of the services and of `payloads` and everything that they import; each
    file comes after its imports.
    """
    wanted = [service.file for service in services]
    merged = descriptor_pb2.FileDescriptorSet()
    for file in _imports_first([*wanted, *payloads]):
        proto = merged.file.add()
        file.CopyToProto(proto)
        for service in proto.service:
            for method in service.method:
                _apply_overlay(f"{proto.package}.{service.name}.{method.name}", method.options)
    return merged.SerializeToString()


def _bindings(method: MethodDescriptor) -> Iterator[tuple[str, str, str]]:
    options = descriptor_pb2.MethodOptions()
    options.CopyFrom(method.GetOptions())
    _apply_overlay(method.full_name, options)
    rule = options.Extensions[annotations_pb2.http]
    for binding in (rule, *rule.additional_bindings):
        verb = binding.WhichOneof("pattern")
        if verb == "custom":
            yield binding.custom.kind, binding.custom.path, binding.body
        elif verb is not None:
            yield verb.upper(), getattr(binding, verb), binding.body


def _apply_overlay(full_name: str, options: descriptor_pb2.MethodOptions) -> None:
    overlay = OVERLAY.get(full_name)
    if overlay is None:
        return
    rule = options.Extensions[annotations_pb2.http]
    if not overlay.beside_annotation:
        rule.Clear()
    for verb, template, body in overlay.bindings:
        is_first = rule.WhichOneof("pattern") is None
        _bind(rule if is_first else rule.additional_bindings.add(), verb, template, body)


def _bind(rule: http_pb2.HttpRule, verb: str, template: str, body: str) -> None:
    setattr(rule, verb.lower(), template)
    rule.body = body


def _top_segment(route: Route) -> str:
    if route.template == "/":
        return ""
    segment = re.match(r"/([\w.~-]+)(?=[/:]|$)", route.template)
    if segment is None:
        raise ValueError(f"{route.method}: {route.template!r} has no literal first segment")
    return segment.group(1)


def _imports_first(files: Iterable[FileDescriptor]) -> Iterator[FileDescriptor]:
    seen: set[str] = set()

    def visit(file: FileDescriptor) -> Iterator[FileDescriptor]:
        if file.name not in seen:
            seen.add(file.name)
            for imported in file.dependencies:
                yield from visit(imported)
            yield file

    for file in files:
        yield from visit(file)
