"""Starts a gateway, says so, and waits to be killed: `orphan_parent.py DIRECTORY`."""

import asyncio
import sys
from pathlib import Path

import structlog
from google.longrunning import operations_pb2

from tocsin.gateway import Gateway, GatewaySettings, Sockets
from tocsin.schedule import SystemClock


async def main(directory: Path) -> None:
    # What is logged of a slow start must not come before the line that the test reads.
    structlog.configure(logger_factory=structlog.PrintLoggerFactory(sys.stderr))
    settings = GatewaySettings(
        services=[operations_pb2.DESCRIPTOR.services_by_name["Operations"]],
        sockets=Sockets(directory / "grpc.sock"),
        directory=directory / "envoy",
        listen=("127.0.0.1", 0),
    )
    gateway = Gateway(settings, machine_clock=SystemClock())
    await gateway.start()
    print(gateway.pid, gateway.address[1], flush=True)
    await asyncio.Event().wait()


asyncio.run(main(Path(sys.argv[1])))
