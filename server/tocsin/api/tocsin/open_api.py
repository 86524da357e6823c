"""Serves `tocsin.v1.OpenApiService`, which describes the REST API."""

import asyncio
from collections.abc import Callable, Iterable
from typing import Final

from google.api.httpbody_pb2 import HttpBody
from google.protobuf.descriptor import ServiceDescriptor

from tocsin.access.permissions.needs import NEEDS, Audience, nothing
from tocsin.contract.openapi import Json
from tocsin.contract.openapi.document import Described, document
from tocsin.contract.openapi.security import Callers
from tocsin.contract.openapi.writing import as_json, as_yaml
from tocsin.wire.calls import Call
from tocsin.wire.rest.documents import Document, document_of
from tocsin.wire.serving import Method
from tocsin_protos.tocsin.v1 import open_api_service_pb2 as contract

SERVICE = contract.DESCRIPTOR.services_by_name["OpenApiService"]

YAML: Final = "application/yaml"
"""The media type by RFC 9512."""
JSON: Final = "application/json"

TITLE: Final = "Tocsin"
TEXT: Final = """\
Triggers and schedules. The paths of Yandex Cloud Functions triggers and of Google Application
Integration are those of their vendors, with the vendors' errors; those of Tocsin begin with
`/tocsin/`. The same methods are served over gRPC.

Fields may be named as in the protos too (`folder_id`), `null` means that a field is left out, and
an enum's value may be its number. No text may hold a NUL character.
"""

_HEADERS = (("cache-control", "public, max-age=300"),)


class OpenApiService:
    """Serves `OpenApiService`; `describe` builds the document, which is written once."""

    def __init__(self, describe: Callable[[], Json]) -> None:
        self._describe = describe
        self._written: dict[str, Document] = {}
        self._writing = asyncio.Lock()

    def methods(self) -> dict[str, Method]:
        return {"GetYaml": self.get_yaml, "GetJson": self.get_json}

    async def get_yaml(
        self, _request: contract.OpenApiServiceGetYamlRequest, call: Call
    ) -> contract.OpenApiServiceGetYamlResponse:
        """Returns the document in YAML."""
        return contract.OpenApiServiceGetYamlResponse(document=await self._body(YAML, call))

    async def get_json(
        self, _request: contract.OpenApiServiceGetJsonRequest, call: Call
    ) -> contract.OpenApiServiceGetJsonResponse:
        """Returns the document in JSON."""
        return contract.OpenApiServiceGetJsonResponse(document=await self._body(JSON, call))

    async def _body(self, media_type: str, call: Call) -> HttpBody:
        async with self._writing:
            if not self._written:
                self._written = await asyncio.to_thread(_write, self._describe)
        return await self._written[media_type].send(call, _HEADERS)


def describing(services: Iterable[ServiceDescriptor], version: str, *, guarded: bool) -> Json:
    """Returns the document of these services; `guarded` says that access control is on.

    Raises:
        ContractError: a service can't be described.
    """
    callers = {name: _callers_of(name) for name in NEEDS} if guarded else None
    return document(services, Described(TITLE, version, TEXT, callers))


def _callers_of(method: str) -> Callers:
    need = NEEDS[method]
    if need.audience is not Audience.PUBLIC:
        return Callers.KNOWN
    # Other public methods have their secret in the request, or none.
    in_headers = need.shows_secret and need.secret is nothing
    return Callers.SENDERS if in_headers else Callers.ANYONE


def _write(describe: Callable[[], Json]) -> dict[str, Document]:
    made = describe()
    texts = {YAML: as_yaml(made), JSON: as_json(made)}
    return {
        media_type: document_of(media_type, text.encode()) for media_type, text in texts.items()
    }
