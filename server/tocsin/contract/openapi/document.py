"""Assembles a document from the services that it describes."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from google.protobuf.descriptor import MethodDescriptor, ServiceDescriptor

from tocsin.contract import ContractError
from tocsin.contract.openapi import Json
from tocsin.contract.openapi.bodies import answer_of, request_of
from tocsin.contract.openapi.comments import comment_of, first_sentence
from tocsin.contract.openapi.examples import examples_of, values_of
from tocsin.contract.openapi.failures import failure, responses
from tocsin.contract.openapi.links import Operation, links_of
from tocsin.contract.openapi.parameters import (
    IDEMPOTENCY_KEY,
    SYSTEM_PARAMETERS,
    path_of,
    query_of,
)
from tocsin.contract.openapi.schemas import Schemas
from tocsin.contract.openapi.security import SCHEMES, Callers, requirement
from tocsin.contract.operations import has_operation
from tocsin.contract.routes import Envelope, Route, envelope_of, routes

OPENAPI: Final = "3.1.0"


@dataclass(frozen=True, slots=True)
class Described:
    """What a document says of itself, and of callers.

    `callers` says who may call each method, by its full name; None if access control is off.
    """

    title: str
    version: str
    text: str
    callers: Mapping[str, Callers] | None


@dataclass(frozen=True, slots=True)
class _Call:
    """One route of a method, with what OpenAPI calls it."""

    route: Route
    method: MethodDescriptor
    envelope: Envelope
    operation: Operation
    parameters: list[Json]


def document(services: Iterable[ServiceDescriptor], described: Described) -> Json:
    """Returns the OpenAPI document of the services that have paths.

    Raises:
        ContractError: an option can't be read, two routes are one, or the media types of a raw body
            are unknown.
    """
    schemas = Schemas()
    served = [service for service in services if routes([service])]
    calls = [
        call for service in served for call in _calls(service, _name(service, served), schemas)
    ]
    operations = [call.operation for call in calls]
    paths: dict[str, Json] = {}
    for call in calls:
        item = paths.setdefault(call.operation.path, {})
        verb = call.route.http_verb.lower()
        if verb in item:
            raise ContractError(f"{call.route.method}: another method has its verb and path")
        item[verb] = _operation(call, operations, schemas, described)
    errors = responses(schemas)
    envelopes = {call.envelope for call in calls}
    components: Json = {
        "schemas": schemas.all(),
        "responses": {
            name: response
            for name, response in errors.items()
            if any(failure(envelope)["$ref"].endswith(f"/{name}") for envelope in envelopes)
        },
    }
    if Envelope.GOOGLE in envelopes:
        components["parameters"] = SYSTEM_PARAMETERS
    if described.callers is not None:
        components["securitySchemes"] = _schemes(paths)
    return {
        "openapi": OPENAPI,
        "info": {
            "title": described.title,
            "version": described.version,
            "description": described.text,
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": "/"}],
        "tags": [
            {"name": service.full_name, "description": comment_of(service.full_name)}
            for service in sorted(served, key=lambda service: str(service.full_name))
        ],
        "paths": dict(sorted(paths.items())),
        "components": components,
    }


def _name(service: ServiceDescriptor, served: Iterable[ServiceDescriptor]) -> str:
    """Returns a name that no other service has: versions of a service differ in their package."""
    name: str = service.name
    if not any(other.name == name and other is not service for other in served):
        return name
    version = service.full_name.split(".")[-2]
    return f"{version.capitalize()}{name}"


def _calls(service: ServiceDescriptor, service_name: str, schemas: Schemas) -> list[_Call]:
    envelope = envelope_of(service)
    calls: list[_Call] = []
    for method in service.methods:
        bound = [route for route in routes([service]) if route.method == method.full_name]
        for number, route in enumerate(bound, start=1):
            path = path_of(route, method.input_type, schemas)
            name = f"{service_name}_{method.name}" + (f"_{number}" if number > 1 else "")
            names = tuple(each["name"] for each in path.parameters)
            operation = Operation(name, method.full_name, path.template, names)
            parameters = [*path.parameters, *query_of(route, method, schemas)]
            calls.append(_Call(route, method, envelope, operation, parameters))
    return calls


def _operation(
    call: _Call, operations: list[Operation], schemas: Schemas, described: Described
) -> Json:
    method, examples = call.method, examples_of(call.method.full_name)
    text = comment_of(method.full_name)
    operation: Json = {"operationId": call.operation.id, "tags": [_tag(method)]}
    if text:
        operation["summary"] = first_sentence(text)
    if text.removesuffix(".") != first_sentence(text):
        operation["description"] = text
    parameters = [
        *(_with_values(each, values_of(examples, each["name"])) for each in call.parameters),
        *_more_parameters(call),
    ]
    if parameters:
        operation["parameters"] = parameters
    body = request_of(call.route, method, schemas, examples)
    if body is not None:
        operation["requestBody"] = body
    answer = answer_of(method, schemas)
    links = links_of(call.operation, operations)
    operation["responses"] = {
        "200": {**answer, "links": links} if links else answer,
        "default": failure(call.envelope),
    }
    if described.callers is not None:
        who = described.callers[method.full_name]
        operation["security"] = requirement(who, call.envelope)
    return operation


def _tag(method: MethodDescriptor) -> str:
    name: str = method.containing_service.full_name
    return name


def _with_values(parameter: Json, values: Sequence[Any]) -> Json:
    if not values:
        return parameter
    return {**parameter, "examples": {str(value): {"value": value} for value in values}}


def _more_parameters(call: _Call) -> list[Json]:
    """Returns the parameters that no field of the request has."""
    if call.envelope is Envelope.GOOGLE:
        return [{"$ref": f"#/components/parameters/{name}"} for name in SYSTEM_PARAMETERS]
    return [IDEMPOTENCY_KEY] if has_operation(call.method) else []


def _schemes(paths: Mapping[str, Json]) -> Json:
    used = {
        name
        for item in paths.values()
        for operation in item.values()
        for needed in operation["security"]
        for name in needed
    }
    return {name: scheme for name, scheme in SCHEMES.items() if name in used}
