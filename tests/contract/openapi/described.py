"""The document of all services that have paths."""

import importlib
import pkgutil
from collections.abc import Iterator
from functools import cache
from typing import Any

from google.longrunning import operations_pb2
from google.protobuf.descriptor import Descriptor, ServiceDescriptor
from jsonschema_rs import Draft202012Validator

import tocsin_protos
from tocsin.api.tocsin.open_api import describing
from tocsin.contract.routes import routes

Json = dict[str, Any]


@cache
def services() -> tuple[ServiceDescriptor, ...]:
    prefix = f"{tocsin_protos.__name__}."
    found = [module.name for module in pkgutil.walk_packages(tocsin_protos.__path__, prefix)]
    modules = [importlib.import_module(name) for name in found if name.endswith("_pb2")]
    return tuple(
        service
        for module in (*modules, operations_pb2)
        for service in module.DESCRIPTOR.services_by_name.values()
        if routes([service])
    )


@cache
def whole() -> Json:
    return describing(services(), "0", guarded=True)


def validator_of(schema: Json) -> Draft202012Validator:
    """A validator of a schema that refers to others of the document."""
    return Draft202012Validator({**schema, "components": whole()["components"]})


def requests() -> Iterator[Descriptor]:
    """The messages of all bodies that are whole messages, with those inside them, each once."""
    seen: dict[str, Descriptor] = {}
    pending = [
        method.input_type
        for service in services()
        for method in service.methods
        if any(route.body == "*" for route in routes([service]) if route.method == method.full_name)
    ]
    while pending:
        message = pending.pop()
        if message.full_name not in seen and not message.full_name.startswith("google.protobuf."):
            seen[message.full_name] = message
            pending += [
                field.message_type for field in message.fields if field.message_type is not None
            ]
    return (each for each in seen.values() if not each.GetOptions().map_entry)


def schema_of(message: Descriptor) -> Json:
    found: Json = whole()["components"]["schemas"][message.full_name]
    return found
