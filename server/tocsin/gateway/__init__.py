"""Serves REST and TLS in front of gRPC: it writes Envoy's configuration and runs it as a child."""

from tocsin.gateway.bounds.connections import ConnectionBounds
from tocsin.gateway.bounds.proxies import Proxies
from tocsin.gateway.certificates import Certificates, Files
from tocsin.gateway.envoy import GatewayError
from tocsin.gateway.settings import Limits
from tocsin.gateway.supervisor import Gateway, TlsDoor

__all__ = [
    "Certificates",
    "ConnectionBounds",
    "Files",
    "Gateway",
    "GatewayError",
    "Limits",
    "Proxies",
    "TlsDoor",
]
