"""REST in front of the gRPC server: Envoy, configured from the contracts, as a child process."""

from tocsin.gateway.bootstrap import Limits
from tocsin.gateway.envoy import GatewayError
from tocsin.gateway.gateway import Gateway

__all__ = ["Gateway", "GatewayError", "Limits"]
