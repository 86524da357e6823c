"""Describes the two envelopes in which errors come, each on the paths of its vendor."""

from typing import Final

from google.rpc import code_pb2, error_details_pb2

from tocsin.contract.openapi import Json
from tocsin.contract.openapi.schemas import Schemas
from tocsin.contract.routes import Envelope

_DETAILS: Final = ("BadRequest", "ErrorInfo", "RequestInfo", "RetryInfo", "ResourceInfo")
_STATUS, _GOOGLE = "StatusError", "GoogleError"
_HEADERS: Final[Json] = {
    "x-request-id": {
        "description": "The id of the request: the one that the client sent, or a new one.",
        "schema": {"type": "string"},
    }
}


def responses(schemas: Schemas) -> dict[str, Json]:
    """Returns the responses of errors, by the names that `failure` refers to."""
    details = {"type": "array", "items": _detail(schemas)}
    status = {
        "type": "object",
        "description": "A `google.rpc.Status`.",
        "required": ["code", "message"],
        "properties": {
            "code": {
                "type": "integer",
                "minimum": 1,
                "maximum": max(code_pb2.Code.values()),
                "description": "The code of gRPC (google/rpc/code.proto), not of HTTP.",
            },
            "message": {"type": "string"},
            "details": details,
        },
    }
    wrapped = {
        "type": "object",
        "required": ["error"],
        "properties": {
            "error": {
                "type": "object",
                "required": ["code", "message", "status"],
                "properties": {
                    "code": {
                        "type": "integer",
                        "minimum": 400,
                        "maximum": 599,
                        "description": "The status of HTTP.",
                    },
                    "message": {"type": "string"},
                    "status": {
                        "type": "string",
                        "enum": [name for name in code_pb2.Code.keys() if name != "OK"],  # noqa: SIM118
                        "description": "The name of the code of gRPC.",
                    },
                    "details": details,
                },
            }
        },
    }
    return {
        _STATUS: _response(
            "An error in the form of Yandex Cloud, and of Tocsin: a bare `google.rpc.Status`.",
            schemas.add(_STATUS, status),
        ),
        _GOOGLE: _response("An error in Google's form.", schemas.add(_GOOGLE, wrapped)),
    }


def failure(envelope: Envelope) -> Json:
    """Returns the reference to the errors of a vendor's paths."""
    name = _GOOGLE if envelope is Envelope.GOOGLE else _STATUS
    return {"$ref": f"#/components/responses/{name}"}


def _response(text: str, schema: Json) -> Json:
    return {
        "description": text,
        "headers": _HEADERS,
        "content": {"application/json": {"schema": schema}},
    }


def _detail(schemas: Schemas) -> Json:
    """Describes a detail: one of those that errors of this server have, or another."""
    known: list[Json] = []
    for name in _DETAILS:
        described = schemas.of_message(error_details_pb2.DESCRIPTOR.message_types_by_name[name])
        url = f"type.googleapis.com/google.rpc.{name}"
        typed = {
            "type": "object",
            "required": ["@type"],
            "properties": {"@type": {"type": "string", "const": url}},
        }
        # By a name of its own: generators of clients don't read an `allOf` within an `anyOf`.
        known.append(schemas.add(f"ErrorDetail.{name}", {"allOf": [typed, described]}))
    urls = [f"type.googleapis.com/google.rpc.{name}" for name in _DETAILS]
    other = {
        "type": "object",
        "required": ["@type"],
        "properties": {"@type": {"type": "string", "not": {"enum": urls}}},
    }
    return schemas.add("ErrorDetail", {"anyOf": [*known, other]})
