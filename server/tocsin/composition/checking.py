"""Starts the server that Envoy asks whether a request may go on, before Envoy reads its body."""

from pathlib import Path

import grpc

from tocsin.composition.grpc_server import Services
from tocsin.gate.guarding import CallGate
from tocsin.gate.header_check import HeaderCheck


async def start_checks(gate: CallGate, services: Services, socket: Path) -> grpc.aio.Server:
    """Starts it on a Unix socket of its own, so that no client can call it through Envoy."""
    server = grpc.aio.server()
    server.add_generic_rpc_handlers([HeaderCheck(gate, services).handler()])
    server.add_insecure_port(f"unix:{socket}")
    await server.start()
    return server
