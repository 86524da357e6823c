"""Says what the bodies are that descriptors only call `google.api.HttpBody`."""

from collections.abc import Mapping
from typing import Final

from google.protobuf.descriptor import Descriptor, MethodDescriptor

from tocsin.contract import ContractError
from tocsin.contract.openapi import Json

_OBJECT: Json = {"type": "object"}
_BINARY: Json = {"type": "string", "format": "binary"}
_JSON: Json = {"application/json": {"schema": _OBJECT}}
_OTLP: Json = {**_JSON, "application/x-protobuf": {"schema": _BINARY}}

# https://github.com/cloudevents/spec, JSON format: the attributes that an event must have.
_CLOUD_EVENT: Json = {
    "type": "object",
    "required": ["id", "source", "specversion", "type"],
    "properties": {
        "id": {"type": "string", "minLength": 1},
        "source": {"type": "string", "format": "uri-reference", "minLength": 1},
        "specversion": {"const": "1.0"},
        "type": {"type": "string", "minLength": 1},
        "time": {"type": "string", "format": "date-time"},
        "data": {},
    },
}
_S3: Json = {
    "type": "object",
    "required": ["Records"],
    "properties": {"Records": {"type": "array", "items": _OBJECT}},
}

REQUESTS: Final[Mapping[str, Json]] = {
    "tocsin.v1.EventService.PublishCloudEvent": {
        "application/cloudevents+json": {"schema": _CLOUD_EVENT},
        "application/cloudevents-batch+json": {"schema": {"type": "array", "items": _CLOUD_EVENT}},
    },
    "tocsin.v1.OtlpService.ExportLogs": _OTLP,
    "tocsin.v1.WebhookService.NotifyContainerRegistry": _JSON,
    "tocsin.v1.WebhookService.NotifyObjectStorage": {"application/json": {"schema": _S3}},
}
ANSWERS: Final[Mapping[str, Json]] = {
    "tocsin.v1.ConsoleService.GetAsset": {"*/*": {"schema": _BINARY}},
    "tocsin.v1.ConsoleService.GetPage": {"text/html": {"schema": {"type": "string"}}},
    "tocsin.v1.OpenApiService.GetJson": _JSON,
    "tocsin.v1.OpenApiService.GetYaml": {"application/yaml": {"schema": _OBJECT}},
    "tocsin.v1.OpenIdService.GetConfiguration": _JSON,
    "tocsin.v1.OpenIdService.GetKeys": _JSON,
    "tocsin.v1.OtlpService.ExportLogs": _OTLP,
}


def is_raw(descriptor: Descriptor | None) -> bool:
    """Returns whether a message stands for the bytes of a body."""
    return descriptor is not None and descriptor.full_name == "google.api.HttpBody"


def raw(method: MethodDescriptor, known: Mapping[str, Json]) -> Json:
    """Returns the content of a raw body, by its media types.

    Raises:
        ContractError: this module does not say what the body of the method is.
    """
    content = known.get(method.full_name)
    if content is None:
        raise ContractError(f"{method.full_name}: the media types of its HttpBody are unknown")
    return content
