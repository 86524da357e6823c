"""Serves `tocsin.v1.OpenApiService`, which describes the REST API."""

import asyncio
import gzip
import hashlib
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Final

from google.api.httpbody_pb2 import HttpBody
from google.protobuf.descriptor import ServiceDescriptor

from tocsin.access.permissions.needs import NEEDS, Audience, nothing
from tocsin.contract.openapi import Json
from tocsin.contract.openapi.document import Described, document
from tocsin.contract.openapi.security import Callers
from tocsin.contract.openapi.writing import as_json, as_yaml
from tocsin.wire.calls import Call
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

_NOT_AT_ALL = re.compile(r"\s*q\s*=\s*0(\.0*)?\s*")


class OpenApiService:
    """Serves `OpenApiService`; `describe` builds the document, which is written once."""

    def __init__(self, describe: Callable[[], Json]) -> None:
        self._describe = describe
        self._written: dict[str, _Written] = {}
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
        written = self._written[media_type]
        # Over gRPC nobody would inflate it.
        inflates = call.by_envoy and accepts_gzip(call.metadata_value("accept-encoding") or "")
        await call.send_metadata(written.headers(compressed=inflates))
        data = written.compressed if inflates else written.plain
        return HttpBody(content_type=media_type, data=data)


@dataclass(frozen=True, slots=True)
class _Written:
    plain: bytes
    compressed: bytes
    tag: str

    def headers(self, *, compressed: bool) -> list[tuple[str, str]]:
        # One form of a document must not be taken for the other (RFC 9110, section 8.8.3.3).
        tag = f'"{self.tag}-gzip"' if compressed else f'"{self.tag}"'
        return [
            ("etag", tag),
            ("cache-control", "public, max-age=300"),
            ("vary", "Accept-Encoding"),
            *([("content-encoding", "gzip")] if compressed else []),
        ]


def accepts_gzip(header: str) -> bool:
    """Returns whether an `Accept-Encoding` names gzip, and does not weigh it with 0."""
    for part in header.lower().split(","):
        coding, _, weight = part.partition(";")
        if coding.strip() in ("gzip", "x-gzip"):
            return _NOT_AT_ALL.fullmatch(weight) is None
    return False


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


def _write(describe: Callable[[], Json]) -> dict[str, _Written]:
    made = describe()
    return {YAML: _written(as_yaml(made)), JSON: _written(as_json(made))}


def _written(text: str) -> _Written:
    plain = text.encode()
    tag = hashlib.sha256(plain).hexdigest()[:32]
    return _Written(plain, gzip.compress(plain, mtime=0), tag)
