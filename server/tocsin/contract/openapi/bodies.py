"""Describes the bodies of requests and answers."""

from collections.abc import Mapping
from typing import Any

from google.api import annotations_pb2
from google.protobuf.descriptor import FieldDescriptor, MethodDescriptor

from tocsin.contract.openapi import Json
from tocsin.contract.openapi.examples import shown
from tocsin.contract.openapi.raw_bodies import ANSWERS, REQUESTS, is_raw, raw
from tocsin.contract.openapi.schemas import Schemas
from tocsin.contract.operations import OperationTypes, has_operation, operation_types
from tocsin.contract.routes import Route, path_fields


def request_of(
    route: Route, method: MethodDescriptor, schemas: Schemas, examples: Mapping[str, Json]
) -> Json | None:
    """Returns the body of a route's requests; None if they have none."""
    if not route.body:
        return None
    if route.body == "*":
        content = _json(schemas.of_request(method.input_type, path_fields(route)))
        required = schemas.has_required(method.input_type)
    else:
        field = method.input_type.fields_by_name[route.body]
        if is_raw(field.message_type):
            content = raw(method, REQUESTS)
        else:
            content = _json(_of_field(field, schemas))
        required = True
    with_bodies = {name: each for name, each in examples.items() if "body" in each}
    if with_bodies:
        content = {
            media: {**each, "examples": fitting}
            if (fitting := shown(_of_media(media, with_bodies)))
            else each
            for media, each in content.items()
        }
    return {"required": required, "content": content}


def answer_of(method: MethodDescriptor, schemas: Schemas) -> Json:
    """Returns the answer of a call that succeeds."""
    field = _response_field(method)
    if field is not None and is_raw(field.message_type):
        return {"description": "OK", "content": raw(method, ANSWERS)}
    schema = schemas.of_message(method.output_type) if field is None else _of_field(field, schemas)
    if has_operation(method):
        schema = {"allOf": [schema, _carried(operation_types(method), schemas)]}
    if method.server_streaming:
        events = "OK: server-sent events, each with one of these as its data"
        return {"description": events, "content": {"text/event-stream": {"schema": schema}}}
    return {"description": "OK", "content": _json(schema)}


def _of_media(media: str, examples: Mapping[str, Json]) -> Mapping[str, Json]:
    return {
        name: each
        for name, each in examples.items()
        if each.get("mediaType", "application/json") == media
    }


def _json(schema: Json) -> Json:
    return {"application/json": {"schema": schema}}


def _of_field(field: FieldDescriptor, schemas: Schemas) -> Json:
    kind = field.message_type
    if kind is None or field.is_repeated:
        return schemas.of_field(field)
    return schemas.of_message(kind)


def _response_field(method: MethodDescriptor) -> FieldDescriptor | None:
    name = _response_body(method)
    return method.output_type.fields_by_name[name] if name else None


def _response_body(method: MethodDescriptor) -> str:
    """Returns the field of the answer that is the body over REST; empty for the whole answer."""
    options: Any = method.GetOptions()
    body: str = options.Extensions[annotations_pb2.http].response_body
    return body


def _carried(types: OperationTypes, schemas: Schemas) -> Json:
    """Says which types an operation carries where its own schema says Any."""
    return {
        "properties": {
            "metadata": schemas.of_message(types.metadata),
            "response": schemas.of_message(types.response),
        }
    }
