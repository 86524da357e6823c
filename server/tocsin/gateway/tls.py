"""Configures TLS in Envoy: the server's certificate, and what clients must show."""

import base64
import json
from pathlib import Path

from tocsin.gateway.settings import Tls
from tocsin.gateway.typed import Json, typed

_SERVER = "server"
_AUTHORITIES = "authorities"

H2 = "h2"
HTTP1 = "http/1.1"


def transport_socket(tls: Tls, protocols: list[str]) -> Json:
    """Returns a TLS socket (1.2 or 1.3) that follows the certificate in the secrets' file."""
    common: Json = {
        "alpn_protocols": protocols,
        "tls_params": {"tls_minimum_protocol_version": "TLSv1_2"},
        "tls_certificate_sds_secret_configs": [_secret(_SERVER, tls.secrets)],
    }
    if tls.authorities is not None:
        common["validation_context_sds_secret_config"] = _secret(_AUTHORITIES, tls.authorities)
    return {
        "name": "envoy.transport_sockets.tls",
        "typed_config": typed(
            "extensions.transport_sockets.tls.v3",
            "DownstreamTlsContext",
            common_tls_context=common,
            require_client_certificate=tls.authorities is not None,
        ),
    }


def _secret(name: str, file: Path) -> Json:
    source = {"path_config_source": {"path": str(file)}, "resource_api_version": "V3"}
    return {"name": name, "sds_config": source}


def server_secret(chain: bytes, key: bytes) -> str:
    """Returns the text of the secrets' file for a certificate and its key, both in PEM."""
    pair = {"certificate_chain": _inline(chain), "private_key": _inline(key)}
    return _response(_SERVER, tls_certificate=pair)


def authorities_secret(certificates: bytes) -> str:
    """Returns the text of the secrets' file for the authorities of clients, in PEM."""
    return _response(_AUTHORITIES, validation_context={"trusted_ca": _inline(certificates)})


def _response(name: str, **secret: Json) -> str:
    message = typed("extensions.transport_sockets.tls.v3", "Secret", name=name, **secret)
    return json.dumps({"resources": [message]})


def _inline(content: bytes) -> Json:
    return {"inline_bytes": base64.b64encode(content).decode()}
