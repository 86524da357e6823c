"""Puts Envoy in front of gRPC, for REST, TLS and other machines."""

from tocsin.gateway.bounds.connections import ConnectionBounds
from tocsin.gateway.bounds.proxies import Proxies
from tocsin.gateway.certificates import Certificates, Files
from tocsin.gateway.envoy import INSTALL, GatewayError, envoy_binary
from tocsin.gateway.settings import Limits, Sockets
from tocsin.gateway.supervisor import Gateway, GatewaySettings, TlsDoor

__all__ = [
    "INSTALL",
    "Certificates",
    "ConnectionBounds",
    "Files",
    "Gateway",
    "GatewayError",
    "GatewaySettings",
    "Limits",
    "Proxies",
    "Sockets",
    "TlsDoor",
    "envoy_binary",
]
