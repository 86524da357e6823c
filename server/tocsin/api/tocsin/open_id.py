"""Serves `tocsin.v1.OpenIdService`, which publishes the keys that check tokens of calls."""

import json
from collections.abc import Callable, Mapping
from typing import Any

from google.api.httpbody_pb2 import HttpBody

from tocsin.access.tokens.signer import TokenSigner
from tocsin.wire import errors
from tocsin.wire.calls import Call
from tocsin.wire.serving import Method
from tocsin_protos.tocsin.v1 import open_id_service_pb2 as contract

SERVICE = contract.DESCRIPTOR.services_by_name["OpenIdService"]

KEYS_PATH = "/.well-known/jwks.json"
# Caching is safe: a new key is published for a day before it signs.
KEPT = (("cache-control", "public, max-age=300"),)


class OpenIdService:
    """Serves `OpenIdService`; `issuer` returns the issuer's URL, or None without tokens."""

    def __init__(self, signer: TokenSigner, issuer: Callable[[], str | None]) -> None:
        self._signer = signer
        self._issuer = issuer

    def methods(self) -> dict[str, Method]:
        return {"GetConfiguration": self.get_configuration, "GetKeys": self.get_keys}

    async def get_configuration(
        self, _request: contract.OpenIdServiceGetConfigurationRequest, call: Call
    ) -> contract.OpenIdServiceGetConfigurationResponse:
        """Returns the configuration document of OpenID Connect."""
        issuer = self._issuer()
        if issuer is None:
            raise errors.no_issuer()
        await call.send_metadata(KEPT)
        return contract.OpenIdServiceGetConfigurationResponse(
            configuration=_json(configuration(issuer))
        )

    async def get_keys(
        self, _request: contract.OpenIdServiceGetKeysRequest, call: Call
    ) -> contract.OpenIdServiceGetKeysResponse:
        """Returns the public keys of the tokens, as a JWK set."""
        await call.send_metadata(KEPT)
        return contract.OpenIdServiceGetKeysResponse(keys=_json(self._signer.jwks()))


def configuration(issuer: str) -> dict[str, Any]:
    """Returns the fields of OpenID Connect Discovery 1.0, section 3, that apply here."""
    return {
        "issuer": issuer,
        "jwks_uri": issuer + KEYS_PATH,
        "response_types_supported": ["id_token"],
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": ["RS256"],
        "claims_supported": ["iss", "sub", "aud", "iat", "exp", "jti"],
    }


def _json(document: Mapping[str, Any]) -> HttpBody:
    text = json.dumps(document, separators=(",", ":"))
    return HttpBody(content_type="application/json", data=text.encode())
