"""Describes the parameters of a route: what its path binds, and what its query may say."""

import re
from collections.abc import Collection, Iterator
from typing import Final, NamedTuple

from google.protobuf.descriptor import Descriptor, FieldDescriptor, MethodDescriptor

from tocsin.contract.openapi import Json
from tocsin.contract.openapi.comments import comment_of
from tocsin.contract.openapi.schemas import Schemas
from tocsin.contract.openapi.well_known import WELL_KNOWN
from tocsin.contract.options import Options
from tocsin.contract.routes import Route, path_fields

_VARIABLE = re.compile(r"{([\w.]+)(?:=([^}]*))?}")
_SEGMENT: Final = "^[^/]+$"
# What is found this deep in a query is not worth its name.
_DEEPEST: Final = 3
# One value of a query can be any of these (`contract/queries.py`).
_OF_QUERIES: Final = ("Timestamp", "Duration", "FieldMask")

# What the contract lets a server leave out, and this one does: it answers UNIMPLEMENTED.
_LEFT_OUT: Final = frozenset({"google.longrunning.ListOperationsRequest.return_partial_success"})

IDEMPOTENCY_KEY: Final[Json] = {
    "name": "Idempotency-Key",
    "in": "header",
    "description": "Makes a repeat safe: the same key with the same request returns the first "
    "operation for 24 hours. A UUID is advised.",
    "schema": {"type": "string", "maxLength": 128},
}

# https://cloud.google.com/apis/docs/system-parameters; others are taken and do nothing.
SYSTEM_PARAMETERS: Final[dict[str, Json]] = {
    "alt": {
        "name": "alt",
        "in": "query",
        "description": "The format of the answer.",
        "schema": {"type": "string", "enum": ["json"]},
    },
    "fields": {
        "name": "fields",
        "in": "query",
        "description": "Which fields of the answer to return, such as `operations(name,done)`.",
        "schema": {"type": "string"},
    },
}


class Path(NamedTuple):
    """A path as OpenAPI writes it, with its parameters."""

    template: str
    parameters: list[Json]


def path_of(route: Route, request: Descriptor, schemas: Schemas) -> Path:
    """Returns the path of a route; each `*` of a variable becomes a parameter of its own.

    `{name=projects/*/locations/*}` becomes `projects/{project}/locations/{location}`: a parameter
    is named after the collection before it.
    """
    parameters: list[Json] = []

    def written(found: re.Match[str]) -> str:
        field = _field_at(request, found[1])
        if found[2] is None:
            parameters.append(_in_path(field.json_name, schemas.of_field(field)))
            return f"{{{field.json_name}}}"
        return _segments(found[2], field.json_name, parameters)

    return Path(_VARIABLE.sub(written, route.template), parameters)


def query_of(route: Route, method: MethodDescriptor, schemas: Schemas) -> list[Json]:
    """Returns what the query of a route may say: all fields that neither path nor body has."""
    if route.body == "*":
        return []
    bound = path_fields(route)
    taken = {*bound, *_ruled_out(method.input_type, bound), *([route.body] if route.body else [])}
    return list(_in_query(method.input_type, "", "", taken, schemas, required=True))


def _ruled_out(message: Descriptor, bound: Collection[str]) -> Iterator[str]:
    """Yields the other members of oneofs that a path has set."""
    for oneof in message.oneofs:
        names = [field.name for field in oneof.fields]
        if any(name in bound for name in names):
            yield from names


def _segments(pattern: str, field: str, parameters: list[Json]) -> str:
    written: list[str] = []
    for segment in pattern.split("/"):
        if segment != "*":
            written.append(segment)
            continue
        name = written[-1].removesuffix("s")
        schema = {"type": "string", "description": f"A part of `{field}` in the contract."}
        parameters.append(_in_path(name, schema))
        written.append(f"{{{name}}}")
    return "/".join(written)


def _in_path(name: str, schema: Json) -> Json:
    shown = {key: value for key, value in schema.items() if key != "description"}
    return {
        "name": name,
        "in": "path",
        "required": True,
        **_description_of(schema),
        "schema": {"pattern": _SEGMENT, **shown, "minLength": 1},
    }


def _in_query(
    message: Descriptor,
    above: str,
    json_above: str,
    taken: Collection[str],
    schemas: Schemas,
    *,
    required: bool,
) -> Iterator[Json]:
    for field in message.fields:
        path, name = f"{above}{field.name}", f"{json_above}{field.json_name}"
        if path in taken or field.full_name in _LEFT_OUT:
            continue
        options = Options.by(field)
        must = required and options.required
        if _fits(field):
            schema = schemas.of_field(field)
            shown = {key: value for key, value in schema.items() if key != "description"}
            parameter = {"name": name, "in": "query", **_description_of(schema), "schema": shown}
            yield {**parameter, "required": True} if must else parameter
        elif not field.is_repeated and path.count(".") < _DEEPEST and _has_fields(field):
            inner = field.message_type
            assert inner is not None, field.full_name
            yield from _in_query(inner, f"{path}.", f"{name}.", taken, schemas, required=must)


def _description_of(schema: Json) -> Json:
    text = schema.get("description")
    return {"description": text} if text else {}


def _fits(field: FieldDescriptor) -> bool:
    kind = field.message_type
    if kind is None:
        return True
    short = kind.full_name.removeprefix("google.protobuf.")
    return short in _OF_QUERIES or kind.file.name == "google/protobuf/wrappers.proto"


def _has_fields(field: FieldDescriptor) -> bool:
    kind = field.message_type
    return (
        kind is not None and kind.full_name not in WELL_KNOWN and bool(comment_of(kind.full_name))
    )


def _field_at(message: Descriptor, path: str) -> FieldDescriptor:
    within: Descriptor | None = message
    field: FieldDescriptor | None = None
    for name in path.split("."):
        assert within is not None, f"{message.full_name}: {path}"
        field = within.fields_by_name[name]
        within = field.message_type
    assert field is not None, message.full_name
    return field
